"""Files and folders that cannot be used: one message of the package, with the true cause.

``TAKES`` lists every public function that takes a path; a test walks the public names and asks
for those that are not in it.
"""

from __future__ import annotations

import builtins
import errno
import importlib
import inspect
import io
import os
import pkgutil
import re
from collections.abc import Callable, Iterator
from functools import cache, wraps
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest

import backpain_stats as bps
from backpain_stats import ArgumentError, DataError, Stamp
from backpain_stats import evidence as evidence_room
from backpain_stats.changes.diff import COLUMNS
from backpain_stats.decide.judgements import read_judgements
from backpain_stats.meta import check_studies
from backpain_stats.outputs import check_free, check_table_path, output_folder, replacing
from backpain_stats.report import PanelQuestion, build_panel, build_report, write_explorer
from backpain_stats.report.diff.build import write_diff
from backpain_stats.tables import plain_tables, rows_of_studies

FRAME = pd.DataFrame({"study": ["a"], "flag": ["f"], "tp": [4], "fp": [41], "fn": [9], "tn": [99]})
QUESTION = PanelQuestion("malignancy", "primary_care")
STAMP = Stamp()
# A difference that is none.
NOTHING = bps.EvidenceDiff(
    pd.DataFrame(columns=[*COLUMNS]), pd.DataFrame(columns=["file", "name", "status", "columns"])
)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Let what is written by mistake be written where it is thrown away."""
    monkeypatch.chdir(tmp_path)


@cache
def summary() -> bps.SummaryOfFindings:
    """Return a small table to write, computed once."""
    return bps.summary_of_findings(FRAME, 0.01, draws=100)


def enter(opened: Any) -> None:
    """Go through a context that hands out where to write."""
    with opened:
        pytest.fail("nothing can be written there")


def add_one(folder: Any) -> None:
    """Add a table to a folder of evidence."""
    bps.add_tables(
        folder, FRAME.assign(flag="cancer_history"), source="Review B. Invented. 2027",
        kind="systematic review", what_was_read="table", target="malignancy",
        setting="primary_care", study="Example 2026",
    )  # fmt: skip


class Taken(NamedTuple):
    """A function that takes a path."""

    kind: str
    call: Callable[[Any], Any]


# Function and parameter -> what the path is, and a call with it. What else a call needs is left
# out where the path is looked at first: nothing shall be computed before.
TAKES = {
    **{
        f"{call.__name__}({parameter})": Taken("file to read", call)
        for call, parameter in (
            (bps.accuracy, "frame"), (bps.compare_tests, "data"), (bps.deeks_test, "data"),
            (bps.fit_bayes, "data"), (bps.fit_bivariate, "data"), (bps.fit_thresholds, "data"),
            (bps.pool_proportion, "data"), (bps.pool_univariate, "data"),
            (bps.read_tables, "data"), (bps.study_accuracy, "data"), (check_studies, "data"),
            (plain_tables, "data"), (rows_of_studies, "data"), (bps.read_quality, "data"),
            (evidence_room.read_table_file, "path"),
        )
    },
    "write_tables(tables)": Taken(
        "file to read", lambda path: bps.write_tables(path, "not_written.csv")
    ),
    "summary_of_findings(judgements)": Taken(
        "file to read", lambda path: bps.summary_of_findings(FRAME, 0.01, judgements=path, draws=9)
    ),
    "PanelQuestion(judgements)": Taken(
        "file to read",
        lambda path: read_judgements(
            PanelQuestion("malignancy", "primary_care", judgements=path).judgements, ["f"]
        ),
    ),
    "load_evidence(path)": Taken("folder to read", bps.load_evidence),
    "check_evidence(path)": Taken("folder to read", bps.check_evidence),
    "check_folder(path)": Taken("folder to read", evidence_room.check_folder),
    "load_patients(path)": Taken("folder to read", bps.load_patients),
    "save_table(path)": Taken("file to write", lambda path: bps.save_table(FRAME, path)),
    "write_tables(path)": Taken("file to write", lambda path: bps.write_tables(FRAME, path)),
    "SummaryOfFindings.to_csv(path)": Taken("file to write", lambda path: summary().to_csv(path)),
    "SummaryOfFindings.to_docx(path)": Taken("file to write", lambda path: summary().to_docx(path)),
    "write_explorer(path)": Taken(
        "file to write", lambda path: write_explorer(None, path, stamp=STAMP)
    ),
    "write_diff(path)": Taken(
        "file to write", lambda path: write_diff(NOTHING, path, before="a", after="b")
    ),
    "check_free(path)": Taken("file to write", check_free),
    "check_table_path(path)": Taken("file to write", check_table_path),
    "replacing(path)": Taken("file to write", lambda path: enter(replacing(path))),
    "add_tables(folder)": Taken("folder to write", add_one),
    "export_evidence(folder)": Taken("folder to write", bps.export_evidence),
    "write_template(folder)": Taken("folder to write", bps.write_template),
    "output_folder(out)": Taken("folder to write", lambda path: enter(output_folder(path, STAMP))),
    "build_report(out)": Taken(
        "folder to write", lambda path: build_report(None, path, stamp=STAMP)
    ),
    "build_panel(out)": Taken(
        "folder to write", lambda path: build_panel(None, QUESTION, path, stamp=STAMP)
    ),
}  # fmt: skip


# --- Every public function that takes a path is in the table ---


def public_functions() -> Iterator[tuple[str, Any]]:
    """Yield every function and class of the package and of its rooms, methods included."""
    rooms = [room.name for room in pkgutil.iter_modules(bps.__path__) if room.ispkg]
    for name in ("backpain_stats", *(f"backpain_stats.{room}" for room in rooms)):
        room = importlib.import_module(name)
        for public in getattr(room, "__all__", ()):
            found = getattr(room, public)
            yield public, found
            if inspect.isclass(found):
                methods = {key: one for key, one in vars(found).items() if key[0] != "_"}
                yield from ((f"{public}.{key}", one) for key, one in methods.items())


def paths_taken(function: Any) -> Iterator[str]:
    """Yield the parameters that may be a path that a caller wrote.

    A room hands on to another what is a ``Path`` already.
    """
    function = getattr(function, "__func__", function)
    if not callable(function) or getattr(function, "__module__", "").startswith("builtins"):
        return
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # exceptions of the family, aliases of types
        return
    for name, parameter in signature.parameters.items():
        if re.search(r"PathLike|TablesLike", str(parameter.annotation)):
            yield name


def test_every_public_function_that_takes_a_path_is_tried_here():
    public = {f"{name}({one})" for name, what in public_functions() for one in paths_taken(what)}
    # Of a module that is no door: the command "diff" writes it.
    assert public == set(TAKES) - {"write_diff(path)"}


# --- Paths that no system would take, or that lead nowhere ---


class InBytes:
    """A path that is bytes."""

    def __fspath__(self) -> bytes:
        return b"ab"


NO_NAMES = [
    ("a\0b", "no file name can have"),
    ("a\ud800b", "no file name can have"),
    (InBytes(), "give a path"),
    ("", "is empty"),
]


@pytest.mark.parametrize("name", TAKES)
def test_what_is_no_name_of_a_file_is_refused(name, tmp_path):
    for given, words in NO_NAMES:
        # The end of the name is looked at, too.
        path = f"{given}.csv" if given and isinstance(given, str) else given
        with pytest.raises((ArgumentError, DataError), match=words):
            TAKES[name].call(path)
    assert not os.listdir(tmp_path)


def too_long(place: Path, end: str) -> Path:
    """Return a name of more letters than a file system takes."""
    return place / f"{'x' * 300}{end}"


def loop(place: Path, end: str) -> Path:
    """Return a link that leads to itself."""
    (place / f"loop{end}").symlink_to(place / f"loop{end}")
    return place / f"loop{end}"


def below_a_file(place: Path, end: str) -> Path:
    """Return a name below what is no folder."""
    (place / "file").write_text("text")
    return place / "file" / f"below{end}"


def other_kind(place: Path, end: str) -> Path:
    """Return a folder where a file is asked for, a file where a folder is."""
    path = place / f"other{end}"
    path.mkdir() if end else path.write_text("text")
    return path


LEADS_NOWHERE = [
    (too_long, os.strerror(errno.ENAMETOOLONG)),
    (loop, os.strerror(errno.ELOOP)),
    (below_a_file, "Not a directory|non-existent|there is no|no such folder|file' is a file"),
    (other_kind, "is a (file|folder)|no regular file|is a directory|Is a directory"),
]


@pytest.mark.parametrize("name", TAKES)
def test_a_path_that_leads_nowhere_is_refused_with_the_cause(name, tmp_path):
    for make, words in LEADS_NOWHERE:
        place = tmp_path / make.__name__
        place.mkdir()
        given = make(place, ".csv" if "file" in TAKES[name].kind else "")
        before = sorted(place.rglob("*"))
        with pytest.raises((ArgumentError, DataError), match=words) as caught:
            TAKES[name].call(given)
        assert str(place) in str(caught.value)
        assert sorted(place.rglob("*")) == before


# --- Places that may not be entered or opened ---


# What looks at a path, and whether it opens it.
LOOKS = {
    os: {"stat": False, "lstat": False, "mkdir": False, "unlink": False, "rename": False,
         "replace": False, "rmdir": False, "open": True, "listdir": True, "scandir": True},
    builtins: {"open": True},
    io: {"open": True},
}  # fmt: skip
DENIED = os.strerror(errno.EACCES)


@pytest.fixture
def close(monkeypatch):
    """Return a function that closes a path, as ``chmod 000`` does for who is not root.

    Of a folder with ``names=True`` the names can be listed, as after ``chmod 444``.
    """
    closed: dict[Path, bool] = {}

    def refused(path: Any, opens: bool) -> bool:
        if not isinstance(path, (str, os.PathLike)):
            return False
        place = Path(os.path.abspath(path))
        below = not closed.keys().isdisjoint(place.parents)
        return below or (opens and not closed.get(place, True))

    def guarded(function: Any, opens: bool) -> Any:
        @wraps(function)
        def call(*given: Any, **options: Any) -> Any:
            for path in given[:2]:  # a file is moved from the first to the second
                if refused(path, opens):
                    raise PermissionError(errno.EACCES, DENIED, str(path))
            return function(*given, **options)

        return call

    for module, functions in LOOKS.items():
        for name, opens in functions.items():
            monkeypatch.setattr(module, name, guarded(getattr(module, name), opens))
    return lambda path, names=False: closed.update({path: names})


@pytest.mark.parametrize("name", TAKES)
def test_a_place_that_may_not_be_entered_is_refused(name, close, tmp_path):
    """One cannot even ask whether the file is there."""
    (tmp_path / "closed").mkdir()
    close(tmp_path / "closed")
    given = tmp_path / "closed" / ("x.csv" if "file" in TAKES[name].kind else "x")
    with pytest.raises((ArgumentError, DataError), match=DENIED) as caught:
        TAKES[name].call(given)
    assert str(given) in str(caught.value)


@pytest.mark.parametrize("name", [name for name in TAKES if "read" in TAKES[name].kind])
def test_what_may_not_be_read_is_refused(name, close, tmp_path):
    """It is seen to be there, but cannot be opened."""
    given = tmp_path / "closed.csv"
    given.write_text("text") if "file" in TAKES[name].kind else given.mkdir()
    close(given)
    with pytest.raises((ArgumentError, DataError), match=DENIED) as caught:
        TAKES[name].call(given)
    assert str(given) in str(caught.value)


@pytest.mark.parametrize("name", [name for name in TAKES if TAKES[name].kind == "folder to read"])
def test_a_folder_of_which_only_the_names_can_be_listed_is_refused(name, close, tmp_path):
    (tmp_path / "accuracy.csv").write_text("text")
    close(tmp_path, names=True)
    with pytest.raises(DataError, match=DENIED):
        TAKES[name].call(tmp_path)


def fill(folder: Path) -> None:
    """Write one file into a folder of results."""
    with output_folder(folder, STAMP, page="index.html") as run:
        (run.folder / "index.html").write_text("text")


@pytest.mark.parametrize("write", [fill, bps.write_template, bps.export_evidence, add_one])
def test_a_folder_that_may_not_be_written_to_is_refused(write, close, tmp_path):
    (tmp_path / "closed").mkdir()
    close(tmp_path / "closed")
    with pytest.raises((ArgumentError, DataError), match=DENIED) as caught:
        write(tmp_path / "closed")
    assert str(tmp_path / "closed") in str(caught.value)
    assert os.listdir(tmp_path) == ["closed"]


def test_a_file_of_earlier_results_that_may_not_be_opened_is_named(close, tmp_path):
    (tmp_path / "index.html").write_text("of another")
    close(tmp_path / "index.html")
    with pytest.raises(ArgumentError, match=rf"{DENIED} \(index\.html\); what was there"):
        fill(tmp_path)


def test_a_file_of_the_evidence_that_may_not_be_opened_is_named(close, tmp_path):
    """The check lists it, and nothing is added to it."""
    add_one(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    close(tmp_path / "accuracy.csv")
    problems = bps.check_evidence(tmp_path).set_index("file")["problem"]
    assert problems["accuracy.csv"] == f"cannot be read: {DENIED}"
    with pytest.raises(DataError, match=rf"accuracy\.csv: cannot be read: {DENIED}"):
        add_one(tmp_path)
    assert set(os.listdir(tmp_path)) == set(before)
    for name in set(before) - {"accuracy.csv"}:
        assert (tmp_path / name).read_bytes() == before[name]


# --- What is no fault of the caller stays what it is ---


def test_a_fault_of_the_package_is_not_taken_for_one_of_the_caller(tmp_path):
    """A template that is missing, also near by, and a file that is open, by its number."""
    near = tmp_path / "package" / "page.html.j2"
    for where in ("/elsewhere/page.html.j2", near, 3):
        with pytest.raises(FileNotFoundError), output_folder(tmp_path / "out", STAMP):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), where)


def test_a_folder_that_is_a_link_is_known_by_either_name(tmp_path):
    """What the run reads of earlier results it may name as the caller did."""
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "out")
    with (
        pytest.raises(ArgumentError, match=rf"link': {DENIED}"),
        output_folder(tmp_path / "link", STAMP),
    ):
        raise PermissionError(errno.EACCES, DENIED, tmp_path / "link" / "tables" / "sheet.csv")


# --- Folders that cannot be made ---


NO_SUCH = os.strerror(errno.ENOENT)
only_linux = pytest.mark.skipif(not os.path.exists("/proc/self"), reason="there is no /proc")


@only_linux
@pytest.mark.parametrize("folder", ["/proc/x", "/proc/x/y"])
def test_a_folder_that_cannot_be_made_is_not_one_that_another_run_keeps(folder):
    for write in (fill, bps.write_template, bps.export_evidence):
        with pytest.raises(ArgumentError, match=f"^cannot write to '{folder}': {NO_SUCH}; what"):
            write(folder)


# --- The same at the command line ---


QUESTION_TYPED = ("panel", "--target", "malignancy", "--setting", "primary_care", "--out")
COMMANDS = {
    "file to read": [
        ("meta", "{}"), ("evidence", "add", "mine", "--tables", "{}", "--source", "x"),
        ("risk", "--patients", "{}"),
    ],
    "folder to read": [("check", "{}"), ("evidence", "check", "{}", "--add"),
                       ("flags", "--evidence", "{}"), ("diff", "--evidence", "{}")],
    "file to write": [("flags", "--output", "{}"), ("explorer", "--out", "{}")],
    "folder to write": [("template", "{}"), ("evidence", "export", "{}"),
                        ("report", "--out", "{}"), (*QUESTION_TYPED, "{}")],
}  # fmt: skip
TYPED = [
    pytest.param(kind, words, id=" ".join(words))
    for kind, several in COMMANDS.items()
    for words in several
]


def in_a_closed_folder(place: Path, end: str) -> Path:
    """Return a name in a folder that may not be entered, once it is closed."""
    (place / "closed").mkdir()
    return place / "closed" / f"x{end}"


@pytest.mark.parametrize(("kind", "words"), TYPED)
def test_a_command_ends_in_one_message(run, close, kind, words, tmp_path):
    for make, cause in (*LEADS_NOWHERE, (in_a_closed_folder, DENIED)):
        place = tmp_path / make.__name__
        place.mkdir()
        given = make(place, ".csv" if "file" in kind else "")
        close(place / "closed")
        code, out, err = run(*(word.format(given) for word in words))
        assert (code, out, err.count("Error: ")) == (2, "", 1)
        assert re.search(f"{cause}|is a file;", err)
        assert str(place) in err


def test_a_sheet_of_judgements_that_may_not_be_opened_is_not_said_to_be_absent(
    run, close, tmp_path, frozen_folder
):
    close(tmp_path / "closed")
    sheet = tmp_path / "closed" / "x.csv"
    code, _, err = run(
        *QUESTION_TYPED, tmp_path / "out", "--judgements", sheet, "--flag", "age_50",
        "--evidence", frozen_folder,
    )  # fmt: skip
    assert (code, "exist" in err) == (2, False)
    assert f"'{sheet}' cannot be read: {DENIED}" in err


@only_linux
@pytest.mark.parametrize("words", COMMANDS["folder to write"], ids=" ".join)
def test_a_command_says_why_a_folder_cannot_be_made(run, words):
    code, out, err = run(*(word.format("/proc/x") for word in words))
    assert (code, out, "another run" in err) == (2, "", False)
    assert re.search(f"cannot write to '?/proc/x'?: {NO_SUCH}", err)
