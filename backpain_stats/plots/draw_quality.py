"""Judgements of study quality: traffic lights by study, or bars of their shares by domain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backpain_stats.checks import check_choice, require_columns
from backpain_stats.decide.quality import quality_overall, quality_shares
from backpain_stats.errors import DataError
from backpain_stats.evidence import ASPECTS, all_domains, all_judgements
from backpain_stats.plots.lights import (
    HEADINGS,
    LIGHTS,
    key_of_lights,
    ordered_judgements,
    words_of,
)
from backpain_stats.plots.marks import Look, figure, legend_below
from backpain_stats.plots.style import BLACK, axes_or_new, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["quality", "quality_coordinates"]

OVERALL = "overall"
# By sign, that is from the best judgement to the worst.
_HATCHES = {"+": "", "?": "..", "\u2212": "//"}
KINDS = ("traffic_light", "bars")
ELEMENTS = ("lights", "signs", "bars")


def quality_coordinates(
    result: pd.DataFrame,
    *,
    kind: str = "traffic_light",
    weights: str | None = None,
    overall: bool = True,
) -> pd.DataFrame:
    """Return one row per light or bar, in the instrument's order whatever the types of the columns.

    Parameters
    ----------
    result, kind, weights, overall
        As for :func:`quality`.

    Returns
    -------
    pandas.DataFrame
        ``instrument, aspect, domain, judgement`` and ``place``, that of the domain, from left to
        right or from top to bottom with a gap between the aspects; for lights ``cohort_id`` and
        ``row``, for bars ``start`` and ``share``, fractions of 1. The domain ``overall`` is the
        worst judgement of a study in an aspect.

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
    frame = ordered_judgements(result)
    if overall:
        worst = [
            quality_overall(own, aspect=str(aspect)).assign(
                instrument=str(name), aspect=str(aspect)
            )
            for (name, aspect), own in frame.groupby(["instrument", "aspect"], sort=False)
        ]
        about = frame.drop_duplicates(["cohort_id", "instrument", "aspect"])
        about = about.drop(columns=["domain", "judgement", *({"study"} & set(about))])
        summary = pd.concat(worst).merge(about, on=["cohort_id", "instrument", "aspect"])
        frame = pd.concat([frame, summary.assign(domain=OVERALL)], ignore_index=True)
        frame = ordered_judgements(frame, further=(OVERALL,))
    rows = {cohort: row for row, cohort in enumerate(dict.fromkeys(result["cohort_id"]))}
    order = frame[["instrument", "aspect", "domain"]].drop_duplicates(ignore_index=True)
    blocks = order["instrument"] + " " + order["aspect"]
    order["place"] = np.arange(len(order)) + 0.6 * (blocks.ne(blocks.shift()).cumsum() - 1)
    if kind == "bars":
        typed = _as_categories(frame)
        shares = quality_shares(typed, weights=weights)
        keys = ["instrument", "aspect", "domain"]
        shares["start"] = shares.groupby(keys, observed=True)["share"].cumsum() - shares["share"]
        shares[keys[1:]] = shares[keys[1:]].astype(str)
        return _as_categories(shares.merge(order, on=keys))
    return _as_categories(frame.merge(order, on=["instrument", "aspect", "domain"])).assign(
        row=lambda merged: merged["cohort_id"].map(rows)
    )


def _as_categories(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with aspects, domains and judgements as ordered categories."""
    orders = {"aspect": ASPECTS, "domain": (*all_domains(), OVERALL), "judgement": all_judgements()}
    return frame.assign(
        **{name: pd.Categorical(frame[name].astype(str), order, ordered=True)
           for name, order in orders.items()}
    )  # fmt: skip


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
        From :func:`backpain_stats.quality_judgements` or :func:`backpain_stats.read_quality`,
        or any frame with their columns ``cohort_id, aspect, domain, judgement`` and, unless they
        are by QUADAS-2, ``instrument``. Judgements by several instruments stand side by side.
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


def _blocks(domains: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the domains of each instrument and aspect below their heading."""
    several = len(domains["instrument"].unique()) > 1
    for (name, aspect), own in domains.groupby(["instrument", "aspect"], observed=True):
        yield (f"{name}: " if several else "") + HEADINGS[str(aspect)], own


def _lights(places: pd.DataFrame, ax: Axes | None, look: Look) -> Axes:
    domains = places.drop_duplicates("place").sort_values("place")
    cohorts = places.drop_duplicates("row").sort_values("row")
    ax = axes_or_new(ax, 3.0 + 0.75 * len(domains), 2.6 + 0.42 * len(cohorts))
    for name in sorted(words_of(places), key=all_judgements().index):
        own = places[places["judgement"] == name]
        sign, colour = LIGHTS[name]
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
    for heading, own in _blocks(domains):
        middle = (own["place"].min() + own["place"].max()) / 2
        ax.annotate(heading, (middle, 1), (0, 8), textcoords="offset points",
                    xycoords=ax.get_xaxis_transform(), ha="center", va="bottom",
                    fontweight="bold", annotation_clip=False)  # fmt: skip
    key = key_of_lights(words_of(places))
    note = "; overall: the worst of the domains" if OVERALL in set(domains["domain"]) else ""
    ax.set_xlabel(f"{key}{note}")
    return ax


def _bars(places: pd.DataFrame, weights: str | None, ax: Axes | None, look: Look) -> Axes:
    domains = places.drop_duplicates("place").sort_values("place")
    ax = axes_or_new(ax, 7.5, 2.0 + 0.4 * len(domains))
    for name in sorted(words_of(places), key=all_judgements().index):
        own = places[places["judgement"] == name]
        sign, colour = LIGHTS[name]
        ax.barh(own["place"], 100 * own["share"], left=100 * own["start"], hatch=_HATCHES[sign],
                **look("bars", edgecolor=BLACK, linewidth=0.8, height=0.8)
                | {"facecolor": colour, "label": f"{sign} {words(name)}"})  # fmt: skip
    names = [_heading(domain) for domain in domains["domain"]]
    ax.set_yticks(domains["place"], names)
    for label, domain in zip(ax.get_yticklabels(), domains["domain"], strict=True):
        label.set_fontweight("bold" if domain == OVERALL else "normal")
    for heading, own in _blocks(domains):
        ax.text(0, own["place"].min() - 0.5, heading, ha="left", va="bottom",
                fontweight="bold", fontsize=9)  # fmt: skip
    ax.set_ylim(places["place"].max() + 0.6, -1.0)
    ax.set_xlim(0, 100)
    ax.spines[["top", "right"]].set_visible(False)
    unit = "studies" if weights is None else f"studies weighed by {words(weights)}"
    ax.set_xlabel(f"Share of {unit} (%)")
    legend_below(ax, ncols=3)
    return ax
