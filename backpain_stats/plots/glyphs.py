"""Glyphs of studies in ROC space: a shape and a colour by study quality or by a covariate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from backpain_stats.checks import require_columns
from backpain_stats.decide.quality import UNASSESSED, quality_overall
from backpain_stats.errors import ArgumentError
from backpain_stats.plots.lights import LIGHTS, names_in, ordered_judgements
from backpain_stats.plots.style import BLACK, GREY, PALETTE, printable, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from backpain_stats.plots.marks import Look

__all__ = ["ColorBy", "Glyph", "draw_glyphs", "glyphs_of"]

ColorBy = str | Mapping[Any, Any] | pd.Series | pd.DataFrame | None

# No diamond: that is a summary.
SHAPES = ("o", "s", "^", "v", "P", "X", "*")
# By sign: the shape says as much as the colour.
_SHAPES_OF_LIGHTS = {"+": "o", "?": "s", "\u2212": "^"}
NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True)
class Glyph:
    """How the studies of one group are drawn, and which they are (their positions)."""

    label: str
    marker: str
    colour: str
    rows: tuple[int, ...]


def glyphs_of(studies: pd.DataFrame, color_by: ColorBy) -> list[Glyph]:
    """Return the groups of studies, in order, each with a shape and a colour of its own.

    Parameters
    ----------
    studies : DataFrame
        One row per study, with a column ``study``.
    color_by : str, mapping, Series or DataFrame
        A column of ``studies``; what each study belongs to, by its name; or judgements of study
        quality, of which the worst of each study counts (risk of bias, if it is judged).

    Raises
    ------
    DataError
        If the column is not there, or a study is judged that is not drawn.
    ArgumentError
        If there are more groups than can be told apart, or a name is no study.

    Examples
    --------
    >>> studies = pd.DataFrame({"study": ["A", "B", "C"], "country": ["UK", "US", "UK"]})
    >>> [(glyph.label, glyph.marker, glyph.rows) for glyph in glyphs_of(studies, "country")]
    [('country: UK', 'o', (0, 2)), ('country: US', 's', (1,))]
    """
    if isinstance(color_by, pd.DataFrame):
        return _by_quality(studies, color_by)
    if isinstance(color_by, str):
        require_columns(studies, [color_by], "the frame of studies")
        values, name = studies[color_by].tolist(), color_by
    elif isinstance(color_by, Mapping | pd.Series):
        of = {str(key): value for key, value in color_by.items()}
        known = studies["study"].astype(str)
        strange = [key for key in of if key not in set(known)]
        if strange:
            raise ArgumentError(f"color_by names no study that is drawn: {', '.join(strange)}")
        values = [of.get(study) for study in known]
        name = str(getattr(color_by, "name", None) or "")
    else:
        raise ArgumentError(
            f"color_by is {type(color_by).__name__}; give a column, a mapping from study to its "
            "group, or judgements of study quality"
        )
    return _by_values(values, words(name))


def _by_values(values: Sequence[Any], name: str) -> list[Glyph]:
    """Return a group per value: numbers in order, words as they come, missing ones last."""
    given = [value for value in values if not pd.isna(value)]
    distinct = list(dict.fromkeys(given))
    if all(isinstance(value, int | float) for value in distinct):
        distinct.sort()
    if len(distinct) > len(SHAPES):
        raise ArgumentError(
            f"color_by has {len(distinct)} values; up to {len(SHAPES)} can be told apart: group "
            "them first, for example with pandas.cut"
        )
    prefix = f"{name}: " if name else ""
    glyphs = [
        Glyph(prefix + _printed(value), marker, colour, _where(values, value))
        for value, marker, colour in zip(distinct, SHAPES, PALETTE, strict=False)
    ]
    missing = tuple(row for row, value in enumerate(values) if pd.isna(value))
    return glyphs + ([Glyph(prefix + NOT_STATED, "x", GREY, missing)] if missing else [])


def _by_quality(studies: pd.DataFrame, judgements: pd.DataFrame) -> list[Glyph]:
    """Return a group per worst judgement, in the shapes and colours of traffic lights."""
    ordered = ordered_judgements(judgements)
    aspects = ordered["aspect"].unique()
    aspect = "risk_of_bias" if "risk_of_bias" in aspects or not len(aspects) else aspects[0]
    overall = quality_overall(ordered, aspect=aspect)
    ours, theirs = names_in(studies, overall)
    of = dict(zip(overall[theirs].astype(str), overall["judgement"], strict=True))
    values = [of.get(study, UNASSESSED) for study in studies[ours].astype(str)]
    domains = ordered.loc[ordered["aspect"] == aspect, "domain"].unique()
    about = words(aspect) if len(domains) != 1 else f"{words(aspect)}, {words(domains[0])}"
    glyphs = []
    for word, (sign, colour) in LIGHTS.items():
        if word in values:
            label = f"{about}: {words(word)}"
            glyphs.append(Glyph(label, _SHAPES_OF_LIGHTS[sign], colour, _where(values, word)))
    if UNASSESSED in values:
        rows = _where(values, UNASSESSED)
        glyphs.append(Glyph(f"{about}: {UNASSESSED}", "x", GREY, rows))
    return glyphs


def _where(values: Sequence[Any], value: Any) -> tuple[int, ...]:
    return tuple(row for row, one in enumerate(values) if one == value)


def _printed(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else printable(words(str(value)))


def draw_glyphs(
    ax: Axes, points: pd.DataFrame, glyphs: Sequence[Glyph], look: Look, element: str
) -> None:
    """Draw the points (``x, y`` and, if they differ, ``area``) of each group."""
    for glyph in glyphs if look.shown(element) else ():
        own = points.iloc[list(glyph.rows)].dropna(subset=["x", "y"])
        size = own.get("area", 34)
        line = {"color": glyph.colour} if glyph.marker == "x" else {
            "facecolor": glyph.colour, "edgecolor": BLACK, "linewidth": 0.7
        }  # fmt: skip
        looks = look(element, s=size, zorder=3, clip_on=False, alpha=0.85)
        ax.scatter(own["x"], own["y"], **looks | line
                   | {"marker": glyph.marker, "label": glyph.label})  # fmt: skip
