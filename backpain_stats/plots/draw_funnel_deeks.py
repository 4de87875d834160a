"""Deeks' funnel: odds ratios against the inverse root of the effective size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backpain_stats.plots.marks import Look, figure, legend_below
from backpain_stats.plots.style import (
    BLACK,
    BLUE,
    VERMILION,
    axes_or_new,
    ratio_axis,
    require_result,
    tidy,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from backpain_stats.meta.univariate.deeks import DeeksTest

__all__ = ["funnel_coordinates", "funnel_deeks"]

ELEMENTS = ("studies", "regression", "reference")


def funnel_coordinates(result: DeeksTest) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the points (``study, x, y``) and the regression line (``x, y``).

    ``x`` is the odds ratio, ``y`` is ``1 / sqrt(effective size)``.
    """
    test = result
    require_result(test, ("studies", "slope"), "deeks_test")
    used = test.studies.loc[test.studies["used"]]
    points = pd.DataFrame(
        {"study": used["study"], "x": np.exp(used["log_ratio"]), "y": used["inverse_root"]}
    ).reset_index(drop=True)
    ends = np.array([0.0, points["y"].max()])
    line = pd.DataFrame({"x": np.exp(test.intercept + test.slope.estimate * ends), "y": ends})
    return points, line


@figure
def funnel_deeks(result: DeeksTest, *, ax: Axes | None = None, **style: Any) -> Axes:
    """Draw Deeks' funnel with its regression line; large studies are at the top.

    Parameters
    ----------
    result : DeeksTest
        What :func:`backpain_stats.meta.univariate.deeks.deeks_test` returned.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    **style
        How an element looks, in matplotlib's words, or False to leave it out: ``studies`` (words of
        ``scatter``), ``regression`` (of ``plot``), ``reference`` (of ``axvline``).

    Returns
    -------
    matplotlib.axes.Axes
        An upright line is symmetry; a slanted one says that small studies report
        other odds ratios than large ones.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import pandas as pd
    >>> from backpain_stats import plots
    >>> from backpain_stats.meta.univariate.deeks import deeks_test
    >>> data = pd.DataFrame({"study": list("ABCDEF"), "tp": [19, 8, 25, 7, 40, 12],
    ...                      "fp": [10, 2, 9, 4, 22, 0], "fn": [4, 0, 11, 3, 7, 5],
    ...                      "tn": [80, 30, 90, 22, 95, 41]})
    >>> ax = plots.funnel_deeks(deeks_test(data))
    >>> ax.get_title()
    'Slope 12.3, p = 0.29, 6 studies'
    >>> plt.close(ax.figure)
    """
    look, test = Look(style, ELEMENTS), result
    points, line = funnel_coordinates(result)
    ax = axes_or_new(ax, 5.6, 4.6)
    ax.scatter(points["x"], points["y"],
               **look("studies", s=26, color=BLUE, zorder=3, label="studies"))  # fmt: skip
    ax.plot(
        line["x"],
        line["y"],
        **look("regression", color=VERMILION, linewidth=1.5, label="weighted regression"),
    )
    ax.axvline(np.exp(test.intercept),
               **look("reference", color=BLACK, linewidth=0.8, linestyle=":",
                      label="odds ratio of an infinitely large study"))  # fmt: skip
    ratio_axis(ax)
    ax.set_ylim(bottom=0)
    ax.invert_yaxis()
    left_out = int((~test.studies["used"]).sum())
    note = f"; {left_out} not used" if left_out else ""
    tidy(
        ax,
        xlabel="Diagnostic odds ratio (log scale)",
        ylabel="1 / √(effective sample size)",
        title=f"Slope {test.slope.estimate:.3g}, p = {test.pvalue:.2g}, "
        f"{len(points)} studies{note}",
    )
    legend_below(ax, ncols=3)
    return ax
