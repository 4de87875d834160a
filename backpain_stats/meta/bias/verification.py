"""Partial verification: not all patients had the reference standard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from backpain_stats.meta.bias.curve import BiasCurve, curve_of, grid_of_numbers
from backpain_stats.meta.bias.plain import Nuisance, read_plain
from backpain_stats.meta.bias.ranges import range_frame

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["verification_bias"]


def verification_bias(
    result: Any,
    fraction: ArrayLike | None = None,
    *,
    odds: float = 3.0,
    prevalence: float | None = None,
    level: float | None = None,
) -> BiasCurve:
    r"""Return the accuracy in all patients, if only a fraction of them was verified.

    Let a fraction ``v`` of the patients have the reference standard, with the odds of it ``r``
    times as high after a positive result, and otherwise regardless of the target. With
    :math:`q` the share of positive results among the verified, the odds of a positive result
    among the others are :math:`q / (1 - q) / r`, and with :math:`m = q + (1 - q) r` the shares
    verified after a positive and a negative result have the ratio

    .. math:: \frac{v_1}{v_0} = \frac{v + (1 - v)\, r / m}{v + (1 - v) / m}, \quad
       \mathrm{logit}\,Se' = \mathrm{logit}\,Se - \log\frac{v_1}{v_0}, \quad
       \mathrm{logit}\,Sp' = \mathrm{logit}\,Sp + \log\frac{v_1}{v_0},

    which is the estimator of Begg and Greenes written with odds. The diagnostic odds ratio does
    not change.

    Parameters
    ----------
    result : TwoByTwo, fit, or pandas.DataFrame
        Of the verified patients. See :func:`~backpain_stats.meta.bias.plain.read_plain`.
    fraction : array_like, optional
        Values of ``v``, above 0 and up to 1; by default from 1 down to 0.05.
    odds : float, optional
        ``r``. The default of 3 is an illustration, not an estimate.
    prevalence : float, optional
        Of the target among the verified; by default that of the table, or of all patients of
        the studies together. Of a fit it counts as known.
    level : float, optional

    Returns
    -------
    BiasCurve
        Against ``fraction_verified``. Its ``bounds`` need no assumption about who was verified:
        the others may have had any result and any outcome. They are sharp, for the estimate as
        it stands (sampling error is not in them).

    Raises
    ------
    ArgumentError, DataError, NotEstimableError

    See Also
    --------
    begg_greenes : where the numbers not verified are printed.

    References
    ----------
    Begg CB, Greenes RA. Biometrics 1983;39:207-15, https://doi.org/10.2307/2530820

    Examples
    --------
    >>> from backpain_stats import TwoByTwo
    >>> curve = verification_bias(TwoByTwo(tp=40, fp=20, fn=10, tn=80), [1, 0.1], odds=3)
    >>> curve.measure("sensitivity")[["fraction_verified", "estimate"]].round(3)
       fraction_verified  estimate
    0                1.0     0.800
    1                0.1     0.605
    """
    plain = read_plain(result, prevalence=prevalence, level=level)
    fractions = grid_of_numbers(
        np.linspace(1, 0.05, 39) if fraction is None else fraction, "fraction", 0, 1, closed="high"
    )
    ratio = float(grid_of_numbers(odds, "odds", 0, np.inf, closed="neither")[0])

    def change(sensitivity: Any, specificity: Any, share: Any, part: Any) -> tuple[Any, Any]:
        positive = share * sensitivity + (1 - share) * (1 - specificity)
        mixed = positive + (1 - positive) * ratio
        # patients per verified patient, after a positive and after a negative result
        by_positive = part + (1 - part) / mixed
        by_negative = part + (1 - part) * ratio / mixed
        return (
            sensitivity
            * by_positive
            / (sensitivity * by_positive + (1 - sensitivity) * by_negative),
            specificity
            * by_negative
            / (specificity * by_negative + (1 - specificity) * by_positive),
        )

    points = plain.through(change, Nuisance(fractions))
    parameters = {
        "fraction_verified": fractions,
        "verification_odds": np.full(len(fractions), ratio),
    }
    return curve_of(
        "verification", plain, points, parameters, parameter="fraction_verified", neutral=1.0,
        bounds=_worst_cases(plain.values, fractions),
        notes=(
            f"Assumed: odds of verification {ratio:g} times as high after a positive result, and "
            "otherwise regardless of the target. Bounds: nothing assumed of those not verified.",
        ),
    )  # fmt: skip


def _worst_cases(values: tuple[float, float, float], fractions: Floats) -> Any:
    """Return the sharp bounds over all results and outcomes of the patients not verified.

    Per verified patient there are ``u = (1 - v) / v`` others. Sensitivity is lowest if all of
    them are missed cases. LR+ is highest if some are found cases and the others cleared
    non-cases, in the split at which the derivative of its logarithm vanishes.
    """
    sensitivity, specificity, prevalence = values
    tp, fn = prevalence * sensitivity, prevalence * (1 - sensitivity)
    fp, tn = (1 - prevalence) * (1 - specificity), (1 - prevalence) * specificity
    u = (1 - fractions) / fractions
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.stack([tp / (tp + fn + u), (tp + u) / (tp + u + fn)])
        cleared = np.stack([tn / (tn + fp + u), (tn + u) / (tn + u + fp)])
        positive = np.stack([1 / _highest(fp, tn, tp, fn, u), _highest(tp, fn, fp, tn, u)])
        negative = np.stack([1 / _highest(tn, fp, fn, tp, u), _highest(fn, tp, tn, fp, u)])
    return range_frame("fraction_verified", fractions, found, cleared, (positive, negative))


def _highest(a: float, b: float, c: float, d: float, u: Floats) -> Floats:
    """Return the highest ratio of a/(a + b) to c/(c + d) that ``u`` added to a and d can give."""
    # with x added to a and u - x to d: b / ((a + x)(a + b + x)) = 1 / (c + d + u - x)
    linear, constant = 2 * a + 2 * b, a * (a + b) - b * (c + d + u)
    root = (-linear + np.sqrt(np.maximum(linear**2 - 4 * constant, 0))) / 2
    x = np.clip(root, 0, u)
    highest: Floats = (a + x) / (a + b + x) * (c + d + u - x) / c
    return highest
