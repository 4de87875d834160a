"""The common-effect fit: the tables added up, with exact intervals."""

from __future__ import annotations

import numpy as np

from backpain_stats.errors import ArgumentError, NotEstimableError
from backpain_stats.estimate import Estimate
from backpain_stats.meta.data import Studies
from backpain_stats.meta.design import Design
from backpain_stats.meta.likelihood.binomial import Arms, marginal
from backpain_stats.meta.result import BivariateFit, read_only
from backpain_stats.tables.intervals import proportion_interval
from backpain_stats.tables.ratios import ratio_interval


def fit_common(studies: Studies, design: Design, likelihood: str, level: float) -> BivariateFit:
    """Add the tables up: exact intervals, no between-study variance."""
    if likelihood != "binomial" or design.covariates:
        raise ArgumentError(
            "effects='common' adds the tables up: it takes likelihood='binomial' and no formula"
        )
    counts = studies.used_counts.astype(np.float64)
    tp, fp, fn, tn = counts.sum(axis=0)
    for total, patients, outcome in (
        (tp + fn, "cases", "sensitivity"),
        (fp + tn, "non-cases", "specificity"),
    ):
        if not total:
            raise NotEstimableError(f"no study has any {patients}: {outcome} cannot be estimated")
    exact = []
    for measure, x, n in (("sensitivity", tp, tp + fn), ("specificity", tn, fp + tn)):
        low, high = proportion_interval(x, n, "clopper_pearson", level)
        method = "common effect, Clopper-Pearson"
        exact.append(Estimate(x / n, float(low), float(high), level, method, measure))
    for measure in ("lr_positive", "lr_negative", "odds_ratio"):
        value, low, high = ratio_interval(tp, fp, fn, tn, measure, "score", "none", level)
        method = "common effect, score"
        exact.append(Estimate(float(value), float(low), float(high), level, method, measure))
    with np.errstate(divide="ignore"):
        logits = np.array([np.log(tp) - np.log(fn), np.log(tn) - np.log(fp)])
        variances = np.array([1 / tp + 1 / fn, 1 / tn + 1 / fp])
    covariance = np.zeros((5, 5))
    covariance[:2, :2] = np.diag(variances)
    finite = np.clip(logits, -700, 700)
    value = marginal(Arms.from_counts(counts), finite[0], finite[1], np.zeros(3), nodes=1).value
    return BivariateFit(
        studies=studies,
        design=design,
        likelihood="binomial",
        estimator="ml",
        nodes=None,
        correction="none",
        effects="common",
        level=level,
        coefficients=read_only(logits),
        covariance=read_only(covariance[:2, :2]),
        root=read_only(np.zeros(3)),
        parameter_covariance=read_only(covariance),
        log_likelihood=float(value.sum()),
        log_likelihood_without_jacobian=float(value.sum()),
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
