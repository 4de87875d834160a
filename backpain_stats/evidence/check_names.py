"""Names: references hold, nothing leads back to itself, rows replace what they may."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from backpain_stats.checks import nearest
from backpain_stats.evidence.check_cells import cell_problem
from backpain_stats.evidence.check_rows import Record
from backpain_stats.evidence.files import RawTable
from backpain_stats.evidence.problems import Problem
from backpain_stats.evidence.schema import TABLES, Column
from backpain_stats.evidence.vocabulary import SETTINGS, TARGETS

__all__ = ["Known", "known_rows", "name_problems"]

# File name without ".csv" -> name of the row -> its cells as text.
Known = Mapping[str, Mapping[str, Record]]


def known_rows(files: Mapping[str, RawTable], packaged: Mapping[str, RawTable]) -> Known:
    """Return the rows of every file by name, those of the package and of the folder together."""
    known: dict[str, dict[str, Record]] = {name: {} for name in TABLES}
    for tables in (packaged, files):
        for name, raw in tables.items():
            key = TABLES[name].key[0]
            for record in raw.records():
                known[name].setdefault(record[key], record)
    return known


def name_problems(
    files: Mapping[str, RawTable],
    unread: Collection[str],
    packaged: Mapping[str, RawTable],
    known: Known,
) -> Iterator[Problem]:
    """Yield what is wrong with the names of rows and with references to them.

    Parameters
    ----------
    files : mapping of str to RawTable
        The files that could be read.
    unread : collection of str
        Files that are there but could not be read: references to them are not
        judged.
    packaged : mapping of str to RawTable
        The files the folder is added to; empty if it stands alone.
    known : mapping
        What :func:`known_rows` returns.
    """
    for name, raw in files.items():
        if name in packaged:
            yield from _taken_names(raw, packaged[name])
        for column in raw.table.columns:
            if column.references and not set(column.references) & set(unread):
                yield from _broken_references(raw, column, known, set(files) | set(packaged))
    if "combinations" in files:
        yield from _names_of_two_kinds(files["combinations"], "flags", known)
    for name, words in (("targets", (*TARGETS, "unspecified")), ("settings", SETTINGS)):
        if name in files:
            yield from _words_of_the_package(files[name], words)
    if "flags" in files:
        yield from _names_of_two_kinds(files["flags"], "combinations", known)
        yield from _circles(files["flags"], "contains", known)
        yield from _members_of_members(files["flags"], known)
        yield from _units(files["flags"], known)
        yield from _lonely_bands(files["flags"], known)
    if "cohorts" in files:
        yield from _circles(files["cohorts"], "same_patients_as", known)
    for name in ("accuracy", "combinations"):
        if name in files:
            yield from _circles(files[name], "replaces", known)
            yield from _replaced_rows(files[name], known)


def _taken_names(raw: RawTable, packaged: RawTable) -> Iterator[Problem]:
    """Say which names the packaged evidence uses already."""
    key = raw.table.key
    taken = set(zip(*(packaged.column(column) for column in key), strict=True))
    for row, name in enumerate(zip(*(raw.column(column) for column in key), strict=True)):
        if all(name) and name in taken:
            what = "is a name of the packaged evidence already"
            allowed = "another name: packaged rows are never replaced"
            yield cell_problem(raw, row, key[0], ("duplicate", what, allowed))


def _words_of_the_package(raw: RawTable, words: Collection[str]) -> Iterator[Problem]:
    """Find words that the package knows already: they keep their meaning and their label."""
    key = raw.table.key[0]
    for row, word in enumerate(raw.column(key)):
        if word in words:
            what, allowed = "is a word of the package already", "another word, or no such row"
            yield cell_problem(raw, row, key, ("duplicate", what, allowed))


def _names_of_two_kinds(raw: RawTable, other: str, known: Known) -> Iterator[Problem]:
    """Find names of both a flag and a combination: a claim could mean either."""
    key = raw.table.key[0]
    for row, name in enumerate(raw.column(key)):
        if name and name in known[other]:
            what = f"is a name in {TABLES[other].file} too"
            allowed = "a name that is either a flag or a combination"
            yield cell_problem(raw, row, key, ("duplicate", what, allowed))


def _broken_references(
    raw: RawTable, column: Column, known: Known, present: Collection[str]
) -> Iterator[Problem]:
    """Say which cells of a column name a row that does not exist."""
    names = {name for table in column.references for name in known[table]}
    where = " or ".join(TABLES[table].file for table in column.references)
    absent = [table for table in column.references if table not in present]
    for row, cell in enumerate(raw.column(column.name)):
        # What is no list of names has been reported as that.
        if not cell or column.refusal(cell):
            continue
        for name in cell.split(";"):
            if name in names:
                continue
            close = nearest(name, names)
            if close:
                hint = f"did you mean {' or '.join(close)}?"
            elif absent:
                hint = f"the folder has no {TABLES[absent[0]].file}"
            else:
                hint = f"a name of {where}"
            what = f"{name!r} is not in {where}"
            yield cell_problem(raw, row, column.name, ("reference", what, hint))


def _named(record: Record, column: str) -> list[str]:
    return [name for name in record[column].split(";") if name]


def _circles(raw: RawTable, column: str, known: Known) -> Iterator[Problem]:
    """Say which rows are reached from themselves by following a column."""
    rows = known[raw.table.name]
    for row, start in enumerate(raw.column(raw.table.key[0])):
        waiting = _named(rows[start], column) if start else []
        reached: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name in rows and name not in reached:
                reached.add(name)
                waiting += _named(rows[name], column)
        if start and start in reached:
            what = "leads back to the row itself"
            allowed = "the row at the end of such a chain names no other"
            yield cell_problem(raw, row, column, ("circle", what, allowed))


def _members_of_members(raw: RawTable, known: Known) -> Iterator[Problem]:
    """Warn where what a contained flag contains, and is contained too, is not listed."""
    flags = known["flags"]
    for row, record in enumerate(raw.records()):
        listed = _named(record, "contains")
        deeper = {
            name
            for member in listed
            if member in flags
            for name in _named(flags[member], "contains")
        }
        missing = sorted(deeper - {*listed, record["flag_id"]})
        if missing:
            what = f"its members contain {', '.join(missing)} too"
            yield cell_problem(
                raw, row, "contains", ("contradiction", what, "all levels listed"), "warning"
            )


def _units(raw: RawTable, known: Known) -> Iterator[Problem]:
    """Find thresholds in another unit: those of one quantity are ordered."""
    units: dict[str, str] = {}
    for record in known["flags"].values():
        if record["quantity"] and record["unit"]:
            units.setdefault(record["quantity"], record["unit"])
    for row, record in enumerate(raw.records()):
        unit = units.get(record["quantity"])
        if unit and record["unit"] and record["unit"] != unit:
            what = f"{record['quantity']} is in {unit} elsewhere"
            yield cell_problem(raw, row, "unit", ("contradiction", what, unit))


def _lonely_bands(raw: RawTable, known: Known) -> Iterator[Problem]:
    """Warn of a band of a quantity that no other flag mentions: perhaps it is misspelt."""
    mentions = [
        name
        for record in known["flags"].values()
        for name in (record["quantity"], record["level_of"])
        if name
    ]
    for row, name in enumerate(raw.column("level_of")):
        if name and mentions.count(name) < 2:
            close = nearest(name, set(mentions) - {name})
            hint = f"did you mean {close[0]}?" if close else "the quantity of other flags"
            what = "no other flag is about this quantity"
            yield cell_problem(raw, row, "level_of", ("reference", what, hint), "warning")


def _replaced_rows(raw: RawTable, known: Known) -> Iterator[Problem]:
    """Find rows that displace another finding, or one in other patients."""
    rows = known[raw.table.name]
    for row, record in enumerate(raw.records()):
        for name in _named(record, "replaces"):
            replaced = rows.get(name)
            if replaced is None:
                continue  # reported as a broken reference
            own, its = (_patients(part["cohort_id"], known) for part in (record, replaced))
            if own != its:
                what = f"{name} is about other patients, {replaced['cohort_id']}"
                allowed = "a row about the same cohort, or one linked by same_patients_as"
                yield cell_problem(raw, row, "replaces", ("contradiction", what, allowed))
            elif _finding(record) != _finding(replaced):
                what = f"{name} is about another finding, {' '.join(_finding(replaced))}"
                allowed = "a row about the same finding"
                yield cell_problem(raw, row, "replaces", ("contradiction", what, allowed))


def _patients(cohort: str, known: Known) -> str:
    """Return the last cohort that same_patients_as leads to: one name per group of patients."""
    cohorts = known["cohorts"]
    followed = {cohort}
    while cohort in cohorts and (following := cohorts[cohort]["same_patients_as"]):
        if following in followed:
            break  # a circle, reported as one
        followed.add(following)
        cohort = following
    return cohort


def _finding(record: Record) -> tuple[str, ...]:
    """Return what a row of accuracy or combinations is about."""
    if "flag_id" in record:
        return (record["flag_id"],)
    members = ";".join(sorted(_named(record, "flags")))
    return (record["target"], record["rule"], record["k"], members)
