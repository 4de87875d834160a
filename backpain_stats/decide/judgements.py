"""The panel's own GRADE judgements: read, checked, never made here."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any

import pandas as pd

from backpain_stats.checks import as_names, check_path, reading, require_columns
from backpain_stats.errors import DataError

__all__ = [
    "GRADE_DOMAINS",
    "GROUP_WORDS",
    "contradictions",
    "judgement_template",
    "read_judgements",
]

_SERIOUS = ("not serious", "serious", "very serious", "extremely serious")
GRADE_DOMAINS: Mapping[str, tuple[str, ...]] = {
    "risk_of_bias": _SERIOUS,
    "indirectness": _SERIOUS,
    "inconsistency": _SERIOUS,
    "imprecision": _SERIOUS,
    "publication_bias": ("undetected", "strongly suspected"),
}
CERTAINTIES = ("high", "moderate", "low", "very low")
GROUP_WORDS = {"cases": "with the condition", "noncases": "without the condition"}
GROUPS = tuple(GROUP_WORDS)
_ALLOWED = {**GRADE_DOMAINS, "certainty": CERTAINTIES, "group": GROUPS}
COLUMNS = (
    *("flag_id", "group"),
    *(name for domain in GRADE_DOMAINS for name in (domain, f"{domain}_reason")),
    *("certainty", "reason"),
)
REQUIRED = tuple(name for name in COLUMNS if not name.endswith("reason"))
# How far a judgement lowers the certainty, in GRADE's levels.
LEVELS = {"serious": 1, "very serious": 2, "extremely serious": 3, "strongly suspected": 1}


def judgement_template(flags: Iterable[str]) -> pd.DataFrame:
    """Return an empty sheet for a panel to fill in: two rows a flag, one body of evidence.

    The row ``cases`` is about true positives and false negatives, the row
    ``noncases`` about true negatives and false positives. Each domain has its
    reason beside it, which becomes a footnote.

    Examples
    --------
    >>> judgement_template(["cancer_history"])[["flag_id", "group", "risk_of_bias"]]
              flag_id     group risk_of_bias
    0  cancer_history     cases
    1  cancer_history  noncases
    """
    names = as_names(flags, "flags")
    empty = dict.fromkeys(COLUMNS, "")
    rows = [empty | {"flag_id": flag, "group": group} for flag in names for group in GROUPS]
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype="string")


def read_judgements(
    source: pd.DataFrame | str | PathLike[str] | None, flags: Iterable[str]
) -> pd.DataFrame:
    """Read and check a panel's judgements.

    Parameters
    ----------
    source : DataFrame, path or None
        The filled-in sheet of :func:`judgement_template`, as a frame or a CSV
        file. Cells may stay empty; so may whole rows.
    flags : iterable of str
        The flags of the summary of findings.

    Returns
    -------
    pandas.DataFrame
        One row a flag and group, in the order of ``flags``, empty where the
        panel said nothing.

    Raises
    ------
    DataError
        If a column is missing, or any cell is not allowed; the message lists
        every problem with its row, the value given and the values allowed.
    """
    known = list(dict.fromkeys(flags))
    sheet = judgement_template(known).set_index(["flag_id", "group"])
    if source is None:
        return sheet.reset_index()
    given, where = _load(source)
    require_columns(given, REQUIRED, where)
    given = given.reindex(columns=list(COLUMNS), fill_value="")
    for column in _ALLOWED:
        given[column] = given[column].str.lower()
    problems = _problems(given, known)
    if problems:
        listed = "\n".join(f"  {problem}" for problem in problems)
        raise DataError(f"{where} has {len(problems)} problem(s):\n{listed}")
    filled = given[list(COLUMNS)].set_index(["flag_id", "group"])
    sheet.loc[filled.index] = filled
    return sheet.reset_index()


def contradictions(judgements: pd.DataFrame) -> list[str]:
    """Point out certainties that do not follow from the domains beside them.

    GRADE starts at high. The worst domain lowers the certainty by its own levels at least, all
    domains together by the sum of theirs at most: a certainty outside these bounds
    contradicts its row.

    Parameters
    ----------
    judgements : pandas.DataFrame
        From :func:`read_judgements`.

    Returns
    -------
    list of str
        One sentence a row that contradicts itself.

    References
    ----------
    Schünemann HJ et al. GRADE guidelines: 21 part 2. J Clin Epidemiol 2020;122:142-152.
    https://doi.org/10.1016/j.jclinepi.2019.12.021

    Examples
    --------
    >>> sheet = judgement_template(["cancer_history"]).iloc[[0]]
    >>> print(*contradictions(sheet.assign(imprecision="very serious", certainty="high")))
    cancer_history, cases: certainty "high", but the domains allow low
    """
    found = []
    for row in judgements.to_dict("records"):
        if not row["certainty"]:
            continue
        lowered = [LEVELS.get(str(row[domain]), 0) for domain in GRADE_DOMAINS]
        best, worst = min(max(lowered), 3), min(sum(lowered), 3)
        if not best <= CERTAINTIES.index(row["certainty"]) <= worst:
            allowed = " or ".join(CERTAINTIES[best : worst + 1])
            found.append(
                f'{row["flag_id"]}, {row["group"]}: certainty "{row["certainty"]}", '
                f"but the domains allow {allowed}"
            )
    return found


def _load(source: Any) -> tuple[pd.DataFrame, str]:
    """Return the sheet as text cells, and what to call it in messages."""
    if isinstance(source, pd.DataFrame):
        frame, where = source, "the frame of judgements"
    else:
        path = check_path(source, "judgements")
        where = str(path)
        with reading(path):
            contents = path.read_bytes()
        try:
            frame = _read_sheet(contents)
        except (ValueError, csv.Error) as error:
            raise DataError(f"{where} cannot be read as a CSV file: {error}") from error
    frame = frame.set_axis([str(name).strip().lower() for name in frame.columns], axis=1)
    return frame.astype("string").fillna("").apply(lambda cells: cells.str.strip()), where


def _read_sheet(contents: bytes) -> pd.DataFrame:
    """Read a CSV file as text, in the separator and the encoding in which a spreadsheet saves it.

    That is a comma, a semicolon or a tab, and UTF-8 or Windows-1252. A column named twice
    keeps its name, so that it can be refused.
    """
    try:
        text = contents.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = contents.decode("cp1252")
    head = text.partition("\n")[0]
    separator = max(",;\t", key=head.count)
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=separator) if any(row)]
    names = rows[0] if rows else []
    if uneven := [number for number, row in enumerate(rows, 1) if len(row) != len(names)]:
        raise ValueError(f"row {uneven[0]} has not the {len(names)} cells of the first")
    return pd.DataFrame(rows[1:], columns=names, dtype="string")


def _problems(given: pd.DataFrame, known: list[str]) -> list[str]:
    """List everything that is wrong with a sheet; a header is line 1."""
    problems = []
    for line, (_, row) in enumerate(given.iterrows(), start=2):
        if row["flag_id"] not in known:
            problems.append(
                f"line {line}, flag_id: {row['flag_id']!r} is not in this summary; "
                f"it has {', '.join(known)}"
            )
        for column, allowed in _ALLOWED.items():
            required = column == "group"
            if row[column] not in allowed and (required or row[column]):
                problems.append(
                    f"line {line}, {column}: {row[column]!r}; allowed: {', '.join(allowed)}"
                )
    doubled = given[given.duplicated(["flag_id", "group"])]
    problems += [
        f"{row.flag_id}, {row.group}: judged in more than one line" for row in doubled.itertuples()
    ]
    return problems
