"""The evidence behind back-pain red flags, recomputed.

Printed numbers become tables, tables become likelihood ratios, likelihood
ratios become a risk, and a risk becomes a decision; at each step the source
and the uncertainty come along. Research and teaching software, not a medical
device.

The public names stand in the stub ``__init__.pyi``, where type checkers and
editors see them. Each is loaded when first used: importing the package takes a
few milliseconds and imports neither NumPy nor pandas.
"""

from __future__ import annotations

from backpain_stats._lazy import attach

__version__ = "0.2.0"
__getattr__, __dir__, __all__ = attach(__name__, __file__)
