"""What tests of several rooms share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple, Protocol

import pandas as pd
import pytest

from backpain_stats import Evidence, load_evidence
from backpain_stats.cli import main
from backpain_stats.evidence import TABLES
from public_frames import public_frames

TESTS = Path(__file__).parent
FROZEN = TESTS / "fixtures" / "evidence"
# What takes longest, by folder and file: three quarters of the time of the whole run and a third
# of its tests. `make test-fast` leaves it out, with single tests that are marked slow.
SLOW = (
    *("browser", "notebooks", "docs", "report", "typing", "data"),
    *("cli/test_cli_meta.py", "combine/test_bounds.py", "combine/test_calibration.py"),
    *("combine/test_committed_reports.py", "combine/test_estimate_dependence.py"),
    *("combine/test_logistic.py", "evidence/test_check_relations.py"),
    *("evidence/test_datapackage.py", "evidence/test_malformed_cells.py", "meta/designs"),
    *("meta/test_accessors.py", "meta/test_bayes.py", "meta/test_bivariate_fit.py"),
    *("meta/test_peers.py", "meta/test_pooling.py", "meta/test_simulate_meta.py"),
    *("plots/test_offscreen.py", "plots/test_style_arguments.py"),
    *("published/test_notes_do_not_matter.py", "published/test_one_evidence_at_a_time.py"),
    "test_wheel.py",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in a slow place."""
    places = [TESTS / place for place in SLOW]
    missing = [str(place) for place in places if not place.exists()]
    if missing:
        raise pytest.UsageError(f"SLOW in tests/conftest.py names what is not there: {missing}")
    for item in items:
        if any(item.path == place or place in item.path.parents for place in places):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def frozen_folder() -> Path:
    """Return the folder of the frozen evidence, for commands that take ``--evidence``."""
    return FROZEN


@pytest.fixture(scope="session")
def evidence() -> Evidence:
    """Load the frozen evidence once; no test changes its frames in place."""
    return load_evidence(FROZEN)


@pytest.fixture(scope="session")
def frozen_frames(evidence: Evidence) -> dict[str, pd.DataFrame]:
    """Return every public result of the frozen evidence, computed once."""
    return public_frames(evidence)


class Ran(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


class Run(Protocol):
    """Runs a command line."""

    def __call__(self, *arguments: object) -> Ran: ...


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command as typed: its exit code and what it printed."""

    def command(*arguments: object) -> Ran:
        monkeypatch.setattr("sys.argv", ["backpain-stats", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return Ran(ended.value.code or 0, printed.out, printed.err)

    return command


class Explorer(NamedTuple):
    """The explorer as written for the frozen evidence: its page, and the data inside it."""

    page: Path
    data: dict


@pytest.fixture(scope="session")
def explorer(evidence: Evidence, tmp_path_factory: pytest.TempPathFactory) -> Explorer:
    """Write the explorer once for all tests that look at it."""
    from backpain_stats.report.explorer.build import write_explorer

    page = write_explorer(evidence, tmp_path_factory.mktemp("explorer") / "explorer.html")
    text = page.read_text(encoding="utf-8")
    inside = text.split('<script id="data" type="application/json">')[1].split("</script>")[0]
    return Explorer(page, json.loads(inside, parse_constant=pytest.fail))


# A small valid folder of evidence that the tests spoil in many ways.
FILES = {
    "sources.csv": (
        "source_id,kind,citation,year,doi,what_was_read,note\n"
        "smith2020,primary study,Smith 2020,2020,10.1000/x1,full text,\n"
        "jones2021,primary study,Jones 2021,2021,,table,\n"
    ),
    "flags.csv": (
        "flag_id,label,category,family,definition_note,synonyms\n"
        "night_sweats,Night sweats,symptom,systemic,,\n"
        "lump,Palpable lump,examination,lumps,,\n"
    ),
    "cohorts.csv": (
        "cohort_id,study_id,target,setting,n,n_cases,source_id,status,low_back_pain_only,"
        "same_patients_as\n"
        "smith_malignancy,smith2020,malignancy,primary_care,200,20,smith2020,seen_primary,yes,\n"
        "jones_malignancy,jones2021,malignancy,emergency,100,10,jones2021,seen_primary,yes,\n"
    ),
    "accuracy.csv": (
        "report_id,cohort_id,flag_id,tp,fp,fn,tn,sensitivity,sensitivity_low,sensitivity_high,"
        "reported_in,status,also_reported_in,note\n"
        "smith_night_sweats,smith_malignancy,night_sweats,15,60,5,120,0.75,0.53,0.89,"
        'smith2020,seen_primary,jones2021;smith2020,"first line\nsecond line"\n'
        "jones_lump,jones_malignancy,lump,,,,,0.30,,,jones2021,seen_primary,,\n"
    ),
}


class Folder:
    """A folder whose files can be edited by replacing text."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name: str, text: str | bytes) -> None:
        data = text.encode() if isinstance(text, str) else text
        (self.path / name).write_bytes(data)

    def read(self, name: str) -> str:
        return (self.path / name).read_bytes().decode()

    def replace(self, name: str, old: str, new: str) -> None:
        text = self.read(name)
        assert old in text, f"{old!r} is not in {name}"
        self.write(name, text.replace(old, new, 1))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


# What it would do to a page that does not escape: give it another title, add an element, end a
# script or open a comment in one, run a template, start a formula, break XML.
# Figures, Word and CSV get the same.
HOSTILE = (
    "<img src=x onerror=\"document.title='PWNED'\"><!--<script></script>"
    "<script>document.title='PWNED'</script></title></style></textarea>\" ' &amp; {{ 7 * 7 }} "
    "${7*7} $\\frac$ \u2028 \u2029 ]]> --> #zqx"
)
COHORTS = {"deyo1988_malignancy", "henschke2009_malignancy", "reinus1998_malignancy"}


def small_folder(frozen: Path, out: Path, addition: str = HOSTILE) -> Path:
    """Write the evidence of three cohorts, an addition to every free text of it."""
    tables = {
        path.stem: pd.read_csv(path, dtype=str, keep_default_na=False)
        for path in sorted(frozen.glob("*.csv"))
        if path.stem in TABLES
    }
    cohorts = tables["cohorts"]
    kept = set(cohorts.loc[cohorts["target"] == "malignancy", "cohort_id"]) & COHORTS
    for name, table in tables.items():
        if "cohort_id" in table:
            tables[name] = table[table["cohort_id"].isin(kept | {""})]
        if "target" in table:
            tables[name] = tables[name][tables[name]["target"].isin(["malignancy", ""])]
    out.mkdir()
    for name, table in tables.items():
        texts = [column.name for column in TABLES[name].columns if column.kind == "text"]
        own = table.assign(**{text: table[text] + addition for text in texts if text in table})
        own.to_csv(out / f"{name}.csv", index=False)
    return out


@pytest.fixture(scope="session")
def hostile(frozen_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """Load a small evidence in which every free text tries to be more than text."""
    return load_evidence(small_folder(frozen_folder, tmp_path_factory.mktemp("hostile") / "own"))


@pytest.fixture(scope="session")
def hostile_pages(hostile: Evidence, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write the three pages of the hostile evidence."""
    from backpain_stats.report import PanelQuestion, build_panel, build_report

    out = tmp_path_factory.mktemp("hostile_pages")
    build_report(hostile, out / "report")
    build_panel(hostile, PanelQuestion("malignancy", "primary_care", [0.003]), out / "panel")
    return {
        "report": out / "report" / "index.html",
        "explorer": out / "report" / "explorer.html",
        "panel": out / "panel" / "index.html",
    }
