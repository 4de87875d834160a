"""One file a figure: each takes a result frame and an optional Axes and returns the Axes.

Nothing is computed here and no style is set. The figures stand in the stub
``__init__.pyi`` and are loaded when first used.
"""

from __future__ import annotations

from backpain_stats._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
