"""Whether the model expects the studies it was fitted to: each predicted from the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit, logsumexp

from backpain_stats.checks import check_level
from backpain_stats.errors import ArgumentError, NotEstimableError
from backpain_stats.estimate import format_percent
from backpain_stats.meta.arrays import Counts, Floats
from backpain_stats.meta.bayes.importance import WORST_K_HAT, pareto_smooth
from backpain_stats.meta.bayes.new_study import at_most, count_quantile
from backpain_stats.meta.bayes.posterior import Posterior
from backpain_stats.meta.bayes.quantities import new_practice_logits
from backpain_stats.meta.bayes.sampling import study_log_likelihoods
from backpain_stats.meta.point import DRAWS
from backpain_stats.meta.studies import OUTCOMES
from backpain_stats.result import Grid, Result, Shown
from backpain_stats.sampling import DEFAULT_SEED, Seed, check_draws, generator

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PredictiveCheck", "predictive_check"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PredictiveCheck(Result):
    """Each study beside what the others predict of it.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a study: ``study``; for ``sensitivity`` and ``specificity`` the observed share,
        ``_low`` and ``_high`` (what the other studies predict of so many patients) and
        ``_pit`` (the predicted probability of fewer, plus half of that of as many);
        ``log_density`` (of its counts, predicted by the others); ``k_hat`` (above 0.7 the row
        is not to be trusted: fit again without that study).
    log_density : float
        The sum over studies, the expected log predictive density by leaving one out: between
        two models of the same studies, the higher is the better.
    log_density_se : float
        Its standard error over studies.
    effective_parameters : float
        How much higher the sum is for studies that took part in the fit.
    ci_level : float
        Level of the predicted ends.
    method : str
        How it was made.
    """

    frame: pd.DataFrame
    log_density: float
    log_density_se: float
    effective_parameters: float
    ci_level: float
    method: str

    def outside(self, outcome: str) -> pd.Series[Any]:
        """Return which studies lie outside of what is predicted of them."""
        own = self.frame[outcome]
        below, above = own < self.frame[f"{outcome}_low"], own > self.frame[f"{outcome}_high"]
        return below | above

    def against(self, other: PredictiveCheck) -> pd.DataFrame:
        r"""Compare the predictions of two models of the same studies, with covariates or without.

        The difference of the two log predictive densities, with the standard error of a sum
        of differences, study by study (Vehtari, Gelman & Gabry 2017).

        Parameters
        ----------
        other : PredictiveCheck
            Of another fit of the same studies.

        Returns
        -------
        pandas.DataFrame
            One row: ``difference`` (this minus the other; above 0 this one predicts better),
            ``standard_error``, ``studies``, ``method``.

        Raises
        ------
        ArgumentError
            If the studies are not the same.

        Notes
        -----
        With fewer than some dozens of studies the standard error is too small, and a
        difference below 4 is nothing to choose a model by (Sivula, Magnusson & Vehtari 2020,
        https://doi.org/10.48550/arXiv.2008.10296).

        Examples
        --------
        >>> import pandas as pd
        >>> from backpain_stats import fit_bayes
        >>> data = pd.DataFrame({"study": list("ABCDEF"), "year": [1, 2, 3, 4, 5, 6],
        ...     "tp": [19, 30, 25, 17, 40, 21], "fp": [30, 20, 9, 13, 12, 30],
        ...     "fn": [9, 12, 11, 7, 17, 5], "tn": [80, 90, 90, 72, 95, 67]})
        >>> one, two = (fit_bayes(data, formula=formula).predictive_check()
        ...             for formula in ("~ year", None))
        >>> bool(one.against(two)["difference"].iloc[0] < 0)
        True
        """
        import pandas as pd

        names = [list(one.frame["study"]) for one in (self, other)]
        if names[0] != names[1]:
            raise ArgumentError(
                f"the checks are of different studies ({len(names[0])} and {len(names[1])}, or in "
                "another order): fit both models to the same"
            )
        each = (self.frame["log_density"] - other.frame["log_density"]).to_numpy(dtype=np.float64)
        row = {
            "difference": float(each.sum()),
            "standard_error": float(np.sqrt(len(each) * each.var(ddof=1))),
            "studies": len(each),
            "method": self.method,
        }
        return pd.DataFrame([row])

    def _shown(self) -> Shown:
        notes = [
            f"log predictive density {self.log_density:.1f} (standard error "
            f"{self.log_density_se:.1f}), {self.effective_parameters:.1f} effective parameters"
        ]
        for outcome in OUTCOMES:
            known = self.frame[outcome].notna()
            notes.append(
                f"{outcome}: {int(self.outside(outcome).sum())} of {int(known.sum())} studies lie "
                f"outside their interval, where {(1 - self.ci_level) * known.sum():.1f} or fewer "
                "are expected"
            )
        bad = self.frame.loc[self.frame["k_hat"] >= WORST_K_HAT, "study"]
        if len(bad):
            notes.append(f"not to be trusted (k-hat): {', '.join(map(str, bad))}")
        head = ("", *(name for one in OUTCOMES for name in (one, "predicted")), "k-hat")
        rows = [
            [str(row["study"]), *_printed(row), f"{row['k_hat']:.2f}"]
            for row in self.frame.to_dict("records")
        ]
        return Shown("Each study predicted from the others", [Grid(rows, head)], notes)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a study, as described above."""
        return self.frame


def _printed(row: dict[Any, Any]) -> list[str]:
    """Return what was observed and what was predicted, as text."""
    cells = []
    for outcome in OUTCOMES:
        share, low, high = (row[f"{outcome}{end}"] for end in ("", "_low", "_high"))
        nobody = np.isnan(share)
        cells.append("-" if nobody else format_percent(share))
        cells.append("-" if nobody else f"{format_percent(low)} to {format_percent(high)}")
    return cells


def predictive_check(
    fit: Posterior,
    *,
    level: float | None = None,
    draws: int = DRAWS,
    seed: Seed = DEFAULT_SEED,
) -> PredictiveCheck:
    r"""Predict each study from the others and compare: a check of the model, study by study.

    Without study :math:`i` the posterior is that with it, each draw :math:`\theta_s` weighed by
    :math:`1 / p(y_i \mid \theta_s)`, the largest weights smoothed by a Pareto distribution;
    no model is fitted again. :math:`p(y_i \mid \theta)` is the probability of the study's
    counts with its own random effects integrated out. The expected log predictive density is

    .. math:: \sum_i \log p(y_i \mid y_{-i})
       = \sum_i \log \sum_s w_{is}\, p(y_i \mid \theta_s)

    Predicted counts have the new study's difference from the others and the chance of its
    patients in them. With covariates a study is predicted from the others at its own values;
    of a part of a fit, the whole is checked.

    Parameters
    ----------
    fit : BayesianFit
        Of two studies or more, which inform sensitivity and specificity.
    level : float, optional
        Level of the predicted ends; that of the fit unless given.
    draws : int
        Draws of the accuracy in a new practice, for each study.
    seed : int, Generator or None

    Returns
    -------
    PredictiveCheck

    Raises
    ------
    NotEstimableError
        If there is one study, no patient informs one side, or the model has settings: its
        studies are not exchangeable.

    Notes
    -----
    A study outside its interval is a reason to look at it, not to drop it. With few studies
    hardly any can be outside, because the others say little. The priors stay those of all
    studies: a coefficient's is about the SD of the covariate among them, and a refit without
    one of them has another.

    References
    ----------
    Vehtari A, Gelman A, Gabry J. Practical Bayesian model evaluation using leave-one-out
    cross-validation and WAIC. Stat Comput 2017;27:1413-1432.
    https://doi.org/10.1007/s11222-016-9696-4

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats import fit_bayes
    >>> data = pd.DataFrame({"study": list("ABCDE"), "tp": [19, 30, 25, 17, 40],
    ...     "fp": [30, 20, 9, 13, 12], "fn": [9, 12, 11, 7, 17], "tn": [80, 90, 90, 72, 95]})
    >>> check = fit_bayes(data).predictive_check()
    >>> bool(check.frame["k_hat"].max() < 0.7), int(check.outside("sensitivity").sum())
    (True, 0)
    """
    if fit.k < 2:
        raise NotEstimableError("one study cannot be predicted from others")
    if fit.places:
        raise NotEstimableError(
            "this model has settings, so that its studies are not exchangeable: fit them by "
            "fit_bayes, or pool(settings='exchangeable')"
        )
    for outcome in fit.uninformed:
        fit.require(outcome)
    fit = fit.fitted_whole
    level = fit.level if level is None else check_level(level)
    draws, rng = check_draws(draws), generator(seed)
    of_study = study_log_likelihoods(fit)
    log_weights = np.log(np.maximum(fit.column("weight"), np.finfo(float).tiny))
    rows, inside, means = [], np.empty(fit.k), fit.study_logits
    for place, name in enumerate(fit.studies.used_names):
        own = of_study[:, place]
        without, k_hat = pareto_smooth(log_weights - own)
        inside[place] = logsumexp(log_weights + own)
        logits = means[:, :, min(place, means.shape[2] - 1)].T
        new = new_practice_logits(logits, fit.roots, np.exp(without), draws, rng)
        row = {"study": name} | _predicted(fit.studies.used_counts[place], new, level)
        rows.append(row | {"log_density": float(logsumexp(without + own)), "k_hat": k_hat})
    import pandas as pd

    frame = pd.DataFrame(rows)
    each = frame["log_density"].to_numpy(dtype=np.float64)
    return PredictiveCheck(
        frame,
        float(each.sum()),
        float(np.sqrt(len(each) * each.var(ddof=1))),
        float((inside - each).sum()),
        level,
        f"{fit.method}; each study left out by Pareto-smoothed weights",
    )


def _predicted(counts: Counts, logits: tuple[Floats, Floats], level: float) -> dict[str, Any]:
    """Return observed shares of a study, and what draws of its logits predict of its patients."""
    shares = map(expit, logits)
    tp, fp, fn, tn = counts
    tail = (1 - level) / 2
    row: dict[str, Any] = {}
    for outcome, share, hits, n in zip(OUTCOMES, shares, (tp, tn), (tp + fn, tn + fp), strict=True):
        names = (outcome, f"{outcome}_low", f"{outcome}_high", f"{outcome}_pit")
        if n == 0:
            row |= dict.fromkeys(names, np.nan)
            continue
        low, high = (count_quantile(share, int(n), at) / n for at in (tail, 1 - tail))
        fewer, as_many = (at_most(share, int(n), int(hits) - less) for less in (1, 0))
        row |= dict(zip(names, (hits / n, low, high, (fewer + as_many) / 2), strict=True))
    return row
