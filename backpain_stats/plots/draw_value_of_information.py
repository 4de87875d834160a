"""Value of information: what a study of so many patients would be worth, flag by flag."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from backpain_stats.checks import check_choice
from backpain_stats.plots.marks import Look, figure, legend_below
from backpain_stats.plots.style import (
    GREY,
    MARKERS,
    PALETTE,
    axes_or_new,
    printable,
    require_result,
    tidy,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from backpain_stats.decide.value import ValueOfInformation

__all__ = ["value_of_information", "value_of_information_coordinates"]

ELEMENTS = ("curves", "everything")


def value_of_information_coordinates(
    result: ValueOfInformation, *, decision: str | None = None
) -> pd.DataFrame:
    """Return one row a point: ``decision, x, y, most``, as they are drawn.

    ``x`` is the number of patients, ``y`` what the study is worth and ``most`` what knowing
    everything about the setting is worth. Decisions about which nothing is worth knowing are
    left out.
    """
    require_result(result, ("studies", "decisions"), "value_of_information")
    most = result.decisions.set_index("decision")["perfect_information"]
    points = result.studies[["decision", "n", "estimate"]].set_axis(["decision", "x", "y"], axis=1)
    points = points.assign(most=points["decision"].map(most))
    if decision is not None:
        check_choice(decision, "decision", list(most.index))
        return points[points["decision"] == decision].reset_index(drop=True)
    return points[points["most"] > 0].reset_index(drop=True)


@figure
def value_of_information(
    result: ValueOfInformation,
    *,
    decision: str | None = None,
    ax: Axes | None = None,
    **style: Any,
) -> Axes:
    """Draw what a study is worth against its number of patients, decision by decision.

    Parameters
    ----------
    result : ValueOfInformation
        From :func:`backpain_stats.value_of_information`.
    decision : str, optional
        Only this flag, or ``"all flags"``.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    **style
        How an element looks, in matplotlib's words, or False to leave it out: ``curves``
        (words of ``plot``) and ``everything``, the mark at the right edge of what knowing
        everything about the setting is worth (of ``plot``).

    Returns
    -------
    matplotlib Axes
        One line a decision; its mark at the right edge is the most that could be learned.

    Examples
    --------
    >>> import pandas as pd
    >>> import backpain_stats as bs
    >>> frame = pd.DataFrame({"flag": ["first"], "tp": [8], "fp": [30], "fn": [4], "tn": [170]})
    >>> model = bs.RiskModel.from_frame(frame, "10/400")
    >>> found = bs.value_of_information(model, threshold=0.1, sizes=[100, 1000], draws=256)
    >>> ax = bs.plots.value_of_information(found)
    >>> ax.get_xscale(), len(ax.lines)
    ('log', 2)
    """
    look = Look(style, ELEMENTS)
    points = value_of_information_coordinates(result, decision=decision)
    ax = axes_or_new(ax, 7.0, 4.9)
    edge = 1.35 * float(points["x"].max()) if len(points) else np.nan
    for i, (name, rows) in enumerate(points.groupby("decision", sort=False)):
        colour, marker = PALETTE[i % len(PALETTE)], MARKERS[i % len(MARKERS)]
        label = printable(result.labels.get(str(name), str(name)))
        ax.plot(rows["x"], rows["y"],
                **look("curves", color=colour, marker=marker, markersize=5, linewidth=1.6,
                       label=label))  # fmt: skip
        ax.plot([edge], [rows["most"].iloc[0]],
                **look("everything", color=colour, marker=marker, markersize=8,
                       markerfacecolor="white", linestyle="none", clip_on=False))  # fmt: skip
    where = f"{result.plan.practices:,} practice{'s' * (result.plan.practices > 1)}"
    tidy(
        ax,
        grid="both",
        xlabel=f"Patients of a {result.plan.design} in {where} (open mark: knowing everything)",
        ylabel=f"Worth of the study:\n{result.unit}",
    )
    if points.empty:
        ax.text(0.5, 0.5, "Nothing that could be learned would change a recommendation",
                ha="center", va="center", color=GREY, transform=ax.transAxes)  # fmt: skip
        return ax
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    ax.set_ylim(bottom=0)
    legend_below(ax)
    return ax
