r"""Several thresholds of one test under priors: the model's parameters, and their posterior.

The parameters are sampled in coordinates ``u`` in which their prior is standard normal: the five
of :class:`~backpain_stats.Priors` (two logits at the mean of the thresholds, two SDs, their
correlation), two log slopes unless all thresholds are the same, one SD for each random slope, and
the partial correlations of the random slopes with what stands before them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from backpain_stats.meta.bayes.importance import (
    PRIOR_SHARE,
    find_posterior_mode,
    sample_posterior,
)
from backpain_stats.meta.bayes.priors import PARAMETERS
from backpain_stats.meta.bayes.request import require_effective, round_size
from backpain_stats.meta.designs.fitted_thresholds import FittedThresholds
from backpain_stats.meta.designs.marginal import Expansion, expand, marginal_values
from backpain_stats.meta.designs.posterior_thresholds import BayesianThresholds
from backpain_stats.meta.designs.threshold_data import ThresholdStudies, Transform
from backpain_stats.meta.designs.threshold_models import RANDOM_EFFECTS, Scale, threshold_rows
from backpain_stats.meta.designs.threshold_priors import ThresholdPriors
from backpain_stats.sampling import Seed, generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["NODES", "ThresholdPosterior", "sample_thresholds"]

# By number of random effects. Against nine nodes the log likelihood of all studies then varies by
# 0.0004, 0.004 and 0.02 (SD over the posteriors of 29 studies and of six); what is constant of the
# error is none. By the Laplace approximation it is 0.02, 0.1 and 0.1.
NODES = {2: 5, 3: 4, 4: 4}
# Beyond this many coordinates hardly a draw of the prior comes near the data: a smaller share of
# them still bounds the weights.
_FEW_DIMENSIONS, _SMALL_PRIOR_SHARE = 5, 0.05


class ThresholdPosterior(NamedTuple):
    """The model of several thresholds with its priors.

    Parameters
    ----------
    studies : ThresholdStudies
    scale : Scale
        Where the thresholds lie.
    effects : {"location", "common_scale", "separate_scales"}
    priors : ThresholdPriors
    """

    studies: ThresholdStudies
    scale: Scale
    effects: str
    priors: ThresholdPriors

    @property
    def slopes_known(self) -> bool:
        """Whether there are different thresholds."""
        return bool(np.ptp(self.scale.places) > 0)

    @property
    def dimensions(self) -> int:
        """Number of coordinates."""
        random = len(RANDOM_EFFECTS[self.effects])
        correlations = random * (random - 1) // 2 - 1
        return len(PARAMETERS) + 2 * self.slopes_known + (random - 2) + correlations

    def parameters(self, u: Floats) -> tuple[Floats, Floats]:
        """Map standard normal points to the parameters that follow the prior.

        Parameters
        ----------
        u : ndarray of shape (n, dimensions)

        Returns
        -------
        coefficients : ndarray of shape (n, 4)
            Location and log slope of the cases, then of the non-cases.
        roots : ndarray of shape (n, 4, q)
            What the standard normal random effects of a study are multiplied with.
        """
        random = RANDOM_EFFECTS[self.effects]
        split = np.cumsum([len(PARAMETERS), 2 * self.slopes_known, len(random) - 2])
        bivariate, slopes, sds, partial = np.split(u, split, axis=1)
        logit1, logit2, sd1, sd2, correlation = self.priors.from_standard_normal(bivariate).T
        log_slopes = np.zeros((len(u), 2))
        if self.slopes_known:
            log_slopes = self.priors.log_slopes(slopes)
        b1, b0 = np.exp(log_slopes).T
        coefficients = np.stack([logit1 / b1, log_slopes[:, 0], -logit2 / b0, log_slopes[:, 1]], 1)
        # a higher location of the non-cases is a lower specificity
        partials = np.column_stack([-correlation, self.priors.partial_correlations(partial)])
        spread = np.column_stack([sd1 / b1, sd2 / b0, self.priors.log_slope_sds(sds)])
        triangle = spread[..., None] * _correlation_root(partials, len(random))
        roots = np.zeros((len(u), 4, len(random)))
        for row, members in enumerate(random):
            roots[:, list(members)] = triangle[:, row, None]
        return coefficients, roots

    def likelihood(self, nodes: int) -> Callable[[Floats, Expansion | None], Floats]:
        """Return the log likelihood at points ``u``, given what is known near them."""
        rows = threshold_rows(self.studies, self.scale)
        count = len(self.studies.names)

        def log_likelihood(u: Floats, near: Expansion | None) -> Floats:
            mean, root = self.parameters(u)
            means = np.broadcast_to(mean[:, None], (len(u), count, 4))
            roots = np.broadcast_to(root[:, None], (len(u), count, *root.shape[1:]))
            return marginal_values(rows, means, roots, nodes=nodes, near=near)

        return log_likelihood

    def expand(self, u: Floats) -> Expansion:
        """Expand the studies' log likelihoods about their modes at one point."""
        rows = threshold_rows(self.studies, self.scale)
        mean, root = self.parameters(u[None])
        count = len(self.studies.names)
        return expand(rows, np.tile(mean, (count, 1)), np.tile(root, (count, 1, 1)))


def _correlation_root(partials: Floats, size: int) -> Floats:
    """Return the triangular root (n, size, size) of the correlations, from partial ones by rows."""
    root = np.zeros((len(partials), size, size))
    for row, column in zip(*np.tril_indices(size), strict=True):
        left = np.sqrt(np.maximum(1 - (root[:, row, :column] ** 2).sum(axis=1), 0.0))
        if column < row:
            left *= partials[:, row * (row - 1) // 2 + column]
        root[:, row, column] = left
    return root


def sample_thresholds(
    studies: ThresholdStudies,
    *,
    threshold: str,
    transform: Transform,
    effects: str,
    priors: ThresholdPriors,
    nodes: int | None,
    effective_size: int,
    level: float,
    seed: Seed,
    likelihood: FittedThresholds | None,
    no_likelihood: str,
) -> BayesianThresholds:
    """Sample the posterior; see :func:`~backpain_stats.fit_thresholds`.

    Raises
    ------
    FitError
        If the diagnostics are too bad.
    """
    scale = Scale.of(studies, transform)
    posterior = ThresholdPosterior(studies, scale, effects, priors)
    used = NODES[len(RANDOM_EFFECTS[effects])] if nodes is None else nodes
    rng, width = generator(seed), posterior.dimensions
    laplace, exact = posterior.likelihood(1), posterior.likelihood(used)
    mode = find_posterior_mode(lambda u: laplace(u, None), width, rng)
    near = posterior.expand(mode)
    found = sample_posterior(
        lambda u: exact(u, near),
        width,
        effective_size=float(effective_size),
        round_size=round_size(effective_size),
        seed=rng,
        mode=mode,
        prior_share=PRIOR_SHARE if width <= _FEW_DIMENSIONS else _SMALL_PRIOR_SHARE,
    )
    require_effective(found, "; use effects='location', or inference='likelihood'")
    coefficients, roots = posterior.parameters(found.points)
    return BayesianThresholds(
        studies=studies,
        threshold=threshold,
        transform=transform,
        effects=effects,
        nodes=used,
        centre=scale.centre,
        spread=scale.spread,
        slopes_known=posterior.slopes_known,
        coefficients=coefficients,
        roots=roots,
        weights=found.weights,
        priors=priors,
        level=level,
        effective_size=found.effective_size,
        k_hat=found.k_hat,
        log_evidence=found.log_evidence,
        likelihood=likelihood,
        no_likelihood=no_likelihood,
    )
