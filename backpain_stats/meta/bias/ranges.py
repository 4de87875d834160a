"""Bounds of the measures along a curve, as a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.meta.bias.plain import CURVE_MEASURES

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def range_frame(
    parameter: str,
    values: Floats,
    sensitivity: Floats,
    specificity: Floats,
    ratios: tuple[Floats, Floats] | None = None,
) -> pd.DataFrame:
    """Return one row per value and measure: the parameter, ``measure, low, high``.

    Parameters
    ----------
    parameter : str
    values : ndarray of shape (points,)
    sensitivity, specificity : ndarray of shape (2, points)
        Their lowest and highest values.
    ratios : pair of ndarray of shape (2, points), optional
        Of LR+ and LR-; by default those of the two corners, where both can be had together.
    """
    import pandas as pd

    if ratios is None:
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = (
                sensitivity / (1 - specificity),
                (1 - sensitivity[::-1]) / specificity[::-1],
            )
    ends = np.stack([sensitivity, specificity, *ratios])
    return pd.DataFrame(
        {
            parameter: np.repeat(values, len(CURVE_MEASURES)),
            "measure": list(CURVE_MEASURES) * len(values),
            "low": ends[:, 0].T.ravel(),
            "high": ends[:, 1].T.ravel(),
        }
    )
