"""The curve of proportional hazards (Lehmann's family)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize

from backpain_stats.checks import check_level
from backpain_stats.errors import FitError, NotEstimableError
from backpain_stats.meta.older.curve import OlderCurve, both_groups
from backpain_stats.tables import Correction, normal_quantile

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["proportional_hazards"]

_STEP = 1e-4
_SMALLEST_VARIANCE = 1e-10


def proportional_hazards(
    data: pd.DataFrame, *, correction: Correction = "zero_cells", level: float = 0.95
) -> OlderCurve:
    r"""Return the summary ROC curve :math:`Se = FPF^\theta` of Holling, Böhning and Böhning (2012).

    With :math:`w_i = \log FPF_i`, :math:`\hat\theta_i = \log Se_i / w_i` is normal,

    .. math:: \hat\theta_i \sim N\left(\theta, \tau^2 + \frac{s_i^2 + \theta^2 t_i^2}{w_i^2}\right),
       \qquad s_i^2 = \frac{1}{tp} - \frac{1}{tp + fn}, \quad t_i^2 = \frac{1}{fp} -
       \frac{1}{fp + tn},

    and this (adjusted profile) likelihood is maximised over :math:`\theta` and
    :math:`\tau^2 \ge 0`.

    Parameters
    ----------
    data : pandas.DataFrame
        ``study, tp, fp, fn, tn``.
    correction : {"zero_cells", "all", "none"}, optional
    level : float, optional

    Returns
    -------
    OlderCurve
        ``theta`` has an interval from the observed information; 0 is a perfect test and 1 a
        useless one. The area under the curve is :math:`1 / (1 + \theta)`.

    Raises
    ------
    DataError, ArgumentError, FitError
    NotEstimableError
        Also if a study has no negative result among its non-cases: theta is then not defined.

    Notes
    -----
    One parameter fixes the whole curve, which is never symmetric. Two for the variation along and
    across it are in :func:`backpain_stats.fit_bivariate`.

    References
    ----------
    Holling H, Böhning W, Böhning D. Stat Modelling 2012;12:347-75; the measure is described in
    BMC Med Res Methodol 2014;14:56, https://doi.org/10.1186/1471-2288-14-56

    Examples
    --------
    >>> import pandas as pd
    >>> data = pd.DataFrame({"study": list("ABCDE"), "tp": [19, 18, 25, 17, 40],
    ...                      "fp": [30, 2, 9, 3, 12], "fn": [1, 12, 11, 2, 17],
    ...                      "tn": [80, 40, 90, 32, 95]})
    >>> proportional_hazards(data).parameters[["parameter", "estimate"]].round(4)
      parameter  estimate
    0     theta    0.1082
    1      tau2    0.0015
    2      area    0.9024
    """
    import pandas as pd

    check_level(level)
    cells = both_groups(data, correction)
    cases, noncases = cells.tp + cells.fn, cells.fp + cells.tn
    w = np.log(cells.fp / noncases)
    if (w == 0).any():
        raise NotEstimableError("a study has no negative result among its non-cases")
    each = np.log(cells.tp / cases) / w
    model = _Likelihood(
        each, (1 / cells.tp - 1 / cases) / w**2, (1 / cells.fp - 1 / noncases) / w**2
    )
    theta, tau2 = _maximum(model)
    width = normal_quantile(level) * _error(model, theta, tau2)
    parameters = pd.DataFrame(
        {
            "parameter": ["theta", "tau2", "area"],
            "estimate": [theta, tau2, 1 / (1 + theta)],
            "ci_low": [max(theta - width, 0.0), np.nan, 1 / (1 + theta + width)],
            "ci_high": [theta + width, np.nan, 1 / (1 + max(theta - width, 0.0))],
            "ci_level": level,
        }
    )
    return OlderCurve(
        "proportional hazards", parameters, "power", 0.0, theta, cells.observed_range,
        "One parameter fixes the whole curve.",
    )  # fmt: skip


class _Likelihood:
    """The log likelihood of theta and tau2; ``own`` and ``other`` make up the variances."""

    def __init__(self, each: Floats, own: Floats, other: Floats) -> None:
        self.each, self.own, self.other = each, own, other

    def __call__(self, theta: float, tau2: float) -> float:
        variance = tau2 + self.own + theta**2 * self.other
        value = -0.5 * (np.log(variance) + (self.each - theta) ** 2 / variance)
        return float(value.sum())

    def downhill(self, parameters: Floats) -> tuple[float, Floats]:
        """Return the negative log likelihood and its gradient."""
        theta, tau2 = parameters
        variance = tau2 + self.own + theta**2 * self.other
        excess = (self.each - theta) ** 2 / variance**2 - 1 / variance
        by_theta = (self.each - theta) / variance + theta * self.other * excess
        return -self(theta, tau2), -np.array([by_theta.sum(), 0.5 * excess.sum()])


def _maximum(model: _Likelihood) -> tuple[float, float]:
    middle = float(np.median(model.each))
    spread = float(np.var(model.each))
    best = None
    for tau2 in (0.0, spread):
        found = minimize(
            model.downhill, np.array([middle, tau2]), jac=True, method="L-BFGS-B",
            bounds=[(1e-8, None), (0.0, None)], options={"ftol": 1e-15, "gtol": 1e-10},
        )  # fmt: skip
        if np.isfinite(found.fun) and (best is None or found.fun < best.fun):
            best = found
    if best is None:
        raise FitError("the likelihood of theta has no maximum")
    return float(best.x[0]), float(best.x[1])


def _error(model: _Likelihood, theta: float, tau2: float) -> float:
    """Return the standard error of theta; tau2 counts as known where it is 0."""
    h = _STEP * max(theta, 1e-3)
    k = _STEP * tau2
    a = -(model(theta + h, tau2) - 2 * model(theta, tau2) + model(theta - h, tau2)) / h**2
    if tau2 < _SMALLEST_VARIANCE:
        return float(a**-0.5)
    c = -(model(theta, tau2 + k) - 2 * model(theta, tau2) + model(theta, tau2 - k)) / k**2
    b = -(model(theta + h, tau2 + k) - model(theta + h, tau2 - k)
          - model(theta - h, tau2 + k) + model(theta - h, tau2 - k)) / (4 * h * k)  # fmt: skip
    determinant = a * c - b**2
    if determinant <= 0:
        raise FitError("the information about theta is not positive definite")
    return float(np.sqrt(c / determinant))
