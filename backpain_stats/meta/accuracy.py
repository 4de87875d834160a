"""A meta-analysis as the accuracy of a flag, in an average practice or in a new one.

The average practice is the mean of all: its interval is how well that mean is known. A new
practice is one more of them, none of those studied: its interval has the difference between
practices in it. A patient is seen in a new practice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from scipy.special import expit, log_expit, logit, ndtri

from backpain_stats.checks import COUNT_COLUMNS, check_choice
from backpain_stats.meta.bayes.fit import fit_settings
from backpain_stats.meta.bayes.priors import Priors
from backpain_stats.meta.bayes.result import BayesianFit
from backpain_stats.meta.point import MEASURE_TABLE, MEASURES, log_measure
from backpain_stats.published import LABELS
from backpain_stats.sampling import DEFAULT_SEED, Seed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backpain_stats.meta.result import BivariateFit
    from backpain_stats.published import AccuracyDraws

__all__ = [
    "FitAccuracy",
    "FlagAccuracy",
    "PosteriorAccuracy",
    "Practice",
    "accuracy_row",
    "pooled_accuracy",
    "tables_accuracy",
]

Practice = Literal["average", "new"]
PRACTICES: tuple[Practice, ...] = ("average", "new")
WHERE = {"average": "average practice", "new": "new practice"}


@dataclass(frozen=True, slots=True, eq=False)
class FitAccuracy:
    """Accuracy known from a meta-analysis: normal on the logit scale.

    Parameters
    ----------
    mean, covariance : numpy.ndarray
        Of logit sensitivity and logit specificity.
    labels : mapping
        What was pooled.
    studies : int
        How many studies were pooled.
    n, n_cases : int or None
        Patients and cases in all of them together.
    """

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    labels: Mapping[str, Any]
    studies: int = 1
    n: int | None = None
    n_cases: int | None = None
    tables: int = 1
    basis: str = "normal distribution of the summary logits"

    @property
    def sensitivity(self) -> float:
        """Summary sensitivity."""
        return float(expit(self.mean[0]))

    @property
    def specificity(self) -> float:
        """Summary specificity."""
        return float(expit(self.mean[1]))

    def draws(self, uniform: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Map uniforms of shape (draws, 3) to draws of sensitivity and specificity."""
        # A symmetric root also exists where the matrix is singular (a boundary fit).
        values, vectors = np.linalg.eigh(self.covariance)
        root = vectors * np.sqrt(np.clip(values, 0, None))
        logits = self.mean + ndtri(uniform[:, 1:3]) @ root.T
        return expit(logits[:, 0]), expit(logits[:, 1])


@dataclass(frozen=True, slots=True, eq=False)
class PosteriorAccuracy:
    """Accuracy known from the weighted posterior draws of a Bayesian meta-analysis.

    Parameters
    ----------
    logits : numpy.ndarray
        Shape (draws, 2): logit sensitivity and logit specificity.
    roots : numpy.ndarray
        Shape (draws, 2, 2): lower-triangular roots of the between-study
        covariance; zeros for the summary itself.
    weights : numpy.ndarray
        Shape (draws,), adding up to 1.
    point : tuple of float
        Sensitivity and specificity.
    labels, studies, n, n_cases
        What was pooled, and from how much.
    """

    logits: NDArray[np.float64]
    roots: NDArray[np.float64]
    weights: NDArray[np.float64]
    point: tuple[float, float]
    labels: Mapping[str, Any]
    studies: int
    n: int | None = None
    n_cases: int | None = None
    tables: int = 1
    basis: str = "posterior of a Bayesian meta-analysis"

    @property
    def sensitivity(self) -> float:
        """Posterior median of the summary sensitivity."""
        return self.point[0]

    @property
    def specificity(self) -> float:
        """Posterior median of the summary specificity."""
        return self.point[1]

    def draws(self, uniform: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Map uniforms of shape (draws, 3) to draws of sensitivity and specificity."""
        edges = np.cumsum(self.weights)
        chosen = np.searchsorted(edges, uniform[:, 0] * edges[-1], side="right")
        chosen = np.minimum(chosen, len(edges) - 1)
        steps = np.einsum("nij,nj->ni", self.roots[chosen], ndtri(uniform[:, 1:3]))
        logits = self.logits[chosen] + steps
        return expit(logits[:, 0]), expit(logits[:, 1])


def pooled_accuracy(
    fit: BivariateFit | BayesianFit,
    *,
    flag: str = "pooled flag",
    practice: Practice = "average",
    labels: Mapping[str, Any] | None = None,
) -> AccuracyDraws:
    """Turn a meta-analysis into a source for the functions of this room.

    Parameters
    ----------
    fit : BivariateFit or BayesianFit
        A fit without covariates.
    flag : str
        What was pooled, as it is to be named.
    labels : mapping, optional
        Further labels: ``cohort_id, study, target, setting``.
    practice : {"average", "new"}
        What the draws are about. In a new practice the between-study variation is added to
        the uncertainty of the summary. That is what a panel needs whose patients are in
        none of the studies.

    Returns
    -------
    AccuracyDraws
        Accepted wherever a ``source`` is asked for.

    Raises
    ------
    NotEstimableError
        If the fit depends on covariates and has no single summary point, or no patient
        informs the sensitivity or the specificity.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats import fit_bivariate, natural_frequencies
    >>> data = pd.DataFrame({"study": list("abcde"), "tp": [9, 18, 30, 12, 25],
    ...     "fp": [20, 70, 41, 15, 60], "fn": [3, 2, 9, 8, 5], "tn": [180, 330, 400, 210, 290]})
    >>> fit = fit_bivariate(data)
    >>> here = natural_frequencies(pooled_accuracy(fit), 0.01).iloc[0]
    >>> elsewhere = natural_frequencies(pooled_accuracy(fit, practice="new"), 0.01).iloc[0]
    >>> bool(elsewhere["tp_low"] < here["tp_low"] <= here["tp_high"] < elsewhere["tp_high"])
    True
    """
    check_choice(practice, "practice", PRACTICES)
    labels = dict.fromkeys(LABELS, pd.NA) | {"flag_id": flag} | dict(labels or {})
    size = _size(fit)
    if isinstance(fit, BayesianFit):
        fit.require("lr_positive")  # an accuracy that no patient informs would be the prior's
        return _posterior(fit, labels, size, practice)
    between = fit.between_study if practice == "new" else 0.0
    return FitAccuracy(
        mean=np.asarray(fit.point.mean),
        covariance=np.asarray(fit.point.covariance + between),
        labels=labels,
        basis=f"normal distribution of the summary logits, {WHERE[practice]}",
        **size,
    )


def _size(fit: BivariateFit | BayesianFit) -> dict[str, int]:
    """Return how many studies, patients and cases are behind a fit."""
    rows = fit.rows[fit.rows["used"]]
    counts = rows[list(COUNT_COLUMNS)].astype("Float64").fillna(0).sum()
    return {
        "studies": len(rows),
        "n": int(counts.sum()),
        "n_cases": int(counts["tp"] + counts["fn"]),
    }


def _posterior(
    fit: BayesianFit, labels: Mapping[str, Any], size: dict[str, int], practice: Practice
) -> PosteriorAccuracy:
    """Read the posterior draws of a Bayesian fit."""
    logits, roots = fit.logits, np.zeros((len(fit.draws), 2, 2))
    if practice == "new":
        lower = fit.roots
        roots[:, 0, 0], roots[:, 1, 0], roots[:, 1, 1] = lower.T
    # In the order of the LR+: what draws by quantiles then draws this by its quantiles.
    order = np.argsort(log_expit(logits[:, 0]) - log_expit(-logits[:, 1]), kind="stable")
    return PosteriorAccuracy(
        logits=logits[order],
        roots=roots[order],
        weights=fit.column("weight")[order],
        point=(float(fit.sensitivity.estimate), float(fit.specificity.estimate)),
        labels=labels,
        tables=max(fit.tables),
        basis=f"posterior of a Bayesian meta-analysis, {WHERE[practice]}",
        **size,
    )


@dataclass(frozen=True, slots=True, eq=False)
class FlagAccuracy:
    """What is known of one flag: in an average practice, and in a new one.

    Parameters
    ----------
    average, new : AccuracyDraws
        The two.
    fit : BayesianFit or None
        What they come from; None where the two proportions are taken as known for every
        practice.
    """

    average: AccuracyDraws
    new: AccuracyDraws
    fit: BayesianFit | None = None

    @classmethod
    def everywhere(cls, accuracy: AccuracyDraws) -> FlagAccuracy:
        """Take one accuracy to hold in every practice."""
        return cls(accuracy, accuracy)

    @classmethod
    def of(
        cls, fit: BayesianFit, labels: Mapping[str, Any], *, counted: bool = True
    ) -> FlagAccuracy:
        """Read it off the posterior of a meta-analysis.

        Raises
        ------
        NotEstimableError
            If no patient informs the sensitivity or the specificity.
        """
        fit.require("lr_positive")  # an accuracy that no patient informs would be the prior's
        labels = dict.fromkeys(LABELS, pd.NA) | dict(labels)
        size = _size(fit) if counted else {"studies": fit.k}
        average, new = (_posterior(fit, labels, size, practice) for practice in PRACTICES)
        if not counted:
            average, new = replace(average, tables=0), replace(new, tables=0)
        return cls(average, new, fit)

    def measures(self, level: float = 0.95) -> pd.DataFrame:
        """Return the five measures, indexed by name.

        Returns
        -------
        pandas.DataFrame
            ``estimate, ci_low, ci_high`` in the average practice, and ``new_practice_low,
            new_practice_high``. What is taken as known has no interval (NaN).
        """
        columns = ["estimate", "ci_low", "ci_high", "new_practice_low", "new_practice_high"]
        if self.fit is None:
            logits = logit([self.average.sensitivity, self.average.specificity])
            points = {
                name: float(measure.back(log_measure(name, *logits)))
                for name, measure in MEASURE_TABLE.items()
            }
            return pd.DataFrame({"estimate": points}).reindex(columns=columns)
        fit = type(self.fit).of(self.fit, level=level)
        frame = pd.DataFrame(
            {name: fit.estimate(name).as_dict() for name in MEASURES}
        ).T  # one row a measure
        new = fit.predict(level=level).set_index("measure").loc[list(MEASURES)]
        frame["new_practice_low"], frame["new_practice_high"] = new["ci_low"], new["ci_high"]
        return frame[columns].astype(float)


def accuracy_row(known: FlagAccuracy, level: float = 0.95) -> dict[str, Any]:
    """Return a flag's accuracy as one row of a frame, the same wherever it is shown.

    Returns
    -------
    dict
        ``studies, n, n_cases, tables``, then for ``sensitivity, specificity, lr_positive,
        lr_negative`` the estimate, ``_low`` and ``_high`` (average practice) and
        ``_new_practice_low`` and ``_new_practice_high``, and ``basis``.
    """
    one = known.average
    row: dict[str, Any] = {
        "studies": one.studies,
        "n": pd.NA if one.n is None else one.n,
        "n_cases": pd.NA if one.n_cases is None else one.n_cases,
        "tables": one.tables,
    }
    for name, values in known.measures(level).drop(index="odds_ratio").to_dict("index").items():
        row[str(name)] = values["estimate"]
        row |= {f"{name}_low": values["ci_low"], f"{name}_high": values["ci_high"]}
        for end in ("low", "high"):
            row[f"{name}_new_practice_{end}"] = values[f"new_practice_{end}"]
    return row | {"basis": one.basis}


def tables_accuracy(
    rows: pd.DataFrame,
    labels: Mapping[str, Any],
    *,
    setting: str = "",
    counted: bool = True,
    priors: Priors | None = None,
    seed: Seed = DEFAULT_SEED,
) -> FlagAccuracy:
    """Return what the tables of some cohorts say of a flag.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``study, tp, fp, fn, tn`` and, optionally, ``setting``; rows that share a study are
        the tables that fit its printed figures.
    labels : mapping
        What the accuracy is labelled with.
    setting : str, optional
        The setting it is about.
    counted : bool, default True
        Whether the tables are counts; if not they stand for proportions without counts, and
        no number of patients is shown.
    priors : Priors, optional
    seed : int, Generator or None

    Raises
    ------
    NotEstimableError
        If no patient informs the sensitivity or the specificity.
    """
    # Without settings all cohorts are of one.
    setting = setting or "one"
    places = [setting] * rows["study"].nunique()
    if "setting" in rows.columns:
        places = rows.drop_duplicates("study")["setting"].fillna("").tolist()
    fit = fit_settings(rows, places, setting, priors=priors, seed=seed)
    return FlagAccuracy.of(fit, labels, counted=counted)
