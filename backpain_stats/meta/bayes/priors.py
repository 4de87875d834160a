"""Weakly informative priors of the bivariate model, each a map from a standard normal."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaincinv, ndtr, ndtri

from backpain_stats.errors import ArgumentError
from backpain_stats.meta.arrays import Floats
from backpain_stats.sampling import Seed, quasi_uniform

if TYPE_CHECKING:
    import pandas as pd


__all__ = ["PARAMETERS", "Priors"]

PARAMETERS = (
    "logit_sensitivity",
    "logit_specificity",
    "sd_sensitivity",
    "sd_specificity",
    "correlation",
)


# In units of its prior scale. Far below anything seen, it keeps ratios of the SDs finite.
SMALLEST_SD = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True)
class Priors:
    r"""Priors of the two mean logits, the two between-study SDs and the correlation.

    * Mean logit sensitivity and specificity: Normal(location, scale). The default
      Normal(0, 2) puts 95% of the summary between 0.02 and 0.98, nearly flat over
      most of it.
    * Between-study standard deviations of the logits: half-Normal(scale). The
      default scale 1 has a median of 0.67 and 5% above 1.96, where the middle 95% of
      settings would range from a sensitivity of 0.02 to one of 0.98.
    * Correlation: density proportional to :math:`(1 - \rho^2)^{a - 1}`. ``a = 1`` is
      flat; the default 2 keeps away from the two ends, where few studies drift.

    Parameters
    ----------
    sensitivity_location, sensitivity_scale : float
        On the logit scale.
    specificity_location, specificity_scale : float
        On the logit scale.
    sensitivity_sd_scale, specificity_sd_scale : float
        Scales of the half-normals, above 0.
    correlation_shape : float
        ``a`` above, above 0.

    Raises
    ------
    ArgumentError
        If a location is not finite or a scale or shape is not above 0.

    Examples
    --------
    >>> Priors(correlation_shape=1).correlation_shape
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
    sensitivity_sd_scale: float = 1.0
    specificity_sd_scale: float = 1.0
    correlation_shape: float = 2.0

    def __post_init__(self) -> None:
        """Check every number."""
        for name, value in asdict(self).items():
            if name.endswith("location"):
                if not np.isfinite(value):
                    raise ArgumentError(f"{name} is {value!r}; it must be finite")
            elif not (np.isfinite(value) and value > 0):
                raise ArgumentError(f"{name} is {value!r}; it must be above 0 and finite")

    def from_standard_normal(self, u: Floats) -> Floats:
        """Map points of shape (..., 5) to the five parameters, in the order of PARAMETERS.

        If ``u`` is standard normal the result follows the prior: every prior is
        written as the quantile function of itself applied to the normal's
        distribution function.
        """
        out = np.empty_like(u)
        out[..., 0] = self.sensitivity_location + self.sensitivity_scale * u[..., 0]
        out[..., 1] = self.specificity_location + self.specificity_scale * u[..., 1]
        for column, scale in ((2, self.sensitivity_sd_scale), (3, self.specificity_sd_scale)):
            # The quantile of |N|, written with the upper tail so that large values keep digits.
            out[..., column] = scale * np.maximum(-ndtri(0.5 * ndtr(-u[..., column])), SMALLEST_SD)
        # Below 1e-100 the correlation is +-1 in double precision, and scipy's inverse gives NaN.
        tail = np.maximum(ndtr(-np.abs(u[..., 4])), 1e-100)
        half = betaincinv(self.correlation_shape, self.correlation_shape, tail)
        out[..., 4] = np.sign(u[..., 4]) * (1 - 2 * half)
        return out

    def draws(self, draws: int, seed: Seed = None) -> pd.DataFrame:
        """Return quasi-random draws from the prior, columns as in PARAMETERS.

        Examples
        --------
        >>> prior = Priors().draws(4096, seed=1)
        >>> prior["sd_sensitivity"].median().round(2)
        np.float64(0.67)
        """
        import pandas as pd

        normal = ndtri(quasi_uniform(draws, 5, seed))
        return pd.DataFrame(self.from_standard_normal(normal), columns=list(PARAMETERS))

    def describe(self) -> str:
        """Return the priors as one printed phrase."""
        return (
            f"logit sensitivity Normal({self.sensitivity_location:g}, {self.sensitivity_scale:g}), "
            f"logit specificity Normal({self.specificity_location:g}, {self.specificity_scale:g}), "
            f"SDs half-Normal({self.sensitivity_sd_scale:g}) and "
            f"half-Normal({self.specificity_sd_scale:g}), correlation density proportional to "
            f"(1 - rho^2)^{self.correlation_shape - 1:g}"
        )
