"""Which study carries the result: the fit repeated without each study in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.errors import NotEstimableError
from backpain_stats.meta.after.heterogeneity import refit_nodes
from backpain_stats.meta.after.point import MEASURES, SummaryPoint
from backpain_stats.meta.fitting.boundary import climb
from backpain_stats.meta.fitting.optimise import Optima, maximise
from backpain_stats.meta.fitting.refusals import diverged
from backpain_stats.meta.fitting.starts import moment_start
from backpain_stats.meta.likelihood.binomial import Arms
from backpain_stats.meta.likelihood.exact import ExactModel
from backpain_stats.meta.likelihood.normal import Logits, NormalModel, observed_logits
from backpain_stats.meta.likelihood.parameters import sds_from_root

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from backpain_stats.meta.result import BivariateFit

    Floats = NDArray[np.float64]
    Found = tuple[Floats, Floats, Floats, NDArray[np.bool_]]

__all__ = ["leave_one_out"]

# What is left must still determine a mean and a spread.
_FEWEST_LEFT = 4
_NODES_FOR_CURVATURE = 9


def leave_one_out(fit: BivariateFit) -> pd.DataFrame:
    r"""Fit again without each study in turn, all at once.

    Parameters
    ----------
    fit : BivariateFit
        With random effects and without covariates.

    Returns
    -------
    pandas.DataFrame
        One row a study left out: ``study``; each of ``sensitivity, specificity,
        lr_positive, lr_negative, odds_ratio`` with ``_low`` and ``_high``;
        ``sd_sensitivity, sd_specificity, correlation``; ``distance``,
        :math:`(\hat\beta_{(i)} - \hat\beta)' V^{-1} (\hat\beta_{(i)} - \hat\beta) / 2`
        with V the covariance of the full fit (Cook's distance: above 1 the study moves
        the summary about as far as its standard error); ``ci_level, method, reason``.
        A row that cannot be fitted has NaN and says why in ``reason``.

    Raises
    ------
    NotEstimableError
        If fewer than four studies would be left, or the fit has covariates or common
        effects.
    """
    import pandas as pd

    if fit.effects == "common":
        raise NotEstimableError("influence needs a random-effects fit")
    mean = fit.point.mean
    if fit.studies.arms.sum(axis=0).min() <= _FEWEST_LEFT:
        raise NotEstimableError(
            f"leaving one study out leaves fewer than {_FEWEST_LEFT} that inform sensitivity and "
            "specificity; look at the studies themselves"
        )
    coefficients, covariances, roots, usable = _refit(fit)
    inverse = np.linalg.pinv(fit.covariance)
    rows = []
    for index, name in enumerate(fit.studies.used_names):
        row: dict[str, object] = {"study": name}
        point = SummaryPoint(coefficients[index], covariances[index], fit.level, fit.method)
        for measure in MEASURES:
            one = point.estimate(measure) if usable[index] else None
            row[measure] = one.estimate if one else np.nan
            row[f"{measure}_low"] = one.ci_low if one else np.nan
            row[f"{measure}_high"] = one.ci_high if one else np.nan
        spread = sds_from_root(roots[index]) if usable[index] else np.full(3, np.nan)
        row |= dict(zip(("sd_sensitivity", "sd_specificity", "correlation"), spread, strict=True))
        change = coefficients[index] - mean
        row["distance"] = float(change @ inverse @ change / 2) if usable[index] else np.nan
        row |= {"ci_level": fit.level, "method": fit.method}
        row["reason"] = "" if usable[index] else "the other studies have no maximum likelihood"
        rows.append(row)
    return pd.DataFrame(rows)


def _refit(fit: BivariateFit) -> Found:
    """Return coefficients, covariances, roots and success of the k fits without one study.

    Two starting points a data set: its own moments and the full fit.
    """
    counts = fit.studies.used_counts
    k = len(counts)
    without = np.repeat(counts[None].astype(np.float64), k, axis=0)
    without[np.arange(k), np.arange(k)] = 0.0
    twice = np.concatenate([without, without])
    logits = observed_logits(twice, "all" if fit.likelihood == "binomial" else fit.correction)
    moments, roots = moment_start(logits, fit.design.matrices)
    roots[k:] = fit.root + np.array([0.0, 0.0, 0.05])
    if fit.likelihood == "normal":
        return _refit_normal(fit, logits, roots)
    moments[k:] = fit.coefficients
    nodes = refit_nodes(fit)
    model = ExactModel(Arms.from_counts(twice), fit.design.matrices, nodes)
    found = climb(model, np.concatenate([moments, roots], axis=1))
    best = _better(found, k)
    model = ExactModel(Arms.from_counts(without), fit.design.matrices, nodes)
    found = maximise(model.evaluate, found.parameters[best])
    parameters, at = found.parameters, model.root_at
    arms = fit.studies.arms
    finite = np.array([not diverged(one, fit.design.matrices, arms).any() for one in parameters])
    # second derivatives are posterior moments, which a Laplace approximation does not give
    finer = ExactModel(model.arms, model.designs, max(nodes, _NODES_FOR_CURVATURE))
    _, _, hessians = finer.evaluate(parameters, np.arange(k))
    covariances = np.stack([_coefficient_covariance(one, at) for one in hessians])
    return parameters[:, :at], covariances, parameters[:, at:], found.converged & finite


def _refit_normal(fit: BivariateFit, logits: Logits, roots: Floats) -> Found:
    model = NormalModel(logits, fit.design.matrices, restricted=fit.estimator == "reml")
    found = climb(model, roots)
    best = _better(found, len(roots) // 2)
    coefficients, covariances = model.coefficients(found.parameters[best], best)
    return coefficients, covariances, found.parameters[best], found.converged[best]


def _better(found: Optima, k: int) -> NDArray[np.intp]:
    """Return, of the two fits of each data set, the position of the better one."""
    return np.where(found.value[:k] >= found.value[k:], np.arange(k), np.arange(k, 2 * k))


def _coefficient_covariance(hessian: Floats, at: int) -> Floats:
    """Return the coefficients' block of the inverse curvature; NaN if it is no maximum's.

    Root entries that the likelihood does not bend along (at a boundary) are left out by
    the pseudo-inverse.
    """
    information = -hessian
    cross = information[:at, at:]
    block = np.linalg.pinv(information[at:, at:], rcond=1e-8, hermitian=True)
    of_coefficients = information[:at, :at] - cross @ block @ cross.T
    if np.linalg.eigvalsh(of_coefficients)[0] <= 0:
        return np.full((at, at), np.nan)
    return np.asarray(np.linalg.inv(of_coefficients))
