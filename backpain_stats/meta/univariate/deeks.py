"""Deeks' funnel test: whether small studies report larger odds ratios than large ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from backpain_stats.checks import check_choice, check_level
from backpain_stats.errors import FitError
from backpain_stats.estimate import Estimate
from backpain_stats.meta.univariate.effects import log_ratios
from backpain_stats.result import Result, Shown
from backpain_stats.tables import CORRECTIONS

if TYPE_CHECKING:
    import pandas as pd

    from backpain_stats.tables import TablesLike

__all__ = ["DeeksTest", "deeks_test"]


@dataclass(frozen=True, slots=True, repr=False)
class DeeksTest(Result):
    """The regression behind Deeks' funnel, and its points.

    Parameters
    ----------
    slope : Estimate
        Slope of the log odds ratio on ``1 / sqrt(ESS)`` with its t interval.
    slope_standard_error, intercept : float
        The slope's standard error; the log odds ratio of an infinitely large study.
    t, df, pvalue : float
        Test of slope 0.
    correction : str
        Zero-cell correction of the odds ratios.
    studies : pandas.DataFrame
        One row a study given, with ``log_ratio, effective_size, inverse_root,
        used, reason``.
    """

    slope: Estimate
    slope_standard_error: float
    intercept: float
    t: float
    df: int
    pvalue: float
    correction: str
    studies: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return the points of the funnel, one row per study."""
        return self.studies

    def _shown(self) -> Shown:
        return Shown(
            f"Deeks' funnel test: slope {self.slope.estimate:.3g}, t = {self.t:.3g} on "
            f"{self.df} degrees of freedom, p = {self.pvalue:.3g}"
        )


def deeks_test(
    data: TablesLike, *, correction: str = "zero_cells", level: float = 0.95
) -> DeeksTest:
    r"""Test a diagnostic funnel for asymmetry (Deeks, Macaskill & Irwig 2005).

    The log diagnostic odds ratio is regressed on :math:`1/\sqrt{ESS}`, weighted
    by ESS, the effective sample size
    :math:`ESS = 4 n_{cases} n_{non} / (n_{cases} + n_{non})` of the raw counts.

    Parameters
    ----------
    data : pandas.DataFrame, StudyTables, str or path-like
        Columns ``study, tp, fp, fn, tn``, or whatever
        :func:`backpain_stats.read_tables` reads as such; one row a study.
    correction : {"zero_cells", "all", "none"}
        Studies whose four cells receive 0.5; ``"none"`` leaves out studies with
        an infinite odds ratio.
    level : float
        Level of the slope's interval.

    Returns
    -------
    DeeksTest
        A study without cases or without non-cases has ESS 0: it is listed with
        the reason and not used.

    Raises
    ------
    ArgumentError, DataError
        If an option or the data cannot be used.
    FitError
        If fewer than three studies can be used, or all have the same ESS.

    Notes
    -----
    The test has little power below ten studies and when the odds ratios differ
    between studies for other reasons; asymmetry is not proof of publication bias.
    A p-value above 0.10 (the authors' threshold) is not proof of its absence.

    References
    ----------
    https://doi.org/10.1016/j.jclinepi.2005.01.016

    Examples
    --------
    >>> import pandas as pd
    >>> data = pd.DataFrame(
    ...     {"study": list("ABCD"), "tp": [47, 126, 19, 36], "fp": [101, 272, 12, 78],
    ...      "fn": [9, 51, 10, 3], "tn": [738, 1543, 192, 276]})
    >>> print(deeks_test(data))
    Deeks' funnel test: slope 20.1, t = 2.77 on 2 degrees of freedom, p = 0.109
    """
    check_choice(correction, "correction", CORRECTIONS)
    check_level(level)
    studies = log_ratios(data, "odds_ratio", correction=correction)
    cases = (studies["tp"] + studies["fn"]).to_numpy(dtype=float)
    noncases = (studies["fp"] + studies["tn"]).to_numpy(dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = 4 * cases * noncases / (cases + noncases)
        studies["effective_size"] = size
        studies["inverse_root"] = 1 / np.sqrt(size)
    used = studies["used"].to_numpy(dtype=bool)
    y = studies["log_ratio"].to_numpy(dtype=float)[used]
    x = studies["inverse_root"].to_numpy(dtype=float)[used]
    w = size[used]
    if len(y) < 3:
        raise FitError(f"Deeks' test needs three usable studies or more; there are {len(y)}")
    x_mean, y_mean = np.average(x, weights=w), np.average(y, weights=w)
    scatter = float(w @ (x - x_mean) ** 2)
    if scatter <= len(y) * np.finfo(float).eps:
        raise FitError("all studies have the same effective size: there is no funnel to test")
    slope = float(w @ ((x - x_mean) * (y - y_mean))) / scatter
    residual = y - y_mean - slope * (x - x_mean)
    df = len(y) - 2
    se = float(np.sqrt(w @ residual**2 / df / scatter))
    t = slope / se if se > 0 else float(np.copysign(np.inf, slope))
    half = float(stats.t.isf((1 - level) / 2, df)) * se
    return DeeksTest(
        slope=Estimate(slope, slope - half, slope + half, level, "weighted regression", "slope"),
        slope_standard_error=se,
        intercept=float(y_mean - slope * x_mean),
        t=t,
        df=df,
        pvalue=float(2 * stats.t.sf(abs(t), df)),
        correction=correction,
        studies=studies,
    )
