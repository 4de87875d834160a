"""The product of the likelihood ratios, shrunk by how many findings carry the evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import ndtri

from backpain_stats.checks import real_number, real_numbers
from backpain_stats.combine.dependence.base import Marginals, RatioModel
from backpain_stats.combine.dependence.effective_number import effective_number
from backpain_stats.combine.dependence.patterns import Strata, as_patterns, extend, strata
from backpain_stats.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

__all__ = ["Shrunken"]

#: Mean exponent of a new set of patients, and its SD: the random-effects fit to the sets of
#: data/dependence.csv, as made by ``python validation/dependence.py DIR``.
EXPONENT = 0.27
SPREAD = 0.08
# Doubles of one array held at once: draws times patterns times findings. So few stay in the
# processor's cache; with eight times as many a patient takes longer by half.
BLOCK = 2**17


@dataclass(frozen=True, slots=True)
class Shrunken(RatioModel):
    r"""The product of the ratios, raised to a power of the effective number of findings.

    .. math::
       \log LR = k_\mathrm{eff}^{-a} \sum_j l_j, \qquad
       k_\mathrm{eff} = \frac{(\sum_j |l_j|)^2}{\sum_j l_j^2}

    with :math:`l_j` the log likelihood ratio of finding :math:`j` as it is in
    the patient, present or absent, and :math:`a` the exponent. One strong
    finding among weak ones counts in full; four findings of equal strength
    count as :math:`4^{1-a}`. Thresholds of one quantity are one finding: its
    ratio is that of the stratum they narrow it to.

    The power of a product is not a joint distribution. The result is therefore
    kept within the sharp bounds over every joint distribution with the same
    marginals (those of :class:`Bounds`), and there are no pattern
    probabilities: only ratios and risks.

    Parameters
    ----------
    exponent : float, optional
        The exponent a; 0 multiplies. The default is the mean over patient-level
        data sets. (The risk model also passes one value per draw.)
    spread : float, optional
        SD of the exponent of a new set of patients around that mean, from which
        the risk model draws. 0 takes the exponent as known.

    Raises
    ------
    ArgumentError
        If the exponent is not a finite number, or the spread is below 0.

    Notes
    -----
    **Where the numbers come from.** Sixteen public patient-level data sets of
    diagnosis and prognosis, none of back pain; ``data/dependence.csv`` lists
    them with the exponent that fits each best. The mean and the spread are
    those of a random-effects model (REML); the spread is that of a new set:
    between sets, and of the mean. The rule by which this model was chosen, what
    it was compared with and what lost are in ``reports/dependence.md``.

    **What they contain.** Part of the shrinkage answers to the sampling error
    of the ratios themselves, which were learned from a few hundred patients
    each: with findings made independent by shuffling, multiplying still has a
    slope of about 0.9. For ratios known almost without error an exponent near
    0.2 would do.

    **When not to use it.** Where the joint distribution of the findings was
    published, or patients of the same kind are at hand, use them.

    Examples
    --------
    >>> import numpy as np
    >>> from backpain_stats.combine.dependence.base import Marginals
    >>> marginals = Marginals(cases=[0.4] * 4, noncases=[0.2] * 4)
    >>> shrunken = Shrunken(exponent=0.3).log_ratios(marginals, [[1, 1, 1, 1]])
    >>> float((shrunken / np.log(2)).round(2)[0, 0])  # four ratios of 2 count as 2.64
    2.64
    """

    exponent: float | Array = EXPONENT
    spread: float = SPREAD

    name = "shrunken"

    def __post_init__(self) -> None:
        """Refuse what is no exponent or no standard deviation."""
        exponents = real_numbers(self.exponent)
        if exponents is None or not np.isfinite(exponents).all() or exponents.ndim > 1:
            raise ArgumentError(f"exponent is {self.exponent!r}; it must be a number, such as 0.3")
        if not 0 <= real_number(self.spread) < np.inf:
            raise ArgumentError(f"spread is {self.spread!r}; it must be a number of 0 or more")

    def describe(self) -> str:
        """Return the assumption in one plain sentence."""
        exponents = np.unique(self.exponent)
        text = f"{exponents[0]:.2g}"
        if len(exponents) > 1:
            text = f"({exponents[0]:.2g} to {exponents[-1]:.2g})"
        elif self.spread > 0:
            text = f"({text}, SD {self.spread:.2g})"
        return (
            "likelihood ratios are multiplied and the product raised to the power "
            f"k_eff^-{text}, with k_eff the effective number of findings"
        )

    def drawn(self, uniform: Array) -> Shrunken:
        """Return the model with one exponent per draw, normal around the mean."""
        if self.spread == 0:
            return self
        return Shrunken(np.asarray(self.exponent + self.spread * ndtri(uniform[:, 0])), 0.0)

    def log_ratios(self, marginals: Marginals, patterns: ArrayLike) -> Array:
        """Return the shrunken log likelihood ratio of each pattern, (draws, patterns).

        Raises
        ------
        ArgumentError
            If there are neither one nor as many draws of the marginals as of the exponent.
        """
        checked = as_patterns(patterns, marginals.flags)
        exponents = np.atleast_1d(np.asarray(self.exponent, dtype=float))
        draws = max(len(exponents), marginals.draws)
        if {len(exponents), marginals.draws} - {1, draws}:
            raise ArgumentError(f"{len(exponents)} exponents for {marginals.draws} draws")
        narrowed = strata(checked, marginals.findings)
        findings = _findings(marginals, narrowed)
        result = np.empty((draws, len(checked)))
        width = max(1, BLOCK // (draws * max(1, len(findings))))
        for start in range(0, len(checked), width):
            columns = slice(start, start + width)
            result[:, columns] = _shrunken(findings, columns, exponents).T
        assessed = (narrowed.lower < marginals.flags) | (narrowed.upper < marginals.flags)
        alone = assessed.sum(axis=1) < 2
        result[:, alone] = _product(findings, alone).T
        result[:, ~narrowed.possible] = np.nan
        return result


class _Finding(NamedTuple):
    """The strata of one finding that occur: few, so their logarithms are taken once.

    ``cases``, ``noncases`` and ``log_ratio`` have shape (strata, draws); ``place`` says which
    of them a pattern has.
    """

    cases: Array
    noncases: Array
    log_ratio: Array
    place: NDArray[np.intp]


def _findings(marginals: Marginals, narrowed: Strata) -> list[_Finding]:
    """Return the strata of each finding."""
    cases, noncases = extend(marginals.cases).T, extend(marginals.noncases).T
    found = []
    for ends in zip(narrowed.lower.T, narrowed.upper.T, strict=True):
        (lower, upper), place = np.unique(np.stack(ends), axis=1, return_inverse=True)
        masses = cases[lower] - cases[upper], noncases[lower] - noncases[upper]
        with np.errstate(divide="ignore", invalid="ignore"):
            log_ratio = np.log(masses[0]) - np.log(masses[1])
        found.append(_Finding(*masses, log_ratio, place.ravel()))
    return found


def _product(findings: list[_Finding], which: NDArray[np.bool_]) -> Array:
    """Return the log of the product of the ratios, (patterns, draws)."""
    with np.errstate(invalid="ignore"):
        return np.sum([one.log_ratio[one.place[which]] for one in findings], axis=0)


def _shrunken(findings: list[_Finding], columns: slice, exponents: Array) -> Array:
    """Return the shrunken log ratios of some patterns within the bounds, (patterns, draws)."""
    places = [one.place[columns] for one in findings]
    case, other, each = (
        np.stack([getattr(one, name)[place] for one, place in zip(findings, places, strict=True)])
        for name in ("cases", "noncases", "log_ratio")
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        result = each.sum(axis=0) * effective_number(each, axis=0) ** -exponents
        low, high = np.log(_extremes(case)) - np.log(_extremes(other))[::-1]
        # A bound that is 0/0 excludes nothing.
        return np.where(np.isnan(result), result, np.fmin(np.fmax(result, low), high))


def _extremes(masses: Array) -> Array:
    """Return Frechet's lower and upper bound of a joint probability, (2, patterns, draws)."""
    low = np.maximum(0.0, 1 - len(masses) + masses.sum(axis=0))
    return np.stack([low, masses.min(axis=0)])
