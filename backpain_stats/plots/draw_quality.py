"""QUADAS-2 judgements: traffic lights by study, or bars of their shares by domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backpain_stats.checks import check_choice, require_columns
from backpain_stats.decide.quality import ASPECTS, DOMAINS, JUDGEMENTS, quality_shares
from backpain_stats.errors import DataError
from backpain_stats.plots.marks import Look, figure, legend_below
from backpain_stats.plots.style import (
    BLACK,
    GREEN,
    VERMILION,
    YELLOW,
    axes_or_new,
    words,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["quality", "quality_coordinates"]

OVERALL = "overall"
HEADINGS = {"risk_of_bias": "Risk of bias", "applicability": "Concern about applicability"}
# Told apart by sign, by colour and by lightness.
_LOOKS = {"low": ("+", GREEN), "unclear": ("?", YELLOW), "high": ("\u2212", VERMILION)}
_HATCHES = {"low": "", "unclear": "..", "high": "//"}
KINDS = ("traffic_light", "bars")
ELEMENTS = ("lights", "signs", "bars")


def quality_coordinates(
    result: pd.DataFrame,
    *,
    kind: str = "traffic_light",
    weights: str | None = None,
    overall: bool = True,
) -> pd.DataFrame:
    """Return one row per light or bar, in the order of QUADAS-2 whatever the types of the columns.

    Parameters
    ----------
    result, kind, weights, overall
        As for :func:`quality`.

    Returns
    -------
    pandas.DataFrame
        ``aspect, domain, judgement`` and ``place``, that of the domain, from left to right or
        from top to bottom with a gap between the aspects; for lights ``cohort_id`` and ``row``,
        for bars ``start`` and ``share``, fractions of 1. The domain ``overall`` is the worst
        judgement of a study in an aspect.

    Raises
    ------
    DataError
        If there is no judgement, or one is outside the vocabulary.
    """
    check_choice(kind, "kind", KINDS)
    require_columns(result, ["cohort_id", "aspect", "domain", "judgement"], "judgements")
    if result.empty:
        raise DataError(
            "there are no judgements of study quality to draw; bring them in a quality.csv"
        )
    frame = _ordered(result)
    if overall:
        frame = pd.concat([frame, _overall(frame)], ignore_index=True)
    frame = _ordered(frame)
    order = frame[["aspect", "domain"]].drop_duplicates().sort_values(["aspect", "domain"])
    step = order["aspect"].astype(str).ne(order["aspect"].astype(str).shift()).cumsum() - 1
    order["place"] = np.arange(len(order)) + 0.6 * step.to_numpy()
    if kind == "bars":
        shares = quality_shares(frame, weights=weights)
        shares["start"] = shares.groupby(["aspect", "domain"], observed=True)["share"].cumsum()
        shares["start"] -= shares["share"]
        return shares.merge(order, on=["aspect", "domain"])
    rows = {cohort: row for row, cohort in enumerate(dict.fromkeys(frame["cohort_id"]))}
    return frame.merge(order, on=["aspect", "domain"]).assign(
        row=lambda merged: merged["cohort_id"].map(rows)
    )


def _ordered(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with aspects, domains and judgements as ordered categories."""
    vocabularies = {"aspect": ASPECTS, "domain": (*DOMAINS, OVERALL), "judgement": JUDGEMENTS}
    typed = frame.copy()
    for column, allowed in vocabularies.items():
        strange = sorted({str(value) for value in frame[column]} - set(allowed))
        if strange:
            raise DataError(
                f"the {column} {', '.join(map(repr, strange))} of the judgements is not known; "
                f"allowed: {', '.join(allowed)}"
            )
        typed[column] = pd.Categorical(frame[column].astype(str), allowed, ordered=True)
    return typed


def _overall(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the worst judgement of each study in each aspect."""
    worst = frame.sort_values("judgement").drop_duplicates(["cohort_id", "aspect"], keep="last")
    return worst.assign(domain=OVERALL)


@figure
def quality(
    result: pd.DataFrame,
    *,
    kind: str = "traffic_light",
    weights: str | None = None,
    overall: bool = True,
    ax: Axes | None = None,
    **style: Any,
) -> Axes:
    """Draw risk of bias and applicability.

    Parameters
    ----------
    result : pandas.DataFrame
        From :func:`backpain_stats.decide.quality.quality_judgements`, or any frame with its
        columns ``cohort_id, aspect, domain, judgement``.
    kind : {"traffic_light", "bars"}
        One light per study and domain, or the shares of each judgement by domain.
    weights : str, optional
        For bars: the column that weighs the studies, for example ``"n"``.
    overall : bool
        Whether a further column shows the worst judgement of each study in each aspect.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    **style
        How an element looks, in matplotlib's words, or False to leave it out: ``lights`` (words
        of ``scatter``), ``signs`` (of ``text``), ``bars`` (of ``barh``). The colours of the
        judgements stay.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    DataError
        If there are no judgements: none are published in the evidence, a folder
        with a ``quality.csv`` brings them. Also if a judgement is outside the vocabulary.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats import plots
    >>> judged = pd.DataFrame({"cohort_id": ["A", "B"], "aspect": "risk_of_bias",
    ...                        "domain": "index_test", "judgement": ["low", "high"]})
    >>> ax = plots.quality(judged)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['A', 'B']
    """
    look = Look(style, ELEMENTS)
    places = quality_coordinates(result, kind=kind, weights=weights, overall=overall)
    return _bars(places, weights, ax, look) if kind == "bars" else _lights(places, ax, look)


def _heading(domain: object) -> str:
    return words(str(domain)).capitalize()


def _lights(places: pd.DataFrame, ax: Axes | None, look: Look) -> Axes:
    domains = places.drop_duplicates("place").sort_values("place")
    cohorts = places.drop_duplicates("row").sort_values("row")
    ax = axes_or_new(ax, 3.0 + 0.75 * len(domains), 2.6 + 0.42 * len(cohorts))
    for name, (sign, colour) in _LOOKS.items():
        own = places[places["judgement"] == name]
        ax.scatter(own["place"], own["row"],
                   **look("lights", s=260, edgecolor=BLACK, linewidth=0.8)
                   | {"facecolor": colour})  # fmt: skip
        for x, y in zip(own["place"], own["row"], strict=True):
            ax.text(x, y, sign, **look("signs", ha="center", va="center", fontweight="bold",
                                       color=BLACK))  # fmt: skip
    ax.set_xlim(-0.7, places["place"].max() + 0.7)
    ax.set_ylim(len(cohorts) - 0.4, -0.6)
    ax.set_yticks(cohorts["row"], [words(str(cohort)) for cohort in cohorts["cohort_id"]])
    # Domains below, turned; the aspect above its columns.
    ax.set_xticks(domains["place"], [_heading(domain) for domain in domains["domain"]],
                  rotation=35, ha="right", rotation_mode="anchor")  # fmt: skip
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    for aspect, own in domains.groupby("aspect", observed=True):
        middle = (own["place"].min() + own["place"].max()) / 2
        ax.annotate(HEADINGS[str(aspect)], (middle, 1), (0, 8), textcoords="offset points",
                    xycoords=ax.get_xaxis_transform(), ha="center", va="bottom",
                    fontweight="bold", annotation_clip=False)  # fmt: skip
    key = "   ".join(f"{sign} {name}" for name, (sign, _) in _LOOKS.items())
    note = "; overall: the worst of the domains" if OVERALL in set(domains["domain"]) else ""
    ax.set_xlabel(f"{key}{note}")
    return ax


def _bars(places: pd.DataFrame, weights: str | None, ax: Axes | None, look: Look) -> Axes:
    domains = places.drop_duplicates("place").sort_values("place")
    ax = axes_or_new(ax, 7.5, 2.0 + 0.4 * len(domains))
    for name in JUDGEMENTS:
        own = places[places["judgement"] == name]
        sign, colour = _LOOKS[name]
        ax.barh(own["place"], 100 * own["share"], left=100 * own["start"], hatch=_HATCHES[name],
                **look("bars", edgecolor=BLACK, linewidth=0.8, height=0.8)
                | {"facecolor": colour, "label": f"{sign} {name}"})  # fmt: skip
    names = [_heading(domain) for domain in domains["domain"]]
    ax.set_yticks(domains["place"], names)
    for label, domain in zip(ax.get_yticklabels(), domains["domain"], strict=True):
        label.set_fontweight("bold" if domain == OVERALL else "normal")
    for aspect, own in domains.groupby("aspect", observed=True):
        ax.text(0, own["place"].min() - 0.5, HEADINGS[str(aspect)], ha="left", va="bottom",
                fontweight="bold", fontsize=9)  # fmt: skip
    ax.set_ylim(places["place"].max() + 0.6, -1.0)
    ax.set_xlim(0, 100)
    ax.spines[["top", "right"]].set_visible(False)
    unit = "studies" if weights is None else f"studies weighed by {words(weights)}"
    ax.set_xlabel(f"Share of {unit} (%)")
    legend_below(ax, ncols=3)
    return ax
