"""Predictive values of the summary, over whatever is known of the prevalence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit, ndtri

from backpain_stats.checks import check_level
from backpain_stats.errors import NotEstimableError
from backpain_stats.meta.arrays import Floats
from backpain_stats.meta.fitted import FittedModel
from backpain_stats.meta.likelihood.parameters import square_root
from backpain_stats.meta.point import DRAWS, log_measures
from backpain_stats.meta.pretest import Pretest, PretestsLike, is_known, read_pretests
from backpain_stats.sampling import DEFAULT_SEED, Seed, interval_around, quasi_uniform

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["predictive_values"]


def predictive_values(
    fit: FittedModel,
    prevalence: PretestsLike,
    *,
    level: float | None = None,
    draws: int = DRAWS,
    seed: Seed = DEFAULT_SEED,
) -> pd.DataFrame:
    r"""Return the positive and the negative predictive value of the summary point.

    .. math:: PPV = \mathrm{expit}(\mathrm{logit}\,\pi + \log LR^+), \qquad
       NPV = 1 - \mathrm{expit}(\mathrm{logit}\,\pi + \log LR^-)

    with the two mean logits drawn from their normal distribution and the prevalence from
    what is known of it, independently.

    Parameters
    ----------
    fit : BivariateFit
        Without covariates, or a part of one (``fit.at(...)``).
    prevalence : float, str, Prevalence, distribution, or several of them
        A fixed one (``0.05``), counts (``"13 of 1975"``), a range (``"1% to 7%"``), or a
        distribution (``scipy.stats.beta(3.5, 31.5)``).
    level : float, optional
        That of the fit unless given.
    draws : int, optional
        A power of two keeps the balance of the quasi-random points.
    seed : int, Generator or None

    Returns
    -------
    pandas.DataFrame
        Two rows per prevalence: ``measure`` (``ppv``, ``npv``), ``prevalence,
        prevalence_low, prevalence_high, estimate, expected, ci_low, ci_high, ci_level,
        method``. ``estimate`` belongs to the summary point and the prevalence's point
        value, ``expected`` is the mean over both uncertainties.

    Raises
    ------
    PretestError
        If a prevalence is not strictly between 0 and 1.
    NotEstimableError
        If the fit has covariates and no values of them, or no standard errors.

    Notes
    -----
    These are predictive values where the accuracy is that of the summary. What to expect
    in a new practice, whose accuracy differs, is ``fit.predict(pretest=...)``.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats import fit_bivariate
    >>> data = pd.DataFrame({"study": list("ABCDEFG"), "tp": [19, 18, 25, 17, 40, 12, 30],
    ...                      "fp": [30, 2, 9, 3, 12, 8, 25], "fn": [1, 12, 11, 2, 17, 9, 14],
    ...                      "tn": [80, 40, 90, 32, 95, 41, 60]})
    >>> table = predictive_values(fit_bivariate(data), [0.05, "1% to 10%"])
    >>> table[["measure", "prevalence", "estimate", "ci_low", "ci_high"]].round(3)
      measure  prevalence  estimate  ci_low  ci_high
    0     ppv       0.050     0.211   0.149    0.294
    1     npv       0.050     0.983   0.978    0.988
    2     ppv       0.032     0.145   0.046    0.375
    3     npv       0.032     0.989   0.965    0.997
    """
    import pandas as pd

    level = fit.level if level is None else check_level(level)
    point = fit.point
    if not np.all(np.isfinite(point.covariance)):
        raise NotEstimableError("the summary has no standard errors: no interval can be given")
    pretests = read_pretests(prevalence)
    uniform = quasi_uniform(draws, 3, seed)
    normal = ndtri(uniform[:, :2]) @ square_root(point.covariance).T
    logits = point.mean + normal
    centre = log_measures(point.mean[0], point.mean[1])
    drawn = log_measures(logits[:, 0], logits[:, 1])
    rows = []
    for one in pretests:
        ends = one.interval(level)
        for measure, ratio in (("ppv", "lr_positive"), ("npv", "lr_negative")):
            estimate = _value(measure, np.array(one.estimate), centre[ratio])
            sample = _value(measure, _draws(one, uniform[:, 2]), drawn[ratio])
            low, high = interval_around(estimate, sample, level)
            rows.append(
                (measure, one.estimate, *ends, float(estimate), float(sample.mean()), float(low),
                 float(high), level, f"{fit.method}, draws of the summary")
            )  # fmt: skip
    columns = ["measure", "prevalence", "prevalence_low", "prevalence_high", "estimate"]
    columns += ["expected", "ci_low", "ci_high", "ci_level", "method"]
    return pd.DataFrame(rows, columns=columns)


def _draws(pretest: Pretest, uniform: Floats) -> Floats:
    return np.full_like(uniform, pretest.estimate) if is_known(pretest) else pretest.draws(uniform)


def _value(measure: str, prevalence: Floats, log_ratio: Floats) -> Floats:
    """Return the predictive value at a prevalence and a log likelihood ratio."""
    after = logit(prevalence) + log_ratio
    return np.asarray(expit(after if measure == "ppv" else -after))
