"""Sensitivity or specificity alone, pooled by the exact random-effects logistic model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, stdtrit

from backpain_stats.checks import ARMS, COUNT_COLUMNS, check_choice, check_count, check_level
from backpain_stats.errors import FitError, NotEstimableError
from backpain_stats.estimate import Estimate, format_level, format_number, format_percent
from backpain_stats.meta.after.heterogeneity import Profile
from backpain_stats.meta.arrays import Floats
from backpain_stats.meta.fitting.boundary import solve
from backpain_stats.meta.fitting.structure import STRUCTURES
from backpain_stats.meta.likelihood.binomial import Arms
from backpain_stats.meta.likelihood.exact import ExactModel
from backpain_stats.meta.likelihood.quadrature import gauss_hermite
from backpain_stats.meta.studies import OUTCOMES, PATIENTS, Studies, check_studies, refuse_many
from backpain_stats.meta.univariate.effects import left_out
from backpain_stats.result import Grid, Result, Shown
from backpain_stats.tables import normal_quantile, plain_tables

if TYPE_CHECKING:
    import pandas as pd

    from backpain_stats.tables import TablesLike

__all__ = ["PooledProportion", "pool_proportion"]

# A mean needs one study and a spread at least three more.
_FEWEST_STUDIES = 4
# Starting SDs, near and far: the likelihood of an SD may have a maximum at 0 as well.
_START_SDS = (0.3, 1.0)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PooledProportion(Result):
    """One proportion pooled over studies.

    Parameters
    ----------
    pooled : Estimate
        That of the middle study (the mean logit), with its Wald interval on the logit.
    prediction : Estimate
        The same centre with the interval in which a new study's own proportion is
        expected, t with k - 2 degrees of freedom.
    sd, sd_low, sd_high : float
        Between-study standard deviation of the logit, with its profile interval.
    logit, standard_error : float
        The mean logit and its standard error.
    log_likelihood : float
    boundary : bool
        Whether the maximum has an SD of 0.
    nodes : int
    studies : pandas.DataFrame
        One row per study handed in: ``study, events, total, used, reason``.
    """

    pooled: Estimate
    prediction: Estimate
    sd: float
    sd_low: float
    sd_high: float
    logit: float
    standard_error: float
    log_likelihood: float
    boundary: bool
    nodes: int
    studies: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return the result as a frame, one row per quantity."""
        import pandas as pd

        spread = Estimate(
            self.sd, self.sd_low, self.sd_high, self.pooled.ci_level, "profile likelihood",
            "between_study_sd",
        )  # fmt: skip
        columns = ["measure", "estimate", "ci_low", "ci_high", "ci_level", "method"]
        rows = [one.as_dict() for one in (self.pooled, self.prediction, spread)]
        return pd.DataFrame(rows)[columns]

    def _shown(self) -> Shown:
        rows = [
            (name, format_percent(one.estimate),
             f"{format_percent(one.ci_low)} to {format_percent(one.ci_high)}")
            for name, one in (("pooled", self.pooled), ("a new study", self.prediction))
        ]  # fmt: skip
        ends = f"{format_number(self.sd_low)} to {format_number(self.sd_high)}"
        rows.append(("between-study SD (logit)", format_number(self.sd), ends))
        head = ("", "Estimate", f"{format_level(self.pooled.ci_level)} interval")
        used = int(self.studies["used"].sum())
        title = f"{self.pooled.measure.capitalize()} of {used} studies: {self.pooled.method}"
        return Shown(title, [Grid(rows, head)], left_out(self.studies))


def pool_proportion(
    data: TablesLike, outcome: str = "sensitivity", *, level: float = 0.95, nodes: int = 21
) -> PooledProportion:
    r"""Pool sensitivity or specificity alone by the random-effects logistic model.

    .. math:: y_i \sim \mathrm{Bin}(n_i, p_i), \qquad
       \mathrm{logit}\, p_i \sim N(\mu, \sigma^2)

    by exact maximum likelihood, the random effect integrated out by adaptive quadrature.
    It is for reviews whose studies have one kind of patients only. Where they have both,
    :func:`~backpain_stats.fit_bivariate` uses how the two vary together; this is its
    special case ``structure="uncorrelated"``, one outcome at a time.

    Parameters
    ----------
    data : pandas.DataFrame, StudyTables, str or path-like
        One row per study: ``study``, and ``tp, fn`` for the sensitivity or ``fp, tn`` for
        the specificity; the other two may be missing or empty. Or whatever
        :func:`backpain_stats.read_tables` reads as 2x2 tables.
    outcome : {"sensitivity", "specificity"}
    level : float, optional
        Confidence level of all intervals.
    nodes : int, optional
        Quadrature nodes.

    Returns
    -------
    PooledProportion

    Raises
    ------
    ArgumentError, DataError
        If an option or the data cannot be used.
    NotEstimableError
        If fewer than four studies have such patients, or the proportion is 0 or 1 in all
        of them: add the counts up and give an exact interval.
    FitError
        If the maximum is not found.

    Examples
    --------
    >>> import pandas as pd
    >>> data = pd.DataFrame({"study": list("ABCDEF"), "tp": [19, 8, 25, 7, 40, 12],
    ...                      "fn": [4, 1, 11, 3, 7, 5]})
    >>> print(pool_proportion(data))
    Sensitivity of 6 studies: exact binomial likelihood, random-effects logistic
    <BLANKLINE>
                              Estimate  95% interval
    pooled                         78%    71% to 84%
    a new study                    78%    66% to 87%
    between-study SD (logit)    0.0580    0 to 0.839
    """
    check_choice(outcome, "outcome", OUTCOMES)
    check_level(level)
    gauss_hermite(check_count(nodes, "nodes"))  # refuses a number it cannot do
    studies = _one_arm(data, outcome)
    tp, fp, fn, tn = studies.counts.T
    events, others = (tp, fn) if outcome == "sensitivity" else (tn, fp)
    used = events + others > 0
    patients = PATIENTS[OUTCOMES.index(outcome)]
    y, f = events[used].astype(np.float64), others[used].astype(np.float64)
    _refuse(y, f, outcome, patients)
    k = len(y)
    model = _model(y, f, nodes)
    structure = STRUCTURES["common_specificity"]
    logits = np.log((y + 0.5) / (f + 0.5))
    starts = np.zeros((len(_START_SDS), 4))
    starts[:, 0], starts[:, 1] = logits.mean(), _START_SDS
    solution = solve(model, starts, structure)
    if not solution.converged:
        raise FitError(f"the likelihood of the {outcome} was not maximised")
    covariance = model.covariance(solution.parameters, solution.directions)
    error = np.nan if covariance is None else float(np.sqrt(covariance[0, 0]))
    mean, sd = float(solution.parameters[0]), float(abs(solution.parameters[1]))
    low, high = Profile(model, solution.parameters, structure, "sd_sensitivity").interval(level)
    method = "exact binomial likelihood, random-effects logistic"
    reach = stdtrit(k - 2, (1 + level) / 2) * np.hypot(error, sd)
    frame = studies.table()[["study"]].assign(
        events=events, total=events + others, used=used,
        reason=np.where(used, "", f"no {patients}"),
    )  # fmt: skip
    return PooledProportion(
        pooled=_estimate(mean, normal_quantile(level) * error, level, method, outcome),
        prediction=_estimate(mean, reach, level, f"{method}, prediction", "prediction"),
        sd=sd,
        sd_low=low,
        sd_high=high,
        logit=mean,
        standard_error=error,
        log_likelihood=solution.value,
        boundary=bool(solution.boundary),
        nodes=nodes,
        studies=frame,
    )


def _one_arm(data: TablesLike, outcome: str) -> Studies:
    """Check the two cells of the outcome; the others are taken as they are, or as 0."""
    needed, other = ARMS if outcome == "sensitivity" else ARMS[::-1]
    import pandas as pd

    if isinstance(data, pd.DataFrame) and {"study", *needed} <= set(data.columns):
        frame = data
    else:
        frame, _ = plain_tables(data)
    missing = [cell for cell in other if cell not in frame.columns]
    filled = frame.assign(**dict.fromkeys(missing, 0))
    return check_studies(filled[["study", *COUNT_COLUMNS]])


def _model(y: Floats, f: Floats, nodes: int) -> ExactModel:
    """Return the exact likelihood of one arm: the other has no patients and no mean."""
    nobody = np.zeros_like(y)
    arms = Arms.from_counts(np.stack([y, nobody, f, nobody], axis=-1)[None])
    return ExactModel(arms, (np.ones((len(y), 1)), np.ones((len(y), 0))), nodes)


def _refuse(y: Floats, f: Floats, outcome: str, patients: str) -> None:
    refuse_many(len(y))
    if len(y) < _FEWEST_STUDIES:
        raise NotEstimableError(
            f"{len(y)} studies have {patients}, too few for a mean and a between-study SD (at "
            f"least {_FEWEST_STUDIES} are needed): add the counts up and use proportion_interval"
        )
    if not y.sum() or not f.sum() or np.all((y == 0) | (f == 0)):
        raise NotEstimableError(
            f"the {outcome} is 0 or 1 in every study: the likelihood has no maximum; add the "
            "counts up and use proportion_interval"
        )


def _estimate(centre: float, half: float, level: float, method: str, measure: str) -> Estimate:
    middle, low, high = (float(expit(centre + shift)) for shift in (0.0, -half, half))
    return Estimate(middle, low, high, level, method, measure)
