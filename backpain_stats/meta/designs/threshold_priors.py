"""Priors of the model of several thresholds: those of one threshold, and of how accuracy moves."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from backpain_stats.errors import ArgumentError
from backpain_stats.meta.arrays import Floats
from backpain_stats.meta.bayes.beta_quantile import beta_logit_quantile
from backpain_stats.meta.bayes.priors import Priors, half_normal_quantile

__all__ = ["ThresholdPriors"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdPriors(Priors):
    r"""Priors of :func:`~backpain_stats.fit_thresholds`: those of one threshold, and three more.

    At one threshold the model is the bivariate one, so what has a meaning there has its prior
    from :class:`~backpain_stats.Priors`, on the scale on which that was learned:

    * the logits of sensitivity and of specificity at the mean of the thresholds reported (over the
      rows, on the model's scale): Normal(0, 2), which puts 95% of either between 0.02 and 0.98;
    * the SDs between studies of these two logits, :math:`e^{\lambda_j} \tau_j` with
      :math:`\tau_j` the SD of the locations: the learned log-normals;
    * the correlation of these two logits: the learned beta, leaning to negative values.

    Three things are new, and nobody has learned their priors:

    * :math:`\lambda_1, \lambda_0`, the logs of how many logits sensitivity falls and specificity
      rises over **one SD of the thresholds reported**: Normal(location, scale). The default
      Normal(0, 1) puts 95% of the slopes between 0.14 and 7.1. With a slope of 1, thresholds two
      SDs apart to either side take a specificity from 12% to 88%, which is the use that studies
      make of thresholds; with 0.14 they hardly matter, with 7 nearly all are beyond both groups.
    * the SD between studies of the log slopes: half-Normal(scale), largest where slopes do not
      differ. With an SD of 0.5, the default scale, 95 of 100 studies have slopes within a factor
      of 2.7 of the usual one.
    * correlations with the random slopes: as partial correlations, each :math:`2\,\mathrm{Beta}(a,
      a) - 1` with the shape ``a`` of the learned correlation, and mean 0.

    Parameters
    ----------
    log_slope_location, log_slope_scale : float
        Of cases and of non-cases alike.
    log_slope_sd_scale : float
        Scale of the half-normal, above 0.
    sensitivity_location, sensitivity_scale, specificity_location, specificity_scale,
    sensitivity_sd_median, sensitivity_sd_spread, specificity_sd_median, specificity_sd_spread,
    sensitivity_sd_scale, specificity_sd_scale, correlation_shape, correlation_mean : float
        As in :class:`~backpain_stats.Priors`.

    Raises
    ------
    ArgumentError
        If a location is not finite, or a scale, median, spread or shape is not above 0.

    Notes
    -----
    The priors of accuracy and of the slopes depend on the thresholds that happen to be reported,
    through their mean and SD: that makes them free of units, and of the choice between log and
    identity. Where all thresholds reported lie close together, a slope per SD is small, and its
    prior draws it upwards until a few studies speak against it.

    Examples
    --------
    >>> priors = ThresholdPriors(log_slope_sd_scale=0.25)
    >>> print(priors.describe().split("; ")[1])
    log slopes per SD of the thresholds Normal(0, 1), their SDs half-Normal(0.25)
    """

    log_slope_location: float = 0.0
    log_slope_scale: float = 1.0
    log_slope_sd_scale: float = 0.5

    def __post_init__(self) -> None:
        """Check every number."""
        Priors.__post_init__(self)
        if self.log_slope_sd_scale is None:
            raise ArgumentError("log_slope_sd_scale is None; it must be above 0 and finite")

    @classmethod
    def around(cls, priors: Priors) -> ThresholdPriors:
        """Return priors of one threshold with the default of what is new; own ones as they are."""
        return priors if isinstance(priors, cls) else cls(**asdict(priors))

    def log_slopes(self, u: Floats) -> Floats:
        """Map standard normal points to log slopes."""
        return self.log_slope_location + self.log_slope_scale * u

    def log_slope_sds(self, u: Floats) -> Floats:
        """Map standard normal points to the SDs between studies of log slopes."""
        return half_normal_quantile(u, self.log_slope_sd_scale)

    def partial_correlations(self, u: Floats) -> Floats:
        """Map standard normal points to partial correlations with random slopes."""
        shape = float(self.correlation_shape)
        return np.asarray(np.tanh(beta_logit_quantile(u, shape, shape) / 2))

    def describe(self) -> str:
        """Return the priors as one printed phrase."""
        return (
            f"{Priors.describe(self)}; log slopes per SD of the thresholds "
            f"Normal({self.log_slope_location:g}, {self.log_slope_scale:g}), their SDs "
            f"half-Normal({self.log_slope_sd_scale:g}); the logits are those at the mean threshold"
        )
