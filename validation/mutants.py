"""Whether the tests notice when the code is wrong: small faults put in one at a time.

    python validation/mutants.py [NAME ...]

``mutants.toml`` beside this file lists the faults: the file, the exact text that is there once,
the text put in its place, what that breaks, and the tests that should notice. Each fault is put
into a copy of the tree in a temporary folder, and its tests run there until the first fails:

* caught: a test failed, or the tests exceeded their time limit;
* survived: all passed, so nothing that was run would notice;
* equivalent: all passed, and must: nothing that the package promises changes (the reason is given).

The tests that failed are run on the unchanged copy as well: one that fails there would catch
everything. Without names all mutants run (about ten minutes on one core), with names those; their
rows are written to reports/mutants.csv, and reports/mutants.md is made of it. A mutant whose text
is not in its file exactly once ends the run: adapt it to the code.

The faults were chosen by people who know the code. The share caught is that of these faults,
not of all faults there may be.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
LIST = Path(__file__).with_suffix(".toml")
REPORT = ROOT / "reports" / "mutants"
# Caches, environments and what is built: nothing that a test needs.
LEFT_OUT = shutil.ignore_patterns(
    ".*", "__pycache__", "node_modules", "dist", "build", "_build", "*.egg-info"
)
# The slowest named tests take a minute alone; a fault that loops for ever is stopped.
SECONDS = 300
TOO_LONG = "time limit"
FAILED = re.compile(r"^(?:FAILED|ERROR) ([^\s\[]+)", re.MULTILINE)
# Each run is a fork of a process that has loaded everything but the package: seconds saved.
PROCESSES = multiprocessing.get_context("forkserver")
LOADED = ["numpy", "pandas", "scipy.optimize", "scipy.stats", "matplotlib.pyplot", "pytest"]
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
    listed: dict[str, Any] = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return [
        Mutant(**(one | {"name": name, "tests": tuple(one["tests"])}))
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


def run_pytest(tree: str, tests: Sequence[str], log: str) -> None:
    """Run tests in a copy of the tree, in a process of its own."""
    with Path(log).open("w", encoding="utf-8") as printed:
        os.dup2(printed.fileno(), 1)
        os.dup2(printed.fileno(), 2)
        os.chdir(tree)
        os.environ["PYTHONPATH"] = tree  # of what the tests start themselves
        sys.path.insert(0, tree)
        options = ["-x", "-q", "--tb=no", "-rfE", "-p", "no:cacheprovider"]
        code = int(pytest.main([*options, *tests]))
        sys.stdout.flush()
    os._exit(code)


def run_tests(
    tree: Path, tests: Sequence[str], seconds: float | None = SECONDS
) -> tuple[int | None, str]:
    """Run tests until one fails; return pytest's exit code and what it printed.

    The code is None where the time limit was exceeded.
    """
    log = tree.parent / "printed.txt"
    process = PROCESSES.Process(target=run_pytest, args=(str(tree), list(tests), str(log)))
    process.start()
    process.join(seconds)
    code = process.exitcode
    if code is None:
        process.kill()
        process.join()
    return code, log.read_text(encoding="utf-8")


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
        code, printed = run_tests(tree, mutant.tests)
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
        TOO_LONG if code is None else failed[1] if failed else mutant.equivalent,
        mutant.missed_until,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def run_mutants(mutants: Sequence[Mutant]) -> pd.DataFrame:
    """Judge mutants one after the other in one copy of the tree."""
    for mutant in mutants:  # before minutes are spent
        mutated((ROOT / mutant.file).read_text(encoding="utf-8"), mutant)
    os.environ |= {"MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    PROCESSES.set_forkserver_preload(LOADED)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=LEFT_OUT)
        for mutant in mutants:
            rows.append(judge(tree, mutant))
            print("{result:10} {mutant}: {noticed_by}".format(**rows[-1]), flush=True)
        check_noticing_tests(tree, rows)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def check_noticing_tests(tree: Path, rows: Sequence[dict[str, object]]) -> None:
    """Refuse results of tests that fail in the unchanged tree as well."""
    noticing = {str(row["noticed_by"]) for row in rows if row["result"] == "caught"} - {TOO_LONG}
    code, printed = run_tests(tree, sorted(noticing), None) if noticing else (0, "")
    if code != 0:
        raise UnusableMutantError(f"a test that noticed a fault fails without it: {printed[-400:]}")


def shares(frame: pd.DataFrame) -> pd.DataFrame:
    """Count by room what was caught, and in all."""
    counts = pd.crosstab(frame["room"], frame["result"], margins=True, margins_name="all")
    counts = counts.reindex(columns=["caught", "survived", "equivalent"], fill_value=0)
    return counts.reset_index()


def as_markdown(frame: pd.DataFrame) -> str:
    """Return a frame as a table of Markdown."""
    cells = [list(frame.columns), ["---"] * frame.shape[1], *frame.astype(str).to_numpy().tolist()]
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in cells)


def report(frame: pd.DataFrame, listed: int) -> str:
    """Return what was found of the mutants listed, in words and tables."""
    able = frame[frame["result"] != "equivalent"]
    caught = int((able["result"] == "caught").sum())
    missed = int((frame["missed_until"] != "").sum())
    waiting = f"{listed - len(frame)} more are listed and have not been run. "
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
        f"{waiting if listed > len(frame) else ''}"
        f"{missed} were not noticed by the tests first tried; those written for them are named. "
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
    table = REPORT.with_suffix(".csv")
    if names and table.exists():
        frame = pd.concat([pd.read_csv(table, keep_default_na=False), frame])
        frame = frame.drop_duplicates("mutant", keep="last")
    order = {name: place for place, name in enumerate(mutants)}
    frame = frame[frame["mutant"].isin(order)].sort_values(
        "mutant", key=lambda column: column.map(order), ignore_index=True
    )
    frame.to_csv(table, index=False, lineterminator="\n")
    REPORT.with_suffix(".md").write_text(report(frame, len(mutants)), encoding="utf-8")
    print(shares(frame).to_string(index=False))


if __name__ == "__main__":
    main(sys.argv[1:])
