"""A Bayesian fit repeated for some of its studies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from backpain_stats.checks import check_known
from backpain_stats.errors import ArgumentError, BackpainStatsError, NotEstimableError
from backpain_stats.meta.after.influence import influence_frame
from backpain_stats.meta.after.parts import chosen_studies
from backpain_stats.meta.arrays import Booleans
from backpain_stats.meta.bayes.coefficients import at, measures_of, subgroup_frame
from backpain_stats.meta.bayes.posterior import Posterior
from backpain_stats.meta.bayes.sampling import Tables, sample_tables
from backpain_stats.meta.bayes.settings import sample_settings
from backpain_stats.meta.design import build_design
from backpain_stats.meta.point import MEASURES
from backpain_stats.meta.studies import OUTCOMES, Studies
from backpain_stats.sampling import DEFAULT_SEED, Seed

if TYPE_CHECKING:
    import pandas as pd

P = TypeVar("P", bound=Posterior)

# What a row of the influence is about; NaN where the others cannot be fitted.
_OF_A_ROW = (
    *(f"{measure}{end}" for measure in MEASURES for end in ("", "_low", "_high")),
    *("sd_sensitivity", "sd_specificity", "correlation", "distance"),
)


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
        At the same covariate values if ``fit`` is a part (``fit.at(...)``). The prior of a
        coefficient is about the SD of the covariate among the studies kept.

    Raises
    ------
    UnknownNameError, ArgumentError
        As in :func:`backpain_stats.meta.after.parts.subset`.
    DataError
        If a covariate no longer varies, or coefficients cannot be told apart.
    """
    return _refit(fit, chosen_studies(fit.studies, keep), seed)


def _refit(fit: P, chosen: Booleans, seed: Seed) -> P:
    if not chosen.any():
        raise ArgumentError("no study is kept")
    whole, sizes = fit.fitted_whole, np.array(fit.tables, dtype=np.intp)
    every = fit.studies
    studies = Studies(
        every.frame[chosen].reset_index(drop=True),
        tuple(name for name, kept in zip(every.names, chosen, strict=True) if kept),
        every.counts[chosen],
        every.used[chosen],
        tuple(why for why, kept in zip(every.reasons, chosen, strict=True) if kept),
    )
    formula = dict(zip(OUTCOMES, whole.design.formulas, strict=True))
    studies, design = build_design(studies, formula)
    tables = Tables(studies, fit.counts[np.repeat(chosen, sizes)], sizes[chosen], design)
    options: dict[str, Any] = {
        "priors": fit.priors, "nodes": fit.nodes, "effective_size": fit.asked,
        "level": fit.level, "seed": seed,
    }  # fmt: skip
    if not fit.places:
        return at(type(fit).of(sample_tables(tables, **options)), **fit.values)
    places = [place for place, kept in zip(fit.places, chosen, strict=True) if kept]
    return type(fit).of(sample_settings(tables, places, fit.place, **options))


def leave_one_out(fit: Posterior, *, seed: Seed = DEFAULT_SEED) -> pd.DataFrame:
    r"""Fit again without each study in turn.

    Parameters
    ----------
    fit : BayesianFit
        Of two studies or more; with covariates, a part of it (``fit.at(...)``): the whole is
        fitted again.
    seed : int, Generator or None
        The same for all, so that what changes is the studies.

    Returns
    -------
    pandas.DataFrame
        As :func:`backpain_stats.meta.after.influence.leave_one_out`, estimates being
        posterior medians and ``distance``
        :math:`(m_{(i)} - m)' V^{-1} (m_{(i)} - m) / 2` with posterior means m and
        covariance V of the two mean logits. A row that cannot be fitted has NaN and says
        why in ``reason``.

    Raises
    ------
    NotEstimableError
        If there is one study only, or the fit has covariates and no values.
    """
    centre = fit.mean
    if fit.k < 2:
        raise NotEstimableError("leaving out the only study leaves the prior")
    inverse = np.linalg.pinv(np.nan_to_num(fit.covariance))
    rows = []
    for row in np.flatnonzero(fit.studies.used):
        found: dict[str, object] = {"study": fit.studies.names[row]}
        try:
            others = _refit(fit, np.arange(len(fit.studies.names)) != row, seed)
        except BackpainStatsError as refusal:
            rows.append({**found, **dict.fromkeys(_OF_A_ROW, np.nan), "reason": str(refusal)})
            continue
        found |= measures_of(others)
        sds = others.between_study_sd
        found |= {"sd_sensitivity": float(sds[0]), "sd_specificity": float(sds[1])}
        found["correlation"] = others.correlation
        change = others.mean - centre
        found["distance"] = float(change @ inverse @ change / 2)
        found["reason"] = others.no_curve
        rows.append(found)
    return influence_frame(rows, fit.level, fit.method)


def subgroups(fit: Posterior, by: str | None = None, *, seed: Seed = DEFAULT_SEED) -> pd.DataFrame:
    """Return the summary of every covariate pattern, or fit each group of studies by itself.

    Parameters
    ----------
    fit : BayesianFit
        With covariates (and without ``by``), or without any (and with ``by``).
    by : str, optional
        A column of the data that was handed in: each of its groups is fitted by itself.
    seed : int, Generator or None
        Of the fits of groups.

    Returns
    -------
    pandas.DataFrame
        The covariates, or the column; ``studies`` (how many); each measure with ``_low``
        and ``_high``; ``ci_level, method``. Of a fit with covariates all groups share one
        between-study variation, as in a fit by likelihood. Fitted by themselves they share
        nothing: each has its own, and the prior says more the smaller the group.

    Raises
    ------
    UnknownNameError
        If the data had no such column.
    ArgumentError
        If ``by`` is given and the fit has covariates.
    NotEstimableError
        If neither is there, the fit is a part already, or the covariates take more than 30
        patterns (a continuous covariate: use ``fit.at``).
    """
    if by is None:
        return subgroup_frame(fit)
    if fit.fitted_whole.design.covariates:
        raise ArgumentError(
            "the fit has covariates, and by= fits each group without them: ask fit.subgroups(), "
            "or fit again without formula="
        )
    import pandas as pd

    check_known(by, fit.studies.frame.columns, "column of the data")
    groups = fit.studies.frame[by]
    rows = []
    for value in sorted(groups.dropna().unique()):
        part = _refit(fit, (groups == value).to_numpy(), seed)
        row = {by: value, "studies": part.k, **measures_of(part)}
        rows.append({**row, "ci_level": fit.level, "method": fit.method})
    return pd.DataFrame(rows)
