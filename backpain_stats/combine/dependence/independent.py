"""Independence within each disease group: the product of the likelihood ratios."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.combine.dependence.base import Group, PatternModel
from backpain_stats.combine.dependence.patterns import extend, strata

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["OVERCONFIDENT", "Independent"]

# What is said of ratios that are multiplied.
OVERCONFIDENT = (
    "multiplying likelihood ratios was overconfident in patients with low back pain (see OneFactor)"
)


@dataclass(frozen=True, slots=True)
class Independent(PatternModel):
    r"""Findings are independent among cases and among non-cases.

    The likelihood ratio of a pattern is the product of its findings' own
    ratios, :math:`\prod_j P(x_j \mid case) / P(x_j \mid noncase)`: what
    textbooks do. On real patients it is overconfident, because findings of one
    patient tell much the same story twice; see :class:`OneFactor`.

    Examples
    --------
    >>> import numpy as np
    >>> from backpain_stats.combine.dependence.base import Marginals
    >>> marginals = Marginals(cases=[0.31, 0.77], noncases=[0.02, 0.29])
    >>> found = Independent().log_probabilities(marginals, [[1, 1]])
    >>> bool(np.isclose(np.exp(found.log_ratio)[0, 0], 0.31 / 0.02 * 0.77 / 0.29))
    True
    """

    name = "independent"

    def describe(self) -> str:
        """Return the assumption in one plain sentence."""
        return (
            "findings are independent within each disease group: likelihood ratios are multiplied"
        )

    def caveat(self, *, varied: bool, combinations: bool) -> str:
        """Return that multiplying was overconfident in patients."""
        del varied, combinations
        return OVERCONFIDENT

    def group_log_probabilities(
        self, group: Group, patterns: NDArray[np.int8]
    ) -> NDArray[np.float64]:
        """Return the sum of the log stratum probabilities, shape (draws, patterns)."""
        exceedance = extend(group.present)
        found = strata(patterns, group.findings)
        total = np.zeros((group.present.shape[0], len(patterns)))
        with np.errstate(divide="ignore"):
            for lower, upper in zip(found.lower.T, found.upper.T, strict=True):
                total += np.log(exceedance[:, lower] - exceedance[:, upper])
        total[:, ~found.possible] = -np.inf
        return total
