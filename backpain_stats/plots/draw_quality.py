"""QUADAS-2 judgements: traffic lights by study, or weighted bars by domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from backpain_stats.checks import check_choice, require_columns
from backpain_stats.decide.quality import JUDGEMENTS, quality_shares
from backpain_stats.errors import DataError
from backpain_stats.plots.style import BLACK, GREEN, VERMILION, YELLOW, axes_or_new, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["quality"]

# Told apart by sign, by colour and by lightness.
_LOOKS = {"low": ("+", GREEN), "unclear": ("?", YELLOW), "high": ("\u2212", VERMILION)}
_HATCHES = {"low": "", "unclear": "..", "high": "//"}


def quality(
    judgements: pd.DataFrame,
    *,
    kind: str = "traffic_light",
    weights: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw risk of bias and applicability.

    Parameters
    ----------
    judgements : DataFrame
        From :func:`backpain_stats.decide.quality.quality_judgements`.
    kind : {"traffic_light", "bars"}
        One light a study and domain, or the shares of each judgement by domain.
    weights : str, optional
        For bars: the column that weighs the studies, for example ``"n"``.
    ax : matplotlib Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    DataError
        If there are no judgements: none are published in the evidence, a folder
        with a ``quality.csv`` brings them.
    """
    check_choice(kind, "kind", ("traffic_light", "bars"))
    require_columns(judgements, ["cohort_id", "aspect", "domain", "judgement"], "judgements")
    if judgements.empty:
        raise DataError(
            "there are no judgements of study quality to draw; bring them in a quality.csv"
        )
    return _bars(judgements, weights, ax) if kind == "bars" else _lights(judgements, ax)


def _columns(judgements: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the aspects and domains that occur, in their usual order."""
    pairs = judgements[["aspect", "domain"]].drop_duplicates().sort_values(["aspect", "domain"])
    return [(str(aspect), str(domain)) for aspect, domain in pairs.itertuples(index=False)]


def _lights(judgements: pd.DataFrame, ax: Axes | None) -> Axes:
    columns = _columns(judgements)
    cohorts = list(dict.fromkeys(judgements["cohort_id"]))
    axes = axes_or_new(ax, 3.0 + 0.75 * len(columns), 1.8 + 0.42 * len(cohorts))
    for row in judgements.itertuples():
        x = columns.index((str(row.aspect), str(row.domain)))
        y = cohorts.index(row.cohort_id)
        sign, colour = _LOOKS[str(row.judgement)]
        axes.scatter([x], [y], s=260, color=colour, edgecolor=BLACK, linewidth=0.8)
        axes.text(x, y, sign, ha="center", va="center", fontweight="bold", color=BLACK)
    axes.set_xlim(-0.6, len(columns) - 0.4)
    axes.set_ylim(len(cohorts) - 0.4, -0.6)
    axes.set_yticks(range(len(cohorts)), cohorts)
    domains = [words(domain).capitalize() for _, domain in columns]
    axes.set_xticks(range(len(columns)), domains, rotation=40, ha="left")
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    second = next((i for i, (aspect, _) in enumerate(columns) if aspect == "applicability"), None)
    if second:
        axes.axvline(second - 0.5, color=BLACK, linewidth=0.8)
    legend = "   ".join(f"{sign} {name}" for name, (sign, _) in _LOOKS.items())
    axes.set_xlabel(f"Left: risk of bias; right: concern about applicability.   {legend}")
    return axes


def _bars(judgements: pd.DataFrame, weights: str | None, ax: Axes | None) -> Axes:
    shares = quality_shares(judgements, weights=weights)
    columns = _columns(judgements)
    axes = axes_or_new(ax, 7.0, 1.4 + 0.4 * len(columns))
    positions = np.arange(len(columns))
    start = np.zeros(len(columns))
    wide = shares.set_index(["aspect", "domain", "judgement"])["share"].to_dict()
    for name in JUDGEMENTS:
        width = np.array([wide.get((*column, name), 0.0) for column in columns])
        axes.barh(
            positions,
            100 * width,
            left=100 * start,
            color=_LOOKS[name][1],
            edgecolor=BLACK,
            hatch=_HATCHES[name],
            linewidth=0.8,
            label=f"{_LOOKS[name][0]} {name}",
        )
        start += width
    axes.set_yticks(
        positions, [f"{words(domain).capitalize()}, {words(aspect)}" for aspect, domain in columns]
    )
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.spines[["top", "right"]].set_visible(False)
    unit = "studies" if weights is None else f"studies weighed by {weights}"
    axes.set_xlabel(f"Share of {unit} (%)")
    axes.legend(ncols=3, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return axes
