"""The post-test probability by the summary ratio."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from backpain_stats.estimate import PosttestEstimate
from backpain_stats.meta.fitted import FittedModel
from backpain_stats.meta.point import Result
from backpain_stats.meta.pretest import PretestLike, PretestsLike

if TYPE_CHECKING:
    import pandas as pd


@overload
def posttest(
    fit: FittedModel, pretest: PretestLike, result: Result = "positive", pretest_source: str = ""
) -> PosttestEstimate: ...


@overload
def posttest(
    fit: FittedModel, pretest: PretestsLike, result: Result = "positive", pretest_source: str = ""
) -> PosttestEstimate | pd.DataFrame: ...


def posttest(
    fit: FittedModel, pretest: PretestsLike, result: Result = "positive", pretest_source: str = ""
) -> PosttestEstimate | pd.DataFrame:
    """Return the post-test probability by the summary LR.

    See :meth:`SummaryPoint.posttest <backpain_stats.meta.point.SummaryPoint.posttest>`; the
    difference between settings is not in it (``fit.predict`` has it).
    """
    return fit.point.posttest(pretest, result, pretest_source)
