"""Fits over several feasible tables, combined by Rubin's rules."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.meta.bivariate import fit_bivariate
from backpain_stats.meta.published.reports import middle_rows
from backpain_stats.meta.result import BivariateFit
from backpain_stats.sampling import Seed, generator

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from backpain_stats.meta.design import Formula


def fit_imputed(
    rows: pd.DataFrame,
    *,
    imputations: int,
    formula: Formula,
    effects: str,
    level: float,
    seed: Seed,
) -> BivariateFit:
    r"""Fit by exact maximum likelihood to ``imputations`` choices of one table a study.

    Tables are drawn uniformly. Coefficients and the covariance root are averaged, and
    their covariance is Rubin's :math:`T = \bar W + (1 + 1/m) B`
    (https://doi.org/10.1002/9780470316696).

    Parameters
    ----------
    rows : pandas.DataFrame
        ``study, setting, tp, fp, fn, tn``; rows that share a study are its tables.

    Returns
    -------
    BivariateFit
        That of the middle tables, with the combined estimates put in; its ``notes``
        say so. Without any choice of tables it is the plain fit.

    Raises
    ------
    NotEstimableError, FitError
        As in :func:`~backpain_stats.fit_bivariate`.

    Notes
    -----
    With ``effects="common"`` the intervals are exact and cannot be combined: the middle
    tables are used, and ``notes`` says so.
    """
    middle = fit_bivariate(middle_rows(rows), formula=formula, effects=effects, level=level)
    if not isinstance(middle, BivariateFit):
        raise TypeError("a likelihood fit was expected")
    if not rows["study"].duplicated().any():
        return middle
    if effects == "common":
        note = "Of the tables that fit a cohort's figures the middle one is used."
        return replace(middle, notes=(*middle.notes, note))
    rng = generator(seed)
    width = len(middle.coefficients)
    found: list[NDArray[np.float64]] = []
    within: list[NDArray[np.float64]] = []
    groups = list(rows.groupby("study", sort=False).indices.values())
    for _ in range(imputations):
        chosen = [rng.choice(group) for group in groups]
        fit = fit_bivariate(rows.iloc[chosen], formula=formula, level=level)
        if isinstance(fit, BivariateFit):
            found.append(np.concatenate([fit.coefficients, fit.root]))
            within.append(fit.parameter_covariance)
    estimates = np.array(found)
    between = np.cov(estimates.T)
    total = np.mean(within, axis=0) + (1 + 1 / imputations) * between
    average = estimates.mean(axis=0)
    share = float(np.max(np.diag(between)[:width] / np.diag(total)[:width]))
    note = (
        f"Combined over {imputations} draws from the feasible tables by Rubin's rules; not "
        f"knowing the tables makes up at most {100 * share:.0f}% of a coefficient's variance. "
        "Log likelihood, profile intervals and bootstrap are those of the middle tables."
    )
    return replace(
        middle,
        coefficients=average[:width],
        covariance=total[:width, :width],
        root=average[width:],
        parameter_covariance=total,
        notes=(*middle.notes, note),
    )
