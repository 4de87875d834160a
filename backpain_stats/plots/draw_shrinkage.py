"""What several findings together are worth, against their number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backpain_stats.checks import check_count, check_level, real_number, require_columns
from backpain_stats.combine.dependence.shrunken import Shrunken
from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.estimate import format_level
from backpain_stats.plots.marks import Look, figure, legend_below
from backpain_stats.plots.style import BLUE, GREY, LIGHT_GREY, axes_or_new, tidy
from backpain_stats.tables import normal_quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["shrinkage", "shrinkage_coordinates"]

ELEMENTS = ("multiplied", "band", "groups", "curve")


def shrinkage_coordinates(
    dependence: Shrunken, *, most: int = 8, level: float = 0.95
) -> pd.DataFrame:
    """Return one row a number of findings: ``findings, share, low, high``.

    Raises
    ------
    ArgumentError
        If the model has drawn its exponent, or a number is not allowed.
    """
    if check_count(most, "most") < 2:
        raise ArgumentError(f"most is {most!r}; one finding needs no shrinking: give 2 or more")
    exponent = real_number(dependence.exponent)
    if not np.isfinite(exponent):
        raise ArgumentError("the exponents of this model are draws; give the model they come from")
    reach = normal_quantile(check_level(level)) * dependence.spread
    findings = np.linspace(1, most, 20 * (most - 1) + 1)
    ends = {"share": exponent, "low": exponent + reach, "high": exponent - reach}
    return pd.DataFrame({"findings": findings} | {n: findings**-e for n, e in ends.items()})


@figure
def shrinkage(
    sets: pd.DataFrame,
    *,
    dependence: Shrunken | None = None,
    most: int = 8,
    level: float = 0.95,
    ax: Axes | None = None,
    **style: Any,
) -> Axes:
    r"""Draw which share of their multiplied evidence several findings are worth.

    Likelihood ratios are multiplied and the product raised to the power
    :math:`k_\mathrm{eff}^{-a}`: that is the share of its logarithm that is kept. It is the
    calibration slope that multiplying is expected to have among patients with
    :math:`k_\mathrm{eff}` findings.

    Parameters
    ----------
    sets : pandas.DataFrame
        Groups of patients with exponents of their own, a thin line each, which differ by
        chance, too: a column ``exponent``, as in ``data/dependence.csv``.
    dependence : Shrunken, optional
        The model; by default the package's own.
    most : int, default 8
        The effective number of findings up to which to draw.
    level : float, default 0.95
        Share of groups of patients that the band holds.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    **style
        How an element looks, in matplotlib's words, or False to leave it out: ``multiplied``
        (words of ``axhline``), ``band`` (of ``fill_between``), ``groups`` and ``curve`` (of
        ``plot``).

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ArgumentError
        If the model or a number is not allowed.
    DataError
        If ``sets`` has no usable exponent.

    Examples
    --------
    Four equal findings are worth about two thirds of their product.

    >>> import pandas as pd
    >>> from backpain_stats import plots
    >>> ax = plots.shrinkage(pd.DataFrame({"set": ["A", "B"], "exponent": [0.2, 0.4]}))
    >>> curve = ax.get_lines()[-1].get_xydata()
    >>> float(curve[curve[:, 0] == 4, 1].round(2)[0])
    0.69
    """
    look = Look(style, ELEMENTS)
    if dependence is None:
        dependence = Shrunken()
    if not isinstance(dependence, Shrunken):
        raise ArgumentError(f"dependence is {dependence!r}; give a Shrunken, whose curve this is")
    points = shrinkage_coordinates(dependence, most=most, level=level)
    ax = axes_or_new(ax, 6.0, 4.3)
    ax.axhline(1, **look("multiplied", color=GREY, linewidth=0.9, linestyle=(0, (4, 3)),
                         label="ratios multiplied"))  # fmt: skip
    if dependence.spread > 0:
        ax.fill_between(points["findings"], points["low"], points["high"],
                        **look("band", color=LIGHT_GREY, alpha=0.7, linewidth=0,
                               label=f"{format_level(level)} of groups of patients"))  # fmt: skip
    for number, exponent in enumerate(_exponents(sets)):
        ax.plot(points["findings"], points["findings"] ** -exponent,
                **look("groups", color=GREY, linewidth=0.7, alpha=0.8,
                       label=None if number else "each group by itself"))  # fmt: skip
    ax.plot(points["findings"], points["share"],
            **look("curve", color=BLUE, linewidth=2.2,
                   label=f"shrunken, exponent {real_number(dependence.exponent):.2g}"))  # fmt: skip
    ax.set_xlim(1, most)
    ax.set_ylim(bottom=0)
    if most <= 12:
        ax.set_xticks(range(1, most + 1))
    tidy(
        ax,
        xlabel="Effective number of findings",
        ylabel="Share of the multiplied evidence that counts",
    )
    legend_below(ax)
    return ax


def _exponents(sets: pd.DataFrame) -> list[float]:
    """Return the exponents of the groups."""
    require_columns(sets, ("exponent",), "the frame of groups")
    exponents = pd.to_numeric(sets["exponent"], errors="coerce").to_numpy(dtype=float)
    if not len(exponents) or not np.isfinite(exponents).all():
        raise DataError("the frame of groups needs a finite number as exponent in every row")
    return [float(one) for one in exponents]
