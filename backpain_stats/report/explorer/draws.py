"""The posterior draws behind every interval, packed so that a page can compute with them.

The page does what :class:`~backpain_stats.Shrunken` does, with the library's own draws. A
draw of a probability travels as its logit in 16 bits between the lowest and the highest of
its array: the step is some 0.0004, so that a likelihood ratio is right to about 0.02%.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import logit

from backpain_stats.combine.dependence.base import Marginals
from backpain_stats.combine.dependence.shrunken import Shrunken
from backpain_stats.combine.risk.posterior import Posterior

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

__all__ = ["floats", "packed", "packed_exponents", "packed_flags", "packed_logits"]

STEPS = 2**16 - 1
# A share that is 0 or 1 in a draw, as of nested thresholds that nobody lies between.
LARGEST_LOGIT = 20.0


def packed(values: ArrayLike) -> dict[str, Any]:
    """Return an array as 16-bit steps from ``low`` to ``high``, in base64.

    Examples
    --------
    >>> packed([0.0, 1.0, 0.5])
    {'low': 0.0, 'high': 1.0, 'data': 'AAD//wCA'}
    """
    array = np.asarray(values, dtype=float)
    low, high = float(array.min()), float(array.max())
    share = (array - low) / (high - low) if high > low else np.zeros_like(array)
    steps = np.round(share * STEPS).astype("<u2")
    return {"low": low, "high": high, "data": base64.b64encode(steps.tobytes()).decode("ascii")}


def floats(values: ArrayLike) -> str:
    """Return an array as 32-bit numbers in base64; NaN and infinities stay what they are."""
    return base64.b64encode(np.asarray(values, dtype="<f4").tobytes()).decode("ascii")


def packed_logits(probabilities: Array) -> dict[str, Any]:
    """Return draws of a probability, packed on the log-odds scale."""
    with np.errstate(divide="ignore"):
        return packed(np.clip(logit(probabilities), -LARGEST_LOGIT, LARGEST_LOGIT))


def packed_flags(posterior: Posterior) -> list[list[dict[str, Any]]]:
    """Return the draws of each flag among cases and among non-cases.

    Of thresholds of one quantity, the draws of a more demanding one are those of its share
    of the less demanding one before it: differences of neighbours lose no digits.
    """
    marginals = posterior.marginals
    before = {
        column: chain[place]
        for chain in marginals.findings
        for place, column in enumerate(chain[1:])
    }

    def own(group: Array, column: int) -> dict[str, Any]:
        if column not in before:
            return packed_logits(group[:, column])
        easier = group[:, before[column]]
        share = np.divide(group[:, column], easier, out=np.zeros(len(group)), where=easier > 0)
        return packed_logits(np.clip(share, 0, 1))

    return [
        [own(group, column) for group in (marginals.cases, marginals.noncases)]
        for column in range(marginals.flags)
    ]


def packed_exponents(posterior: Posterior) -> dict[str, Any]:
    """Return the draws of the exponent of shrunken dependence."""
    drawn = posterior.dependence
    exponents = drawn.exponent if isinstance(drawn, Shrunken) else Shrunken().exponent
    return packed(np.broadcast_to(exponents, (posterior.marginals.draws,)))


def in_order(marginals: Marginals) -> list[list[int]]:
    """Return the flags of each finding, the least demanding threshold first."""
    return [list(finding) for finding in marginals.findings]
