"""Fit the bivariate model of several 2x2 tables: the one entry point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from backpain_stats.checks import check_choice, check_level
from backpain_stats.errors import ArgumentError, FitError
from backpain_stats.meta.data import Studies, check_studies
from backpain_stats.meta.design import Design, Formula, build_design
from backpain_stats.meta.fitting.boundary import Solution, inverse_curvature, solve
from backpain_stats.meta.fitting.common import fit_common
from backpain_stats.meta.fitting.refusals import (
    OTHER_WAYS,
    diverged,
    refuse_divergence,
    refuse_perfect,
    refuse_too_few,
    refuse_zero_cells,
)
from backpain_stats.meta.fitting.starts import moment_start, more_roots
from backpain_stats.meta.likelihood.binomial import Arms
from backpain_stats.meta.likelihood.exact import ExactModel
from backpain_stats.meta.likelihood.normal import NormalModel, observed_logits
from backpain_stats.meta.likelihood.parameters import sds_from_root
from backpain_stats.meta.likelihood.quadrature import gauss_hermite
from backpain_stats.meta.result import BivariateFit, read_only
from backpain_stats.tables.ratios import CORRECTIONS

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from backpain_stats.meta.bayes.fit import BayesianFit

    Floats = NDArray[np.float64]

__all__ = ["DEFAULT_NODES", "fit_bivariate"]

# 21 x 21 nodes agree with brute-force integration to 1e-8 of log likelihood as long as
# the between-study SDs are below 3 or so; beyond, the integrand turns into a cliff.
DEFAULT_NODES = 21
_MORE_NODES = (35, 101)
# A log likelihood of k studies that changes by less than this times sqrt(k) with more
# nodes is resolved: the estimates then move by less than 1e-4 standard errors or so.
_RESOLVED = 1e-5
# Studies x nodes of a refit by more nodes; a look at the value may cost ten times that.
_MOST_POINTS = 5_000_000
# Few nodes find the way; the asked number is used for the last steps.
_NODES_ON_THE_WAY = 7
# Where few nodes report an SD above this, their maximum may be an artefact.
_LARGE_SD = 3.0
# Beyond this many studies one starting point is enough.
_MANY_STUDIES = 200


def fit_bivariate(
    data: pd.DataFrame,
    likelihood: str = "binomial",
    estimator: str | None = None,
    *,
    nodes: int | None = None,
    correction: str | None = None,
    formula: Formula = None,
    inference: str = "likelihood",
    effects: str = "random",
    level: float = 0.95,
    **sampling: Any,
) -> BivariateFit | BayesianFit:
    r"""Pool the 2x2 tables of several studies of one test.

    The logits of sensitivity and specificity are bivariate normal between studies,

    .. math:: (\mathrm{logit}\, Se_i, \mathrm{logit}\, Sp_i)
       \sim N\big((x_{1i}'\beta_1, x_{2i}'\beta_2), \Omega\big),

    and the counts within a study are binomial (``likelihood="binomial"``, Chu and Cole
    2006, the default) or the observed logits are taken as normal with known variances
    (``"normal"``, Reitsma 2005).

    Parameters
    ----------
    data : pandas.DataFrame
        One row a study: ``study`` (unique), ``tp, fp, fn, tn`` (whole numbers), and any
        covariates. A study without cases informs specificity only, one without
        non-cases sensitivity only.
    likelihood : {"binomial", "normal"}
    estimator : {"ml", "reml"}, optional
        The binomial likelihood is maximised (``"ml"``); the normal one is restricted
        by default (``"reml"``).
    nodes : int, optional
        Quadrature nodes an axis for the binomial likelihood; 1 is the Laplace
        approximation of lme4 and glmmTMB. By default 21, and 35 or 101 where 21 do not
        resolve the likelihood; the fit says which.
    correction : {"none", "zero_cells", "all"}, optional
        For the normal likelihood: 0.5 added to all four cells of no study, of studies
        with a zero, of every study. "none" (the default) refuses data with zeros, so
        that a correction is always a choice. The binomial likelihood needs none.
    formula : str, list of str or mapping, optional
        Covariates of both outcomes, ``"~ setting + year"`` or column names, or of each:
        ``{"sensitivity": "~ setting"}``.
    inference : {"likelihood", "bayes"}
        ``"bayes"`` samples the posterior
        (:func:`backpain_stats.meta.bayes.fit.fit_bayes`).
    effects : {"random", "common"}
        ``"common"`` adds the tables up: one sensitivity, one specificity, exact
        (Clopper-Pearson and score) intervals. Only right if the studies do not differ.
    level : float, optional
        Confidence level of all intervals.
    **sampling
        Passed on to ``fit_bayes`` (``priors=``, ``seed=``, ...).

    Returns
    -------
    BivariateFit or BayesianFit

    Raises
    ------
    DataError
        If the data cannot be used as they are; see
        :func:`backpain_stats.meta.data.check_studies`.
    ArgumentError
        If an option is unknown or does not go with another.
    NotEstimableError
        If the studies do not determine the model. Five parameters need at least four
        studies that inform sensitivity and four that inform specificity (three more
        than there are coefficients); with fewer, nothing is fitted silently in its
        place: choose ``inference="bayes"`` or ``effects="common"``.
    FitError
        If the maximum is not found.

    See Also
    --------
    backpain_stats.pool : the published evidence, pooled.

    Notes
    -----
    Do not use it for several thresholds or publications of the same patients: rows
    must be independent.

    References
    ----------
    Chu H, Cole SR. J Clin Epidemiol 2006;59:1331-2, https://doi.org/10.1016/j.jclinepi.2006.06.011
    Reitsma JB et al. J Clin Epidemiol 2005;58:982-90, https://doi.org/10.1016/j.jclinepi.2005.02.022

    Examples
    --------
    >>> import pandas as pd
    >>> data = pd.DataFrame({"study": list("ABCDEFG"), "tp": [19, 18, 25, 17, 40, 12, 30],
    ...                      "fp": [30, 2, 9, 3, 12, 8, 25], "fn": [1, 12, 11, 2, 17, 9, 14],
    ...                      "tn": [80, 40, 90, 32, 95, 41, 60]})
    >>> fit = fit_bivariate(data)
    >>> print(fit.lr_positive)
    5.07 (95% interval 3.28 to 7.83; exact binomial likelihood, delta method)
    >>> fit.boundary, fit.converged
    (False, True)
    """
    check_choice(likelihood, "likelihood", ("binomial", "normal"))
    check_choice(inference, "inference", ("likelihood", "bayes"))
    check_choice(effects, "effects", ("random", "common"))
    check_level(level)
    if inference == "bayes":
        return _dispatch_bayes(
            data,
            {
                "likelihood": likelihood,
                "estimator": estimator,
                "correction": correction,
                "formula": formula,
                "effects": effects,
            },
            {**sampling, "level": level} | ({} if nodes is None else {"nodes": nodes}),
        )
    if sampling:
        raise ArgumentError(
            f"{', '.join(sorted(sampling))}: only inference='bayes' takes such options"
        )
    estimator = _checked_estimator(likelihood, estimator)
    correction = _checked_correction(likelihood, correction)
    if nodes is not None and likelihood == "normal":
        raise ArgumentError("nodes belongs to likelihood='binomial'; the normal model needs none")
    if nodes is not None:
        gauss_hermite(nodes)  # refuses a number it cannot do
    studies, design = build_design(check_studies(data), formula)
    if effects == "common":
        return fit_common(studies, design, likelihood, level)
    refuse_too_few(studies, design)
    if likelihood == "normal":
        return _fit_normal(studies, design, estimator, correction, level)
    return _fit_exact(studies, design, nodes, level)


def _dispatch_bayes(
    data: pd.DataFrame, options: dict[str, Any], sampling: dict[str, Any]
) -> BayesianFit:
    """Hand over to the Bayesian fit, refusing the options that have no meaning there."""
    allowed = {"likelihood": "binomial", "correction": "none", "effects": "random"}
    for name, value in options.items():
        if value not in (None, allowed.get(name)):
            raise ArgumentError(
                f"{name}={value!r} does not go with inference='bayes', which uses the exact "
                "binomial likelihood with random effects and no covariates"
            )
    from backpain_stats.meta.bayes.fit import fit_bayes

    return fit_bayes(data, **sampling)


def _checked_estimator(likelihood: str, estimator: str | None) -> str:
    if likelihood == "normal":
        return check_choice(estimator or "reml", "estimator", ("reml", "ml"))
    if estimator not in (None, "ml"):
        raise ArgumentError(
            f"estimator is {estimator!r}; the binomial likelihood is maximised ('ml'): "
            "a restricted likelihood exists for likelihood='normal' only"
        )
    return "ml"


def _checked_correction(likelihood: str, correction: str | None) -> str:
    correction = check_choice(correction or "none", "correction", CORRECTIONS)
    if likelihood == "binomial" and correction != "none":
        raise ArgumentError(
            f"correction is {correction!r}; the binomial likelihood takes zero cells as they "
            "are: a correction belongs to likelihood='normal'"
        )
    return correction


def _fit_exact(studies: Studies, design: Design, nodes: int | None, level: float) -> BivariateFit:
    """Maximise the exact likelihood, with more nodes than 21 where 21 do not resolve it."""
    counts = studies.used_counts
    refuse_perfect(counts)
    arms = Arms.from_counts(counts[None])
    coefficients, roots = moment_start(observed_logits(counts[None], "all"), design.matrices)
    if len(counts) <= _MANY_STUDIES:
        roots = more_roots(roots[0])
    starts = np.concatenate([np.repeat(coefficients, len(roots), axis=0), roots], axis=1)
    used = DEFAULT_NODES if nodes is None else nodes
    model = ExactModel(arms, design.matrices, min(used, _NODES_ON_THE_WAY))
    solution = solve(model, starts)
    if used > model.nodes:
        if sds_from_root(solution.parameters[model.root_at :])[:2].max() < _LARGE_SD:
            starts = solution.parameters[None]
        model = ExactModel(arms, design.matrices, used)
        solution = solve(model, starts)
    notes: tuple[str, ...] = ()
    for more in _MORE_NODES if nodes is None else ():
        finer, points = ExactModel(arms, design.matrices, more), len(counts) * more**2
        if points > 10 * _MOST_POINTS:
            break
        change = abs(finer.value(solution.parameters) - solution.value)
        if change < _RESOLVED * np.sqrt(len(counts)):
            break
        if points > _MOST_POINTS:
            notes = (
                f"{model.nodes} nodes an axis do not quite resolve the likelihood of so many "
                f"studies (it changes by {change:.1g} with {more}): ask for nodes={more} if time "
                "allows.",
            )
            break
        if model.nodes > DEFAULT_NODES:
            starts = solution.parameters[None]
        model, solution = finer, solve(finer, starts)
        notes = (
            f"{DEFAULT_NODES} nodes an axis did not resolve the likelihood, because the studies "
            f"differ so much; {more} were used.",
        )
        if diverged(solution.parameters, design.matrices, studies.arms).any():
            break
    refuse_divergence(solution, design, studies)
    hessian = model.hessian(solution.parameters, solution.directions)
    covariance = inverse_curvature(hessian, solution.directions)
    return _result(
        studies,
        design,
        solution,
        covariance,
        solution.parameters[: model.root_at],
        likelihood="binomial",
        estimator="ml",
        nodes=model.nodes,
        correction="none",
        level=level,
        jacobian=0.0,
        notes=notes,
    )


def _fit_normal(
    studies: Studies, design: Design, estimator: str, correction: str, level: float
) -> BivariateFit:
    """Maximise the restricted or the profile likelihood of the normal model."""
    counts = studies.used_counts
    refuse_zero_cells(studies, correction)
    logits = observed_logits(counts[None], correction)
    _, roots = moment_start(logits, design.matrices)
    model = NormalModel(logits, design.matrices, restricted=estimator == "reml")
    solution = solve(model, roots)
    if solution.boundary and len(counts) <= _MANY_STUDIES:
        # a second maximum, where there is one, is at the other end of the correlation
        solution = max(solution, solve(model, more_roots(roots[0])), key=lambda one: one.value)
    first = np.zeros(1, dtype=np.intp)
    coefficients, inverse = model.coefficients(solution.parameters[None], first)
    _, _, curvature = model.evaluate(solution.parameters[None], first)
    along = solution.directions.T @ curvature[0] @ solution.directions
    of_root = inverse_curvature(along, solution.directions)
    width = len(design.names)
    covariance = np.zeros((width + 3, width + 3))
    covariance[:width, :width] = inverse[0]
    if solution.directions.size:
        covariance[width:, width:] = np.nan if of_root is None else of_root
    return _result(
        studies,
        design,
        solution,
        covariance,
        coefficients[0],
        likelihood="normal",
        estimator=estimator,
        nodes=None,
        correction=correction,
        level=level,
        jacobian=float(logits.jacobian[0]),
    )


def _result(
    studies: Studies,
    design: Design,
    solution: Solution,
    covariance: Floats | None,
    coefficients: Floats,
    *,
    likelihood: str,
    estimator: str,
    nodes: int | None,
    correction: str,
    level: float,
    jacobian: float,
    notes: tuple[str, ...] = (),
) -> BivariateFit:
    """Put a solution into the result, refusing one that is no maximum."""
    if not solution.converged:
        raise FitError(
            f"the {likelihood} likelihood was not maximised in {solution.iterations} evaluations; "
            f"{OTHER_WAYS}"
        )
    width = len(design.names)
    if covariance is None:
        covariance = np.full((width + 3, width + 3), np.nan)
        notes += (
            "No standard errors: the likelihood is flat at its maximum, so its curvature "
            "cannot be inverted.",
        )
    return BivariateFit(
        studies=studies,
        design=design,
        likelihood=likelihood,
        estimator=estimator,
        nodes=nodes,
        correction=correction,
        effects="random",
        level=level,
        coefficients=read_only(coefficients),
        covariance=read_only(covariance[:width, :width]),
        root=read_only(solution.parameters[-3:]),
        parameter_covariance=read_only(covariance),
        log_likelihood=solution.value + jacobian,
        log_likelihood_without_jacobian=solution.value,
        converged=True,
        boundary=bool(solution.boundary),
        boundary_reason=solution.boundary,
        iterations=solution.iterations,
        notes=notes,
    )
