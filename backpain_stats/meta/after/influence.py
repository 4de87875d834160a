"""Which study carries the result: the fit repeated without each study in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.errors import NotEstimableError
from backpain_stats.meta.after.parts import mean_covariances, mean_logits
from backpain_stats.meta.arrays import Booleans, Floats, Rows
from backpain_stats.meta.fitted import FittedModel
from backpain_stats.meta.fitting.boundary import climb
from backpain_stats.meta.fitting.optimise import Optima, maximise
from backpain_stats.meta.fitting.refusals import diverged
from backpain_stats.meta.fitting.structure import STRUCTURES
from backpain_stats.meta.likelihood.parameters import sds_from_root
from backpain_stats.meta.point import MEASURES, SummaryPoint

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["influence_frame", "leave_one_out"]

# What is left must still determine each mean and a spread: three more than coefficients.
_SPARE_STUDIES = 3
# A start on l22 = 0, an axis of symmetry, would stay there.
_OFF_AXIS = 0.05


def leave_one_out(fit: FittedModel) -> pd.DataFrame:
    r"""Fit again without each study in turn, all at once.

    Parameters
    ----------
    fit : BivariateFit
        With random effects; with covariates, a part of it (``fit.at(...)``): the whole is
        refitted.

    Returns
    -------
    pandas.DataFrame
        One row per study left out: ``study``; each of ``sensitivity, specificity,
        lr_positive, lr_negative, odds_ratio`` with ``_low`` and ``_high``;
        ``sd_sensitivity, sd_specificity, correlation``; ``distance``,
        :math:`(\hat\beta_{(i)} - \hat\beta)' V^{-1} (\hat\beta_{(i)} - \hat\beta) / 2`
        with V the covariance of the full fit (Cook's distance: above 1 the study moves
        the summary about as far as its standard error); ``ci_level, method, reason``.
        A row that cannot be fitted has NaN and says why in ``reason``.

    Raises
    ------
    NotEstimableError
        If fewer studies would be left than the fit needs, or the fit has covariates and
        no values, or common effects.
    """
    fit.require_random("there is nothing for one study to carry")
    mean = fit.point.mean
    whole = fit.fitted_whole
    spare = whole.studies.arms.sum(axis=0) - 1 - np.array(whole.design.widths)
    if spare.min() < _SPARE_STUDIES:
        raise NotEstimableError(
            f"leaving one study out leaves fewer than {max(whole.design.widths) + _SPARE_STUDIES} "
            "that inform sensitivity and specificity; look at the studies themselves"
        )
    coefficients, covariances, roots, usable = _refit(whole)
    points = [
        SummaryPoint(one, covariance, fit.level, fit.method) if good else None
        for one, covariance, good in zip(
            mean_logits(fit, coefficients), mean_covariances(fit, covariances), usable, strict=True
        )
    ]
    inverse = np.linalg.pinv(fit.covariance)
    rows = []
    for name, point, root in zip(fit.studies.used_names, points, roots, strict=True):
        row: dict[str, object] = {"study": name}
        for measure in MEASURES:
            one = point.estimate(measure) if point else None
            row[measure] = one.estimate if one else np.nan
            row[f"{measure}_low"] = one.ci_low if one else np.nan
            row[f"{measure}_high"] = one.ci_high if one else np.nan
        spread = sds_from_root(root) if point else np.full(3, np.nan)
        row |= dict(zip(("sd_sensitivity", "sd_specificity", "correlation"), spread, strict=True))
        change = point.mean - mean if point else np.full(2, np.nan)
        row["distance"] = float(change @ inverse @ change / 2)
        reason = "" if point else "the other studies have no maximum likelihood"
        rows.append(row | {"reason": reason})
    return influence_frame(rows, fit.level, fit.method)


def influence_frame(rows: list[dict[str, object]], level: float, method: str) -> pd.DataFrame:
    """Return the rows as :func:`leave_one_out` does, level and method before the reason."""
    import pandas as pd

    frame = pd.DataFrame(rows)
    reason = frame.pop("reason")
    return frame.assign(ci_level=level, method=method, reason=reason)


def _refit(fit: FittedModel) -> tuple[Floats, Floats, Floats, Booleans]:
    """Return coefficients, covariances, roots and success of the k fits without one study.

    Two starting points a data set: its own moments and the full fit.
    """
    counts = fit.studies.used_counts
    k = len(counts)
    without = np.repeat(counts[None].astype(np.float64), k, axis=0)
    determined = _determined(fit)
    # a data set that would not determine the coefficients is kept whole, and not used
    without[determined, np.flatnonzero(determined)] = 0.0
    family, designs = fit.family.for_refits(), fit.design.scaled
    structure = STRUCTURES[fit.structure_name]
    twice = family.observe(np.concatenate([without, without]))
    model = family.model(twice, designs)
    moments, roots = model.split(family.starts(twice, designs), np.arange(2 * k))
    moments, roots = moments.copy(), roots.copy()
    moments[k:] = fit.design.to_scaled(fit.coefficients)
    roots[k:] = fit.root + np.array([0.0, 0.0, _OFF_AXIS])
    found = climb(structure.hold(model), family.place(moments, structure.project(roots)))
    best, rows = _better(found, k), np.arange(k)
    model = family.model(family.observe(without), designs)
    found = maximise(structure.hold(model).evaluate, found.parameters[best])
    coefficients, roots = model.split(found.parameters, rows)
    finite = [
        not diverged(one, root, designs, fit.studies.arms).any()
        for one, root in zip(coefficients, roots, strict=True)
    ]
    covariances = model.coefficient_covariances(found.parameters, rows)
    return (
        fit.design.from_scaled(coefficients),
        fit.design.covariance_from_scaled(covariances),
        roots,
        found.converged & np.array(finite) & determined,
    )


def _determined(fit: FittedModel) -> Booleans:
    """Return whether the studies but one determine all coefficients, one by one."""
    good = np.ones(fit.k, dtype=bool)
    for design, informed in zip(fit.design.scaled, fit.studies.arms.T, strict=True):
        for row in range(fit.k) if design.shape[1] > 1 else ():
            others = informed & (np.arange(fit.k) != row)
            good[row] &= np.linalg.matrix_rank(design[others]) == design.shape[1]
    return good


def _better(found: Optima, k: int) -> Rows:
    """Return, of the two fits of each data set, the position of the better one."""
    return np.where(found.value[:k] >= found.value[k:], np.arange(k), np.arange(k, 2 * k))
