"""A meta-analysis as the source of a decision: the summary, or a new setting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import expit, ndtri

from backpain_stats.checks import COUNT_COLUMNS
from backpain_stats.meta.bayes.result import BayesianFit
from backpain_stats.published import LABELS, FitAccuracy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backpain_stats.meta.result import BivariateFit
    from backpain_stats.published import AccuracyDraws

__all__ = ["PosteriorAccuracy", "pooled_accuracy"]


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
    fit: BivariateFit | BayesianFit, *, flag: str = "pooled flag", new_setting: bool = False
) -> AccuracyDraws:
    """Turn a meta-analysis into a source for the functions of this room.

    Parameters
    ----------
    fit : BivariateFit or BayesianFit
        A fit without covariates.
    flag : str
        What was pooled, as it is to be named.
    new_setting : bool, default False
        Whether the draws are of a new setting: the between-study variation is
        then added to the uncertainty of the summary. That is what a panel
        needs whose patients are in none of the studies.

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
    >>> elsewhere = natural_frequencies(pooled_accuracy(fit, new_setting=True), 0.01).iloc[0]
    >>> bool(elsewhere["tp_low"] < here["tp_low"] <= here["tp_high"] < elsewhere["tp_high"])
    True
    """
    labels = dict.fromkeys(LABELS, pd.NA) | {"flag_id": flag}
    rows = fit.rows[fit.rows["used"]]
    counts = rows[list(COUNT_COLUMNS)].astype("Float64").fillna(0).sum()
    size = {
        "studies": len(rows),
        "n": int(counts.sum()),
        "n_cases": int(counts["tp"] + counts["fn"]),
    }
    where = " in a new setting" if new_setting else ""
    if isinstance(fit, BayesianFit):
        fit.require("lr_positive")  # an accuracy that no patient informs would be the prior's
        return _posterior(fit, labels, size, new_setting)
    between = fit.between_study if new_setting else 0.0
    return FitAccuracy(
        mean=np.asarray(fit.point.mean),
        covariance=np.asarray(fit.point.covariance + between),
        labels=labels,
        basis=f"normal distribution of the summary logits{where}",
        **size,
    )


def _posterior(
    fit: BayesianFit, labels: Mapping[str, Any], size: dict[str, int], new_setting: bool
) -> PosteriorAccuracy:
    """Read the posterior draws of a Bayesian fit."""
    draws = fit.draws
    roots = np.zeros((len(draws), 2, 2))
    if new_setting:
        first, second = draws["sd_sensitivity"].to_numpy(), draws["sd_specificity"].to_numpy()
        rho = draws["correlation"].to_numpy()
        roots[:, 0, 0], roots[:, 1, 0] = first, rho * second
        roots[:, 1, 1] = second * np.sqrt(np.clip(1 - rho**2, 0, None))
    where = " in a new setting" if new_setting else ""
    return PosteriorAccuracy(
        logits=draws[["logit_sensitivity", "logit_specificity"]].to_numpy(dtype=float),
        roots=roots,
        weights=draws["weight"].to_numpy(dtype=float),
        point=(float(fit.sensitivity.estimate), float(fit.specificity.estimate)),
        labels=labels,
        basis=f"posterior of a Bayesian meta-analysis{where}",
        **size,
    )
