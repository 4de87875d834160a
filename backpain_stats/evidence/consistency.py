"""What concerns several cells or several files: order, sums, references, names."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

import pandas as pd

from backpain_stats.checks import nearest
from backpain_stats.evidence.problems import Problem
from backpain_stats.evidence.schema import LIMIT_BOUNDS, TABLES
from backpain_stats.evidence.vocabulary import RATIO_STATISTICS
from backpain_stats.printed.cells import numbers

if TYPE_CHECKING:
    from backpain_stats.evidence.reading import RawTable

__all__ = ["consistency_problems"]

Frames = Mapping[str, pd.DataFrame]


def consistency_problems(
    raw: Mapping[str, RawTable], unread: Collection[str], packaged: Frames
) -> list[Problem]:
    """Return what is wrong between cells, rows and files.

    Parameters
    ----------
    raw : mapping of str to RawTable
        The files that could be read.
    unread : collection of str
        Files that are there but could not be read: references to them are not
        judged.
    packaged : mapping of str to DataFrame
        Frames the folder is added to; empty if it stands alone.
    """
    known = {name: _known(name, raw, packaged) for name in _referenced()}
    problems: list[Problem] = []
    for name, table in raw.items():
        problems += _name_clashes(table, packaged.get(name))
        problems += _broken_references(table, known, unread, set(raw) | set(packaged))
        problems += _limits(table)
    for name in ("accuracy", "combinations"):
        if name in raw:
            problems += _table_counts(raw[name], known["cohorts"])
            problems += _nothing_printed(raw[name])
    for name, part, whole in (
        ("cohorts", "n_cases", "n"),
        ("prevalence", "n_cases", "n"),
        ("endorsement_counts", "k", "of"),
    ):
        if name in raw:
            problems += _part_of_whole(raw[name], part, whole)
    for name in ("combinations", "claims", "prevalence"):
        if name in raw:
            problems += _agrees_with_cohort(raw[name], known["cohorts"])
    if "cohorts" in raw:
        problems += _circles(raw["cohorts"], known["cohorts"])
    if "combinations" in raw:
        problems += _k_of_flags(raw["combinations"])
    if "claims" in raw:
        problems += _claim_values(raw["claims"])
    if "quality" in raw:
        problems += _applicability(raw["quality"])
    return problems


def _referenced() -> set[str]:
    """Return the files that others refer to."""
    columns = (column for table in TABLES.values() for column in table.columns)
    return {name for column in columns for name in column.references}


def _cells(raw: RawTable, *columns: str) -> pd.DataFrame:
    """Return columns of a file as text; those it lacks are empty."""
    return raw.frame.reindex(columns=list(columns)).astype("string")


def _known(name: str, raw: Mapping[str, RawTable], packaged: Frames) -> pd.DataFrame:
    """Return a table as text, the packaged rows and the folder's together, one row a key."""
    names = TABLES[name].names
    parts = [packaged[name]] if name in packaged else []
    if name in raw:
        parts.append(raw[name].frame.reindex(columns=names))
    if not parts:
        return pd.DataFrame(columns=names, dtype="string")
    rows = pd.concat([part.astype("string") for part in parts], ignore_index=True)
    return rows.drop_duplicates(list(TABLES[name].key))


def _problem(
    raw: RawTable, row: int, column: str, what: str, allowed: str, *, warn: bool = False
) -> Problem:
    """Return a problem of one cell."""
    value = raw.frame[column].iloc[row] if column in raw.frame.columns else pd.NA
    return Problem(
        raw.table.file,
        what,
        allowed,
        raw.line(row, column),
        column,
        "" if pd.isna(value) else str(value),
        "warning" if warn else "error",
    )


def _name_clashes(raw: RawTable, packaged: pd.DataFrame | None) -> Iterator[Problem]:
    """Say which names the packaged evidence uses already."""
    key = list(raw.table.key)
    if packaged is None or not set(key) <= set(raw.frame.columns):
        return
    taken = set(packaged[key].itertuples(index=False, name=None))
    for row, name in enumerate(raw.frame[key].itertuples(index=False, name=None)):
        if name in taken:
            yield _problem(
                raw,
                row,
                key[0],
                "is a name of the packaged evidence already",
                "another name: packaged rows are never replaced",
            )


def _broken_references(
    raw: RawTable, known: Frames, unread: Collection[str], present: Collection[str]
) -> Iterator[Problem]:
    """Say which cells name a row that does not exist."""
    for column in raw.table.columns:
        if column.name not in raw.frame.columns or set(column.references) & set(unread):
            continue
        names = {
            name
            for table in column.references
            for name in known[table][TABLES[table].key[0]].dropna()
        }
        where = " or ".join(TABLES[name].file for name in column.references)
        absent = [name for name in column.references if name not in present]
        for row, cell in enumerate(raw.frame[column.name].fillna("") if where else []):
            for name in cell.split(";") if column.kind == "identifiers" else [cell]:
                if not name or name in names:
                    continue
                close = nearest(name, names)
                if close:
                    hint = f"did you mean {' or '.join(close)}?"
                elif absent:
                    hint = f"the folder has no {TABLES[absent[0]].file}"
                else:
                    hint = f"a name of {where}"
                yield _problem(raw, row, column.name, f"{name!r} is not in {where}", hint)


def _limits(raw: RawTable) -> Iterator[Problem]:
    """Compare interval ends with each other, with their estimate and with [0, 1]."""
    present = set(raw.frame.columns)
    for point, low, high in raw.table.intervals:
        if {low, high} & present:
            yield from _order(raw, low, point, high)
    for column in raw.table.columns:
        if column.kind == "proportion_limit" and column.name in present:
            values = numbers(raw.frame[column.name])
            outside = ((values < 0) | (values > 1)) & values.between(*LIMIT_BOUNDS)
            for row in _positions(outside):
                yield _outside(raw, row, column.name)


def _order(raw: RawTable, low: str, point: str, high: str) -> Iterator[Problem]:
    """Say where low is above high, and where the estimate is not between them."""
    cells = _cells(raw, low, point, high)
    lows, points, highs = (numbers(cells[name]) for name in (low, point, high))
    for row in _positions(lows > highs):
        text = f"{low} {cells[low].iloc[row]} is above {high} {cells[high].iloc[row]}"
        yield _problem(raw, row, low, text, "the lower end first")
    for row in _positions((lows <= highs) & ((points < lows) | (points > highs))):
        text = f"{cells[low].iloc[row]} to {cells[high].iloc[row]} does not contain the estimate"
        yield _problem(raw, row, point, text, "kept as printed", warn=True)


def _outside(raw: RawTable, row: int, column: str) -> Problem:
    return _problem(
        raw,
        row,
        column,
        "an interval end of a proportion lies outside 0 to 1",
        "kept as printed: normal-approximation intervals do this",
        warn=True,
    )


def _table_counts(raw: RawTable, cohorts: pd.DataFrame) -> Iterator[Problem]:
    """Compare the cells of each 2x2 table with n and n_cases of its cohort."""
    counts = _cells(raw, "tp", "fp", "fn", "tn").apply(numbers)
    sizes = cohorts.set_index("cohort_id").reindex(_cells(raw, "cohort_id")["cohort_id"])
    n = numbers(sizes["n"]).reset_index(drop=True)
    cases = numbers(sizes["n_cases"]).reset_index(drop=True)
    found_cases = counts["tp"] + counts["fn"]
    least_cases = counts[["tp", "fn"]].sum(axis=1)
    others = counts[["fp", "tn"]].sum(axis=1)
    total = counts.sum(axis=1)
    wrong_cases = found_cases.notna() & cases.notna() & (found_cases != cases)
    for row in _positions(wrong_cases):
        text = f"tp + fn = {found_cases[row]:.0f}, the cohort has {cases[row]:.0f} cases"
        yield _problem(raw, row, "tp", text, "tp + fn equal to n_cases of the cohort")
    for row in _positions(found_cases.isna() & (least_cases > cases)):
        column = "tp" if counts["tp"].notna()[row] else "fn"
        yield _problem(
            raw, row, column, f"the cohort has only {cases[row]:.0f} cases", "at most n_cases"
        )
    for row in _positions((total > n) | ((others > n - cases) & (others > 0) & (cases <= n))):
        text = (
            f"the table holds {total[row]:.0f} patients, the cohort has {n[row]:.0f}"
            if total[row] > n[row]
            else f"{others[row]:.0f} non-cases, the cohort has {n[row] - cases[row]:.0f}"
        )
        yield _problem(raw, row, "fp", text, "no more than the cohort has")
    for row in _positions(counts.notna().all(axis=1) & (total < n) & ~wrong_cases):
        text = f"the table holds {total[row]:.0f} of the cohort's {n[row]:.0f} patients"
        yield _problem(raw, row, "tp", text, "used as it is: some were not assessed", warn=True)


def _nothing_printed(raw: RawTable) -> Iterator[Problem]:
    """Warn of rows that hold no figure at all."""
    figures = [c.name for c in raw.table.columns if c.printed and c.name != "ci_level"]
    cells = _cells(raw, "tp", "fp", "fn", "tn", *figures)
    for row in _positions(cells.isna().all(axis=1)):
        yield _problem(raw, row, raw.table.key[0], "the row holds no figure", "", warn=True)


def _part_of_whole(raw: RawTable, part: str, whole: str) -> Iterator[Problem]:
    cells = _cells(raw, part, whole).apply(numbers)
    for row in _positions(cells[part] > cells[whole]):
        text = f"{part} is larger than {whole}, {cells[whole].iloc[row]:.0f}"
        yield _problem(raw, row, part, text, f"{part} at most {whole}")


def _agrees_with_cohort(raw: RawTable, cohorts: pd.DataFrame) -> Iterator[Problem]:
    """Say where a row gives its cohort another target, setting or size."""
    beside = cohorts.set_index("cohort_id").reindex(_cells(raw, "cohort_id")["cohort_id"])
    for column in ("target", "setting", "n", "n_cases"):
        if column not in raw.frame.columns:
            continue
        own = raw.frame[column].fillna("").to_numpy()
        its = beside[column].fillna("").to_numpy()
        differs = (own != "") & (its != "") & (own != its)
        for row in _positions(pd.Series(differs)):
            yield _problem(
                raw,
                row,
                column,
                f"cohorts.csv says {its[row]} for this cohort",
                "kept as printed" if column in ("n", "n_cases") else "the same in both files",
                warn=column in ("n", "n_cases"),
            )


def _circles(raw: RawTable, cohorts: pd.DataFrame) -> Iterator[Problem]:
    """Say where same_patients_as leads back: no cohort of the circle would count."""
    follows = dict(
        cohorts.dropna(subset=["same_patients_as"])[["cohort_id", "same_patients_as"]].itertuples(
            index=False, name=None
        )
    )
    for row, start in enumerate(_cells(raw, "cohort_id")["cohort_id"]):
        seen: set[str] = set()
        here = start
        while here in follows and here not in seen:
            seen.add(here)
            here = follows[here]
        if here == start and seen:
            yield _problem(
                raw,
                row,
                "same_patients_as",
                "leads back to the cohort itself",
                "the one cohort of the same patients that is to be used names no other",
            )


def _k_of_flags(raw: RawTable) -> Iterator[Problem]:
    cells = _cells(raw, "k", "flags", "rule")
    listed = cells["flags"].str.count(";") + 1
    too_many = (numbers(cells["k"]) > numbers(listed)) & (cells["rule"] != "score").fillna(False)
    for row in _positions(too_many):
        text = f"only {int(listed.iloc[row])} flags are listed"
        yield _problem(raw, row, "k", text, "at most the number of flags")


def _claim_values(raw: RawTable) -> Iterator[Problem]:
    """Check that a claimed proportion lies in [0, 1]; ratios may be anything above 0."""
    cells = _cells(raw, "statistic", "value", "low", "high")
    proportion = ~cells["statistic"].isin(RATIO_STATISTICS)
    for column in ("value", "low", "high"):
        values = numbers(cells[column])
        outside = proportion & ((values < 0) | (values > 1))
        slip = outside & ((column == "value") | ~values.between(*LIMIT_BOUNDS))
        for row in _positions(slip):
            text = f"a {cells['statistic'].iloc[row]} is a proportion"
            yield _problem(raw, row, column, text, "0 to 1, not percent")
        for row in _positions(outside & ~slip):
            yield _outside(raw, row, column)


def _applicability(raw: RawTable) -> Iterator[Problem]:
    """QUADAS-2 asks about applicability in every domain but flow and timing."""
    cells = _cells(raw, "domain", "applicability")
    flow = cells["domain"] == "flow_and_timing"
    empty = cells["applicability"].isna()
    for row in _positions(flow & ~empty):
        yield _problem(raw, row, "applicability", "flow_and_timing has none", "leave it empty")
    for row in _positions(~flow & empty & cells["domain"].notna()):
        yield _problem(raw, row, "applicability", "cell is empty", "low, high, unclear")


def _positions(rows: pd.Series) -> list[int]:
    """Return the positions of the rows that are True."""
    true = rows.fillna(False).astype(bool).to_numpy()
    return [int(row) for row in true.nonzero()[0]]
