"""Imperfect reference standard: accuracy against the truth, given the reference's accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from backpain_stats.errors import ArgumentError
from backpain_stats.meta.bias.curve import BiasCurve, curve_of, grid_of_numbers
from backpain_stats.meta.bias.plain import DRAWS, Nuisance, read_plain
from backpain_stats.sampling import DEFAULT_SEED, quasi_uniform

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["reference_bias"]

# Rounding of the counts; beyond it a probability below 0 or above 1 is a contradiction.
_ROUNDING = 1e-9


@runtime_checkable
class _Distribution(Protocol):
    """What ``scipy.stats`` calls a frozen distribution, as far as it is used here."""

    def ppf(self, q: Any) -> Any: ...

    def mean(self) -> Any: ...


def reference_bias(
    result: Any,
    sensitivity: ArrayLike | _Distribution | None = None,
    specificity: ArrayLike | _Distribution = 1.0,
    *,
    covariance_cases: ArrayLike = 0.0,
    covariance_noncases: ArrayLike = 0.0,
    prevalence: float | None = None,
    level: float | None = None,
) -> BiasCurve:
    r"""Return the accuracy against the truth, if the reference standard itself errs.

    With apparent prevalence :math:`p = P(R+)`, :math:`q = P(T+)` and :math:`j = P(T+, R+)`
    (against the reference R), and the reference's own sensitivity :math:`S` and specificity
    :math:`C` against the truth,

    .. math:: \pi = \frac{p + C - 1}{S + C - 1}, \qquad
       Se = \frac{j - c - q (1 - C)}{\pi\,(S + C - 1)}, \qquad
       1 - Sp = \frac{q S - j + c}{(1 - \pi)(S + C - 1)},

    with :math:`c = \pi c_1 + (1 - \pi) c_0`, the covariances of the errors of test and reference
    in cases and in non-cases; 0 is conditional independence.

    Parameters
    ----------
    result : TwoByTwo, fit, or pandas.DataFrame
        See :func:`~backpain_stats.meta.bias.plain.read_plain`.
    sensitivity, specificity : float, several, or a distribution, optional
        Of the reference. Numbers above 0, and together above 1; several run along the curve. A
        distribution (``scipy.stats.beta(a, b)``: anything with ``ppf`` and ``mean``) is drawn
        from, and its mean is the point. By default sensitivity runs from 1 down to 0.6.
    covariance_cases, covariance_noncases : float or several, optional
        :math:`c_1` and :math:`c_0`.
    prevalence : float, optional
        Apparent prevalence; by default that of the table, or of all patients of the studies
        together. Of a fit it counts as known.
    level : float, optional

    Returns
    -------
    BiasCurve
        Along the argument of which several values are given (all such have the same length).

    Raises
    ------
    ArgumentError
        If a value is not allowed, or sensitivity and specificity do not exceed 1 together.
    DataError, NotEstimableError

    Notes
    -----
    Where a probability would leave 0 to 1, or a covariance exceeds what the margins allow,
    :math:`\max(-(1-Se)(1-S), -Se\,S) \le c_1 \le \min(Se, S) - Se\,S` and likewise in non-cases,
    data and parameters contradict each other: the estimate is NaN, ``reason_code``
    ``infeasible``. Of draws, those that are feasible are kept, which is the posterior under a
    prior cut to what is possible.

    Where the target is rare the reference's specificity matters most: false alarms of the
    reference soon outnumber the cases, and then nothing is feasible. Run along it with
    ``specificity=[1, 0.999, ...]``.

    Do not use it where the reference contains the test result: their errors are then one.

    References
    ----------
    Staquet M et al. J Chronic Dis 1981;34:599-610,
    https://doi.org/10.1016/0021-9681(81)90059-x; Dendukuri N, Joseph L. Biometrics
    2001;57:158-67, https://doi.org/10.1111/j.0006-341X.2001.00158.x

    Examples
    --------
    Of 100 cases the reference finds 80; the test is right in 90% of both groups.

    >>> from backpain_stats import TwoByTwo
    >>> seen = TwoByTwo(tp=720, fp=1080, fn=80, tn=8120)
    >>> curve = reference_bias(seen, sensitivity=[1.0, 0.8])
    >>> curve.measure("specificity")[["reference_sensitivity", "estimate"]].round(4)
       reference_sensitivity  estimate
    0                    1.0    0.8826
    1                    0.8    0.9000
    """
    plain = read_plain(result, prevalence=prevalence, level=level)
    if sensitivity is None:
        sensitivity = np.linspace(1.0, 0.6, 41)
    given = {
        "reference_sensitivity": _nuisance(sensitivity, "sensitivity", (0.0, 1.0), 3),
        "reference_specificity": _nuisance(specificity, "specificity", (0.0, 1.0), 4),
        "covariance_cases": _nuisance(covariance_cases, "covariance_cases", (-0.25, 0.25)),
        "covariance_noncases": _nuisance(covariance_noncases, "covariance_noncases", (-0.25, 0.25)),
    }
    given = _aligned(given)
    means = {name: one.mean for name, one in given.items()}
    if (means["reference_sensitivity"] + means["reference_specificity"] <= 1).any():
        raise ArgumentError(
            "sensitivity and specificity of the reference must exceed 1 together: one that does "
            "not is no better than chance"
        )
    points = plain.through(_corrected, *given.values())
    varying = [name for name, values in means.items() if np.ptp(values) > 0]
    along = varying[0] if varying else "reference_sensitivity"
    return curve_of(
        "reference", plain, points, means, parameter=along,
        neutral=0.0 if along.startswith("covariance") else 1.0,
        notes=(
            f"Apparent prevalence {plain.values[2]:.3g}. Covariance 0 is conditional independence "
            "of the errors of test and reference.",
        ),
    )  # fmt: skip


def _nuisance(given: Any, name: str, limits: tuple[float, float], axis: int = 0) -> Nuisance:
    """Read numbers, or a distribution by its quantiles."""
    if isinstance(given, _Distribution):
        uniform = quasi_uniform(DRAWS, 5, DEFAULT_SEED)[:, axis]
        draws = np.asarray(given.ppf(uniform), dtype=np.float64)
        if not ((draws > 0) & (draws <= 1)).all():
            raise ArgumentError(f"{name}: the distribution has values outside (0, 1]")
        return Nuisance(np.array([float(given.mean())]), draws[None, :])
    closed = "high" if limits[0] == 0 else "both"
    return Nuisance(grid_of_numbers(given, name, *limits, closed=closed))


def _aligned(given: dict[str, Nuisance]) -> dict[str, Nuisance]:
    """Give all the same number of points."""
    length = max(len(one.mean) for one in given.values())
    wrong = [name for name, one in given.items() if len(one.mean) not in (1, length)]
    if wrong:
        sizes = ", ".join(f"{name}: {len(one.mean)}" for name, one in given.items())
        raise ArgumentError(f"give one value or the same number of values for each ({sizes})")
    return {
        name: Nuisance(np.broadcast_to(one.mean, (length,)), one.draws)
        for name, one in given.items()
    }


def _corrected(
    sensitivity: Any, specificity: Any, prevalence: Any, *reference: Any
) -> tuple[Any, Any]:
    """Return the accuracy against the truth; NaN where it is not feasible.

    ``reference`` is its sensitivity and specificity and the two covariances.
    """
    own, clear, c1, c0 = reference
    both = prevalence * sensitivity
    positive = both + (1 - prevalence) * (1 - specificity)
    youden = own + clear - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        true = (prevalence + clear - 1) / youden
        shared = true * c1 + (1 - true) * c0
        found = (both - shared - positive * (1 - clear)) / youden / true
        false = (positive * own - both + shared) / youden / (1 - true)
        feasible = _inside(true) & _inside(found) & _inside(false) & (youden > 0)
        feasible = feasible & _admits(c1, found, own) & _admits(c0, false, 1 - clear)
    return np.where(feasible, _clipped(found), np.nan), np.where(
        feasible, _clipped(1 - false), np.nan
    )


def _inside(value: Any) -> Any:
    return (np.real(value) >= -_ROUNDING) & (np.real(value) <= 1 + _ROUNDING)


def _clipped(value: Any) -> Any:
    """Return real numbers within 0 and 1; complex ones, which are inside, as they are."""
    return value if np.iscomplexobj(value) else np.clip(value, 0.0, 1.0)


def _admits(covariance: Any, first: Any, second: Any) -> Any:
    """Return whether two binary errors with these margins can have this covariance."""
    a, b = np.real(first), np.real(second)
    low = np.maximum(-(1 - a) * (1 - b), -a * b)
    high = np.minimum(a, b) - a * b
    return (covariance >= low - _ROUNDING) & (covariance <= high + _ROUNDING)
