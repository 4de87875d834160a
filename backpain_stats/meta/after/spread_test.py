"""Random against common effects: whether the studies differ at all."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc

from backpain_stats.errors import FitError
from backpain_stats.estimate import format_number
from backpain_stats.meta.arrays import Floats
from backpain_stats.meta.fitted import FittedModel
from backpain_stats.meta.fitting.boundary import along
from backpain_stats.meta.fitting.optimise import maximise
from backpain_stats.meta.fitting.structure import STRUCTURES
from backpain_stats.result import Result, Shown

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SpreadTest", "cone_weights", "heterogeneity_test"]

# The trapezoid rule on a smooth periodic function: exact to rounding for any cone that is
# not a needle.
_ANGLES = 2048
# Smaller p-values rest on a tail that no asymptotic distribution describes.
_SMALLEST_PRINTED = 1e-4


@dataclass(frozen=True, slots=True, repr=False)
class SpreadTest(Result):
    """A likelihood-ratio test of no between-study variation.

    Parameters
    ----------
    statistic : float
        Twice the difference of the log likelihoods.
    df : tuple of int
        Degrees of freedom of the chi-square distributions that are mixed.
    weights : tuple of float
        Their weights; they add up to 1.
    p_value : float
        Of the mixture; at most this where the weights are a bound.
    log_likelihood_common : float
        Of the common-effect model, without the Jacobian.
    bound : bool
        Whether the weights are the most cautious possible ones, the family not knowing
        its own.
    """

    statistic: float
    df: tuple[int, ...]
    weights: tuple[float, ...]
    p_value: float
    log_likelihood_common: float
    bound: bool = False

    def to_frame(self) -> pd.DataFrame:
        """Return the test as one row."""
        import pandas as pd

        return pd.DataFrame([asdict(self)])

    def _shown(self) -> Shown:
        mixed = ", ".join(
            f"{100 * weight:.0f}% on {df} df"
            for weight, df in zip(self.weights, self.df, strict=True)
        )
        sign = "<=" if self.bound else "="
        p_value = f"p {sign} {format_number(self.p_value, 2)}"
        if self.p_value < _SMALLEST_PRINTED:
            p_value = f"p < {_SMALLEST_PRINTED:g}"
        return Shown(
            f"random against common effects: likelihood ratio {format_number(self.statistic)}, "
            f"mixture of chi-squares ({mixed}), {p_value}"
        )


def cone_weights(information: tuple[float, float, float]) -> tuple[float, float, float, float]:
    r"""Return the weights of chi-squares with 0, 1, 2, 3 df for a 2 x 2 covariance of 0.

    Under no variation the three estimated entries are, to first order, a normal vector
    projected on the cone of covariances :math:`\omega_{12}^2 \le \omega_{11} \omega_{22}`
    (Self and Liang's theory of tests on a boundary). Scaled by its information (a, b, c),
    which is diagonal, the cone is :math:`z_2^2 \le (b / \sqrt{ac})\, z_1 z_3`: an elliptic
    cone. The weight of 3 df is its solid angle over the sphere's, that of 0 df the polar
    cone's, and the even ones add up to one half.

    Parameters
    ----------
    information : tuple of float
        Of the first variance, the covariance, the second variance.

    Examples
    --------
    Two arms of one size: a circular cone of 45 degrees, which is its own polar.

    >>> [round(weight, 4) for weight in cone_weights((1.0, 2.0, 1.0))]
    [0.1464, 0.3536, 0.3536, 0.1464]
    """
    first, cross, second = information
    width = cross / np.sqrt(first * second)

    def share(flatness: float) -> float:
        # z1 = (x + y) / sqrt 2, z3 = (x - y) / sqrt 2: y^2 + (2 / flatness) z2^2 <= x^2
        angle = np.linspace(0.0, 2 * np.pi, _ANGLES, endpoint=False)
        radius = 1 / np.sqrt(np.cos(angle) ** 2 + 2 / flatness * np.sin(angle) ** 2)
        return float(np.mean(1 - 1 / np.sqrt(1 + radius**2)) / 2)

    inside, polar = share(width), share(4 / width)
    return polar, 0.5 - inside, 0.5 - polar, inside


def heterogeneity_test(fit: FittedModel) -> SpreadTest:
    r"""Test whether the studies differ at all: random against common effects.

    The statistic is :math:`2 (\ell_{random} - \ell_{common})`. Variances of 0 lie on the
    boundary of what is possible, so it is not a chi-square with 3 degrees of freedom but
    a mixture of chi-squares with 0 to 3 (:func:`cone_weights`); a plain chi-square would
    give a p-value up to twice too large.

    Parameters
    ----------
    fit : BivariateFit
        With random effects. Of a part of a fit, the whole is tested: the variation that
        the covariates leave.

    Returns
    -------
    SpreadTest

    Raises
    ------
    NotEstimableError
        For a common-effect fit.
    FitError
        If the common-effect likelihood is not maximised.

    Notes
    -----
    The mixture is a large-sample result. A small p-value says that studies differ, not how
    much; a large one, with few studies, says nearly nothing.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats import fit_bivariate
    >>> data = pd.DataFrame({"study": list("ABCDEFG"), "tp": [19, 18, 25, 17, 40, 12, 30],
    ...                      "fp": [30, 2, 9, 3, 12, 8, 25], "fn": [1, 12, 11, 2, 17, 9, 14],
    ...                      "tn": [80, 40, 90, 32, 95, 41, 60]})
    >>> test = heterogeneity_test(fit_bivariate(data))
    >>> round(test.statistic, 1), test.p_value < 0.001
    (15.8, True)
    """
    fit.require_random("there is nothing to test")
    fit = fit.fitted_whole
    family, designs, counts = fit.family, fit.design.scaled, fit.studies.used_counts
    model = family.model(family.observe(counts[None]), designs)
    start = family.place(fit.design.to_scaled(fit.coefficients)[None], np.zeros((1, 3)))
    directions = np.eye(start.shape[1])[:, : model.root_at]
    found = maximise(along(model.evaluate, directions), start[:, : model.root_at])
    if not found.converged[0]:
        raise FitError("the common-effect likelihood was not maximised")
    value = float(found.value[0]) + family.change_of_scale(fit.design.transform)
    parameters = np.concatenate([found.parameters, np.zeros((1, 3))], axis=1)
    coefficients, _ = model.split(parameters, np.zeros(1, dtype=np.intp))
    first, second = designs
    logits = np.stack(
        [first @ coefficients[0, : first.shape[1]], second @ coefficients[0, first.shape[1] :]], -1
    )
    df, weights, bound = _mixture(fit, logits)
    statistic = max(0.0, 2 * (fit.log_likelihood_without_jacobian - value))
    p_value = sum(
        weight * (float(chdtrc(one, statistic)) if one else float(statistic == 0))
        for one, weight in zip(df, weights, strict=True)
    )
    return SpreadTest(statistic, df, weights, float(p_value), value, bound)


def _mixture(fit: FittedModel, logits: Floats) -> tuple[tuple[int, ...], tuple[float, ...], bool]:
    """Return degrees of freedom and weights under no variation, and whether they are a bound."""
    estimated = len(STRUCTURES[fit.structure_name].measures)
    if estimated == 1:
        return (0, 1), (0.5, 0.5), False
    if estimated == 2:
        # two variances whose scores are independent: each is 0 half of the time
        return (0, 1, 2), (0.25, 0.5, 0.25), False
    information = fit.family.null_information(fit.studies.used_counts, fit.design.scaled, logits)
    if information is None:
        # no cone in three dimensions has larger weights at its upper end
        return (2, 3), (0.5, 0.5), True
    return (0, 1, 2, 3), cone_weights(information), False
