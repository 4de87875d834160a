"""Whether the tests notice when the code is wrong: small faults put in one at a time.

    python validation/mutants.py [NAME ...]

``mutants.toml`` beside this file lists the faults: the file, the exact text that is there once,
the text put in its place, what that breaks, and the tests that should notice. Each fault is put
into a copy of the tree in a temporary folder, and its tests run there until the first fails:

* caught: a test failed, or the tests exceeded their time limit;
* survived: all passed, so nothing that was run would notice;
* equivalent: all passed, and must: nothing that the package promises changes (the reason is given).

The tests are first run on the unchanged copy: one that fails there would catch everything.
Without names all mutants run, and reports/mutants.csv and .md are written (ten to twenty minutes
on one core); with names the results are printed only. A mutant whose text is not in its file
exactly once ends the run: adapt it to the code.

The faults were chosen by people who know the code. The share caught is that of these faults,
not of all faults there may be.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

ROOT = Path(__file__).parents[1]
LIST = Path(__file__).with_suffix(".toml")
REPORT = ROOT / "reports" / "mutants"
# Caches, environments and what is built: nothing that a test needs.
LEFT_OUT = shutil.ignore_patterns(
    ".*", "__pycache__", "node_modules", "dist", "build", "_build", "*.egg-info"
)
# The slowest named tests take a minute alone; a fault that loops for ever is stopped.
SECONDS = 300
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+(?:\[[^\]]*\])?)", re.MULTILINE)
COLUMNS = ("mutant", "room", "file", "breaks", "result", "noticed_by", "missed_until")


class Mutant(NamedTuple):
    """One fault: ``new`` in place of ``old``, which ``file`` holds once.

    ``equivalent`` is the reason why no test can notice, ``missed_until`` the test that was
    written because none did.
    """

    name: str
    file: str
    old: str
    new: str
    breaks: str
    tests: tuple[str, ...]
    equivalent: str = ""
    missed_until: str = ""

    @property
    def room(self) -> str:
        """The part of the package that is changed."""
        return Path(self.file).parts[1].removesuffix(".py")


class UnusableMutantError(Exception):
    """A mutant that no longer fits the code, or tests that cannot judge it."""


def read_mutants() -> list[Mutant]:
    """Return the list of mutants."""
    listed = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return [
        Mutant(
            name, **{key: tuple(value) if key == "tests" else value for key, value in one.items()}
        )
        for name, one in listed.items()
    ]


def mutated(source: str, mutant: Mutant) -> str:
    """Return the text of a file with the fault in it."""
    found = source.count(mutant.old)
    if found != 1:
        raise UnusableMutantError(
            f"mutant {mutant.name}: its text occurs {found} times in {mutant.file}, not once; "
            f"adapt it in {LIST.name}"
        )
    return source.replace(mutant.old, mutant.new)


def run_tests(
    tree: Path, tests: Sequence[str], seconds: float | None = SECONDS
) -> tuple[int | None, str]:
    """Run tests in a copy; return pytest's exit code and what it printed.

    The code is None where the time limit was exceeded.
    """
    environment = os.environ | {
        "PYTHONPATH": str(tree),
        "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    options = ["-q", "--tb=no", "-rfE", "-p", "no:cacheprovider"]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *tests],
            cwd=tree, env=environment, capture_output=True, text=True, timeout=seconds, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return None, ""
    return done.returncode, done.stdout + done.stderr


def write_source(path: Path, text: str) -> None:
    """Write a module and forget its compiled form, which may look as new as the text."""
    path.write_text(text, encoding="utf-8")
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink()


def judge(tree: Path, mutant: Mutant) -> dict[str, object]:
    """Put one fault into the copy, run its tests and take it out again."""
    path = tree / mutant.file
    source = path.read_text(encoding="utf-8")
    write_source(path, mutated(source, mutant))
    try:
        code, printed = run_tests(tree, ["-x", *mutant.tests])
    finally:
        write_source(path, source)
    if code not in (None, 0, 1):
        raise UnusableMutantError(
            f"mutant {mutant.name}: its tests did not run (pytest's code {code}): {printed[-400:]}"
        )
    result = "survived" if code == 0 else "caught"
    if mutant.equivalent:
        if result == "caught":
            raise UnusableMutantError(
                f"mutant {mutant.name} is listed as equivalent, but was caught"
            )
        result = "equivalent"
    failed = FAILED.search(printed)
    values = (
        mutant.name, mutant.room, mutant.file, mutant.breaks, result,
        "time limit" if code is None else failed[1] if failed else mutant.equivalent,
        mutant.missed_until,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def run_mutants(mutants: Sequence[Mutant]) -> pd.DataFrame:
    """Judge mutants one after the other in one copy of the tree."""
    for mutant in mutants:  # before minutes are spent
        mutated((ROOT / mutant.file).read_text(encoding="utf-8"), mutant)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=LEFT_OUT)
        tests = sorted({test for mutant in mutants for test in mutant.tests})
        code, printed = run_tests(tree, tests, seconds=None)
        if code != 0:
            failed = ", ".join(FAILED.findall(printed))
            raise UnusableMutantError(f"the unchanged tree fails {failed}: {printed[-200:]}")
        print(printed.splitlines()[-1], "in the unchanged tree", flush=True)
        for mutant in mutants:
            rows.append(judge(tree, mutant))
            print("{result:10} {mutant}: {noticed_by}".format(**rows[-1]), flush=True)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def shares(frame: pd.DataFrame) -> pd.DataFrame:
    """Count by room what was caught, and in all."""
    counts = pd.crosstab(frame["room"], frame["result"], margins=True, margins_name="all")
    counts = counts.reindex(columns=["caught", "survived", "equivalent"], fill_value=0)
    return counts.reset_index()


def as_markdown(frame: pd.DataFrame) -> str:
    """Return a frame as a table of Markdown."""
    cells = [list(frame.columns), ["---"] * frame.shape[1], *frame.astype(str).to_numpy().tolist()]
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in cells)


def report(frame: pd.DataFrame) -> str:
    """Return what was found, in words and tables."""
    able = frame[frame["result"] != "equivalent"]
    caught = int((able["result"] == "caught").sum())
    missed = int((frame["missed_until"] != "").sum())
    shown = frame.assign(
        file=frame["file"].str.removeprefix("backpain_stats/"),
        noticed_by=frame["noticed_by"].str.removeprefix("tests/").str.replace("|", "\\|"),
    )
    return "\n".join([
        "# Faults put into the code, and whether the tests notice",
        "",
        "Written by `python validation/mutants.py`; each fault and the tests that were run are in "
        "`validation/mutants.toml`.",
        "",
        f"**{caught} of {len(able)} faults are caught ({100 * caught / len(able):.0f}%).** "
        f"{len(frame) - len(able)} more change nothing that the package promises (equivalent). "
        f"{missed} went unnoticed when first tried; the tests written since then are named. "
        "The faults were chosen by people who know the code: the share is that of these faults, "
        "not of all there may be.",
        "",
        as_markdown(shares(frame)),
        "",
        as_markdown(shown[["mutant", "file", "breaks", "result", "noticed_by", "missed_until"]]),
        "",
    ])  # fmt: skip


def main(names: Sequence[str]) -> None:
    """Run the mutants named, or all of them and write the report."""
    mutants = {one.name: one for one in read_mutants()}
    unknown = [name for name in names if name not in mutants]
    if unknown:
        sys.exit(f"{', '.join(unknown)}: no such mutant; {LIST.name} lists them")
    try:
        frame = run_mutants([mutants[name] for name in names or mutants])
    except UnusableMutantError as error:
        sys.exit(str(error))
    if not names:
        frame.to_csv(REPORT.with_suffix(".csv"), index=False, lineterminator="\n")
        REPORT.with_suffix(".md").write_text(report(frame), encoding="utf-8")
    print(shares(frame).to_string(index=False))


if __name__ == "__main__":
    main(sys.argv[1:])
