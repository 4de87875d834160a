"""From checked studies to a fitted model, by maximum likelihood or by adding up."""

from __future__ import annotations

import numpy as np

from backpain_stats.errors import FitError, NotEstimableError
from backpain_stats.estimate import Estimate
from backpain_stats.meta.arrays import read_only
from backpain_stats.meta.design import Design
from backpain_stats.meta.fitted import FittedModel
from backpain_stats.meta.fitting.family import Family
from backpain_stats.meta.fitting.refusals import OTHER_WAYS, refuse_too_few
from backpain_stats.meta.fitting.structure import Structure
from backpain_stats.meta.likelihood.binomial import Arms, marginal
from backpain_stats.meta.studies import PATIENTS, Studies
from backpain_stats.tables import RATIO_MEASURES, proportion_interval, ratio_interval

# exp() of a larger logit overflows, and its proportion is 0 or 1 long before.
_LARGEST_LOGIT = 700.0


def fit_random(
    studies: Studies, design: Design, family: Family, structure: Structure, level: float
) -> FittedModel:
    """Maximise the random-effects likelihood.

    Parameters
    ----------
    studies : Studies
    design : Design
        Of the studies in use.
    family : Family
    structure : Structure
        What is held of the between-study covariance.
    level : float
        Confidence level of the intervals.

    Returns
    -------
    FittedModel

    Raises
    ------
    NotEstimableError
        If the studies do not determine the model.
    FitError
        If the maximum is not found.
    """
    refuse_too_few(studies, design, structure)
    family.refuse(studies, structure)
    found = family.search(studies, design.scaled, structure)
    solution, notes = found.solution, found.notes
    if not solution.converged:
        raise FitError(
            f"the {family.name} likelihood was not maximised in {solution.iterations} "
            f"evaluations; {OTHER_WAYS}"
        )
    first = np.zeros(1, dtype=np.intp)
    coefficients, roots = found.model.split(solution.parameters[None], first)
    covariance = found.model.covariance(solution.parameters, solution.directions)
    value = solution.value + family.change_of_scale(design.transform)
    width = len(design.names)
    if covariance is None:
        covariance = np.full((width + 3, width + 3), np.nan)
        notes += (
            "No standard errors: the likelihood is flat at its maximum, so its curvature "
            "cannot be inverted.",
        )
    else:
        covariance = design.covariance_from_scaled(covariance)
    return FittedModel(
        studies=studies,
        design=design,
        family=found.family,
        structure_name=structure.name,
        effects="random",
        level=level,
        coefficients=read_only(design.from_scaled(coefficients[0])),
        covariance=read_only(covariance[:width, :width]),
        root=read_only(roots[0]),
        parameter_covariance=read_only(covariance),
        log_likelihood=value + family.jacobian(studies.used_counts),
        log_likelihood_without_jacobian=value,
        converged=True,
        boundary=bool(solution.boundary),
        boundary_reason=solution.boundary,
        iterations=solution.iterations,
        notes=notes,
    )


def fit_common(studies: Studies, design: Design, family: Family, level: float) -> FittedModel:
    """Add the tables up: exact intervals, no between-study variance.

    Raises
    ------
    NotEstimableError
        If no study has any cases, or none any non-cases.
    """
    counts = studies.used_counts.astype(np.float64)
    tp, fp, fn, tn = counts.sum(axis=0)
    proportions = (("sensitivity", tp, tp + fn), ("specificity", tn, fp + tn))
    exact = []
    for (measure, x, n), patients in zip(proportions, PATIENTS, strict=True):
        if not n:
            raise NotEstimableError(f"no study has any {patients}: {measure} cannot be estimated")
        low, high = proportion_interval(x, n, "clopper_pearson", level)
        method = "common effect, Clopper-Pearson"
        exact.append(Estimate(x / n, float(low), float(high), level, method, measure))
    for measure in RATIO_MEASURES:
        value, low, high = ratio_interval(tp, fp, fn, tn, measure, "score", "none", level)
        method = "common effect, score"
        exact.append(Estimate(float(value), float(low), float(high), level, method, measure))
    with np.errstate(divide="ignore"):
        logits = np.array([np.log(tp) - np.log(fn), np.log(tn) - np.log(fp)])
        variances = np.array([1 / tp + 1 / fn, 1 / tn + 1 / fp])
    covariance = np.zeros((5, 5))
    covariance[:2, :2] = np.diag(variances)
    finite = np.clip(logits, -_LARGEST_LOGIT, _LARGEST_LOGIT)
    arms = Arms.from_counts(counts)
    total = float(marginal(arms, finite[0], finite[1], np.zeros(3), nodes=1).value.sum())
    return FittedModel(
        studies=studies,
        design=design,
        family=family,
        effects="common",
        level=level,
        coefficients=read_only(logits),
        covariance=read_only(covariance[:2, :2]),
        root=read_only(np.zeros(3)),
        parameter_covariance=read_only(covariance),
        log_likelihood=total,
        log_likelihood_without_jacobian=total,
        converged=True,
        boundary=False,
        boundary_reason="",
        iterations=0,
        notes=(
            "Common-effect fit: it assumes that all studies share one sensitivity and one "
            "specificity, and cannot show that they do.",
        ),
        exact=tuple(exact),
    )
