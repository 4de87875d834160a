"""One file per figure: each takes a result and an optional Axes and returns the Axes.

Nothing is computed here and no style is set; figures are loaded when first used. Each visual
element of a figure takes matplotlib's own words: ``ranking(result, points={"marker": "s"})``.
"""

from __future__ import annotations

import importlib
from typing import Any

from backpain_stats.plots.offscreen import load_matplotlib
from backpain_stats.plots.offscreen import off_screen as off_screen

__all__ = [
    "calibration",
    "crosshair",
    "decision_curve",
    "dependence",
    "endorsement",
    "fagan",
    "forest",
    "forest_paired",
    "funnel_deeks",
    "influence",
    "natural_frequencies",
    "posttest",
    "quality",
    "ranking",
    "risk_patterns",
    "risk_waterfall",
    "sroc",
]


def __getattr__(name: str) -> Any:
    """Load the figure ``name`` from the file of that name (plots/draw_<name>.py)."""
    if name not in __all__:
        raise AttributeError(f"module 'backpain_stats.plots' has no attribute {name!r}")
    load_matplotlib()
    function = getattr(importlib.import_module(f"backpain_stats.plots.draw_{name}"), name)
    globals()[name] = function
    return function


def __dir__() -> list[str]:
    """List the figures, loaded or not."""
    return sorted(__all__)
