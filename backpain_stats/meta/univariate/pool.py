"""Univariate pooling of one ratio at a time: kept for comparison, not for use first.

The bivariate model of :mod:`backpain_stats.meta.bivariate` is the better
choice; :func:`pool_univariate` says why.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import stats

from backpain_stats.checks import check_choice, check_level
from backpain_stats.errors import FitError
from backpain_stats.estimate import Estimate, format_level, format_number
from backpain_stats.meta.arrays import Floats
from backpain_stats.meta.univariate.between_study import (
    between_study_variance,
    dersimonian_laird_constant,
    generalised_q,
    q_profile,
)
from backpain_stats.meta.univariate.effects import EMPTY_GROUPS, left_out, log_ratios
from backpain_stats.meta.univariate.mantel_haenszel import mantel_haenszel
from backpain_stats.result import Grid, Result, Shown
from backpain_stats.tables import CORRECTIONS, RATIO_MEASURES

if TYPE_CHECKING:
    import pandas as pd

    from backpain_stats.tables import TablesLike


__all__ = ["UnivariatePool", "pool_univariate"]

METHODS = ("dersimonian_laird", "paule_mandel", "reml", "mantel_haenszel")
INTERVALS = ("hartung_knapp", "normal")


@dataclass(frozen=True, slots=True, repr=False)
class UnivariatePool(Result):
    """One ratio pooled over studies, with what the studies disagree about.

    Parameters
    ----------
    pooled : Estimate
        The pooled ratio (of the average study) with its confidence interval.
    prediction : Estimate
        The same centre with the prediction interval: where the ratio of a new
        study is expected. NaN ends where the method has no between-study part.
    log_estimate, log_standard_error : float
        The pooled log ratio and the standard error its interval was made with.
    tau2, tau2_low, tau2_high : float
        Between-study variance of the log ratio, with its Q-profile interval
        (level of ``pooled``; NaN for Mantel-Haenszel). The interval inverts
        Cochran's Q and need not contain a moment estimate.
    i2 : float
        Share of the total variance that lies between studies, a fraction.
    q, q_df, q_pvalue : float
        Cochran's Q (inverse-variance weights), its degrees of freedom, its p-value.
    measure, method, interval, correction : str
        The options the pooling was made with.
    studies : pandas.DataFrame
        One row a study given: ``study, tp, fp, fn, tn, corrected, log_ratio,
        standard_error, weight, used, reason``. No row vanishes.
    """

    pooled: Estimate
    prediction: Estimate
    log_estimate: float
    log_standard_error: float
    tau2: float
    tau2_low: float
    tau2_high: float
    i2: float
    q: float
    q_df: int
    q_pvalue: float
    measure: str
    method: str
    interval: str
    correction: str
    studies: pd.DataFrame

    def summary(self) -> pd.DataFrame:
        """Return the result as a frame: one row a quantity."""
        import pandas as pd

        level, nan = self.pooled.ci_level, math.nan
        rows = [
            (self.measure, *_numbers(self.pooled), self.pooled.method),
            ("prediction", *_numbers(self.prediction), self.prediction.method),
            ("tau2", self.tau2, self.tau2_low, self.tau2_high, "Q profile"),
            ("i2", self.i2, nan, nan, ""),
            ("q", self.q, nan, nan, f"{self.q_df} degrees of freedom, p = {self.q_pvalue:.3g}"),
        ]
        frame = pd.DataFrame(rows, columns=["measure", "estimate", "ci_low", "ci_high", "method"])
        frame.insert(4, "ci_level", level)
        return frame

    def to_frame(self) -> pd.DataFrame:
        """Return the result as a frame, as :meth:`summary`."""
        return self.summary()

    def _shown(self) -> Shown:
        used = int(self.studies["used"].sum())
        level = f"{format_level(self.pooled.ci_level)}"
        ends = f"{format_number(self.tau2_low)} to {format_number(self.tau2_high)}"
        rows = [
            ("pooled", str(self.pooled)),
            ("a new study", str(self.prediction)),
            ("tau2", f"{format_number(self.tau2)} ({level} {ends})"),
            ("I2", f"{format_number(100 * self.i2)}%"),
            ("Q", f"{format_number(self.q)} on {self.q_df} (p = {self.q_pvalue:.2g})"),
            ("zero-cell correction", self.correction),
        ]
        title = f"Univariate pooling of {self.measure}, {used} of {len(self.studies)} studies"
        return Shown(title, [Grid(rows)], left_out(self.studies))


def pool_univariate(
    data: TablesLike,
    measure: str = "odds_ratio",
    method: str = "reml",
    *,
    interval: str = "hartung_knapp",
    correction: str = "zero_cells",
    empty_groups: str = "exclude",
    level: float = 0.95,
) -> UnivariatePool:
    r"""Pool one log ratio over several studies, as older reviews do.

    Each study gives :math:`y_i = \log` ratio with variance :math:`v_i`; the
    model is :math:`y_i \sim N(\mu, v_i + \tau^2)` and
    :math:`\hat\mu = \sum w_i y_i / \sum w_i` with
    :math:`w_i = 1 / (v_i + \hat\tau^2)`.

    It is the lesser choice, for three reasons. A positive and a negative
    likelihood ratio pooled apart can belong to no test at all: together they may
    imply a sensitivity above 1 (Zwinderman & Bossuyt 2008). The variance of a
    log ratio is taken as known and its distribution as normal, which small cells
    deny. And a zero cell must be filled with half a patient before anything can
    be computed. Use :func:`~backpain_stats.fit_bivariate`, which needs none of
    this; use this function to see what the older method would have said, or to
    recompute a published review.

    Parameters
    ----------
    data : pandas.DataFrame, StudyTables, str or path-like
        Columns ``study, tp, fp, fn, tn``, or whatever
        :func:`backpain_stats.read_tables` reads as such; one row a study.
    measure : {"odds_ratio", "lr_positive", "lr_negative"}
        The ratio to pool.
    method : {"reml", "dersimonian_laird", "paule_mandel", "mantel_haenszel"}
        How :math:`\tau^2` is estimated: restricted maximum likelihood, the
        moment estimator of DerSimonian & Laird (1986), or that of Paule & Mandel
        (1982). ``"mantel_haenszel"`` assumes ONE common ratio, weights by counts,
        needs no zero-cell correction and gives no prediction interval.
    interval : {"hartung_knapp", "normal"}
        Hartung & Knapp's (2001) interval scales the standard error by the
        observed spread and uses Student's t with k - 1 degrees of freedom; it is
        honest for few studies, and very wide for two. ``"normal"`` takes
        :math:`\hat\tau^2` as known. Mantel-Haenszel always uses ``"normal"``.
    correction : {"zero_cells", "all", "none"}
        0.5 added to all four cells of the studies with a zero, of every study, or
        of none; with ``"none"`` a study whose ratio is 0 or infinite is not used.
    empty_groups : {"exclude", "correct"}
        What happens to a study without any case or any non-case. It knows nothing
        of a ratio, so it is left out; ``"correct"`` lets the zero-cell correction
        invent one patient for it, as R's metafor does when asked.
    level : float
        Confidence level of the three intervals, strictly between 0 and 1.

    Returns
    -------
    UnivariatePool

    Raises
    ------
    ArgumentError
        If an option is not one of those listed.
    DataError
        If a column is missing, a cell is not a count, a study is named twice or has
        four zeros, or there is no row.
    FitError
        If fewer than two studies can be used; the message says why.

    Notes
    -----
    :math:`I^2 = \tau^2 / (\tau^2 + s^2)` with Higgins & Thompson's typical
    within-study variance :math:`s^2`; for DerSimonian-Laird it equals
    :math:`(Q - df) / Q`. The interval of :math:`\tau^2` is the Q profile
    (Viechtbauer 2007, https://doi.org/10.1002/sim.2514). The prediction interval
    is :math:`\hat\mu \pm t \sqrt{se^2 + \tau^2}` with the quantile of the
    confidence interval.

    References
    ----------
    DerSimonian & Laird 1986, https://doi.org/10.1016/0197-2456(86)90046-2;
    Hartung & Knapp 2001, https://doi.org/10.1002/sim.791;
    Zwinderman & Bossuyt 2008, https://doi.org/10.1002/sim.2992.

    Examples
    --------
    >>> import pandas as pd
    >>> studies = pd.DataFrame(
    ...     {"study": ["A", "B", "C"], "tp": [20, 30, 9], "fp": [10, 20, 2],
    ...      "fn": [5, 12, 3], "tn": [60, 90, 30]})
    >>> print(pool_univariate(studies, "lr_positive"))
    Univariate pooling of lr_positive, 3 of 3 studies
    <BLANKLINE>
    pooled                4.86 (95% interval 1.88 to 12.5; reml, hartung_knapp)
    a new study           4.86 (95% interval 1.56 to 15.1; prediction, reml, hartung_knapp)
    tau2                  0.0210 (95% 0 to 12.5)
    I2                    14.9%
    Q                     2.73 on 2 (p = 0.26)
    zero-cell correction  zero_cells
    """
    check_choice(measure, "measure", RATIO_MEASURES)
    check_choice(method, "method", METHODS)
    check_choice(interval, "interval", INTERVALS)
    check_choice(correction, "correction", CORRECTIONS)
    check_choice(empty_groups, "empty_groups", EMPTY_GROUPS)
    check_level(level)
    common = method == "mantel_haenszel"
    studies = log_ratios(
        data, measure, correction=correction, empty_groups=empty_groups, keep_infinite=common
    )
    rows = studies.loc[studies["used"]]
    if len(rows) < 2:
        raise _too_few(studies)
    finite = rows.loc[np.isfinite(rows["log_ratio"]) & (rows["standard_error"] > 0)]
    y = finite["log_ratio"].to_numpy(dtype=float)
    v = finite["standard_error"].to_numpy(dtype=float) ** 2
    q, df = (generalised_q(y, v, 0.0), len(y) - 1) if len(y) > 1 else (math.nan, 0)
    if common:
        interval = "normal"
        found = _common_ratio(rows, measure, q, df, level)
    else:
        found = _random_effects(y, v, method, interval, level)
    studies["weight"] = math.nan
    studies.loc[rows.index, "weight"] = found.weights / found.weights.sum()
    how = f"{method}, {interval}"
    half = found.quantile * found.standard_error
    reach = found.quantile * math.sqrt(found.standard_error**2 + found.tau2)
    return UnivariatePool(
        pooled=_ratio(found.log_estimate, half, level, how, measure),
        prediction=_ratio(found.log_estimate, reach, level, f"prediction, {how}", measure),
        log_estimate=found.log_estimate,
        log_standard_error=found.standard_error,
        tau2=found.tau2,
        tau2_low=found.tau2_ends[0],
        tau2_high=found.tau2_ends[1],
        i2=found.i2,
        q=q,
        q_df=df,
        q_pvalue=float(stats.chi2.sf(q, df)),
        measure=measure,
        method=method,
        interval=interval,
        correction="none needed" if common else correction,
        studies=studies,
    )


def _too_few(studies: pd.DataFrame) -> FitError:
    """Say how many studies can be used, and why not the others."""
    left_out = studies.loc[~studies["used"], ["study", "reason"]].itertuples(index=False)
    reasons = "; ".join(f"{study}: {reason}" for study, reason in left_out)
    return FitError(
        f"{int(studies['used'].sum())} of {len(studies)} studies can be used and pooling needs "
        "two or more" + (f" ({reasons})" if reasons else "")
    )


class _Pooled(NamedTuple):
    """A pooled log ratio, what its interval is made of, and the studies' weights."""

    log_estimate: float
    standard_error: float
    quantile: float
    tau2: float
    tau2_ends: tuple[float, float]
    i2: float
    weights: Floats


def _common_ratio(rows: pd.DataFrame, measure: str, q: float, df: int, level: float) -> _Pooled:
    """Pool by Mantel and Haenszel: one ratio for all, so no variance between studies."""
    log_estimate, se = mantel_haenszel(rows, measure)
    quantile = float(stats.norm.isf((1 - level) / 2))
    i2 = max(0.0, 1 - df / q) if q > 0 else 0.0
    unknown = np.full(len(rows), math.nan)
    return _Pooled(log_estimate, se, quantile, math.nan, (math.nan, math.nan), i2, unknown)


def _random_effects(y: Floats, v: Floats, method: str, interval: str, level: float) -> _Pooled:
    """Pool log ratios ``y`` with variances ``v`` by inverse variance, tau2 added."""
    tau2 = between_study_variance(y, v, method)
    weights = 1 / (v + tau2)
    log_estimate, se, quantile = _weighted_mean(y, weights, interval, level)
    typical = (len(y) - 1) / dersimonian_laird_constant(v)
    ends = q_profile(y, v, level)
    return _Pooled(log_estimate, se, quantile, tau2, ends, tau2 / (tau2 + typical), weights)


def _numbers(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.estimate, estimate.ci_low, estimate.ci_high


def _ratio(centre: float, half: float, level: float, how: str, measure: str) -> Estimate:
    # A hopeless interval (two studies, t with one degree of freedom) may pass the largest double.
    with np.errstate(over="ignore"):
        middle, low, high = np.exp([centre, centre - half, centre + half])
    return Estimate(float(middle), float(low), float(high), level, how, measure)


def _weighted_mean(y: Floats, w: Floats, interval: str, level: float) -> tuple[float, float, float]:
    """Return the pooled mean, its standard error and the quantile of its interval."""
    mean, df = float(w @ y / w.sum()), len(y) - 1
    if interval == "normal":
        return mean, float(1 / np.sqrt(w.sum())), float(stats.norm.isf((1 - level) / 2))
    se = float(np.sqrt(w @ (y - mean) ** 2 / df / w.sum()))
    return mean, se, float(stats.t.isf((1 - level) / 2, df))
