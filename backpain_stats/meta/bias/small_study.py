"""A bivariate Egger test: whether small studies report another accuracy than large ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from backpain_stats.errors import NotEstimableError
from backpain_stats.meta.after.regression import (
    LikelihoodRatioTest,
    coefficient_table,
    compare_fits,
)
from backpain_stats.meta.bivariate import fit_bivariate
from backpain_stats.meta.result import BivariateFit
from backpain_stats.meta.studies import check_studies
from backpain_stats.result import Grid, Result, Shown, format_number
from backpain_stats.tables import Correction

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SmallStudyTest", "small_study_test"]

_ROOTS = {"sensitivity": "root_cases", "specificity": "root_noncases"}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SmallStudyTest(Result):
    """The test of both slopes, and the slopes.

    Parameters
    ----------
    test : LikelihoodRatioTest
        Of no slope, on two degrees of freedom.
    slopes : pandas.DataFrame
        ``outcome, estimate, standard_error, ci_low, ci_high, ci_level, p_value``: of the logit
        on the inverse root of the number of cases (non-cases).
    fit : BivariateFit
        With the slopes.
    """

    test: LikelihoodRatioTest
    slopes: pd.DataFrame
    fit: BivariateFit

    @property
    def p_value(self) -> float:
        """Of the likelihood-ratio test."""
        return self.test.p_value

    def to_frame(self) -> pd.DataFrame:
        """Return the slopes."""
        return self.slopes

    def _shown(self) -> Shown:
        columns = ("estimate", "ci_low", "ci_high", "p_value")
        rows = [
            (str(outcome), *(format_number(float(value)) for value in values))
            for outcome, *values in self.slopes[["outcome", *columns]].itertuples(index=False)
        ]
        title = (
            f"Bivariate Egger test: chi-square {format_number(self.test.statistic)} on "
            f"{self.test.df} degrees of freedom, p = {format_number(self.p_value, 2)}"
        )
        return Shown(title, (Grid(rows, ("slope of the logit", "estimate", "low", "high", "p")),))


def small_study_test(
    data: pd.DataFrame,
    *,
    likelihood: Literal["binomial", "normal"] = "binomial",
    correction: Correction | None = None,
    level: float = 0.95,
) -> SmallStudyTest:
    r"""Test both outcomes together for small-study effects, in the manner of Egger.

    In the bivariate model the mean of logit sensitivity depends on :math:`1/\sqrt{n_1}` and that
    of logit specificity on :math:`1/\sqrt{n_0}`, the numbers of cases and of non-cases. Both
    slopes are tested together by the likelihood ratio. The inverse roots stand for the standard
    errors of Egger's test: standard errors of logits depend on the logits themselves, which
    makes slopes where there is no effect.

    Parameters
    ----------
    data : pandas.DataFrame
        ``study, tp, fp, fn, tn``.
    likelihood : {"binomial", "normal"}, optional
    correction : {"none", "zero_cells", "all"}, optional
        For the normal likelihood.
    level : float, optional

    Returns
    -------
    SmallStudyTest

    Raises
    ------
    DataError, ArgumentError, FitError
    NotEstimableError
        If there are too few studies, one lacks cases or non-cases, or all have the same numbers.

    See Also
    --------
    backpain_stats.deeks_test : the diagnostic odds ratio alone.

    Notes
    -----
    Small-study effects need not be publication bias, and with ten studies the test has little
    power. It takes two degrees of freedom where the two slopes differ in sign as well as where
    they agree.

    References
    ----------
    Egger M et al. BMJ 1997;315:629-34, https://doi.org/10.1136/bmj.315.7109.629; Hong C et al.
    Biometrics 2020;76:1240-50, https://doi.org/10.1111/biom.13342 (several outcomes, score test)

    Examples
    --------
    >>> import pandas as pd
    >>> data = pd.DataFrame({"study": list("ABCDEFGH"), "tp": [19, 18, 25, 17, 40, 12, 30, 55],
    ...                      "fp": [30, 2, 9, 3, 12, 8, 25, 60],
    ...                      "fn": [1, 12, 11, 2, 17, 9, 14, 40],
    ...                      "tn": [80, 40, 90, 32, 95, 41, 60, 140]})
    >>> round(small_study_test(data).p_value, 3)
    0.014
    """
    studies = check_studies(data)
    tp, fp, fn, tn = studies.counts.T
    cases, noncases = tp + fn, fp + tn
    if not (cases.all() and noncases.all()):
        raise NotEstimableError("a study without cases or without non-cases has no size to compare")
    if np.ptp(cases) == 0 or np.ptp(noncases) == 0:
        raise NotEstimableError("all studies have the same number of cases or of non-cases")
    sized = studies.frame.assign(root_cases=cases**-0.5, root_noncases=noncases**-0.5)
    plain, sloped = (
        fit_bivariate(sized, likelihood, "ml", correction=correction, formula=formula, level=level)
        for formula in (None, {outcome: f"~ {root}" for outcome, root in _ROOTS.items()})
    )
    if not (isinstance(plain, BivariateFit) and isinstance(sloped, BivariateFit)):
        raise NotEstimableError("the test needs fits by likelihood")
    table = coefficient_table(sloped)
    slopes = table.loc[table["coefficient"].str.contains("root_")].reset_index(drop=True)
    slopes.insert(0, "outcome", list(_ROOTS))
    return SmallStudyTest(compare_fits(plain, sloped), slopes.drop(columns="coefficient"), sloped)
