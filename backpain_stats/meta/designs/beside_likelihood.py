"""How far priors moved an answer: a posterior beside the likelihood of the same model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.meta.designs.delta import PROPORTIONS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["beside_likelihood"]

_ENDS = ["estimate", "ci_low", "ci_high"]
_NAMES = ["likelihood", "likelihood_low", "likelihood_high"]


def beside_likelihood(posterior: pd.DataFrame, likelihood: pd.DataFrame | None) -> pd.DataFrame:
    """Return estimates with those of the likelihood, and the ratio of their intervals' widths.

    Parameters
    ----------
    posterior : pandas.DataFrame
        ``measure, estimate, ci_low, ci_high, ci_level, method`` and what else says which row is
        which.
    likelihood : pandas.DataFrame or None
        The same rows; None where the likelihood has no estimate.

    Returns
    -------
    pandas.DataFrame
        ``likelihood, likelihood_low, likelihood_high, width_ratio`` in place of level and method;
        the widths are those on the logit or log scale.
    """
    frame = posterior.drop(columns=["ci_level", "method"])
    frame[_NAMES] = np.nan
    if likelihood is not None:
        frame[_NAMES] = likelihood[_ENDS].to_numpy(dtype=np.float64)
    proportion = frame["measure"].isin(PROPORTIONS).to_numpy()[:, None]
    widths = []
    for names in (_ENDS, _NAMES):
        ends = frame[names[1:]].to_numpy(dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log(ends) - np.where(proportion, np.log1p(-ends), 0.0)
        widths.append(logs[:, 1] - logs[:, 0])
    frame["width_ratio"] = widths[0] / widths[1]
    return frame
