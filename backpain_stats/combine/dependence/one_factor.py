"""One shared factor within each disease group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from backpain_stats.checks import real_numbers
from backpain_stats.combine.dependence.base import Group, PatternModel
from backpain_stats.combine.dependence.factor_integral import (
    Loadings,
    extreme_modes,
    log_factor,
    nodes_between,
    step_and_reach,
)
from backpain_stats.combine.dependence.independent import Independent
from backpain_stats.combine.dependence.patterns import (
    NOT_ASSESSED,
    Strata,
    all_patterns,
    extend,
    strata,
)
from backpain_stats.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["OneFactor"]

# The nodes grow as 1 / sqrt(1 - rho): beyond this one patient takes seconds.
LARGEST_RHO = 0.999
# Doubles held at once by the sums over nodes: few enough to stay in the processor's cache.
BLOCK = 2**17
# Doubles of all factors held at once.
FACTORS = 2**22
# Draws are sorted into so many parts by their correlation.
PARTS = 8
# Products below this have lost terms to underflow; they are summed again as logarithms.
UNDERFLOW = -290 * np.log(10)


@dataclass(frozen=True, slots=True)
class OneFactor(PatternModel):
    r"""Findings are thresholded normals that share one factor in each disease group.

    Finding :math:`j` is present where
    :math:`s_j\sqrt\rho\,U + \sqrt{1-\rho}\,E_j` exceeds the threshold that gives
    it its published frequency; :math:`U` and :math:`E_j` are independent
    standard normals, and :math:`s_j` is the sign of sensitivity minus
    false-positive fraction. Within a group, findings that point to disease thus
    tend to occur together, with tetrachoric correlation :math:`\rho`. The
    published marginals are kept exactly.

    Parameters
    ----------
    rho_cases, rho_noncases : float, optional
        Correlation among cases and among non-cases, from 0 (independence) to
        below 1. (The risk model also passes one value a draw.)
    rho_prior : tuple of float, optional
        The range over which the risk model draws either correlation, uniformly and
        independently; the estimate stays at the two above.

    Raises
    ------
    ArgumentError
        If a correlation is not in that range, or the range is none.

    Notes
    -----
    **Why 0.2.** No study of cancer red flags prints how its flags
    occur together, so the dependence cannot be estimated where it is needed. On
    the only patient-level back-pain data at hand (464 patients, eleven
    criteria, three classifications of *pain type*, not cancer;
    https://doi.org/10.1214/17-AOAS1061), ten-fold cross-validation gave
    calibration slopes of 0.59, 0.70 and 0.39 when likelihood ratios were
    multiplied (1 is honest, below 1 overconfident) and 1.06, 0.97 and 0.63 with
    0.2; the log loss fell from 0.279, 0.198 and 0.143 to 0.252, 0.188 and
    0.100, and rose again at 0.4. That is a reason to prefer 0.2 to 0, not a
    measurement of it for cancer: vary it (``RiskModel.sensitivity``), put a
    prior on it, and look at :class:`Bounds`. In sixteen sets of patients it was less honest
    than :class:`Shrunken`, which is the default of the risk model.

    Each pattern is one integral, accurate to a relative 1e-11 for correlations
    up to 0.95 and any marginals; see :mod:`~backpain_stats.combine.dependence.factor_integral`.

    References
    ----------
    Qu Y, Tan M, Kutner MH. Random effects models in latent class analysis for
    evaluating accuracy of diagnostic tests. Biometrics 1996.
    https://doi.org/10.2307/2533043

    Examples
    --------
    >>> import numpy as np
    >>> from backpain_stats.combine.dependence.base import Marginals
    >>> marginals = Marginals(cases=[0.31, 0.77], noncases=[0.02, 0.29])
    >>> multiplied = OneFactor(0, 0).log_probabilities(marginals, [[1, 1]])
    >>> shared = OneFactor().log_probabilities(marginals, [[1, 1]])
    >>> np.exp([multiplied.log_ratio[0, 0], shared.log_ratio[0, 0]]).round(1).tolist()
    [41.2, 27.5]
    """

    rho_cases: float | Array = 0.2
    rho_noncases: float | Array = 0.2
    rho_prior: tuple[float, float] | None = None

    name = "one-factor"
    varies_rho = True

    def __post_init__(self) -> None:
        """Refuse correlations outside [0, 1)."""
        for name in ("rho_cases", "rho_noncases"):
            value = getattr(self, name)
            try:
                inside = np.all((np.asarray(value, dtype=float) >= 0) & (np.asarray(value) < 1))
            except (TypeError, ValueError):
                inside = np.False_
            if not inside:
                raise ArgumentError(
                    f"{name} is {value!r}; it must be a number from 0 (independence) to below 1"
                )
            if np.ndim(value) == 0 and value > LARGEST_RHO:
                raise ArgumentError(
                    f"{name} is {value!r}; at most {LARGEST_RHO} is computed: findings that are "
                    "nearly the same finding are better counted as one"
                )
        if self.rho_prior is not None:
            object.__setattr__(self, "rho_prior", _checked_range(self.rho_prior))

    def describe(self) -> str:
        """Return the assumption in one plain sentence."""
        cases, noncases = (np.unique(value) for value in (self.rho_cases, self.rho_noncases))
        texts = [
            f"{one[0]:g}" if len(one) == 1 else f"{one[0]:.2g} to {one[-1]:.2g}"
            for one in (cases, noncases)
        ]
        if texts == ["0", "0"]:
            return Independent().describe()
        return (
            "findings share one factor within each disease group "
            f"(correlation {texts[0]} among cases, {texts[1]} among non-cases)"
        )

    def caveat(self, *, varied: bool, combinations: bool) -> str:
        """Return that the correlation is an assumption, where the interval does not vary it."""
        del combinations
        if varied:
            return ""
        return (
            "how the findings occur together was not found in print: their correlation is an "
            "assumption, and the interval does not vary it (a prior on rho does)"
        )

    def with_prior(self, rho_prior: tuple[float, float] | None) -> OneFactor:
        """Return the model with its correlations drawn from a range; None leaves it as it is."""
        return self if rho_prior is None else replace(self, rho_prior=rho_prior)

    def drawn(self, uniform: Array) -> OneFactor:
        """Return the model with one correlation per draw and group, uniform over the range."""
        if self.rho_prior is None:
            return self
        low, high = self.rho_prior
        cases, noncases = (low + (high - low) * uniform).T
        return OneFactor(cases, noncases)

    def group_log_probabilities(self, group: Group, patterns: NDArray[np.int8]) -> Array:
        """Return the log of each pattern's integral over the factor, (draws, patterns)."""
        return self._by_correlation(group, lambda part, rho: _integrals(part, rho, patterns))

    def group_log_table(self, group: Group) -> Array:
        """Return the log probability of every complete pattern, (draws, patterns).

        Given the factor, the patterns of the first half of the findings are
        independent of those of the second, so the table is a matrix product
        over the nodes; entries too small for it are integrated one by one.
        """
        return self._by_correlation(group, _complete_table)

    def _by_correlation(self, group: Group, compute: Callable[[Group, Array], Array]) -> Array:
        """Compute draws of similar correlation together: a large one needs many more nodes."""
        rho = np.asarray(getattr(self, f"rho_{group.name}"), dtype=float)
        draws, flags = group.present.shape
        if rho.ndim and len(rho) != draws:
            if draws != 1:
                raise ArgumentError(f"{len(rho)} values of rho_{group.name} for {draws} draws")
            group = replace(group, present=np.broadcast_to(group.present, (len(rho), flags)))
        if rho.ndim == 0 or len(rho) < 2 * PARTS:
            return compute(group, rho)
        parts = np.array_split(np.argsort(rho, kind="stable"), PARTS)
        found = [compute(replace(group, present=group.present[own]), rho[own]) for own in parts]
        result = np.empty((len(rho), found[0].shape[1]))
        result[np.concatenate(parts)] = np.concatenate(found)
        return result


def _integrals(group: Group, rho: Array, patterns: NDArray[np.int8]) -> Array:
    """Return the log probability of some patterns, integrated one by one, (draws, patterns)."""
    if not np.any(rho):
        return Independent().group_log_probabilities(group, patterns)
    found = strata(patterns, group.findings)
    result = np.zeros((len(group.present), len(patterns)))
    if (patterns == NOT_ASSESSED).all():
        return result
    integrand = _Integrand(group, found, Loadings.of(rho, group.signs))
    draws = max(1, BLOCK // integrand.size)
    for first in range(0, len(result), draws):
        rows = slice(first, min(first + draws, len(result)))
        factors = integrand.log_factors(rows)
        width = max(1, BLOCK // (len(integrand.nodes) * (rows.stop - first)))
        for start in range(0, len(patterns), width):
            columns = slice(start, start + width)
            result[rows, columns] = integrand.log_sum(factors, columns)
    result[:, ~found.possible] = -np.inf
    return result


def _complete_table(group: Group, rho: Array) -> Array:
    """Return the log probability of every complete pattern; see ``OneFactor.group_log_table``."""
    patterns = all_patterns(group.findings)
    if not np.any(rho):
        return Independent().group_log_probabilities(group, patterns)
    # Row l puts every finding at its level l: enough to span all strata.
    levels = max(len(finding) for finding in group.findings) + 1
    spanning = np.zeros((levels, patterns.shape[1]), dtype=np.int8)
    for finding in group.findings:
        spanning[:, list(finding)] = np.arange(levels)[:, None] > np.arange(len(finding))
    found = strata(spanning, group.findings)
    integrand = _Integrand(group, found, Loadings.of(rho, group.signs))
    result = np.empty((len(group.present), len(patterns)))
    largest_half = len(integrand.nodes) * int(np.sqrt(levels * len(patterns)))
    # Many draws that share rho have their factors interpolated together.
    many = max(1, FACTORS // integrand.size)
    width = max(1, BLOCK // max(integrand.size, largest_half))
    for start in range(0, len(result), many):
        factors = integrand.log_factors(slice(start, start + many))
        for first in range(0, factors[0].shape[2], width):
            some = [one[:, :, first : first + width] for one in factors]
            place = slice(start + first, start + first + some[0].shape[2])
            result[place] = integrand.log_table(some, group.findings)
    small = result < UNDERFLOW
    for draw in np.flatnonzero(small.any(axis=1)):
        single = replace(group, present=group.present[draw : draw + 1])
        own = rho[draw] if rho.ndim else rho
        which = small[draw]
        model = OneFactor(own, own)
        result[draw, which] = model.group_log_probabilities(single, patterns[which])[0]
    return result


def _checked_range(prior: tuple[float, float]) -> tuple[float, float]:
    ends = real_numbers(prior)
    if ends is None or ends.shape != (2,) or not 0 <= ends[0] < ends[1] <= LARGEST_RHO:
        raise ArgumentError(
            f"rho_prior is {prior!r}; it must be two numbers with 0 <= low < high <= {LARGEST_RHO}"
        )
    return float(ends[0]), float(ends[1])


class _Integrand:
    """The logarithm of g on nodes that serve every draw and pattern asked for."""

    def __init__(self, group: Group, found: Strata, loadings: Loadings) -> None:
        exceedance = extend(group.present)
        with np.errstate(divide="ignore"):
            thresholds = -ndtri(exceedance)
        # Few different strata occur: each finding's pairs of ends, and which pattern has which.
        self.ends: list[list[tuple[Array, Array, NDArray[np.bool_]]]] = []
        self.choice: list[NDArray[np.intp]] = []
        columns: list[int] = []
        certain = group.present.shape[1]
        known = (found.lower != certain) | (found.upper != certain + 1)
        for column in np.flatnonzero(known.any(axis=0)):
            stratum = np.stack([found.lower[:, column], found.upper[:, column]])
            pairs, choice = np.unique(stratum, axis=1, return_inverse=True)
            self.choice.append(choice.ravel())
            self.ends.append([_ends(exceedance, thresholds, *pair) for pair in pairs.T])
            columns.append(int(column))
        # Findings assessed in no pattern are integrated out by leaving them out.
        self.loadings = loadings = Loadings(*(one[:, columns] for one in loadings))
        assessed = known.sum(axis=1)
        step, reach = step_and_reach(loadings, int(assessed.max(initial=0)))
        modes = extreme_modes(*self._corners(), loadings)
        self.nodes = nodes_between(*modes, step, reach)
        self.log_weights = np.log(step) - self.nodes**2 / 2 - np.log(2 * np.pi) / 2
        self.size = len(self.nodes) * sum(len(pairs) for pairs in self.ends)

    def _corners(self) -> tuple[Array, Array]:
        """Return the smallest and largest ends of each finding, each (2, findings)."""
        corners = []
        for end in (0, 1):
            smallest = [min(pair[end].min() for pair in pairs) for pairs in self.ends]
            largest = [max(pair[end].max() for pair in pairs) for pairs in self.ends]
            corners.append(np.array([smallest, largest]))
        return corners[0], corners[1]

    def log_factors(self, rows: slice) -> list[Array]:
        """Return log P(stratum | node) of each finding, each (pairs, nodes, draws)."""
        factors = []
        for position, pairs in enumerate(self.ends):
            own = (rows if len(self.loadings.factor) > 1 else slice(None), position)
            factor, residual = self.loadings.factor[own], self.loadings.residual[own]
            block = []
            for low, high, impossible in pairs:
                value = log_factor(low[rows], high[rows], factor, residual, self.nodes)
                value[:, impossible[rows]] = -np.inf
                block.append(value)
            factors.append(np.stack(block))
        return factors

    def log_sum(self, factors: list[Array], columns: slice) -> Array:
        """Return the log integrals of some patterns, (draws, patterns)."""
        total = self.log_weights[:, None]
        for factor, choice in zip(factors, self.choice, strict=True):
            total = total + factor[choice[columns]]
        peak = total.max(axis=1)
        # A pattern with an impossible finding has no peak; its sum is log 0.
        peak[np.isneginf(peak)] = 0.0
        with np.errstate(divide="ignore"):
            return (np.log(np.exp(total - peak[:, None]).sum(axis=1)) + peak).T

    def log_table(self, factors: list[Array], findings: Sequence[Sequence[int]]) -> Array:
        """Return the log probabilities of all complete patterns, (draws, patterns)."""
        levels = [
            factor[choice[: len(finding) + 1]].transpose(2, 0, 1)
            for factor, choice, finding in zip(factors, self.choice, findings, strict=True)
        ]
        draws, middle = len(levels[0]), (len(levels) + 1) // 2
        halves = []
        for half in (levels[:middle], levels[middle:]):
            rows = np.broadcast_to(self.log_weights / 2, (draws, 1, len(self.nodes)))
            for level in half:
                rows = (rows[:, :, None] + level[:, None]).reshape(draws, -1, len(self.nodes))
            peak = rows.max(axis=2)
            peak[np.isneginf(peak)] = 0.0
            halves.append((np.exp(rows - peak[:, :, None]), peak))
        (first, first_peak), (second, second_peak) = halves
        with np.errstate(divide="ignore"):
            table = np.log(first @ second.transpose(0, 2, 1))
        table += first_peak[:, :, None]
        table += second_peak[:, None]
        return np.asarray(table.reshape(draws, -1))


def _ends(
    exceedance: Array, thresholds: Array, lower: int, upper: int
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Return a stratum's ends, one a draw; where it is impossible, the whole line and True."""
    impossible = exceedance[:, lower] <= exceedance[:, upper]
    low = np.where(impossible, -np.inf, thresholds[:, lower])
    high = np.where(impossible, np.inf, thresholds[:, upper])
    return low, high, impossible
