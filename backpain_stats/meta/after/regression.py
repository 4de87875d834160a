"""Meta-regression: nested fits compared, subgroups summarised, groups set side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from scipy.special import chdtrc, expit, ndtr

from backpain_stats.checks import check_level, check_mapping
from backpain_stats.errors import ArgumentError, DataError, NotEstimableError
from backpain_stats.estimate import format_number
from backpain_stats.meta.after.parts import at, described
from backpain_stats.meta.arrays import Floats
from backpain_stats.meta.fitted import Fit, FittedModel
from backpain_stats.meta.point import MEASURE_TABLE, MEASURES, SummaryPoint
from backpain_stats.result import Result, Shown
from backpain_stats.tables import normal_quantile

if TYPE_CHECKING:
    import pandas as pd


__all__ = [
    "LikelihoodRatioTest",
    "coefficient_table",
    "compare_fits",
    "compare_groups",
    "compare_points",
    "subgroups",
]

# More covariate patterns than this are a continuous covariate: ask for values instead.
_MOST_SUBGROUPS = 30


@dataclass(frozen=True, slots=True, repr=False)
class LikelihoodRatioTest(Result):
    """A likelihood-ratio test of nested fits.

    Parameters
    ----------
    statistic : float
        Twice the difference of the log likelihoods.
    df : int
        Difference of the numbers of coefficients.
    p_value : float
        Of the chi-square distribution with ``df`` degrees of freedom.
    smaller, larger : str
        Formulas of the two fits.
    """

    statistic: float
    df: int
    p_value: float
    smaller: str
    larger: str

    def to_frame(self) -> pd.DataFrame:
        """Return the test as one row."""
        import pandas as pd

        return pd.DataFrame([asdict(self)])

    def _shown(self) -> Shown:
        return Shown(
            f"likelihood-ratio test, {self.larger} against {self.smaller}: "
            f"chi-square {format_number(self.statistic)} on {self.df} df, "
            f"p = {format_number(self.p_value, 2)}"
        )


def compare_fits(first: FittedModel, second: FittedModel) -> LikelihoodRatioTest:
    """Test whether covariates explain differences, by the likelihood ratio of nested fits.

    Parameters
    ----------
    first, second : BivariateFit
        Fits of the same studies by the same likelihood, one nested in the other; in
        either order.

    Returns
    -------
    LikelihoodRatioTest

    Raises
    ------
    ArgumentError
        If the fits differ in studies, likelihood, quadrature or correction, are not
        nested, or are restricted (REML): restricted likelihoods of different
        covariates are not comparable.

    Notes
    -----
    The chi-square distribution is an approximation for many studies. With few, it
    rejects too often.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats import fit_bivariate
    >>> data = pd.DataFrame({"study": list("ABCDEFGH"), "tp": [19, 8, 25, 7, 40, 12, 9, 31],
    ...                      "fp": [10, 2, 9, 4, 22, 1, 3, 8], "fn": [4, 1, 11, 3, 7, 5, 6, 9],
    ...                      "tn": [80, 30, 90, 22, 95, 41, 50, 60],
    ...                      "setting": ["primary", "emergency"] * 4})
    >>> test = compare_fits(fit_bivariate(data), fit_bivariate(data, formula="setting"))
    >>> test.df
    2
    """
    for fit in (first, second):
        if not isinstance(fit, FittedModel):
            raise ArgumentError(
                f"a likelihood-ratio test compares two fits by likelihood, not "
                f"{type(fit).__name__}; of two posteriors compare predictive_check().log_density"
            )
        if fit.whole is not None:
            raise ArgumentError(
                f"this is the part of a fit at {described(fit)}: compare the whole fits"
            )
    small, large = sorted((first, second), key=lambda fit: len(fit.coefficients))
    for fit in (small, large):
        if fit.family.restricted:
            raise ArgumentError(
                "the fits are restricted (REML), and restricted likelihoods of different "
                "covariates are not comparable: fit both with estimator='ml'"
            )
    for what, one, two in (
        ("likelihood", small.likelihood, large.likelihood),
        ("effects", small.effects, large.effects),
        ("structure", small.structure_name, large.structure_name),
        ("correction", small.correction, large.correction),
        ("quadrature nodes", small.nodes, large.nodes),
    ):
        if one != two:
            raise ArgumentError(
                f"the fits differ in their {what} ({one} and {two}); compare like with like"
            )
    same = small.studies.used_names == large.studies.used_names and np.array_equal(
        small.studies.used_counts, large.studies.used_counts
    )
    if not same:
        raise ArgumentError(
            f"the fits use different studies ({small.k} and {large.k}): leave the studies without "
            "a covariate out of both"
        )
    df = len(large.coefficients) - len(small.coefficients)
    if not df or not all(
        _spans(more, fewer)
        for more, fewer in zip(large.design.scaled, small.design.scaled, strict=True)
    ):
        raise ArgumentError(
            f"{_formula(small)} is not nested in {_formula(large)}: every covariate of the one "
            "must be among those of the other, and the other must have more"
        )
    statistic = max(2 * (large.log_likelihood - small.log_likelihood), 0.0)
    return LikelihoodRatioTest(
        statistic, df, float(chdtrc(df, statistic)), _formula(small), _formula(large)
    )


def _spans(larger: Floats, smaller: Floats) -> bool:
    """Return whether the columns of one design lie in the space of another's."""
    fitted = larger @ np.linalg.lstsq(larger, smaller, rcond=None)[0]
    return bool(np.allclose(fitted, smaller, rtol=1e-8, atol=1e-8 * np.abs(smaller).max()))


def _formula(fit: FittedModel) -> str:
    one, two = fit.design.formulas
    return f"~ {one}" if one == two else f"sensitivity ~ {one}, specificity ~ {two}"


def subgroups(fit: FittedModel) -> pd.DataFrame:
    """Return the summary point of every covariate pattern in the data.

    Parameters
    ----------
    fit : BivariateFit
        With covariates.

    Returns
    -------
    pandas.DataFrame
        The covariates, ``studies`` (how many), each measure with ``_low`` and
        ``_high``, ``ci_level, method``. The between-study covariance is that of all
        studies together.

    Raises
    ------
    NotEstimableError
        If the fit has no covariates, or they take more than 30 patterns (a continuous
        covariate: use ``fit.at``).
    """
    import pandas as pd

    rows = []
    for named, size in covariate_patterns(fit):
        point = at(fit, **named).point
        row: dict[str, Any] = {**named, "studies": size}
        for measure in MEASURES:
            one = point.estimate(measure)
            row |= {
                measure: one.estimate,
                f"{measure}_low": one.ci_low,
                f"{measure}_high": one.ci_high,
            }
        rows.append({**row, "ci_level": fit.level, "method": fit.method})
    return pd.DataFrame(rows)


def covariate_patterns(fit: Fit) -> list[tuple[dict[str, Any], int]]:
    """Return every covariate pattern of the studies in use, and how many studies have it.

    Raises
    ------
    NotEstimableError
        If the fit has no covariates, is a part already, or they take more than 30 patterns.
    """
    covariates, k = list(fit.design.covariates), int(fit.studies.used.sum())
    if fit.values:
        raise NotEstimableError(f"this is one group, {described(fit)}: ask the whole fit")
    if not covariates:
        raise NotEstimableError("the fit has no covariates, so there are no subgroups")
    frame = fit.studies.frame.loc[fit.studies.used, covariates]
    sizes = frame.groupby(covariates, observed=True, sort=True).size()
    if len(sizes) > _MOST_SUBGROUPS:
        raise NotEstimableError(
            f"the covariates take {len(sizes)} patterns in {k} studies; ask for values of "
            f"interest with fit.at({covariates[0]}=...)"
        )
    patterns = [pattern if isinstance(pattern, tuple) else (pattern,) for pattern in sizes.index]
    return [
        (dict(zip(covariates, values, strict=True)), int(size))
        for values, size in zip(patterns, sizes, strict=True)
    ]


class FitOfGroups(Protocol):
    """A fit that compares its groups by itself: a posterior."""

    @property
    def compare_groups(self) -> Callable[[Mapping[str, Any], Mapping[str, Any]], pd.DataFrame]:
        """The comparison of its summaries at two values of the covariates."""


def compare_groups(
    fit: FittedModel | FitOfGroups, first: Mapping[str, Any], second: Mapping[str, Any]
) -> pd.DataFrame:
    """Compare two groups of one fit: two flags, thresholds, settings or designs.

    Parameters
    ----------
    fit : BivariateFit or BayesianFit
        With the covariates that tell the groups apart.
    first, second : mapping
        Covariate values of the two groups, for example ``{"flag": "age_50"}``.

    Returns
    -------
    pandas.DataFrame
        See :func:`compare_points`; of a Bayesian fit
        :func:`backpain_stats.meta.bayes.coefficients.compare_groups`, with
        ``probability_positive`` in place of ``p_value``.

    Raises
    ------
    ArgumentError, UnknownNameError
        If covariates are missing or unknown.

    Notes
    -----
    The groups' studies must be different patients. Two flags measured in the same
    patients are correlated, which this model leaves out; its intervals are then
    usually too wide.
    """
    first, second = check_mapping(first, "first"), check_mapping(second, "second")
    if not isinstance(fit, FittedModel):
        if not hasattr(fit, "compare_groups"):
            raise DataError(f"{type(fit).__name__} is no fit; give what fit_bivariate returns")
        return fit.compare_groups(first, second)
    one, two = fit.design.rows_at(first), fit.design.rows_at(second)
    cross = one @ fit.covariance @ two.T
    return compare_points(at(fit, **first).point, at(fit, **second).point, cross=cross)


def compare_points(
    first: SummaryPoint | FittedModel,
    second: SummaryPoint | FittedModel,
    *,
    cross: Floats | None = None,
) -> pd.DataFrame:
    """Compare two summary points by the delta method.

    Parameters
    ----------
    first, second : SummaryPoint or BivariateFit
        A fit without covariates, a part of one (``fit.at(...)``), or their points.
    cross : ndarray of shape (2, 2), optional
        Covariance of the first point's logits (rows) with the second's; none for fits
        of different studies.

    Returns
    -------
    pandas.DataFrame
        ``measure, estimate, ci_low, ci_high, ci_level, p_value, method`` for
        ``sensitivity_difference, specificity_difference`` (first minus second) and
        ``lr_positive_ratio, lr_negative_ratio, odds_ratio_ratio`` (first over second).

    Raises
    ------
    ArgumentError
        If the two have different confidence levels.
    NotEstimableError
        If one is a common-effect point, whose exact intervals have no standard errors.
    """
    import pandas as pd

    first, second = (one.point if isinstance(one, FittedModel) else one for one in (first, second))
    if first.level != second.level:
        raise ArgumentError(f"the points have levels {first.level} and {second.level}; use one")
    if first.exact or second.exact:
        raise NotEstimableError("common-effect points cannot be compared: use effects='random'")
    level = check_level(first.level)
    joint = np.zeros((2, 2)) if cross is None else np.asarray(cross, dtype=np.float64)
    rows = []
    for measure, kind in MEASURE_TABLE.items():
        ratio = kind.ratio
        slopes = [point.gradient(measure) for point in (first, second)]
        values = [point.log_with_error(measure)[0] for point in (first, second)]
        if not ratio:
            proportions = [float(expit(value)) for value in values]
            slopes = [slope * p * (1 - p) for slope, p in zip(slopes, proportions, strict=True)]
            values = proportions
        variance = (
            slopes[0] @ first.covariance @ slopes[0]
            + slopes[1] @ second.covariance @ slopes[1]
            - 2 * slopes[0] @ joint @ slopes[1]
        )
        change, error = values[0] - values[1], float(np.sqrt(np.maximum(variance, 0.0)))
        width = normal_quantile(level) * error
        ends = np.array([change, change - width, change + width])
        estimate, low, high = np.exp(ends) if ratio else ends
        p_value = 2 * float(ndtr(-abs(float(change)) / error)) if error > 0 else np.nan
        rows.append(
            {
                "measure": kind.comparison,
                "estimate": float(estimate),
                "ci_low": float(low),
                "ci_high": float(high),
                "ci_level": level,
                "p_value": p_value,
                "method": f"{first.method}, delta method",
            }
        )
    return pd.DataFrame(rows)


def coefficient_table(fit: FittedModel) -> pd.DataFrame:
    """Return one row a coefficient: ``coefficient, estimate, standard_error, ..., p_value``.

    Coefficients are on the logit scale; ``p_value`` is Wald's, two-sided.
    """
    import pandas as pd

    errors = fit.standard_errors
    width = normal_quantile(fit.level) * errors
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.abs(fit.coefficients) / errors
    return pd.DataFrame(
        {
            "coefficient": list(fit.names),
            "estimate": fit.coefficients,
            "standard_error": errors,
            "ci_low": fit.coefficients - width,
            "ci_high": fit.coefficients + width,
            "ci_level": fit.level,
            "p_value": 2 * ndtr(-ratio),
        }
    )
