"""One file per figure: each takes a result and an optional Axes and returns the Axes.

Nothing is computed here and no style is set. The figures stand in the stub ``__init__.pyi``
and are loaded when first used. Each visual element of a figure takes matplotlib's own words:
``ranking(result, points={"marker": "s"})``.
"""

from __future__ import annotations

from typing import Any

from backpain_stats._lazy import attach
from backpain_stats.plots.offscreen import load_matplotlib
from backpain_stats.plots.offscreen import off_screen as off_screen

_load, __dir__, __all__ = attach(__name__, __file__)


def __getattr__(name: str) -> Any:
    """Load a figure, and matplotlib before it."""
    load_matplotlib()
    return _load(name)
