"""Colours and small helpers every figure shares; importing this sets no style.

The colours are those of Okabe & Ito: distinct to the colour-blind and, in the
order given, distinct in grey.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLACK = "#000000"
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILION = "#D55E00"
PURPLE = "#CC79A7"
GREY = "#767676"
LIGHT_GREY = "#D9D9D9"
PALETTE = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def axes_or_new(ax: Axes | None, width: float = 6.4, height: float = 4.8) -> Axes:
    """Return ``ax``, or the Axes of a new figure of that size in inches."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    _, new = plt.subplots(figsize=(width, height), layout="constrained")
    return new


def tidy(ax: Axes, *, grid: str | None = None, **labels: Any) -> Axes:
    """Remove the upper and right spines, draw a faint grid if asked, set labels."""
    ax.spines[["top", "right"]].set_visible(False)
    if grid in ("x", "y", "both"):
        ax.grid(True, axis=grid, color=LIGHT_GREY, linewidth=0.6)  # type: ignore[arg-type]
        ax.set_axisbelow(True)
    ax.set(**labels)
    return ax
