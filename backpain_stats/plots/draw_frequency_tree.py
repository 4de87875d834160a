"""Frequency tree: patients divided by disease, then by finding, as whole numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from backpain_stats.checks import real_number, require_columns
from backpain_stats.decide.frequencies import count_phrase
from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.plots.marks import Look, figure
from backpain_stats.plots.style import BLACK, GREY, VERMILION, axes_or_new, printable, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["frequency_tree", "frequency_tree_coordinates"]

ELEMENTS = ("boxes", "branches", "answer")
# Node, the node above it, what it is called, and where it stands.
_NODES: tuple[tuple[str, str, str, float, float], ...] = (
    ("all", "", "patients", 1.5, 2.0),
    ("diseased", "all", "with the condition", 0.5, 1.0),
    ("healthy", "all", "without it", 2.5, 1.0),
    ("tp", "diseased", "finding present", 0.0, 0.0),
    ("fn", "diseased", "finding absent", 1.0, 0.0),
    ("fp", "healthy", "finding present", 2.0, 0.0),
    ("tn", "healthy", "finding absent", 3.0, 0.0),
)
_ILL = ("diseased", "tp", "fn")


def frequency_tree_coordinates(result: pd.DataFrame, row: int = 0) -> pd.DataFrame:
    """Return one row a node: ``node, parent, count, text`` and the place ``x, y``.

    Raises
    ------
    DataError
        If the row has no counts.
    ArgumentError
        If there is no such row.
    """
    require_columns(result, ["per", "flag_id", "diseased", "tp", "fp", "fn", "tn"], "result")
    if not 0 <= real_number(row) < len(result) or row % 1:
        raise ArgumentError(f"row is {row!r}; the result has rows 0 to {len(result) - 1}")
    chosen = result.iloc[int(row)]
    if pd.isna(chosen["tp"]):
        raise DataError(f"{chosen['flag_id']} has no counts: {chosen['reason']}")
    counts = {cell: int(chosen[cell]) for cell in ("tp", "fp", "fn", "tn")}
    counts |= {
        "all": int(chosen["per"]),
        "diseased": counts["tp"] + counts["fn"],
        "healthy": counts["fp"] + counts["tn"],
    }
    rows = []
    for node, parent, name, x, y in _NODES:
        shown = count_phrase(chosen, node) if y == 0 else f"{counts[node]:,}"
        rows.append(
            {"node": node, "parent": parent, "count": counts[node], "text": f"{shown}\n{name}",
             "x": x, "y": y}
        )  # fmt: skip
    return pd.DataFrame(rows)


@figure
def frequency_tree(
    result: pd.DataFrame,
    *,
    row: int = 0,
    title: str | None = None,
    ax: Axes | None = None,
    **style: Any,
) -> Axes:
    """Draw patients as a tree: by the condition, then by the finding.

    Whole numbers of one group of patients are read correctly more often than conditional
    probabilities. For one finding; several together would need to be counted together.

    Parameters
    ----------
    result : DataFrame
        From :func:`backpain_stats.natural_frequencies`.
    row : int, default 0
        Which of its rows, by position.
    title : str, optional
        By default the flag.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    **style
        How an element looks, in matplotlib's words, or False to leave it out: ``boxes,
        answer`` (words of a text), ``branches`` (of a line).

    Returns
    -------
    matplotlib Axes
        One line a branch and one text a node, from the top; the last text says how many of
        those with the finding have the condition.

    Raises
    ------
    DataError
        If the row has no counts.
    ArgumentError
        If there is no such row.

    References
    ----------
    Gigerenzer G, Hoffrage U (1995). How to improve Bayesian reasoning without instruction:
    frequency formats. Psychological Review 102:684-704. https://doi.org/10.1037/0033-295X.102.4.684

    Examples
    --------
    >>> import pandas as pd
    >>> import backpain_stats as bs
    >>> table = pd.DataFrame({"flag": ["cancer_history"],
    ...                       "tp": [4], "fp": [41], "fn": [9], "tn": [1921]})
    >>> ax = bs.plots.frequency_tree(bs.natural_frequencies(table, 0.003))
    >>> ax.texts[-1].get_text()
    'Of 22 with the finding, 1 has the condition.'
    """
    look = Look(style, ELEMENTS)
    nodes: list[dict[str, Any]] = [
        {str(name): value for name, value in one.items()}
        for one in frequency_tree_coordinates(result, row).to_dict("records")
    ]
    by_name = {one["node"]: one for one in nodes}
    chosen = result.iloc[int(row)]
    ax = axes_or_new(ax, 7.0, 4.2)
    for node in nodes:
        if node["parent"]:
            above = by_name[node["parent"]]
            ax.plot([above["x"], node["x"]], [above["y"], node["y"]],
                    **look("branches", color=GREY, linewidth=1.2, zorder=1))  # fmt: skip
    for node in nodes:
        edge, width = (VERMILION, 2.0) if node["node"] in _ILL else (GREY, 1.0)
        box: dict[str, Any] = {"boxstyle": "round,pad=0.45", "facecolor": "white"}
        box |= {"edgecolor": edge, "linewidth": width}
        shown = look("boxes", ha="center", va="center", fontsize=9, zorder=2, bbox=box)
        ax.text(node["x"], node["y"], node["text"], **shown)
    found, ill = int(chosen["tp"] + chosen["fp"]), int(chosen["tp"])
    answer = (
        f"Of {found:,} with the finding, {ill:,} {'has' if ill == 1 else 'have'} the condition."
    )
    shown = look("answer", ha="center", va="center", color=BLACK, fontsize=10, fontweight="bold")
    ax.text(1.5, -0.75, answer, **shown)
    ax.set_xlim(-0.6, 3.6)
    ax.set_ylim(-1.0, 2.45)
    ax.set_axis_off()
    level = chosen.get("ci_level")
    brackets = ""
    if level is not None and not pd.isna(level):
        brackets = f"; {100 * level:g}% interval in brackets"
    default = f"{words(chosen['flag_id'])}{brackets}"
    ax.set_title(default if title is None else printable(title))
    return ax
