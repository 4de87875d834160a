"""The bivariate model with priors: what two or three studies need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from backpain_stats.checks import check_level, check_truth
from backpain_stats.meta.bayes.priors import Priors
from backpain_stats.meta.bayes.request import check_effective_size, check_priors
from backpain_stats.meta.bayes.result import BayesianFit
from backpain_stats.meta.bayes.sampling import read_tables, sample_tables
from backpain_stats.meta.bayes.settings import sample_settings
from backpain_stats.meta.design import Formula
from backpain_stats.meta.likelihood.quadrature import gauss_hermite
from backpain_stats.sampling import DEFAULT_SEED, Seed

if TYPE_CHECKING:
    import pandas as pd

    from backpain_stats.tables import TablesLike

__all__ = ["fit_bayes", "fit_settings", "wide_priors"]

# For fits of cohorts inside settings.
# The ends of a 95% interval then move by a few parts in a hundred from seed to seed.
EFFECTIVE_SIZE = 3000
# Every feasible table is an integral; with 7 x 7 nodes each is good to 1e-3 of log likelihood.
NODES = 7
# Nearly flat means: what one cohort found is not drawn towards one half. With Normal(0, 2), as
# fit_bayes has it, a risk was too timid in the very practice that was studied
# (reports/risk_on_patients.md).
MEAN_SCALE = 5.0


def fit_bayes(
    data: TablesLike,
    *,
    formula: Formula = None,
    priors: Priors | None = None,
    several_tables: bool = False,
    nodes: int = 9,
    effective_size: int = 4000,
    level: float = 0.95,
    seed: Seed = DEFAULT_SEED,
) -> BayesianFit:
    r"""Fit the exact bivariate model by its posterior; works for one study and up.

    The likelihood is that of :func:`backpain_stats.fit_bivariate` with
    ``likelihood="binomial"``: binomial counts, bivariate normal logits, the random
    effects integrated out by adaptive quadrature. Five parameters remain, the two
    mean logits, the two between-study standard deviations and the correlation, with
    the priors of :class:`~backpain_stats.meta.bayes.priors.Priors`: weakly informative
    for the means, learned from other tests for the rest.

    They are sampled in coordinates in which the prior is standard normal, by
    importance sampling from a mixture of a multivariate t and the prior itself,
    with Pareto-smoothed weights. Because the prior is part of the proposal the
    weights are bounded. Where the diagnostics are bad nevertheless, the fit is refused.

    Parameters
    ----------
    data : pandas.DataFrame, StudyTables, str or path-like
        Columns ``study, tp, fp, fn, tn``, or whatever
        :func:`backpain_stats.read_tables` reads as such. A study without cases (or without
        non-cases) informs the specificity (the sensitivity) only.
    formula : str, list of str or mapping, optional
        Covariates of both outcomes or of each, as in :func:`backpain_stats.fit_bivariate`.
        A study without a value is left out, with its reason in ``fit.rows``.
    priors : Priors, optional
        The default is described there, that of coefficients too.
    several_tables : bool
        If True, rows that share a ``study`` are the tables that its printed figures
        admit, one of which is true. The likelihood of the study is then the
        probability of its printed figures: the sum over those tables. No table is
        picked and none is counted twice.
    nodes : int
        Quadrature nodes an axis.
    effective_size : int
        Effective posterior draws to reach.
    level : float
        Level of the posterior intervals.
    seed : int, Generator or None
        Same seed, same numbers.

    Returns
    -------
    BayesianFit

    Raises
    ------
    DataError
        As in :func:`backpain_stats.meta.studies.check_studies`; if a covariate is missing or
        constant, coefficients cannot be told apart, or the tables of a study differ in it.
    ArgumentError
        If a formula cannot be read or has no intercept, an option is not allowed, or there are
        more tables, nodes and draws than can be integrated in a minute (about 750 studies with
        the defaults).
    FitError
        If the diagnostics are too bad: k-hat of 0.7 or more, or fewer than 400 effective
        draws.

    Notes
    -----
    With few studies the posterior of the standard deviations and of the correlation
    is close to the prior: the data cannot say more, and the prediction for a new
    setting then rests on it. The default is what studies of other tests differed by
    (``reports/heterogeneity.md``). Where there is reason to think that these differ more
    or less, fit it twice, as in the example, and report both.

    The default prior of the correlation keeps away from +-1. Where the likelihood goes
    there, that is felt with ten studies still: for the telomerase data of Glas et al.
    2003, whose likelihood is largest at -1, the posterior median is -0.64. Priors with
    ``correlation_shape=0.5, correlation_mean=0`` do not resist.

    An arm that no study has (only cases, or only non-cases, everywhere) leaves its
    outcome to the prior alone. That is no finding: sensitivity or specificity, and every
    ratio, are then NaN and the fit says why.

    With covariates the mean logits are :math:`x_i'\beta`. Columns are centred and scaled
    inside, coefficients are reported as given, and the summary is that of a value:
    ``fit.at(setting="primary")`` is a fit like any other. With five or ten studies a
    coefficient rests on its prior, too: ``fit.prior_share()`` says how much, and how often
    its interval holds the truth is in ``reports/bayes_regression.md``. A covariate that was
    chosen because it looked promising is not what these intervals are about.

    References
    ----------
    Vehtari, Simpson, Gelman, Yao & Gabry, Pareto smoothed importance sampling,
    J Mach Learn Res 2024;25(72):1-58.

    Examples
    --------
    Two studies, and what the prior on the between-study SDs does to them (half-normals
    of three scales). The summary stays, its interval does not: with two studies the prior
    decides its width.

    >>> import pandas as pd
    >>> data = pd.DataFrame({"study": ["A", "B"], "tp": [4, 7], "fp": [41, 13],
    ...                      "fn": [9, 0], "tn": [1921, 462]})
    >>> for scale in (0.5, 1.0, 2.0):
    ...     priors = Priors(sensitivity_sd_scale=scale, specificity_sd_scale=scale)
    ...     lr = fit_bayes(data, priors=priors).lr_positive
    ...     print(f"{scale}: {lr.estimate:.0f} ({lr.ci_low:.0f} to {lr.ci_high:.0f})")
    0.5: 24 (10 to 45)
    1.0: 24 (5 to 51)
    2.0: 22 (2 to 58)

    A covariate, with six studies:

    >>> data = pd.DataFrame({"study": list("ABCDEF"), "setting": ["primary", "clinic"] * 3,
    ...     "tp": [19, 8, 25, 7, 40, 12], "fp": [30, 2, 29, 4, 42, 1],
    ...     "fn": [4, 1, 11, 3, 7, 5], "tn": [60, 30, 70, 32, 75, 41]})
    >>> fit = fit_bayes(data, formula="~ setting", seed=1)
    >>> for setting in ("clinic", "primary"):
    ...     lr = fit.at(setting=setting).lr_positive
    ...     print(f"{setting}: {lr.estimate:.1f} ({lr.ci_low:.1f} to {lr.ci_high:.1f})")
    clinic: 10.5 (3.3 to 36.9)
    primary: 2.5 (1.3 to 6.2)
    """
    check_truth(several_tables, "several_tables")
    priors = check_priors(priors)
    check_level(level)
    effective_size = check_effective_size(effective_size)
    gauss_hermite(nodes)  # refuses a number it cannot do
    tables = read_tables(data, several_tables, formula)
    return BayesianFit.of(
        sample_tables(
            tables, priors=priors, nodes=nodes, effective_size=effective_size, level=level,
            seed=seed,
        )
    )  # fmt: skip


def wide_priors() -> Priors:
    """Return the priors of a flag's accuracy: the learned spread, and means nearly flat."""
    return Priors(sensitivity_scale=MEAN_SCALE, specificity_scale=MEAN_SCALE)


def fit_settings(
    rows: pd.DataFrame,
    places: Sequence[str],
    place: str,
    *,
    priors: Priors | None = None,
    level: float = 0.95,
    seed: Seed = DEFAULT_SEED,
) -> BayesianFit:
    """Fit cohorts inside settings.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``study, tp, fp, fn, tn``; rows that share a study are its tables.
    places, place, level, seed
        As in :func:`backpain_stats.meta.bayes.settings.sample_settings`.
    priors : Priors, optional
        By default :func:`wide_priors`.

    Returns
    -------
    BayesianFit
    """
    priors = wide_priors() if priors is None else check_priors(priors)
    found = sample_settings(
        read_tables(rows, several_tables=True), places, place, priors=priors,
        effective_size=EFFECTIVE_SIZE, level=level, seed=seed, nodes=NODES,
    )  # fmt: skip
    return BayesianFit.of(found)
