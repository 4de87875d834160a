"""Four biases of one result, each against what is not known of it."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from backpain_stats.checks import check_choice
from backpain_stats.estimate import format_level
from backpain_stats.plots.marks import Look, figure
from backpain_stats.plots.style import (
    BLUE,
    GREEN,
    GREY,
    LIGHT_GREY,
    VERMILION,
    axes_or_new,
    percent_text,
    printable,
    ratio_limits,
    ratio_ticks,
    require_result,
    tidy,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from backpain_stats.meta.bias import BiasCurve, BiasProfile

__all__ = ["bias_coordinates", "bias_profile"]

ELEMENTS = ("line", "band", "bounds", "plain", "unity", "known")
# What is drawn of each kind, with its label, colour and dashes.
KINDS = {
    "ratios": (("lr_positive", "LR+", BLUE, "-"), ("lr_negative", "LR−", VERMILION, "--")),
    "proportions": (
        ("sensitivity", "Sensitivity", BLUE, "-"),
        ("specificity", "Specificity", GREEN, "--"),
    ),
}
LABELS = {
    "fraction_verified": "Fraction of the patients verified",
    "missing_odds": "Odds of the target among those not verified (ratio)",
    "reference_sensitivity": "Sensitivity of the reference standard",
    "reference_specificity": "Specificity of the reference standard",
    "covariance_cases": "Covariance of the errors in cases",
    "covariance_noncases": "Covariance of the errors in non-cases",
    "shift": "Shift of the log diagnostic odds ratio",
    "share_published": "Share of all studies that was published",
}
ORDER = ("verification", "reference", "spectrum", "publication")
# Left edge and bottom of each panel in its place on the page; their width and height.
PLACES = ((0.08, 0.62), (0.59, 0.62), (0.08, 0.14), (0.59, 0.14))
WIDTH, HEIGHT = 0.40, 0.33
CHARACTERS = 46


def bias_coordinates(result: BiasProfile) -> pd.DataFrame:
    """Return what is drawn: ``bias, measure, x, y, y_low, y_high, low, high``.

    ``low`` and ``high`` are the bounds at the point, NaN where there are none.
    """
    require_result(result, ("curves", "refused", "known"), "bias_profile")
    parts = []
    for bias, curve in result.curves.items():
        along = curve.frame[curve.parameter]
        frame = pd.DataFrame(
            {
                "bias": bias,
                "measure": curve.frame["measure"],
                "x": along,
                "y": curve.frame["estimate"],
                "y_low": curve.frame["ci_low"],
                "y_high": curve.frame["ci_high"],
            }
        )
        bounds = curve.bounds
        none = np.full(len(frame), np.nan)
        frame["low"] = none if bounds is None else bounds["low"].to_numpy()
        frame["high"] = none if bounds is None else bounds["high"].to_numpy()
        parts.append(frame)
    return pd.concat(parts, ignore_index=True)


@figure
def bias_profile(
    result: BiasProfile,
    *,
    kind: Literal["ratios", "proportions"] = "ratios",
    ax: Axes | None = None,
    **style: Any,
) -> Axes:
    """Draw four panels: what each bias would do to a result, with what is known of it.

    Parameters
    ----------
    result : BiasProfile
        What :func:`backpain_stats.bias_profile` returned.
    kind : {"ratios", "proportions"}, optional
        Likelihood ratios, on a logarithmic axis, or sensitivity and specificity.
    ax : matplotlib.axes.Axes, optional
        The page; a new figure by default. Its place is divided among the panels.
    **style
        How an element looks, in matplotlib's words, or False to leave it out: ``line``,
        ``bounds`` (words of ``plot``), ``band`` (of ``fill_between``), ``plain`` (the result as
        it stands) and ``unity`` (of ``axhline``), ``known`` (of ``text``).

    Returns
    -------
    matplotlib.axes.Axes
        The page; the panels are its ``child_axes``: verification, reference standard, spectrum,
        publication. All have the same vertical axis. A bias that could not be computed has its
        reason in the panel.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from backpain_stats import TwoByTwo, plots
    >>> from backpain_stats import bias_profile
    >>> ax = plots.bias_profile(bias_profile(TwoByTwo(tp=4, fp=41, fn=9, tn=1921)))
    >>> [panel.get_title(loc="left") for panel in ax.child_axes][:2]
    ['Partial verification', 'Imperfect reference standard']
    >>> plt.close(ax.figure)
    """
    check_choice(kind, "kind", tuple(KINDS))
    look = Look(style, ELEMENTS)
    marks = bias_coordinates(result)
    ax = axes_or_new(ax, 8.2, 7.4)
    ax.set_axis_off()
    drawn = marks[marks["measure"].isin([one[0] for one in KINDS[kind]])]
    limits = ratio_limits(drawn[["y", "y_low", "y_high"]]) if kind == "ratios" else (0.0, 1.0)
    panels = [ax.inset_axes((*place, WIDTH, HEIGHT)) for place in PLACES]
    for bias, panel in zip(ORDER, panels, strict=True):
        _set_axis(panel, kind, limits)
        curve = result.curves.get(bias)
        if curve is None:
            panel.set_xticks([])
            tidy(panel)
            panel.set_title("Selective publication", loc="left", fontsize=10)
            why = fill(printable(result.refused.get(bias, "not computed")), CHARACTERS)
            panel.text(0.5, 0.5, why, transform=panel.transAxes, ha="center", va="center",
                       fontsize=8, color=GREY)  # fmt: skip
            continue
        _draw_panel(panel, marks[marks["bias"] == bias], curve, kind, look)
        _say_what_is_known(panel, result.known.get(bias, ""), look)
    handles, labels = panels[0].get_legend_handles_labels()
    ax.legend(handles, labels, loc="lower center", bbox_to_anchor=(0.5, 0.0), frameon=False,
              fontsize=8, ncols=5)  # fmt: skip
    return ax


def _set_axis(ax: Axes, kind: str, limits: tuple[float, float]) -> None:
    if kind == "ratios":
        ax.set_yscale("log")
        ax.set_ylim(*limits)
        ticks = ratio_ticks(*limits)
        ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.minorticks_off()
        ax.set_ylabel("Likelihood ratio", fontsize=9)
    else:
        ax.set_ylim(-0.01, 1.01)
        ticks = list(np.linspace(0, 1, 6))
        ax.set_yticks(ticks, [percent_text(tick) for tick in ticks])
    ax.tick_params(labelsize=8)


def _draw_panel(ax: Axes, marks: pd.DataFrame, curve: BiasCurve, kind: str, look: Look) -> None:
    """Draw one bias: lines with their bands, the bounds, and the result as it stands."""
    plain = curve.plain.set_index("measure")["estimate"]
    for place, (name, label, colour, dashes) in enumerate(KINDS[kind]):
        own = marks[marks["measure"] == name].sort_values("x")
        # what both measures share is explained once
        shared = (
            [f"{format_level(curve.plain['ci_level'].iloc[0])} interval", "bounds", "as it stands"]
            if place == 0
            else ["_"] * 3
        )
        ax.fill_between(
            own["x"],
            own["y_low"],
            own["y_high"],
            **look("band", color=colour, alpha=0.15, linewidth=0, label=shared[0]),
        )
        ax.plot(
            own["x"],
            own["y"],
            **look("line", color=colour, linestyle=dashes, linewidth=1.6, label=label),
        )
        for end, text in (("low", shared[1]), ("high", "_")):
            ax.plot(
                own["x"],
                own[end],
                **look("bounds", color=colour, linestyle=":", linewidth=1.0, label=text),
            )
        ax.axhline(
            float(plain[name]),
            **look("plain", color=GREY, linewidth=0.8, zorder=0, label=shared[2]),
        )
    if kind == "ratios":
        ax.axhline(1, **look("unity", color=LIGHT_GREY, linewidth=0.8, zorder=0))
    tidy(ax)
    ax.set_title(curve.title, loc="left", fontsize=10)
    ax.set_xlabel(LABELS[curve.parameter], fontsize=9)
    low, high = marks["x"].min(), marks["x"].max()
    # the result as it stands is at the left
    if high > low:
        ax.set_xlim((high, low) if curve.neutral == high else (low, high))


def _say_what_is_known(ax: Axes, known: str, look: Look) -> None:
    if known:
        text = fill(f"Known: {printable(known)}", CHARACTERS)
        ax.text(0.02, 1.0, text,
                **{"transform": ax.transAxes, "va": "top", "ha": "left",
                   **look("known", fontsize=7, color=GREY)})  # fmt: skip
