"""Case-control sampling: what a stated shift of sensitivity and specificity would do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit, logit

from backpain_stats.checks import check_fraction
from backpain_stats.meta.bias.curve import BiasCurve, curve_of, grid_of_numbers
from backpain_stats.meta.bias.plain import Nuisance, read_plain
from backpain_stats.meta.bias.ranges import range_frame

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["spectrum_bias"]

# Beyond it a test is worse than chance whatever it was.
_LARGEST = 50.0


def spectrum_bias(
    result: Any,
    shift: ArrayLike | None = None,
    *,
    share: float = 0.5,
    level: float | None = None,
) -> BiasCurve:
    r"""Return the accuracy if sampling cases and non-cases apart flattered it by a stated shift.

    Patients known to have the target and people known to be healthy are easier to tell apart
    than the patients in whom the question is open. With a total shift :math:`\delta` of the log
    diagnostic odds ratio, of which the share ``w`` falls on sensitivity,

    .. math:: \mathrm{logit}\,Se' = \mathrm{logit}\,Se - w\delta, \qquad
       \mathrm{logit}\,Sp' = \mathrm{logit}\,Sp - (1 - w)\delta.

    Parameters
    ----------
    result : TwoByTwo, fit, or pandas.DataFrame
        See :func:`~backpain_stats.meta.bias.plain.read_plain`.
    shift : array_like, optional
        Values of :math:`\delta`, from 0 to 50; by default from 0 to log 4.5, the upper limit of
        the interval of Lijmer et al.
    share : float, optional
        ``w``, from 0 to 1.
    level : float, optional

    Returns
    -------
    BiasCurve
        Against ``shift``. Its ``bounds`` need no ``w``: at each shift they hold whatever part of
        it fell on either, and in whichever direction (sharp: LR+ rises, and LR- falls, with
        sensitivity and with specificity).

    Raises
    ------
    ArgumentError, DataError, NotEstimableError

    Notes
    -----
    Of 184 studies, those of cases with a separate control group had a diagnostic odds ratio 3.0
    times (95% interval 2.0 to 4.5) that of studies of a clinical population (Lijmer et al.
    1999). That is an average over tests, not a correction for one. A logit of infinity (nobody
    missed) stays infinite.

    References
    ----------
    Lijmer JG et al. JAMA 1999;282:1061-6, https://doi.org/10.1001/jama.282.11.1061

    Examples
    --------
    >>> from backpain_stats import TwoByTwo
    >>> curve = spectrum_bias(TwoByTwo(tp=40, fp=20, fn=10, tn=80), shift=[0, np.log(3)])
    >>> curve.measure("lr_positive")[["shift", "estimate"]].round(2)
       shift  estimate
    0    0.0      4.00
    1    1.1      2.31
    """
    plain = read_plain(result, level=level)
    shifts = grid_of_numbers(
        np.linspace(0, np.log(4.5), 31) if shift is None else shift, "shift", 0, _LARGEST
    )
    weight = check_fraction(share, "share", closed=True)

    def change(sensitivity: Any, specificity: Any, _: Any, by: Any) -> tuple[Any, Any]:
        return shifted(sensitivity, weight * by), shifted(specificity, (1 - weight) * by)

    points = plain.through(change, Nuisance(shifts))
    sensitivity, specificity = plain.values[:2]
    ends = [
        np.stack([expit(logit(one) + sign * shifts) for sign in (-1, 1)])
        for one in (sensitivity, specificity)
    ]
    return curve_of(
        "spectrum", plain, points, {"shift": shifts}, parameter="shift", neutral=0.0,
        bounds=range_frame("shift", shifts, ends[0], ends[1]),
        notes=(
            f"Assumed: a log diagnostic odds ratio too high by the shift, {100 * weight:g}% of it "
            "in sensitivity. Bounds: any part of it on either, in either direction.",
        ),
    )  # fmt: skip


def shifted(proportion: Any, by: Any) -> Any:
    """Return a proportion whose logit is lowered; 0 and 1 stay, complex numbers pass."""
    return proportion / (proportion + (1 - proportion) * np.exp(by))
