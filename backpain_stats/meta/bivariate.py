"""Fit the bivariate model of several 2x2 tables: the one entry point."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Literal

from backpain_stats.checks import check_choice, check_known, check_level
from backpain_stats.errors import ArgumentError
from backpain_stats.meta.bayes.fit import fit_bayes
from backpain_stats.meta.bayes.result import BayesianFit
from backpain_stats.meta.design import Formula, build_design
from backpain_stats.meta.estimation import fit_common, fit_random
from backpain_stats.meta.fitting.registry import FAMILIES
from backpain_stats.meta.fitting.structure import STRUCTURES, StructureName
from backpain_stats.meta.result import BivariateFit
from backpain_stats.meta.studies import check_studies
from backpain_stats.tables import CORRECTIONS, Correction

if TYPE_CHECKING:
    from backpain_stats.tables import TablesLike

__all__ = ["fit_bivariate"]


def fit_bivariate(
    data: TablesLike,
    likelihood: str = "binomial",
    estimator: Literal["ml", "reml"] | None = None,
    *,
    nodes: int | None = None,
    correction: Correction | None = None,
    formula: Formula = None,
    inference: Literal["likelihood", "bayes"] = "likelihood",
    effects: str = "random",
    structure: StructureName = "unstructured",
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
    data : pandas.DataFrame, StudyTables, str or path-like
        One row per study: ``study`` (unique), ``tp, fp, fn, tn`` (whole numbers), and any
        covariates; or a file, or a frame with other names (``TP``, ``TruePos``, ``author``
        and ``year``, ...), as :func:`backpain_stats.read_tables` reads it. A study without
        cases informs specificity only, one without non-cases sensitivity only; the two
        cells of an arm that was not studied may be empty.
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
        ``{"sensitivity": "~ setting"}``. Covariates are centred and scaled inside, and
        reported as given.
    inference : {"likelihood", "bayes"}
        ``"bayes"`` samples the posterior, with covariates or without
        (:func:`backpain_stats.meta.bayes.fit.fit_bayes`).
    effects : {"random", "common"}
        ``"common"`` adds the tables up: one sensitivity, one specificity, exact
        (Clopper-Pearson and score) intervals. Only right if the studies do not differ.
    structure : {"unstructured", "uncorrelated", "common_sensitivity", "common_specificity"}
        What is estimated of the between-study covariance. The simpler ones are for sparse
        data, as the Cochrane Handbook advises: no correlation, or one sensitivity
        (specificity) for all studies. The choice is yours, it is not made for you; where
        the likelihood itself goes to such a boundary, ``boundary_reason`` says so.
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
        :func:`backpain_stats.meta.studies.check_studies`.
    ArgumentError
        If an option does not go with another.
    UnknownNameError
        If there is no such option.
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
    family_type = FAMILIES[check_choice(likelihood, "likelihood", tuple(FAMILIES))]
    check_choice(inference, "inference", ("likelihood", "bayes"))
    check_choice("ml" if estimator is None else estimator, "estimator", ("ml", "reml"))
    check_choice("none" if correction is None else correction, "correction", CORRECTIONS)
    check_choice(effects, "effects", ("random", "common"))
    check_choice(structure, "structure", tuple(STRUCTURES))
    check_level(level)
    _check_options(inference, sampling)
    if inference == "bayes":
        _refuse_for_bayes(
            likelihood=(likelihood, "binomial"), estimator=(estimator, None),
            correction=(correction or "none", "none"),
            effects=(effects, "random"), structure=(structure, "unstructured"),
        )  # fmt: skip
        if nodes is not None:
            sampling["nodes"] = nodes
        return fit_bayes(data, formula=formula, level=level, **sampling)
    family = family_type.from_options(estimator=estimator, correction=correction, nodes=nodes)
    studies, design = build_design(check_studies(data), formula)
    if effects == "common":
        if not family.adds_up or design.covariates or STRUCTURES[structure].held:
            raise ArgumentError(
                "effects='common' adds the tables up: it takes likelihood='binomial', no formula "
                "and no structure"
            )
        return BivariateFit.of(fit_common(studies, design, family, level))
    return BivariateFit.of(fit_random(studies, design, family, STRUCTURES[structure], level))


def _check_options(inference: str, sampling: dict[str, Any]) -> None:
    """Refuse options that do not exist, or belong to the Bayesian fit only."""
    own = [name for name in inspect.signature(fit_bivariate).parameters if name != "sampling"]
    of_bayes = [name for name in inspect.signature(fit_bayes).parameters if name not in own]
    for name in sampling:
        check_known(name, [*own, *of_bayes], "option of fit_bivariate")
    if sampling and inference == "likelihood":
        raise ArgumentError(
            f"{', '.join(sorted(sampling))}: only inference='bayes' takes such options"
        )


def _refuse_for_bayes(**options: tuple[Any, Any]) -> None:
    """Refuse what has no meaning for the Bayesian fit: each option's value and only choice."""
    for name, (value, only) in options.items():
        if value != only:
            raise ArgumentError(
                f"{name}={value!r} does not go with inference='bayes', which uses the exact "
                "binomial likelihood with unstructured random effects"
            )
