"""Judgements of study quality that stand in the columns of a meta-analysis' own file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from backpain_stats.checks import check_choice, check_mapping, require_columns
from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.evidence import ASPECTS, DEFAULT_INSTRUMENT, INSTRUMENTS, Instrument
from backpain_stats.tables import StudyTables, TablesLike, read_tables

__all__ = ["read_quality"]

Place = tuple[str, str]

# The seven columns of MetaDTA, and its codes, as the help of its own data page has them
# (github.com/CRSU-Apps/MetaDTA): 1, 2 or 3 is low, high or unclear.
_METADTA_ASPECTS = {"rob": "risk_of_bias", "ac": "applicability"}
_METADTA_DOMAINS = dict(zip(("PS", "IT", "RS", "FT"),
                            INSTRUMENTS[DEFAULT_INSTRUMENT].domain_names, strict=True))  # fmt: skip
_METADTA_CODES = {"1": "low", "2": "high", "3": "unclear"}


def read_quality(
    data: TablesLike,
    *,
    study: str | Sequence[str] | None = None,
    columns: Mapping[str, Place] | None = None,
    coding: Mapping[Any, str] | None = None,
    instrument: str = DEFAULT_INSTRUMENT,
) -> pd.DataFrame:
    """Read the judgements of study quality beside the 2x2 tables of a meta-analysis.

    Parameters
    ----------
    data : str, path-like, pandas.DataFrame or StudyTables
        Anything :func:`~backpain_stats.read_tables` reads; or a frame with a column ``study``,
        with or without counts.
    study : str or sequence of str, optional
        The column or columns that name a study, as for :func:`~backpain_stats.read_tables`.
    columns : mapping of str to (str, str), optional
        Which column holds which aspect and domain:
        ``{"D1": ("risk_of_bias", "patient_selection")}``. Without it two kinds of names are
        recognised: aspect and domain, as ``risk_of_bias_index_test``; and for QUADAS-2 the
        seven of MetaDTA, ``rob_PS, rob_IT, rob_RS, rob_FT, ac_PS, ac_IT, ac_RS``.
    coding : mapping, optional
        What a cell means, where it is no word of the instrument: ``{"+": "low", "-": "high"}``.
        Only beside MetaDTA's names are numbers understood without it: 1, 2 and 3 are low,
        high and unclear, as its help says. Elsewhere a number is never guessed.
    instrument : {"QUADAS-2", "QUADAS-C", "QUADAS-3"}
        What was judged by; see :func:`~backpain_stats.quality_instruments`.

    Returns
    -------
    pandas.DataFrame
        ``cohort_id`` (the study again), ``study, instrument, aspect, domain, judgement``: one row
        per judgement, for :func:`backpain_stats.plots.quality` and the ``quality`` and
        ``color_by`` of other figures. An empty cell has no row.

    Raises
    ------
    DataError
        If no column of judgements is found, a cell cannot be understood, or two rows of a
        study disagree.
    ArgumentError
        If the instrument has no such domain, or does not judge that aspect in it.

    Examples
    --------
    >>> data = pd.DataFrame({"study": ["Flicker 1997", "Garcia 2002"],
    ...                      "rob_PS": [2, 2], "rob_FT": [3, 1], "ac_PS": [1, None]})
    >>> read_quality(data)[["study", "aspect", "domain", "judgement"]].values.tolist()[:2]
    [['Flicker 1997', 'risk_of_bias', 'patient_selection', 'high'],
     ['Flicker 1997', 'risk_of_bias', 'flow_and_timing', 'unclear']]
    >>> signs = pd.DataFrame({"study": ["A"], "D1": ["+"]})
    >>> read_quality(signs, columns={"D1": ("risk_of_bias", "participants")},
    ...              coding={"+": "low"}, instrument="QUADAS-3")["judgement"].tolist()
    ['low']
    """
    used = INSTRUMENTS[check_choice(instrument, "instrument", tuple(INSTRUMENTS))]
    frame = _frame(data, study)
    by_metadta = columns is None
    places = _recognised(frame, used) if columns is None else _given(frame, columns, used)
    own = _codes(coding, used)
    rows = []
    for column, (aspect, domain) in places.items():
        known = {word: word for word in used.judgements}
        if coding is None and by_metadta and column in _metadta(used):
            known |= _METADTA_CODES
        for name, cell in zip(frame["study"], frame[column], strict=True):
            if not pd.isna(cell) and (text := _text(cell)):
                judgement = _meaning(text, own | known, column, str(name), used)
                rows.append((name, name, used.name, aspect, domain, judgement))
    names = ["cohort_id", "study", "instrument", "aspect", "domain", "judgement"]
    judged = pd.DataFrame(rows, columns=names).drop_duplicates()
    return _in_order(judged, frame, used)


def _frame(data: TablesLike, study: str | Sequence[str] | None) -> pd.DataFrame:
    """Return the rows with a column ``study``."""
    if isinstance(data, pd.DataFrame) and study is None and "study" in data.columns:
        return data
    if isinstance(data, StudyTables):
        return data.frame
    return read_tables(data, study=study).frame


def _metadta(instrument: Instrument) -> dict[str, Place]:
    """Return MetaDTA's columns; none, unless they are of this instrument."""
    if instrument.name != DEFAULT_INSTRUMENT:
        return {}
    return {
        f"{letters}_{short}": (aspect, domain)
        for letters, aspect in _METADTA_ASPECTS.items()
        for short, domain in _METADTA_DOMAINS.items()
        if aspect in instrument.aspects_of(domain)
    }


def _recognised(frame: pd.DataFrame, instrument: Instrument) -> dict[str, Place]:
    """Return the columns whose names say what they hold."""
    spelled = {
        f"{aspect}_{domain.name}": (aspect, domain.name)
        for domain in instrument.domains
        for aspect in domain.aspects
    }
    known = spelled | _metadta(instrument)
    found = {str(name): known[name] for name in frame.columns if name in known}
    if not found:
        raise DataError(
            f"no column holds judgements by {instrument.name}; recognised are "
            f"{', '.join(known)}; or name them: columns={{'D1': {next(iter(known.values()))}}}"
        )
    return found


def _given(
    frame: pd.DataFrame, columns: Mapping[str, Place], instrument: Instrument
) -> dict[str, Place]:
    """Return the caller's columns, after a look at what they are said to hold."""
    columns = check_mapping(columns, "columns")
    require_columns(frame, list(columns), "the data")
    for name, place in columns.items():
        if isinstance(place, str) or len(place) != 2:
            raise ArgumentError(f"columns[{name!r}] is {place!r}; give (aspect, domain)")
        aspect, domain = place
        check_choice(aspect, f"the aspect of {name!r}", ASPECTS)
        check_choice(domain, f"the domain of {name!r}", instrument.domain_names)
        if aspect not in instrument.aspects_of(domain):
            raise ArgumentError(f"{instrument.name} does not judge {aspect} in {domain}")
    return {name: (place[0], place[1]) for name, place in columns.items()}


def _codes(coding: Mapping[Any, str] | None, instrument: Instrument) -> dict[str, str]:
    """Return what the caller says a cell means."""
    own = {_text(key): word for key, word in check_mapping(coding, "coding").items()}
    for key, word in own.items():
        check_choice(word, f"the meaning of {key!r}", instrument.judgements)
    return own


def _text(cell: object) -> str:
    """Return a cell as text: 1.0 is 1, and words are small."""
    number = isinstance(cell, float) and cell.is_integer()
    return str(int(cell)) if number else str(cell).strip().lower().replace(" ", "_")  # type: ignore[call-overload]


def _meaning(
    text: str, known: Mapping[str, str], column: str, study: str, instrument: Instrument
) -> str:
    if text not in known:
        raise DataError(
            f"{column} of {study} is {text!r}, which is no judgement of {instrument.name} "
            f"({', '.join(instrument.judgements)}); say what it means, for example "
            f"coding={{{text!r}: {instrument.judgements[0]!r}}}"
        )
    return known[text]


def _in_order(judged: pd.DataFrame, frame: pd.DataFrame, instrument: Instrument) -> pd.DataFrame:
    """Return the judgements by study as they stand in the data, aspect and domain."""
    twice = judged.duplicated(["study", "aspect", "domain"])
    if twice.any():
        names = ", ".join(map(str, judged.loc[twice, "study"].unique()))
        raise DataError(f"rows of one study disagree in their judgements: {names}")
    orders: dict[str, Sequence[str]] = {
        "study": list(frame["study"].unique()), "aspect": ASPECTS,
        "domain": instrument.domain_names,
    }  # fmt: skip
    place = {name: {word: n for n, word in enumerate(order)} for name, order in orders.items()}
    return judged.sort_values(
        list(orders), key=lambda column: column.map(place[str(column.name)]), ignore_index=True
    )
