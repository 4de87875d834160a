"""A Bayesian fit repeated for some of its studies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from backpain_stats.checks import check_known
from backpain_stats.errors import ArgumentError, NotEstimableError
from backpain_stats.meta.after.influence import influence_frame
from backpain_stats.meta.after.parts import chosen_studies
from backpain_stats.meta.arrays import Booleans
from backpain_stats.meta.bayes.posterior import Posterior
from backpain_stats.meta.bayes.sampling import Tables, sample_tables
from backpain_stats.meta.bayes.settings import sample_settings
from backpain_stats.meta.point import MEASURES
from backpain_stats.meta.studies import Studies
from backpain_stats.sampling import DEFAULT_SEED, Seed

if TYPE_CHECKING:
    import pandas as pd

P = TypeVar("P", bound=Posterior)


def at(fit: P, **values: Any) -> P:
    """Return the fit itself: the Bayesian model has no covariates.

    Raises
    ------
    ArgumentError
        If covariate values are given.
    """
    if values:
        raise ArgumentError(
            f"the Bayesian fit has no covariates, so there is no {', '.join(values)}: fit the "
            "studies of interest by fit.subset(...) or fit.subgroups(by)"
        )
    return fit


def subset(fit: P, keep: Any, *, seed: Seed = DEFAULT_SEED) -> P:
    """Fit again to some of the studies, with the same priors and options.

    Parameters
    ----------
    fit : BayesianFit
    keep : names, booleans or callable
        As in :func:`backpain_stats.meta.after.parts.subset`.
    seed : int, Generator or None

    Returns
    -------
    BayesianFit

    Raises
    ------
    UnknownNameError, ArgumentError
        As in :func:`backpain_stats.meta.after.parts.subset`.
    """
    return _refit(fit, chosen_studies(fit.studies, keep), seed)


def _refit(fit: P, chosen: Booleans, seed: Seed) -> P:
    if not chosen.any():
        raise ArgumentError("no study is kept")
    every, sizes = fit.studies, np.array(fit.tables, dtype=np.intp)
    studies = Studies(
        every.frame[chosen].reset_index(drop=True),
        tuple(name for name, kept in zip(every.names, chosen, strict=True) if kept),
        every.counts[chosen],
        every.used[chosen],
        tuple(why for why, kept in zip(every.reasons, chosen, strict=True) if kept),
    )
    tables = Tables(studies, fit.counts[np.repeat(chosen, sizes)], sizes[chosen])
    options: dict[str, Any] = {
        "priors": fit.priors, "nodes": fit.nodes, "effective_size": fit.asked,
        "level": fit.level, "seed": seed,
    }  # fmt: skip
    if not fit.places:
        return type(fit).of(sample_tables(tables, **options))
    places = [place for place, kept in zip(fit.places, chosen, strict=True) if kept]
    return type(fit).of(sample_settings(tables, places, fit.place, **options))


def leave_one_out(fit: Posterior, *, seed: Seed = DEFAULT_SEED) -> pd.DataFrame:
    r"""Fit again without each study in turn.

    Parameters
    ----------
    fit : BayesianFit
        Of two studies or more.
    seed : int, Generator or None
        The same for all, so that what changes is the studies.

    Returns
    -------
    pandas.DataFrame
        As :func:`backpain_stats.meta.after.influence.leave_one_out`, estimates being
        posterior medians and ``distance``
        :math:`(m_{(i)} - m)' V^{-1} (m_{(i)} - m) / 2` with posterior means m and
        covariance V of the two mean logits.

    Raises
    ------
    NotEstimableError
        If there is one study only.
    """
    if fit.k < 2:
        raise NotEstimableError("leaving out the only study leaves the prior")
    inverse = np.linalg.pinv(np.nan_to_num(fit.covariance))
    rows = []
    for row, name in enumerate(fit.studies.names):
        others = _refit(fit, np.arange(fit.k) != row, seed)
        found: dict[str, object] = {"study": name}
        for measure in MEASURES:
            one = others.estimate(measure)
            found[measure] = one.estimate
            found[f"{measure}_low"], found[f"{measure}_high"] = one.ci_low, one.ci_high
        sds = others.between_study_sd
        found |= {"sd_sensitivity": float(sds[0]), "sd_specificity": float(sds[1])}
        found["correlation"] = others.correlation
        change = others.mean - fit.mean
        found["distance"] = float(change @ inverse @ change / 2)
        found["reason"] = others.no_curve
        rows.append(found)
    return influence_frame(rows, fit.level, fit.method)


def subgroups(fit: Posterior, by: str, *, seed: Seed = DEFAULT_SEED) -> pd.DataFrame:
    """Fit each group of studies by itself, with the same priors.

    Parameters
    ----------
    fit : BayesianFit
    by : str
        A column of the data that was handed in.
    seed : int, Generator or None

    Returns
    -------
    pandas.DataFrame
        The column, ``studies`` (how many), each measure with ``_low`` and ``_high``,
        ``ci_level, method``. Unlike those of a fit by likelihood the groups share nothing:
        each has its own between-study variation, and the prior says more the smaller the
        group.

    Raises
    ------
    UnknownNameError
        If the data had no such column.
    """
    import pandas as pd

    check_known(by, fit.studies.frame.columns, "column of the data")
    groups = fit.studies.frame[by]
    rows = []
    for value in sorted(groups.dropna().unique()):
        part = _refit(fit, (groups == value).to_numpy(), seed)
        row: dict[str, object] = {by: value, "studies": part.k}
        for measure in MEASURES:
            one = part.estimate(measure)
            row |= {measure: one.estimate, f"{measure}_low": one.ci_low}
            row[f"{measure}_high"] = one.ci_high
        rows.append({**row, "ci_level": fit.level, "method": fit.method})
    return pd.DataFrame(rows)
