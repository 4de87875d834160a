"""One-factor dependence whose two correlations are not known but have a distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.linalg import eigh_tridiagonal
from scipy.special import logsumexp

from backpain_stats.combine.dependence.base import Group, PatternModel
from backpain_stats.combine.dependence.one_factor import OneFactor
from backpain_stats.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["BetaPrior", "MixedOneFactor", "learned_correlation_prior"]

# Gauss-Jacobi nodes per group: more of them move no log ratio of two to eight findings by 5e-4
# under priors as wide as the learned ones (tests/combine/test_mixed_factor.py).
NODES = 8


class BetaPrior(NamedTuple):
    """Parameters of a Beta distribution: density proportional to rho^(a-1) (1-rho)^(b-1)."""

    a: float
    b: float


#: Correlation of a new set of patients among cases and among non-cases: empirical Bayes over the
#: sets of data/dependence.csv, as made by ``python validation/dependence.py DIR``.
LEARNED_CASES = BetaPrior(0.30, 3.27)
LEARNED_NONCASES = BetaPrior(0.30, 2.17)


def learned_correlation_prior() -> tuple[BetaPrior, BetaPrior]:
    """Return the learned distribution of the correlation among cases and among non-cases.

    The two are independent. Each is the Beta distribution that explains best the
    maximum-likelihood correlations of sixteen public patient-level data sets
    (``data/dependence.csv``: estimates, standard errors, sources, sizes).

    Examples
    --------
    >>> cases, noncases = learned_correlation_prior()
    >>> round(cases.a / (cases.a + cases.b), 2), round(noncases.a / (noncases.a + noncases.b), 2)
    (0.08, 0.12)
    """
    return LEARNED_CASES, LEARNED_NONCASES


@dataclass(frozen=True, slots=True)
class MixedOneFactor(PatternModel):
    r"""One factor in each group, its correlation averaged over a Beta distribution.

    .. math:: P(x \mid g) = \int_0^1 P_\rho(x \mid g)\,\mathrm{Beta}(\rho; a_g, b_g)\,d\rho

    with :math:`P_\rho` the pattern probability of :class:`OneFactor`. The two
    groups are independent of each other, and the average is taken of the
    probabilities, inside each group: a joint distribution with the published
    marginals, not one at an average correlation.

    Parameters
    ----------
    cases, noncases : BetaPrior, optional
        Distribution of the correlation in either group; by default as learned
        from patients (:func:`learned_correlation_prior`).

    Raises
    ------
    ArgumentError
        If a parameter is not above 0 and finite.

    Notes
    -----
    Coherent, and worse than :class:`Shrunken` on the patients both were learned
    from (``reports/dependence.md``): it corrects too little, because findings
    hang together in blocks and not by one factor.

    Examples
    --------
    >>> import numpy as np
    >>> from backpain_stats.combine.dependence.base import Marginals
    >>> marginals = Marginals(cases=[0.31, 0.77], noncases=[0.02, 0.29])
    >>> model = MixedOneFactor(BetaPrior(2, 8), BetaPrior(2, 8))
    >>> np.exp(model.log_probabilities(marginals, [[1, 1]]).log_ratio).round(1).tolist()
    [[27.3]]
    """

    cases: BetaPrior = LEARNED_CASES
    noncases: BetaPrior = LEARNED_NONCASES

    name = "mixed-one-factor"

    def __post_init__(self) -> None:
        """Refuse parameters that are no Beta distribution."""
        for group in ("cases", "noncases"):
            prior = getattr(self, group)
            if not isinstance(prior, BetaPrior):
                raise ArgumentError(f"{group} is {prior!r}; give a BetaPrior of two numbers")
            if not all(0 < value < np.inf for value in prior):
                raise ArgumentError(f"{group} is {prior!r}; both parameters must be above 0")

    def describe(self) -> str:
        """Return the assumption in one plain sentence."""
        means = [prior.a / (prior.a + prior.b) for prior in (self.cases, self.noncases)]
        return (
            "findings share one factor within each disease group, its correlation averaged over "
            f"a Beta distribution (mean {means[0]:.2f} among cases, {means[1]:.2f} among non-cases)"
        )

    def group_log_probabilities(self, group: Group, patterns: NDArray[np.int8]) -> Array:
        """Return the log of each pattern's averaged probability, (draws, patterns)."""
        prior = getattr(self, group.name)
        nodes, weights = beta_quadrature(prior, NODES)
        values = [OneFactor(rho, rho).group_log_probabilities(group, patterns) for rho in nodes]
        log_weights = np.log(weights)[:, None, None]
        return np.asarray(logsumexp(np.stack(values) + log_weights, axis=0))


def beta_quadrature(prior: BetaPrior, nodes: int) -> tuple[Array, Array]:
    """Return the nodes and weights of Gauss-Jacobi quadrature over a Beta distribution.

    Golub and Welsch's eigenvalues of the Jacobi matrix; SciPy's
    ``roots_jacobi`` does the same, but its weights overflow where a + b is
    large.

    Examples
    --------
    >>> nodes, weights = beta_quadrature(BetaPrior(2, 8), 3)
    >>> float((weights @ nodes).round(12)), float(weights.sum().round(12))
    (0.2, 1.0)
    """
    alpha, beta = prior.b - 1, prior.a - 1
    n = np.arange(1.0, nodes)
    total = 2 * n + alpha + beta
    middle = np.append(
        (beta - alpha) / (alpha + beta + 2),
        (beta - alpha) / total * ((alpha + beta) / (total + 2)),
    )
    # (n + alpha + beta) / (total - 1) is 1 at n = 1, where both may be 0.
    last = np.append(1.0, (n[1:] + alpha + beta) / (total[1:] - 1))
    beside = 2 / total * np.sqrt(n * (n + alpha) * (n + beta) * last / (total + 1))
    values, vectors = eigh_tridiagonal(middle, beside)
    return (1 + values) / 2, vectors[0] ** 2
