"""Cells: each is right by itself; its column, form, bounds, and the name of its row."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

from backpain_stats.evidence.columns import Refusal
from backpain_stats.evidence.files import RawTable
from backpain_stats.evidence.problems import Problem, Severity

__all__ = ["cell_problem", "cell_problems"]


def cell_problems(
    raw: RawTable, own_words: Mapping[str, Collection[str]] = MappingProxyType({})
) -> Iterator[Problem]:
    """Yield what is wrong with the columns and the single cells of one file.

    ``own_words`` are the words of a column that are right beside its vocabulary.
    """
    table = raw.table
    absent = []
    for column in table.columns:
        if column.name not in raw.header:
            if column.required:
                what, allowed = "column is missing", f"it must be there: {column.description}"
                yield Problem(table.file, "header", what, allowed, 1, column.name)
            else:
                absent.append(column.name)
            continue
        cells = raw.column(column.name)
        # Most cells repeat: each text is looked at once.
        refusals = {text: column.refusal(text) for text in set(cells) if text}
        for row, text in enumerate(cells):
            if text:
                own = column.kind == "category" and text in own_words.get(column.name, ())
                if (refusal := refusals[text]) and not own:
                    yield cell_problem(raw, row, column.name, refusal)
            elif column.required:
                allowed = f"it must be filled in: {column.description}"
                yield cell_problem(raw, row, column.name, ("empty", "cell is empty", allowed))
    yield from _duplicates(raw)
    if absent:
        what = f"column(s) not there, read as empty: {', '.join(absent)}"
        yield Problem(table.file, "header", what, line=1, severity="note")


def _duplicates(raw: RawTable) -> Iterator[Problem]:
    """Yield the rows whose name another row further up has."""
    key = raw.table.key
    # An empty cell that stands for a word makes the same name as that word.
    meant = {name: raw.table.column(name).empty_means for name in key}
    parts = ([cell or meant[name] for cell in raw.column(name)] for name in key)
    names = list(zip(*parts, strict=True))
    seen = set()
    for row, name in enumerate(names):
        if all(name) and name in seen:
            allowed = "each name once: " + ", ".join(key)
            yield cell_problem(
                raw, row, key[0], ("duplicate", "is there already, further up", allowed)
            )
        seen.add(name)


def cell_problem(
    raw: RawTable,
    row: int,
    column: str,
    refusal: Refusal,
    severity: Severity = "error",
) -> Problem:
    """Return a problem of one cell, with its line and what stands there."""
    code, problem, allowed = refusal
    value = raw.rows[row][raw.header.index(column)] if column in raw.header else ""
    line = raw.line(row, column)
    return Problem(raw.table.file, code, problem, allowed, line, column, value, severity)
