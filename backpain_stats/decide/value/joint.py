"""The joint distribution of findings and disease in a setting: what sets and orders rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.combine.dependence.patterns import all_patterns
from backpain_stats.decide.value.practices import draw_setting
from backpain_stats.decide.value.rules import pattern_probabilities

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backpain_stats.combine.risk.model import RiskModel
    from backpain_stats.sampling import Seed

    Array = NDArray[np.float64]

__all__ = ["Joint", "joint_findings"]


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """How often each complete pattern occurs with and without the disease.

    Parameters
    ----------
    flags : tuple of str
    patterns : numpy.ndarray of shape (patterns, flags)
        1 present, 0 absent.
    cases, noncases : numpy.ndarray of shape (draws, patterns)
        Share of all patients with the pattern and the disease, and without the disease.
    basis : str
        How findings are taken to hang together.
    """

    flags: tuple[str, ...]
    patterns: NDArray[np.int8]
    cases: Array
    noncases: Array
    basis: str

    @property
    def mean(self) -> tuple[Array, Array]:
        """The same, averaged over the draws: what an expected net benefit needs."""
        return self.cases.mean(axis=0), self.noncases.mean(axis=0)

    def columns(self, flags: Sequence[str]) -> NDArray[np.int8]:
        """Return the patterns of some flags, (patterns, flags)."""
        chosen: NDArray[np.int8] = self.patterns[:, [self.flags.index(flag) for flag in flags]]
        return chosen

    def benefit(self, acts: Array, weight: float) -> Array:
        """Return the net benefit of acting on some patterns, one a draw, in cases found."""
        return np.asarray(self.cases @ acts - weight * (self.noncases @ acts))


def joint_findings(model: RiskModel, *, draws: int, seed: Seed) -> Joint:
    """Draw the joint distribution, averaged over the practices of the setting."""
    drawn = draw_setting(model, draws=draws, seed=seed)
    place = drawn.setting
    cases, noncases = pattern_probabilities(drawn.dependence, place.marginals)
    prevalence = place.prevalence[:, None]
    return Joint(
        model.entries.flags,
        all_patterns(place.marginals.findings),
        cases * prevalence,
        noncases * (1 - prevalence),
        drawn.basis,
    )
