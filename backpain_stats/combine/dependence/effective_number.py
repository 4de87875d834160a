"""How many findings carry the evidence of a patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["effective_number"]


def effective_number(log_ratios: ArrayLike, axis: int = -1) -> NDArray[np.float64]:
    r"""Return the effective number of findings, over one axis.

    .. math:: k_\mathrm{eff} = \frac{(\sum_j |l_j|)^2}{\sum_j l_j^2}

    with :math:`l_j` the log likelihood ratio of finding :math:`j` as it is in
    the patient (present or absent). It is 1 when one finding dominates and
    :math:`k` when all :math:`k` weigh the same; a finding with :math:`l_j = 0`
    changes nothing.

    Parameters
    ----------
    log_ratios : array_like
        Log likelihood ratios (natural logarithms).
    axis : int, default -1
        The axis of the findings.

    Returns
    -------
    numpy.ndarray
        Shape of ``log_ratios`` without that axis; 1 where no finding says
        anything, where a finding is infinite (it decides alone), and NaN where
        a ratio is NaN.

    Examples
    --------
    >>> import numpy as np
    >>> float(effective_number(np.log([3, 3, 1 / 3, 3])))
    4.0
    >>> float(effective_number(np.log([20, 1.1, 1.1, 0.9, 1.1, 0.9])).round(2))
    1.35
    """
    size = np.abs(np.asarray(log_ratios, dtype=float))
    largest = size.max(axis=axis, keepdims=True, initial=0.0)
    # Relative to the largest: squares of tiny log ratios would underflow.
    usable = (largest > 0) & np.isfinite(largest)
    size /= np.where(usable, largest, 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        number = size.sum(axis=axis) ** 2 / np.square(size, out=size).sum(axis=axis)
    largest = np.squeeze(largest, axis)
    alone = (largest == 0) | np.isposinf(largest)
    return np.asarray(np.where(alone, 1.0, number), dtype=np.float64)
