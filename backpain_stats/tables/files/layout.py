"""Which column holds what: one table a row, or the tables of several tests side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.tables.files.counts import determines
from backpain_stats.tables.files.names import (
    CELLS,
    HOLDS,
    TEST,
    Role,
    normal,
    role_of,
    split_name,
)
from backpain_stats.tables.files.sheet import Sheet
from backpain_stats.tables.files.unclear import UnclearTablesError

__all__ = ["Layout", "find_layout"]

# Names that stand for different cells in different books.
_UNCLEAR = ("a", "b", "c", "d", "n1", "n2", "pos", "neg", "positives", "negatives", "np", "nn")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the counts of a sheet are.

    Parameters
    ----------
    roles : mapping of role to int
        The column of each count or total; those shared by all tests, if there are several.
    tests : mapping of str to mapping of role to int
        The columns of each test, if several tests stand side by side; else empty.
    companions : mapping of str to mapping of str to int
        Further columns that each test has one of: by their common name, then by test. The
        names of the tests themselves are under ``"test"``.
    """

    roles: Mapping[Role, int]
    tests: Mapping[str, Mapping[Role, int]] = field(default_factory=dict)
    companions: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def used(self) -> set[int]:
        """All columns that hold counts, or something of one test only."""
        used = set(self.roles.values())
        for roles in self.tests.values():
            used |= set(roles.values())
        for places in self.companions.values():
            used |= set(places.values())
        return used

    def columns_of(self, test: str) -> dict[Role, int]:
        """Return the columns of one test, with those that all tests share."""
        return {**self.roles, **self.tests[test]}


def find_layout(sheet: Sheet, columns: Mapping[str, str]) -> Layout:
    """Return where the counts are, or ask.

    Parameters
    ----------
    sheet : Sheet
    columns : mapping of str to str
        What the caller said: names of counts or totals, and of the columns that hold them.

    Raises
    ------
    ArgumentError
        If the caller names a count or a column that there is not.
    UnclearTablesError
        If the four cells cannot be told, or can be told in two ways.
    """
    said = _said(sheet, columns)
    if determines(list(said)):
        return Layout(_needed(said))
    plain = _plain(sheet, said)
    if determines(list(plain)):
        _refuse_two_sets(sheet, plain, said)
        return Layout(_needed(plain))
    tests = _side_by_side(sheet, plain)
    if len(tests) == 1 and not set(plain) & set(CELLS):
        return Layout({**plain, **next(iter(tests.values()))})
    if len(tests) > 1:
        shared = {role: place for role, place in plain.items() if role not in CELLS}
        return Layout(shared, tests, _companions(sheet, list(tests)))
    raise _missing(sheet, plain)


def _said(sheet: Sheet, columns: Mapping[str, str]) -> dict[Role, int]:
    said: dict[Role, int] = {}
    for name, column in columns.items():
        known = [one for one in HOLDS if one == name]
        if not known:
            raise ArgumentError(f"columns names {name!r}; it may name: {', '.join(HOLDS)}")
        place = sheet.named(column)
        if place is None:
            header = ", ".join(filter(None, sheet.header))
            raise ArgumentError(f"columns has {name}={column!r}; {sheet.where} has: {header}")
        said[known[0]] = place
    if len(set(said.values())) < len(said):
        raise ArgumentError("columns gives one column for two different counts")
    return said


def _plain(sheet: Sheet, said: Mapping[Role, int]) -> dict[Role, int]:
    """Return the columns known by name, after those the caller gave."""
    found: dict[Role, list[int]] = {}
    for place, name in enumerate(sheet.header):
        role = role_of(name)
        if role is not None and role not in said and place not in said.values():
            found.setdefault(role, []).append(place)
    # R's metadat gives tp of np diseased and tn of nn not diseased, and so it is read, and said.
    # Beside fp or fn the two could as well be positive and negative results: then it is asked.
    normals = [normal(name) for name in sheet.header]
    known = {*found, *said}
    alone = {"tp", "tn"} <= known and not {"fp", "fn", "cases", "noncases"} & known
    if alone and normals.count("np") == normals.count("nn") == 1:
        found |= {"cases": [normals.index("np")], "noncases": [normals.index("nn")]}
    for role, places in found.items():
        if len(places) > 1 and role in CELLS:
            names = [sheet.header[place] for place in places]
            text = f"{sheet.where} has several columns for {role} ({', '.join(map(repr, names))}): "
            if len(set(names)) == 1:
                raise DataError(f"{text}give each its own name")
            answer = ("columns", {str(role): names[0]})
            raise UnclearTablesError(f"{text}choose one, such as ", answer)
    every = {**said, **{role: places[0] for role, places in found.items() if len(places) == 1}}
    return {role: every[role] for role in HOLDS if role in every}


def _needed(roles: Mapping[Role, int]) -> dict[Role, int]:
    """Return the four cells if all are there, else all columns that tell them."""
    cells = {role: place for role, place in roles.items() if role in CELLS}
    return cells if len(cells) == len(CELLS) else dict(roles)


def _side_by_side(sheet: Sheet, plain: Mapping[Role, int]) -> dict[str, dict[Role, int]]:
    """Return the columns of each test whose columns tell its four cells."""
    tests: dict[str, dict[Role, int]] = {}
    taken = set(plain.values())
    for place, name in enumerate(sheet.header):
        found = split_name(name) if place not in taken else None
        role = role_of(found[0]) if found else None
        if found is None or role is None:
            continue
        group = tests.setdefault(found[1], {})
        if role in group:
            names = [sheet.header[group[role]], name]
            raise DataError(
                f"{sheet.where} has {role} of test {found[1]!r} twice: {' and '.join(names)}; "
                "give the columns different names"
            )
        group[role] = place
    totals = [role for role in plain if role not in CELLS]
    complete = [test for test, roles in tests.items() if determines([*roles, *totals])]
    for test in tests if complete else ():
        if test not in complete and len(set(tests[test]) & set(CELLS)) > 1:
            names = [sheet.header[place] for place in tests[test].values()]
            raise DataError(
                f"{sheet.where} has the four cells of {', '.join(complete)}, but of {test} only "
                f"{', '.join(names)}; add what is missing, or take these columns out"
            )
    return {test: _needed(tests[test]) for test in complete if set(tests[test]) & set(CELLS)}


def _companions(sheet: Sheet, tests: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return further columns that stand beside the counts of each test, such as its name."""
    stems: dict[str, dict[str, int]] = {}
    for place, name in enumerate(sheet.header):
        for test in tests:
            stem = _stem(name, test)
            if stem is not None and role_of(stem) is None:
                stems.setdefault(stem, {})[test] = place
    complete = {stem: places for stem, places in stems.items() if len(places) == len(tests)}
    named = next((stem for stem in complete if normal(stem) in TEST), None)
    return {"test" if stem == named else stem: places for stem, places in complete.items()}


def _stem(name: str, test: str) -> str | None:
    """Return a column's name without the test it ends or begins with."""
    if name.endswith(test) and name != test:
        return name.removesuffix(test).rstrip(" ._-:(") or None
    if name.startswith(test) and name != test:
        rest = name.removeprefix(test)
        return rest.lstrip(" ._-:)") if rest[:1] in " ._-:)" else None
    return None


def _refuse_two_sets(sheet: Sheet, plain: Mapping[Role, int], said: Mapping[Role, int]) -> None:
    """Ask which, where a plain set of cells stands beside a set with a name."""
    others = [] if set(CELLS) <= set(said) else list(_side_by_side(sheet, plain))
    others = [test for test in others if determines(list(_side_by_side(sheet, plain)[test]))]
    if others and all(role in plain for role in CELLS):
        names = {str(role): sheet.header[plain[role]] for role in CELLS}
        raise UnclearTablesError(
            f"{sheet.where} has the four cells more than once: {', '.join(names.values())}, and "
            f"others named {', '.join(others)}; say which are meant, such as ",
            ("columns", names),
        )


def _missing(sheet: Sheet, plain: Mapping[Role, int]) -> UnclearTablesError:
    """Return the question to ask where the four cells cannot be told."""
    lacking = [role for role in CELLS if role not in plain]
    rest = [name for name in sheet.header if name and sheet.header.index(name) not in
            plain.values()]  # fmt: skip
    header = ", ".join(filter(None, sheet.header)) or "no named column"
    header = header if len(header) <= 300 else f"{header[:300]}..."
    found = ", ".join(f"{role} from {sheet.header[place]}" for role, place in plain.items())
    text = (
        f"{sheet.where} lacks the column(s) {', '.join(lacking)}, under this or a usual name; "
        f"it has: {header}. "
    )
    if not plain and not any(role_of(name) or split_name(name) for name in sheet.header):
        text += "The first line has to be a header that names the columns. "
    if found:
        text += f"Recognised: {found}. "
    unclear = [name for name in rest if normal(name) in _UNCLEAR]
    if unclear:
        text += f"What {', '.join(unclear)} stand{'s' * (len(unclear) == 1)} for differs. "
    text += (
        "Besides tp, fp, fn and tn, cases (tp + fn), noncases (fp + tn), positives (tp + fp), "
        "negatives (fn + tn) and n may be named; say which column holds what, such as "
    )
    example: dict[str, str] = dict.fromkeys(lacking[:2], "COLUMN")
    return UnclearTablesError(text, ("columns", example))
