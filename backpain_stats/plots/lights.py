"""Traffic lights: the sign and colour of a judgement, and columns of them beside a forest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from backpain_stats.checks import require_columns
from backpain_stats.errors import DataError
from backpain_stats.evidence import ASPECTS, DEFAULT_INSTRUMENT, INSTRUMENTS
from backpain_stats.plots.rows import GAP, TextColumn, width_before
from backpain_stats.plots.style import BLACK, FONT, GREEN, VERMILION, YELLOW, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "HEADINGS",
    "LIGHTS",
    "explain_lights",
    "key_of_lights",
    "light_columns",
    "names_in",
    "ordered_judgements",
    "words_of",
]

HEADINGS = {"risk_of_bias": "Risk of bias", "applicability": "Concern about applicability"}
# Narrow columns: three lights are no wider than this.
_SHORT_HEADINGS = {"risk_of_bias": "Risk of bias", "applicability": "Applicability"}
# Told apart by sign, by colour and by lightness.
_BEST, _BETWEEN, _WORST = ("+", GREEN), ("?", YELLOW), ("\u2212", VERMILION)
LIGHTS = {
    word: _BEST if word == one.judgements[0] else _WORST if word == one.judgements[-1] else _BETWEEN
    for one in INSTRUMENTS.values()
    for word in one.judgements
}


def key_of_lights(shown: Iterable[str], between: str = "   ") -> str:
    """Return the signs with their words, from the best to the worst.

    Examples
    --------
    >>> key_of_lights(["high", "low"], ", ").replace("\u2212", "-")
    '+ low, - high'
    """
    by_sign = sorted(dict.fromkeys(shown), key=lambda word: "+?\u2212".index(LIGHTS[word][0]))
    return between.join(f"{LIGHTS[word][0]} {words(word)}" for word in by_sign)


def ordered_judgements(judgements: pd.DataFrame, *, further: Sequence[str] = ()) -> pd.DataFrame:
    """Return the judgements with ``instrument`` and its words in order, every word checked.

    Parameters
    ----------
    judgements : DataFrame
        ``cohort_id, aspect, domain, judgement`` and, unless they are by QUADAS-2,
        ``instrument``.
    further : sequence of str
        Names that may stand in ``domain`` beside those of the instrument, after them.

    Raises
    ------
    DataError
        If a column is missing, or a word is not one of the instrument's.
    """
    require_columns(judgements, ["cohort_id", "aspect", "domain", "judgement"], "judgements")
    frame = judgements.copy()
    if "instrument" not in frame:
        frame["instrument"] = DEFAULT_INSTRUMENT
    _refuse(frame["instrument"], tuple(INSTRUMENTS), "instrument")
    for name, own in frame.groupby(frame["instrument"].astype(str)):
        instrument = INSTRUMENTS[str(name)]
        _refuse(own["aspect"], ASPECTS, "aspect")
        _refuse(own["domain"], (*instrument.domain_names, *further), "domain")
        _refuse(own["judgement"], instrument.judgements, "judgement")
    places = {
        (name, domain): place
        for name, one in INSTRUMENTS.items()
        for place, domain in enumerate((*one.domain_names, *further))
    }
    text = frame[["instrument", "aspect", "domain", "judgement"]].astype(str)
    frame[text.columns] = text
    order = text.assign(
        aspect=text["aspect"].map(ASPECTS.index),
        domain=[places[pair] for pair in zip(text["instrument"], text["domain"], strict=True)],
    )
    return frame.loc[order.sort_values(["instrument", "aspect", "domain"], kind="stable").index]


def _refuse(values: pd.Series, allowed: Sequence[str], column: str) -> None:
    strange = sorted({str(value) for value in values} - set(allowed))
    if strange:
        raise DataError(
            f"the {column} {', '.join(map(repr, strange))} of the judgements is not known; "
            f"allowed: {', '.join(allowed)}"
        )


def names_in(frame: pd.DataFrame, judgements: pd.DataFrame) -> tuple[str, str]:
    """Return the columns by which rows and judgements find each other: cohort, or else study.

    Raises
    ------
    DataError
        If a study is judged that is not among the rows.
    """
    if "cohort_id" in frame:
        ours = theirs = "cohort_id"
    else:
        ours, theirs = "study", "study" if "study" in judgements else "cohort_id"
    known = {str(name) for name in frame[ours]}
    strange = [name for name in dict.fromkeys(judgements[theirs].astype(str)) if name not in known]
    if strange:
        raise DataError(
            f"judged, but not among the rows by {ours}: {', '.join(strange)}; leave them out of "
            f"the judgements, or write the names alike"
        )
    return ours, theirs


def light_columns(
    judgements: pd.DataFrame, frame: pd.DataFrame, rows: Iterable[int], below: int = 0
) -> list[TextColumn]:
    """Return a column of lights per instrument, aspect and domain, in step with the rows.

    Parameters
    ----------
    judgements : DataFrame
        From ``quality_judgements`` or ``read_quality``.
    frame : DataFrame
        What the forest draws; its ``cohort_id``, or else its ``study``, names each row.
    rows : iterable of int
        For each line of the figure its position in the frame; -1 for a line that has none.
    below : int
        Lines below that have no study.

    Raises
    ------
    DataError
        If a study is judged that is not among the rows, or twice in one domain.
    """
    judged = ordered_judgements(judgements)
    ours, theirs = names_in(frame, judged)
    names = frame[ours].astype(str).tolist()
    several = len(judged["instrument"].unique()) > 1
    columns: list[TextColumn] = []
    heading = ""
    for key, own in judged.groupby(["instrument", "aspect", "domain"], sort=False):
        instrument, aspect, domain = map(str, key)
        twice = own[theirs].astype(str).duplicated()
        if twice.any():
            again = ", ".join(dict.fromkeys(own.loc[twice, theirs].astype(str)))
            raise DataError(f"{again}: judged twice in {domain}; one judgement a row is drawn")
        of = dict(zip(own[theirs].astype(str), own["judgement"], strict=True))
        given = [of.get(names[row], "") if row >= 0 else "" for row in rows] + [""] * below
        above = _SHORT_HEADINGS[aspect] + (f",\n{instrument}" if several else "")
        label = next(d.label for d in INSTRUMENTS[instrument].domains if d.name == domain)
        if columns and above != heading:  # room between the aspects
            columns.append(TextColumn("", [""] * len(given), turned=True))
        columns.append(
            TextColumn(
                label, [LIGHTS[word][0] if word else "" for word in given], align="center",
                looks=[_look(word) if word else {} for word in given], turned=True,
                above=above if above != heading else "",
            )
        )  # fmt: skip
        heading = above
    return columns


def words_of(judgements: pd.DataFrame) -> list[str]:
    """Return every judgement of the instruments that were used."""
    used = judgements.get("instrument", [DEFAULT_INSTRUMENT])
    return [word for name in dict.fromkeys(used) for word in INSTRUMENTS[str(name)].judgements]


def explain_lights(
    ax: Axes, columns: Sequence[TextColumn], judgements: pd.DataFrame | None
) -> None:
    """Write the key of the signs below the lights, which end the columns of the last panel."""
    if judgements is not None:
        left = GAP + width_before([column for column in columns if not column.turned])
        ax.annotate(key_of_lights(words_of(judgements), "\n"), (1, 0), (left, -FONT / 2),
                    xycoords="axes fraction", textcoords="offset points", va="top",
                    fontsize=FONT, annotation_clip=False)  # fmt: skip


def _look(judgement: str) -> dict[str, object]:
    """Return matplotlib's words for a light: a disc with its sign."""
    disc = {"boxstyle": "circle,pad=0.12", "facecolor": LIGHTS[judgement][1],
            "edgecolor": BLACK, "linewidth": 0.6}  # fmt: skip
    return {"bbox": disc, "fontweight": "bold", "color": BLACK}
