"""Files of 2x2 tables in many layouts, and damaged: read right, or refused in one message.

    python validation/fuzz_tables.py [--files 500]

writes reports/fuzz_tables.md. Every file is made from counts that are known and a seed of its
own: a layout that means the same, then, in two of three files, one damage. What no reader could
notice is no damage here: a digit that is another digit, a whole row that is not there, a file
that ends between two rows.
"""

from __future__ import annotations

import csv
import io
import platform
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
import openpyxl
import pandas as pd
from numpy.random import Generator

from backpain_stats import BackpainStatsError, read_tables

ROOT = Path(__file__).parents[1]
CELLS = ("tp", "fp", "fn", "tn")
SPELLINGS = {
    "plain": CELLS,
    "capitals": ("TP", "FP", "FN", "TN"),
    "words": ("true_positives", "false_positives", "false_negatives", "true_negatives"),
    "short words": ("TruePos", "FalsePos", "FalseNeg", "TrueNeg"),
    "spaced words": ("True Positives", "False Positives", "False Negatives", "True Negatives"),
    "numbers of": ("n_tp", "n_fp", "n_fn", "n_tn"),
}
STUDY_COLUMNS = ("study", "Study", "StudyID", "studynames", "names", "author and year", "none")
SEPARATORS = {"commas": ",", "semicolons": ";", "tabs": "\t", "bars": "|"}
JUNK = (
    "x",
    "-",
    "-1",
    "1.5",
    "1e3",
    "1 2",
    "?",
    "12*",
    "TRUE",
    "inf",
    "1/2",
    "4-3",
    "½",
    "1,000",
    "1.000",
)


class Made(NamedTuple):
    """One file: its bytes and its ending, what it means, and how it was made."""

    data: bytes
    end: str
    truth: pd.DataFrame
    layout: str
    damage: str


class Grid(NamedTuple):
    """A header and rows of text."""

    header: list[str]
    rows: list[list[str]]


def truth_of(rng: Generator, tests: int = 1) -> pd.DataFrame:
    """Return random tables: some arms not studied, some zeros."""
    studies = int(rng.integers(2, 13))
    frame = pd.DataFrame(
        {
            "study": np.repeat([f"Müller {1980 + at}" for at in range(studies)], tests),
            "test": np.tile([f"T{at}" for at in range(tests)], studies),
            **{cell: rng.integers(0, 400, studies * tests) for cell in CELLS},
        }
    )
    counts = frame[list(CELLS)].astype("Int64")
    for row in np.flatnonzero(rng.random(len(frame)) < 0.1):
        arm = ["tp", "fn"] if rng.random() < 0.5 else ["fp", "tn"]
        counts.loc[int(row), arm] = pd.NA
    frame[list(CELLS)] = counts
    return frame


def as_text(value: object, missing: str) -> str:
    """Return a count as it is written."""
    return missing if pd.isna(value) else str(value)


def cells_of(truth: pd.DataFrame, rng: Generator, missing: str) -> tuple[str, Grid]:
    """Return the counts under some spelling, or totals in place of cells."""
    kinds = [*SPELLINGS, "cases and totals", "metadat", "n and cases"]
    kind = kinds[int(rng.integers(len(kinds)))]
    frame = truth[list(CELLS)]
    if kind in SPELLINGS:
        columns = dict(zip(SPELLINGS[kind], (frame[cell] for cell in CELLS), strict=True))
    elif kind == "n and cases":
        whole = frame.fillna(0)
        truth[list(CELLS)] = whole  # a total cannot say that an arm was not studied
        columns = {
            "N": whole.sum(axis=1), "n.cases": whole["tp"] + whole["fn"],
            "TP": whole["tp"], "TN": whole["tn"],
        }  # fmt: skip
    else:
        names = ("cases", "non-cases") if kind == "cases and totals" else ("np", "nn")
        cases, noncases = frame["tp"] + frame["fn"], frame["fp"] + frame["tn"]
        columns = {"tp": frame["tp"], names[0]: cases, "tn": frame["tn"], names[1]: noncases}
    header = [str(name) for name in rng.permutation(list(columns))]
    rows = [
        [as_text(columns[name].iloc[row], missing) for name in header] for row in range(len(truth))
    ]
    return kind, Grid(header, rows)


def with_names(grid: Grid, truth: pd.DataFrame, rng: Generator) -> tuple[str, Grid]:
    """Add the studies' names, as a column or two, or none."""
    kind = STUDY_COLUMNS[int(rng.integers(len(STUDY_COLUMNS)))]
    names = list(truth["study"])
    if kind == "none":
        truth["study"] = [f"Study {at + 1}" for at in range(len(truth))]
        return kind, grid
    if kind == "author and year":
        parts = [name.rsplit(" ", 1) for name in names]
        rows = [part + row for part, row in zip(parts, grid.rows, strict=True)]
        return kind, Grid(["Author", "Year", *grid.header], rows)
    rows = [[name, *row] for name, row in zip(names, grid.rows, strict=True)]
    return kind, Grid([kind, *grid.header], rows)


def with_covariates(grid: Grid, rng: Generator) -> Grid:
    """Add columns that mean nothing for the tables, with separators and quotes in them."""
    if rng.random() < 0.5:
        return grid
    words = ('a, "quoted" word', "x; y", "z", "", "3,5")
    rows = [[*row, words[int(rng.integers(len(words)))]] for row in grid.rows]
    return Grid([*grid.header, "setting"], rows)


def side_by_side(rng: Generator) -> tuple[str, Grid, pd.DataFrame]:
    """Return two tests in one row, told apart by the names of their columns."""
    truth = truth_of(rng, tests=2)
    truth[list(CELLS)] = truth[list(CELLS)].fillna(7)
    joined = ("{cell}{at}", "{cell}_T{at}", "{cell}.T{at}", "T{at} {cell}", "{cell} (T{at})")
    form = joined[int(rng.integers(len(joined)))]
    header = ["study", *(form.format(cell=cell, at=at) for at in (0, 1) for cell in CELLS)]
    if "T{at}" not in form:
        header += ["test0", "test1"]
    rows = []
    for study, both in truth.groupby("study", sort=False):
        row = [str(study), *(str(count) for count in both[list(CELLS)].to_numpy().ravel())]
        rows.append(row + (["T0", "T1"] if "T{at}" not in form else []))
    return f"side by side, {form}", Grid(header, rows), truth


def make(seed: int) -> Made:
    """Return one file."""
    rng = np.random.default_rng([seed, 2026])
    missing = str(rng.choice(["", "NA", "n/a", "."]))
    if rng.random() < 0.2:
        layout, grid, truth = side_by_side(rng)
    else:
        truth = truth_of(rng)
        spelling, grid = cells_of(truth, rng, missing)
        names, grid = with_names(grid, truth, rng)
        grid = with_covariates(grid, rng)
        layout = f"{spelling}; study: {names}"
    damage, change = "none", None
    if rng.random() < 2 / 3:
        damage = list(DAMAGES)[int(rng.integers(len(DAMAGES)))]
        change = DAMAGES[damage]
        grid = change(grid, rng)
    if rng.random() < 0.15:
        return Made(as_excel(grid, rng), ".xlsx", truth, f"{layout}; Excel", damage)
    kind = list(SEPARATORS)[int(rng.integers(len(SEPARATORS)))]
    text = as_lines(grid, SEPARATORS[kind], rng)
    encoding = str(rng.choice(["utf-8", "utf-8-sig", "utf-16", "cp1252"]))
    try:
        data = text.encode(encoding)
    except UnicodeEncodeError:
        encoding, data = "utf-8", text.encode()
    return Made(data, ".csv", truth, f"{layout}; {kind}; {encoding}", damage)


def as_lines(grid: Grid, separator: str, rng: Generator) -> str:
    """Return text with a separator."""
    out = io.StringIO()
    if rng.random() < 0.2:
        out.write("Table 2. The included studies\n\n")
    quoting = csv.QUOTE_ALL if rng.random() < 0.3 else csv.QUOTE_MINIMAL
    end = str(rng.choice(["\n", "\r\n"]))
    writer = csv.writer(out, delimiter=separator, quoting=quoting, lineterminator=end)
    writer.writerow(grid.header)
    for row in grid.rows:
        writer.writerow(row)
        if rng.random() < 0.05:
            out.write(end)
    return out.getvalue()


def as_excel(grid: Grid, rng: Generator) -> bytes:
    """Return an Excel file."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    if rng.random() < 0.3:
        book.create_sheet("Notes").append(["made by hand"])
    if rng.random() < 0.3:
        sheet.append(["Table 2"])
    sheet.append(grid.header)
    for row in grid.rows:
        sheet.append([int(cell) if cell.isascii() and cell.isdigit() else cell for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _place(grid: Grid, rng: Generator) -> tuple[int, int]:
    """Return a cell that holds a count."""
    counts = [at for at, name in enumerate(grid.header) if _is_count(name)]
    return int(rng.integers(len(grid.rows))), counts[int(rng.integers(len(counts)))]


def _is_count(name: str) -> bool:
    study = {*STUDY_COLUMNS, "Author", "Year", "setting", "test0", "test1"}
    return name not in study


def _nameless(grid: Grid) -> bool:
    return all(_is_count(name) or name == "setting" for name in grid.header)


def junk_in_a_cell(grid: Grid, rng: Generator) -> Grid:
    """Put what is no count in the place of one."""
    row, column = _place(grid, rng)
    grid.rows[row][column] = JUNK[int(rng.integers(len(JUNK)))]
    return grid


def a_letter_in_a_cell(grid: Grid, rng: Generator) -> Grid:
    """Put a letter into a count."""
    row, column = _place(grid, rng)
    at = int(rng.integers(len(grid.rows[row][column]) + 1))
    cell = grid.rows[row][column]
    grid.rows[row][column] = cell[:at] + str(rng.choice(["l", "O", "_", "%", "'"])) + cell[at:]
    return grid


def half_an_arm(grid: Grid, rng: Generator) -> Grid:
    """Empty one count."""
    row, column = _place(grid, rng)
    grid.rows[row][column] = ""
    return grid


def a_cell_less(grid: Grid, rng: Generator) -> Grid:
    """Take a cell out of a row."""
    row = int(rng.integers(len(grid.rows)))
    del grid.rows[row][int(rng.integers(len(grid.rows[row])))]
    return grid


def a_cell_more(grid: Grid, rng: Generator) -> Grid:
    """Put a cell into a row."""
    row = int(rng.integers(len(grid.rows)))
    grid.rows[row].insert(int(rng.integers(len(grid.rows[row]) + 1)), "5")
    return grid


def no_header(grid: Grid, rng: Generator) -> Grid:
    """Take the header away."""
    return Grid(grid.rows[0], grid.rows[1:])


def a_column_less(grid: Grid, rng: Generator) -> Grid:
    """Take a column of counts away."""
    _, column = _place(grid, rng)
    return Grid(
        grid.header[:column] + grid.header[column + 1 :],
        [row[:column] + row[column + 1 :] for row in grid.rows],
    )


def a_column_twice(grid: Grid, rng: Generator) -> Grid:
    """Give two columns one name."""
    _, column = _place(grid, rng)
    rows = [[*row, str(int(rng.integers(400)))] for row in grid.rows]
    return Grid([*grid.header, grid.header[column]], rows)


def an_unnamed_last_column(grid: Grid, rng: Generator) -> Grid:
    """Add numbers below no name."""
    rows = [[*row, str(int(rng.integers(400)))] for row in grid.rows]
    return Grid(grid.header, rows)


def a_name_that_says_nothing(grid: Grid, rng: Generator) -> Grid:
    """Give a column of counts a name that could mean anything."""
    _, column = _place(grid, rng)
    grid.header[column] = str(rng.choice(["a", "n1", "positives", "count", "x"]))
    return grid


def a_row_of_totals(grid: Grid, rng: Generator) -> Grid:
    """Not a damage where studies have names: the sums below the table are set aside."""
    sums = ["Total" if at == 0 else "" for at in range(len(grid.header))]
    for at, name in enumerate(grid.header):
        if _is_count(name):
            sums[at] = str(sum(int(row[at]) for row in grid.rows if row[at].isdigit()))
    return Grid(grid.header, [*grid.rows, sums])


def a_row_of_wrong_totals(grid: Grid, rng: Generator) -> Grid:
    """Put a row of totals below that are not."""
    if _nameless(grid):
        return grid  # without a name it may be a study
    grid = a_row_of_totals(grid, rng)
    at = next(at for at, name in enumerate(grid.header) if _is_count(name))
    grid.rows[-1][at] = str(int(grid.rows[-1][at]) + 1)
    return grid


def a_study_without_a_name(grid: Grid, rng: Generator) -> Grid:
    """Empty the first cell of a row."""
    grid.rows[int(rng.integers(len(grid.rows)))][0] = ""
    return grid


def a_row_twice(grid: Grid, rng: Generator) -> Grid:
    """Give a row twice."""
    if _nameless(grid):
        return grid  # without names two equal rows may be two studies
    return Grid(grid.header, [*grid.rows, list(grid.rows[int(rng.integers(len(grid.rows)))])])


DAMAGES: dict[str, Callable[[Grid, Generator], Grid]] = {
    change.__name__.replace("_", " "): change
    for change in (
        junk_in_a_cell, a_letter_in_a_cell, half_an_arm, a_cell_less, a_cell_more, no_header,
        a_column_less, a_column_twice, an_unnamed_last_column, a_name_that_says_nothing,
        a_row_of_totals, a_row_of_wrong_totals, a_study_without_a_name, a_row_twice,
    )
}  # fmt: skip


def outcome(made: Made, folder: Path) -> tuple[str, str]:
    """Return what became of a file: right, refused, wrong or crashed; and the words."""
    path = folder / f"made{made.end}"
    path.write_bytes(made.data)
    try:
        tables = read_tables(path)
        frame = tables.one_row_a_study() if "side by side" not in made.layout else tables.frame
    except BackpainStatsError as error:
        return ("refused" if "\n" not in str(error) else "several lines"), str(error)
    except Exception as error:  # anything else is what this script looks for
        return "crashed", repr(error)
    counts = frame[list(CELLS)].astype("Int64").reset_index(drop=True)
    same = counts.equals(made.truth[list(CELLS)].astype("Int64").reset_index(drop=True))
    named = list(frame["study"]) == list(made.truth["study"])
    if "side by side" in made.layout:
        named &= "test" in frame and len(set(frame["test"])) == 2
    return ("right" if same and named else "wrong"), tables.understood


def run(files: int) -> pd.DataFrame:
    """Return one row a file."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(files):
            made = make(seed)
            result, words = outcome(made, Path(folder))
            rows.append((seed, made.layout, made.damage, result, words))
    return pd.DataFrame(rows, columns=["seed", "layout", "damage", "outcome", "words"])


def report(rows: pd.DataFrame) -> str:
    """Return the report."""
    kinds = ["right", "refused", "wrong", "several lines", "crashed"]
    table = pd.crosstab(rows["damage"], rows["outcome"]).reindex(columns=kinds, fill_value=0)
    lines = [f"| {damage} | {' | '.join(map(str, row))} |" for damage, row in
             zip(table.index, table.to_numpy(), strict=True)]  # fmt: skip
    total = Counter(rows["outcome"])
    said = rows[rows["outcome"] == "refused"].drop_duplicates("damage").sort_values("damage")
    return "\n".join(
        [
            "# 2x2 tables from damaged files",
            "",
            f"Made by `python validation/fuzz_tables.py --files {len(rows)}` (Python "
            f"{platform.python_version()}, pandas {pd.__version__}). Files with known counts in "
            "many layouts (names of columns, totals in place of cells, two tests side by side, "
            "separators, encodings, Excel), two of three with one damage.",
            "",
            f"{total['right']} of {len(rows)} were read right, {total['refused']} refused in one "
            f"message; wrong tables: {total['wrong']}, messages of several lines: "
            f"{total['several lines']}, other errors: {total['crashed']}.",
            "",
            f"| damage | {' | '.join(kinds)} |",
            "|---" * (len(kinds) + 1) + "|",
            *lines,
            "",
            "Read right in spite of a damage: a letter or a blank that changes nothing (`12.`), a "
            "cell or a column that a total still tells, a row of sums that was recognised, a row "
            "given twice of tests side by side.",
            "",
            "## What is said",
            "",
            *(f"* {row.damage}: {row.words}" for row in said.itertuples()),
            "",
        ]
    )


@click.command()
@click.option("--files", default=500, show_default=True)
def main(files: int) -> None:
    """Make the files, read them and write the report."""
    rows = run(files)
    path = ROOT / "reports/fuzz_tables.md"
    path.write_text(report(rows), encoding="utf-8")
    bad = rows[~rows["outcome"].isin(["right", "refused"])]
    print(f"written: {path.name}; {Counter(rows['outcome'])}")
    for row in bad.head(10).itertuples():
        print(row.seed, row.layout, row.damage, row.outcome, row.words, sep=" | ")


if __name__ == "__main__":
    main()
