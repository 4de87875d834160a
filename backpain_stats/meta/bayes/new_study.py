"""What a new study will print: the accuracy there, and the chance of its patients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import betainc

from backpain_stats.checks import check_count, check_level
from backpain_stats.errors import ArgumentError
from backpain_stats.meta.arrays import Floats
from backpain_stats.meta.bayes.posterior import Posterior
from backpain_stats.meta.bayes.quantities import new_practice_draws
from backpain_stats.meta.point import DRAWS
from backpain_stats.meta.studies import OUTCOMES
from backpain_stats.sampling import DEFAULT_SEED, Seed

if TYPE_CHECKING:
    import pandas as pd


def predict_study(
    fit: Posterior,
    *,
    cases: int,
    noncases: int,
    level: float | None = None,
    draws: int = DRAWS,
    seed: Seed = DEFAULT_SEED,
    **values: Any,
) -> pd.DataFrame:
    r"""Return what a new study of a given size may observe.

    :func:`~backpain_stats.meta.bayes.quantities.predict` speaks of the true sensitivity
    in a new practice. What a study prints is the share of its own cases, which chance
    moves; a small one often prints 100%, which is never true. Compare a published
    result with this interval.

    The number of true positives has the distribution

    .. math:: P(y \le t) = E[P(\mathrm{Bin}(n, p) \le t)]

    over the draws of the sensitivity p in a new practice, computed without further
    sampling; the interval is between its equal-tailed quantiles, both included.

    Parameters
    ----------
    fit : BayesianFit
    cases, noncases : int
        Patients with and without the target in the new study, 1 or more.
    level : float, optional
        That of the fit unless given.
    draws : int
        Draws of the accuracy in a new practice.
    seed : int, Generator or None
    **values
        Covariates of the new study, if the fit has any.

    Returns
    -------
    pandas.DataFrame
        One row for ``sensitivity`` and one for ``specificity``: ``measure, n, estimate,
        ci_low, ci_high, ci_level, method``. ``estimate`` is the median, all three are
        possible results of ``n`` patients. NaN for what no study informs.

    Raises
    ------
    ArgumentError
        If a number of patients is not a whole number of 1 or more, or the level is not
        between 0 and 1.

    References
    ----------
    Rubin, Bayesianly justifiable and relevant frequency calculations for the applied
    statistician, Ann Stat 1984;12:1151-1172. https://doi.org/10.1214/aos/1176346785

    Examples
    --------
    The smaller the study, the more it may be off the truth.

    >>> import pandas as pd
    >>> from backpain_stats import fit_bayes
    >>> data = pd.DataFrame({"study": ["A", "B"], "tp": [40, 70], "fp": [41, 13],
    ...                      "fn": [20, 25], "tn": [1921, 462]})
    >>> fit = fit_bayes(data)
    >>> for cases in (10, 1000):
    ...     row = fit.predict_study(cases=cases, noncases=100).iloc[0]
    ...     print(f"{cases}: {row.ci_low:.2f} to {row.ci_high:.2f}")
    10: 0.00 to 1.00
    1000: 0.09 to 0.98
    """
    import pandas as pd

    level = fit.level if level is None else check_level(level)
    sizes = (check_count(cases, "cases"), check_count(noncases, "noncases"))
    if min(sizes) < 1:
        raise ArgumentError(f"cases is {cases}, noncases is {noncases}; both must be 1 or more")
    found = new_practice_draws(fit, draws, seed, **values)
    method = f"{fit.method}, observed in a new study"
    tail = (1 - level) / 2
    rows = []
    for outcome, n in zip(OUTCOMES, sizes, strict=True):
        share = found[outcome].to_numpy(dtype=np.float64)
        low, middle, high = (count_quantile(share, n, at) / n for at in (tail, 0.5, 1 - tail))
        rows.append((outcome, n, middle, low, high, level, method))
    columns = ["measure", "n", "estimate", "ci_low", "ci_high", "ci_level", "method"]
    return pd.DataFrame(rows, columns=columns)


def count_quantile(share: Floats, n: int, probability: float) -> float:
    """Return the smallest count of n whose distribution function, over shares, reaches it."""
    if np.isnan(share).any():
        return np.nan
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        below = at_most(share, n, middle)
        low, high = (low, middle) if below >= probability else (middle + 1, high)
    return float(low)


def at_most(share: Floats, n: int, count: int) -> float:
    """Return the mean over shares of P(Bin(n, share) <= count)."""
    if count < 0 or count >= n:
        return float(count >= n)
    # P(Bin(n, p) <= t) = 1 - I_p(t + 1, n - t)
    return float(1 - np.mean(betainc(count + 1, n - count, share)))
