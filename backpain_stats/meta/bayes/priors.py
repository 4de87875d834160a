"""Priors of the bivariate model, each a map from a standard normal."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from backpain_stats.checks import real_number
from backpain_stats.errors import ArgumentError
from backpain_stats.meta.arrays import Floats
from backpain_stats.meta.bayes.beta_quantile import beta_logit_quantile
from backpain_stats.sampling import Seed, check_draws, quasi_uniform

if TYPE_CHECKING:
    import pandas as pd


__all__ = ["PARAMETERS", "Priors", "half_normal_quantile"]

PARAMETERS = (
    "logit_sensitivity",
    "logit_specificity",
    "sd_sensitivity",
    "sd_specificity",
    "correlation",
)


# In units of its prior scale. Far below anything seen, it keeps ratios of the SDs finite.
SMALLEST_SD = 1e-10


def half_normal_quantile(u: Floats, scale: float) -> Floats:
    """Map standard normal points to a half-normal distribution with this scale.

    Examples
    --------
    >>> round(float(half_normal_quantile(np.array(0.0), 2.0)), 4)
    1.349
    """
    # By the upper tail, so that large values keep digits.
    return np.asarray(scale * np.maximum(-ndtri(0.5 * ndtr(-u)), SMALLEST_SD))


@dataclass(frozen=True, slots=True, kw_only=True)
class Priors:
    r"""Priors of the mean logits, of covariates, of the between-study SDs and the correlation.

    The defaults of the SDs and of the correlation were learned from public
    meta-analyses of diagnostic tests; those of the means are weakly informative.

    * Mean logit sensitivity and specificity: Normal(location, scale). The default
      Normal(0, 2) puts 95% of the summary between 0.02 and 0.98, nearly flat over
      most of it.
    * Between-study standard deviations of the logits: log-normal(median, spread), the
      spread being the SD of the log. The default says that studies of one test differ:
      95% of it lies between 0.7 and 2.5. Where a scale is given the prior is
      half-Normal(scale) instead, largest at no difference.
    * Correlation: :math:`(1 + \rho) / 2` is Beta(:math:`a (1 + m), a (1 - m)`) with
      shape a and mean m of the correlation. For m = 0 the density is proportional to
      :math:`(1 - \rho^2)^{a - 1}`, and a = 1 is flat. The default leans to negative
      correlations, as thresholds that differ make them.
    * Coefficients of covariates, :math:`\beta` of the columns X centred over the k studies:
      :math:`\beta \sim N(0, s^2 k (X'X)^{-1})` with s the coefficient scale (Zellner's g
      prior). For one covariate that is Normal(0, s) for a change of one SD of it, and for
      two groups Normal(0, 2s) for their difference if they are of one size (Normal(0, 2.5 s)
      if one has a fifth of the studies). In general the covariates move the mean logit from
      study to study with an SD of about s times the root of their number. The default, 1,
      lets one covariate explain about as much as studies differ by otherwise. It says the
      same in whatever units, coding or order the covariates are written. With covariates
      the prior of the mean is about the average over the studies.

    Parameters
    ----------
    sensitivity_location, sensitivity_scale : float
        On the logit scale.
    specificity_location, specificity_scale : float
        On the logit scale.
    sensitivity_sd_median, specificity_sd_median : float
        Medians of the log-normals, above 0.
    sensitivity_sd_spread, specificity_sd_spread : float
        SDs of the logs, above 0.
    sensitivity_sd_scale, specificity_sd_scale : float, optional
        Scales of half-normals in place of the log-normals, above 0.
    correlation_shape : float
        ``a`` above, above 0.
    correlation_mean : float
        ``m`` above, between -1 and 1.
    sensitivity_coefficient_scale, specificity_coefficient_scale : float
        ``s`` above, above 0; of no account without covariates.

    Raises
    ------
    ArgumentError
        If a location is not finite, a scale, median, spread or shape is not above 0, or
        the mean of the correlation is not between -1 and 1.

    Notes
    -----
    **Where the numbers come from.** One hierarchical fit of the exact bivariate model to
    18 public meta-analyses, none of back pain: the population of SDs and correlations
    that predicts a further meta-analysis best, averaged over what is not known about it.
    Its SDs have a median of 1.03. With them 95% prediction intervals from two or three
    studies held somewhat less than they should; the medians are therefore 1.3 times that,
    chosen by what the intervals hold. ``data/heterogeneity.csv`` lists
    the meta-analyses with their estimates, ``reports/heterogeneity.md`` has the rules,
    the candidates that lost, and how often prediction intervals from one to three studies
    hold what other studies found.

    References
    ----------
    Turner, Jackson, Wei, Thompson & Higgins, Predictive distributions for between-study
    heterogeneity and simple methods for their application in Bayesian meta-analysis,
    Stat Med 2015;34:984-998. https://doi.org/10.1002/sim.6381 (the same for trials.)
    Liang, Paulo, Molina, Clyde & Berger, Mixtures of g priors for Bayesian variable selection,
    J Am Stat Assoc 2008;103:410-423. https://doi.org/10.1198/016214507000001337 (the g prior.)

    Examples
    --------
    >>> Priors(correlation_shape=1, correlation_mean=0).correlation_shape
    1
    >>> Priors(sensitivity_scale=0)
    Traceback (most recent call last):
    ...
    backpain_stats.errors.ArgumentError: sensitivity_scale is 0; it must be above 0 and finite
    """

    sensitivity_location: float = 0.0
    sensitivity_scale: float = 2.0
    specificity_location: float = 0.0
    specificity_scale: float = 2.0
    sensitivity_sd_median: float = 1.33
    sensitivity_sd_spread: float = 0.32
    specificity_sd_median: float = 1.33
    specificity_sd_spread: float = 0.32
    sensitivity_sd_scale: float | None = None
    specificity_sd_scale: float | None = None
    correlation_shape: float = 3.55
    correlation_mean: float = -0.38
    sensitivity_coefficient_scale: float = 1.0
    specificity_coefficient_scale: float = 1.0

    def __post_init__(self) -> None:
        """Check every number."""
        for name, value in asdict(self).items():
            if value is None and name.endswith("_sd_scale"):
                continue
            number = real_number(value)
            if name.endswith("location"):
                allowed, fine = "finite", np.isfinite(number)
            elif name == "correlation_mean":
                allowed, fine = "between -1 and 1", -1 < number < 1
            else:
                allowed, fine = "above 0 and finite", 0 < number < np.inf
            if not fine:
                raise ArgumentError(f"{name} is {value!r}; it must be {allowed}")

    @classmethod
    def weakly_informative(cls) -> Priors:
        """Return priors that were not learned: half-Normal(1) SDs, a correlation about 0.

        The default before there was one that was learned. With two or three studies its
        prediction intervals hold less than they say (``reports/heterogeneity.md``).

        Examples
        --------
        >>> print(Priors.weakly_informative().describe().split("SDs ")[1])
        half-Normal(1) and half-Normal(1), correlation density proportional to (1 - rho^2)^1
        """
        return cls(
            sensitivity_sd_scale=1.0, specificity_sd_scale=1.0,
            correlation_shape=2.0, correlation_mean=0.0,
        )  # fmt: skip

    def _sds(self) -> tuple[tuple[float, float, float | None], ...]:
        """Return median, spread and scale of each outcome's SD."""
        return (
            (self.sensitivity_sd_median, self.sensitivity_sd_spread, self.sensitivity_sd_scale),
            (self.specificity_sd_median, self.specificity_sd_spread, self.specificity_sd_scale),
        )

    def from_standard_normal(self, u: Floats) -> Floats:
        """Map points of shape (..., 5) to the five parameters, in the order of PARAMETERS.

        If ``u`` is standard normal the result follows the prior: every prior is
        written as the quantile function of itself applied to the normal's
        distribution function.
        """
        out = np.empty_like(u)
        out[..., 0] = self.sensitivity_location + self.sensitivity_scale * u[..., 0]
        out[..., 1] = self.specificity_location + self.specificity_scale * u[..., 1]
        for column, (median, spread, scale) in enumerate(self._sds(), start=2):
            z = u[..., column]
            if scale is None:
                out[..., column] = median * np.maximum(np.exp(spread * z), SMALLEST_SD)
            else:
                out[..., column] = half_normal_quantile(z, scale)
        low = self.correlation_shape * (1 + self.correlation_mean)
        high = self.correlation_shape * (1 - self.correlation_mean)
        out[..., 4] = np.tanh(beta_logit_quantile(u[..., 4], low, high) / 2)
        return out

    def draws(self, draws: int, seed: Seed = None) -> pd.DataFrame:
        """Return quasi-random draws from the prior, columns as in PARAMETERS.

        Examples
        --------
        >>> prior = Priors().draws(4096, seed=1)
        >>> prior["sd_sensitivity"].median().round(2)
        np.float64(1.33)
        """
        import pandas as pd

        normal = ndtri(quasi_uniform(check_draws(draws), 5, seed))
        return pd.DataFrame(self.from_standard_normal(normal), columns=list(PARAMETERS))

    @property
    def coefficient_scales(self) -> tuple[float, float]:
        """Scales of the coefficients of sensitivity and of specificity."""
        return self.sensitivity_coefficient_scale, self.specificity_coefficient_scale

    def describe_coefficients(self) -> str:
        """Return the prior of covariates' coefficients as one printed phrase."""
        one, two = self.coefficient_scales
        several = "" if one == two else f" and Normal(0, {two:g})"
        return f"coefficients Normal(0, {one:g}){several} per SD of a covariate"

    def describe(self) -> str:
        """Return the priors of a model without covariates as one printed phrase."""
        sds = [
            f"log-normal(median {median:g}, spread {spread:g})" if scale is None
            else f"half-Normal({scale:g})"
            for median, spread, scale in self._sds()
        ]  # fmt: skip
        low = self.correlation_shape * (1 + self.correlation_mean)
        high = self.correlation_shape * (1 - self.correlation_mean)
        density = f"(1 - rho^2)^{low - 1:g}"
        if low != high:
            density = f"(1 + rho)^{low - 1:.3g} (1 - rho)^{high - 1:.3g}"
        return (
            f"logit sensitivity Normal({self.sensitivity_location:g}, {self.sensitivity_scale:g}), "
            f"logit specificity Normal({self.specificity_location:g}, {self.specificity_scale:g}), "
            f"SDs {' and '.join(sds)}, correlation density proportional to {density}"
        )
