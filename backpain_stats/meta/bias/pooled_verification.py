"""Partial verification in a meta-analysis: the outcomes not verified are imputed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit

from backpain_stats.checks import COUNT_COLUMNS, check_count, check_level, require_columns
from backpain_stats.errors import ArgumentError, DataError, NotEstimableError
from backpain_stats.meta.bias.curve import grid_of_numbers
from backpain_stats.meta.bivariate import fit_bivariate
from backpain_stats.meta.point import SummaryPoint
from backpain_stats.meta.result import BivariateFit
from backpain_stats.meta.studies import check_studies
from backpain_stats.sampling import DEFAULT_SEED, Seed, generator

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]

__all__ = ["pool_verified"]

UNVERIFIED = ("unverified_positive", "unverified_negative")


def pool_verified(
    data: pd.DataFrame,
    *,
    missing_odds: float = 1.0,
    imputations: int = 20,
    level: float = 0.95,
    seed: Seed = DEFAULT_SEED,
) -> SummaryPoint:
    r"""Pool studies in which some patients were not verified, the outcomes of these imputed.

    In each study the risk after a result, :math:`\pi_j`, is drawn from its Jeffreys posterior
    among those verified; the outcomes of the others are binomial with
    :math:`\omega \pi_j / (1 - \pi_j + \omega \pi_j)`. Each completed set of tables is pooled by
    the exact bivariate model, and the summary points are combined by Rubin's rules: the mean of
    the logits, and the mean of their covariances plus :math:`1 + 1/m` times the covariance of
    the means.

    Parameters
    ----------
    data : pandas.DataFrame
        ``study, tp, fp, fn, tn`` of the verified patients, and ``unverified_positive,
        unverified_negative``.
    missing_odds : float, optional
        :math:`\omega`; at 1 verification depended on the result only (Begg and Greenes).
    imputations : int, optional
        ``m``, 2 or more.
    level : float, optional
    seed : int, Generator or None, optional

    Returns
    -------
    SummaryPoint
        With everyone verified it is that of :func:`backpain_stats.fit_bivariate`.

    Raises
    ------
    DataError, ArgumentError, FitError
    NotEstimableError
        If a study verified nobody after one of the results, or there are too few studies.

    Notes
    -----
    Intervals are normal; with few imputations and many patients not verified they are too
    narrow.

    References
    ----------
    Begg CB, Greenes RA. Biometrics 1983;39:207-15, https://doi.org/10.2307/2530820; Harel O,
    Zhou XH. Stat Med 2006;25:3769-86, https://doi.org/10.1002/sim.2494 (imputation in one study)

    Examples
    --------
    >>> import pandas as pd
    >>> data = pd.DataFrame({"study": list("ABCDE"), "tp": [19, 18, 25, 17, 40],
    ...                      "fp": [30, 12, 9, 8, 12], "fn": [1, 6, 11, 2, 17],
    ...                      "tn": [40, 40, 90, 32, 95]})
    >>> some = data.assign(unverified_positive=0, unverified_negative=[400, 0, 90, 64, 0])
    >>> print(pool_verified(some, imputations=5).sensitivity)
    0.655 (95% interval 0.546 to 0.750; exact binomial likelihood, 5 imputations, delta method)
    """
    check_level(level)
    require_columns(data, UNVERIFIED)
    if check_count(imputations, "imputations") < 2:
        raise ArgumentError(f"imputations is {imputations!r}; at least 2 are needed")
    odds = grid_of_numbers(missing_odds, "missing_odds", 0, np.inf, closed="neither")[0]
    studies = check_studies(data)
    others = np.array([[check_count(cell, name) for cell in data[name]] for name in UNVERIFIED]).T
    counts = studies.counts
    seen = np.stack([counts[:, 0] + counts[:, 1], counts[:, 2] + counts[:, 3]], axis=1)
    nobody = np.flatnonzero(((others > 0) & (seen == 0)).any(axis=1))
    if len(nobody):
        raise NotEstimableError(
            f"{studies.names[nobody[0]]!r} verified nobody after one of the results: nothing is "
            "known of the others"
        )
    rng = generator(seed)
    fits = []
    for _ in range(imputations if others.any() else 1):
        completed = _completed(counts, others, float(odds), rng)
        table = data.assign(**dict(zip(COUNT_COLUMNS, completed.T, strict=True)))
        fit = fit_bivariate(table, level=level)
        if not isinstance(fit, BivariateFit):
            raise DataError("only fits by likelihood are combined")
        fits.append(fit)
    means = np.array([fit.mean for fit in fits])
    covariance = np.mean([fit.point.covariance for fit in fits], axis=0)
    if len(fits) > 1:
        covariance = covariance + (1 + 1 / len(fits)) * np.cov(means.T)
    method = f"{fits[0].method}, {len(fits)} imputations" if len(fits) > 1 else fits[0].method
    return SummaryPoint(means.mean(axis=0), covariance, level, method)


def _completed(counts: Counts, others: Counts, odds: float, rng: np.random.Generator) -> Counts:
    """Return the tables with the outcomes of the patients not verified drawn."""
    found = counts.copy()
    for place, (case, noncase) in enumerate(((0, 1), (2, 3))):
        risk = rng.beta(counts[:, case] + 0.5, counts[:, noncase] + 0.5)
        cases = rng.binomial(others[:, place], expit(logit(risk) + np.log(odds)))
        found[:, case] += cases
        found[:, noncase] += others[:, place] - cases
    return found
