"""Several tests in the same studies, compared by the exact likelihood with the study as cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, overload

import numpy as np

from backpain_stats.checks import check_choice, check_level
from backpain_stats.errors import ArgumentError, FitError, NotEstimableError
from backpain_stats.meta.bayes.priors import Priors
from backpain_stats.meta.bayes.request import (
    EFFECTIVE_SIZE,
    check_effective_size,
    check_priors,
    refuse_bayes_options,
)
from backpain_stats.meta.designs.cluster_model import ClusterModel, Maximum, covariance_slopes
from backpain_stats.meta.designs.compared_bayes import BayesianComparison
from backpain_stats.meta.designs.compared_tests import ComparedTests, EqualityTest
from backpain_stats.meta.designs.delta import INTERVALS, Inference, Intervals
from backpain_stats.meta.designs.paired_bayes import sample_paired
from backpain_stats.meta.designs.paired_data import (
    TestedStudies,
    read_tested_studies,
    refuse_inestimable,
)
from backpain_stats.meta.designs.paired_models import (
    COVARIANCES,
    NODES,
    Covariance,
    PairedModels,
    likelihood_ratio,
)
from backpain_stats.meta.likelihood.quadrature import gauss_hermite
from backpain_stats.sampling import DEFAULT_SEED, Seed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backpain_stats.tables import TablesLike

    Floats = NDArray[np.float64]

__all__ = ["compare_tests"]

# Below this an SD, or the share of the second root that the first does not explain, is 0.
_ZERO = 1e-3
# What tests of the same study have in common shows in studies that gave two of them.
_FEWEST_PAIRS = 3
# With 7 x 7 nodes a study's integral is good to 1e-3 of log likelihood, as in meta/bayes.
_BAYES_NODES = 7
# A test of a variance of 0 below which the reader is told.
_SUSPICIOUS = 0.05


@overload
def compare_tests(
    data: TablesLike,
    *,
    test: str = "test",
    study: str = "study",
    tests: Sequence[str] | None = None,
    covariance: Covariance = "common",
    nodes: int | None = None,
    intervals: Intervals = "t",
    level: float = 0.95,
    inference: Literal["likelihood"] = "likelihood",
) -> ComparedTests: ...


@overload
def compare_tests(
    data: TablesLike,
    *,
    test: str = "test",
    study: str = "study",
    tests: Sequence[str] | None = None,
    nodes: int | None = None,
    level: float = 0.95,
    inference: Literal["bayes"],
    priors: Priors | None = None,
    effective_size: int = EFFECTIVE_SIZE,
    seed: Seed = DEFAULT_SEED,
) -> BayesianComparison: ...


def compare_tests(
    data: TablesLike,
    *,
    test: str = "test",
    study: str = "study",
    tests: Sequence[str] | None = None,
    covariance: Covariance = "common",
    nodes: int | None = None,
    intervals: Intervals = "t",
    level: float = 0.95,
    inference: Literal["likelihood", "bayes"] = "likelihood",
    priors: Priors | None = None,
    effective_size: int = EFFECTIVE_SIZE,
    seed: Seed = DEFAULT_SEED,
) -> ComparedTests | BayesianComparison:
    r"""Compare the accuracy of tests that were given in the same studies.

    In study ``i``, test ``t`` finds
    :math:`tp_{it} \sim \mathrm{Bin}(cases_{it}, \mathrm{expit}\,\eta_{1it})` and
    :math:`tn_{it} \sim \mathrm{Bin}(noncases_{it}, \mathrm{expit}\,\eta_{2it})`, with

    .. math:: \eta_{jit} = \mu_{jt} + u_{ji}, \qquad (u_{1i}, u_{2i}) \sim N(0, \Omega).

    The random effects belong to the study and are shared by its tests, so what makes a study's
    patients easy or hard cancels from the differences. The likelihood is exact but for the
    integral over the random effects (adaptive Gauss-Hermite quadrature).

    Parameters
    ----------
    data : pandas.DataFrame, StudyTables, str or path-like
        One row per study and test, with the whole numbers ``tp, fp, fn, tn``, or whatever
        :func:`backpain_stats.read_tables` reads as such
        (tests side by side become a column ``test``). A study may have
        given one, some or all tests; those it did not give are taken as missing at random.
    test, study : str, optional
        Names of the columns.
    tests : sequence of str, optional
        Which tests, in which order; by default all, in order of appearance.
    covariance : {"common", "arm_based", "scaled", "separate"}
        ``"common"``: as above, equal variances (the Handbook's model with test as covariate).
        ``"arm_based"``: :math:`\eta_{jit} = \mu_{jt} + u_{ji} + w_{jit}` with
        :math:`w_{jit} \sim N(0, \sigma_j^2)`: each test of a study also varies by itself, so
        that tests need not move together (the analysis of variance model for networks of tests);
        contains the common model.
        ``"scaled"``: :math:`\eta_{jit} = \mu_{jt} + s_{jt} v_{ji}`, each test with SDs of its
        own (:math:`v` has variances 1); contains the common model, so that equal SDs can be tested.
        ``"separate"``: each test has a covariance of its own and the random effects of the
        tests of a study are independent (the Handbook's model with separate variances). It
        ignores that the tests were given in the same studies.
    nodes : int, optional
        Quadrature nodes per random effect; 1 is the Laplace approximation of lme4. By default 9,
        or 21 or 35 where fewer do not resolve the likelihood.
    intervals : {"t", "normal"}, optional
        ``"t"`` allows for few studies
        (:class:`~backpain_stats.meta.designs.delta.Inference`); ``"normal"`` gives the intervals
        of lme4 and of the Handbook.
    level : float, optional
        Confidence level of all intervals.
    inference : {"likelihood", "bayes"}
        ``"bayes"``: the model with the common covariance under priors, for two studies and up.
        Each test's mean logits have the prior of :class:`~backpain_stats.Priors`, independent of
        the other tests; the SDs and the correlation have the learned ones. Sampled by importance,
        as in :func:`~backpain_stats.meta.bayes.fit.fit_bayes`.
    priors, effective_size, seed : optional
        With ``inference="bayes"``: a :class:`~backpain_stats.Priors`, the effective draws to reach
        (4000), and the seed.

    Returns
    -------
    ComparedTests or BayesianComparison
        Summary accuracy of each test, differences and ratios with delta-method intervals, and
        likelihood-ratio tests of equality; or posterior medians and intervals of the same, with
        how far the priors moved them.

    Raises
    ------
    DataError, ArgumentError
        If the data or an option cannot be used.
    NotEstimableError
        If fewer than four studies have cases or have non-cases, a test has a sensitivity or
        specificity of 0% or 100% over all studies, or too few studies gave two tests.
    FitError
        If the maximum is not found.

    Notes
    -----
    Given the study, the results of two tests in one patient are taken as independent within
    cases and within non-cases. Where tests agree more than that, the intervals of differences are
    too wide rather than too narrow;
    :func:`~backpain_stats.meta.designs.agreement_sensitivity` shows by how much.
    Do not use it for several thresholds of one test
    (:func:`~backpain_stats.meta.designs.fit_thresholds`). Normal intervals treat the
    between-study covariance as known and cover less than they say where studies are few; what
    both kinds cover is simulated in ``reports/simulation_designs.md``.

    References
    ----------
    Chu H, Cole SR. J Clin Epidemiol 2006;59:1331-2, https://doi.org/10.1016/j.jclinepi.2006.06.011
    (the exact likelihood). Cochrane Handbook for Systematic Reviews of Diagnostic Test Accuracy,
    version 2, appendix 12 (the models, and the data of the example).

    Examples
    --------
    CT and MRI for coronary stenosis, in the same patients of five studies.

    >>> import pandas as pd
    >>> rows = [("Dewey 2006", "CT", 62, 5, 4, 46), ("Kefer 2005", "CT", 32, 6, 2, 12),
    ...         ("Langer 2009", "CT", 25, 2, 1, 40), ("Maintz 2007", "CT", 15, 2, 1, 2),
    ...         ("Pouleur 2008", "CT", 16, 7, 1, 53), ("Dewey 2006", "MRI", 42, 2, 7, 39),
    ...         ("Kefer 2005", "MRI", 30, 9, 4, 9), ("Langer 2009", "MRI", 18, 15, 8, 27),
    ...         ("Maintz 2007", "MRI", 15, 1, 1, 3), ("Pouleur 2008", "MRI", 17, 17, 0, 43)]
    >>> data = pd.DataFrame(rows, columns=["study", "test", "tp", "fp", "fn", "tn"])
    >>> compared = compare_tests(data, nodes=1, intervals="normal")
    >>> print(compared.contrast("specificity", kind="difference").estimate)
    0.153 (95% interval 0.0467 to 0.259; exact binomial likelihood, study as cluster, delta method)
    >>> compared.equality_tests().round({"log_likelihood": 3, "statistic": 2, "p_value": 5})
                             equal  log_likelihood  statistic  df  p_value
    0  sensitivity and specificity         -53.191      16.92   2  0.00021
    1                  sensitivity         -47.883       6.30   1  0.01206
    2                  specificity         -50.041      10.62   1  0.00112
    3   study effects of the tests         -44.732       1.66   2  0.43707
    """
    check_choice(inference, "inference", ("likelihood", "bayes"))
    if inference == "bayes":
        if covariance != "common" or intervals != "t":
            raise ArgumentError(
                "covariance and intervals do not go with inference='bayes', which has the common "
                "covariance and posterior intervals"
            )
        check_level(level)
        return _bayes(
            data, test=test, study=study, tests=tests, nodes=nodes, level=level, priors=priors,
            effective_size=effective_size, seed=seed,
        )  # fmt: skip
    refuse_bayes_options(priors, effective_size, seed)
    check_choice(covariance, "covariance", COVARIANCES)
    check_choice(intervals, "intervals", INTERVALS)
    check_level(level)
    if nodes is not None:
        gauss_hermite(nodes)  # refuses a number it cannot do
    studies = read_tested_studies(data, test=test, study=study, tests=tests)
    refuse_inestimable(studies)
    if covariance in ("arm_based", "scaled") and _pairs(studies) < _FEWEST_PAIRS:
        raise NotEstimableError(
            f"{_pairs(studies)} studies gave two tests or more; covariance={covariance!r} needs at "
            f"least {_FEWEST_PAIRS}: covariance='common' or 'separate' need none"
        )
    models = PairedModels(studies, covariance)
    full, maximum = models.fit(models.design(), nodes)
    equality = [
        models.test(equal, full, maximum)
        for equal in ("sensitivity and specificity", "sensitivity", "specificity")
    ]
    equality += _test_random_effects(studies, covariance, full, maximum)
    width = 2 * len(studies.tests)
    between = models.effects.test_covariances(maximum.parameters[-models.effects.width :])
    own = np.abs(maximum.parameters[width : width + models.own])
    return ComparedTests(
        studies=studies,
        covariance_model=covariance,
        nodes=full.nodes,
        coefficients=maximum.parameters[:width],
        inference=_inference(full, maximum, width, intervals, level),
        between_covariances=between,
        own_sds=own,
        log_likelihood=maximum.log_likelihood,
        quadrature=_quadrature(full, maximum),
        equality=tuple(equality),
        boundary_reason=_boundary(between),
        iterations=maximum.iterations,
        notes=_notes(studies, covariance, equality[-1]),
    )


def _bayes(
    data: TablesLike,
    *,
    test: str,
    study: str,
    tests: Sequence[str] | None,
    nodes: int | None,
    level: float,
    priors: Priors | None,
    effective_size: int,
    seed: Seed,
) -> BayesianComparison:
    """Return the posterior, with the likelihood's own answer beside it where there is one."""
    priors = check_priors(priors)
    effective_size = check_effective_size(effective_size)
    nodes = _BAYES_NODES if nodes is None else nodes
    gauss_hermite(nodes)  # refuses a number it cannot do
    likelihood, reason = None, ""
    try:
        likelihood = compare_tests(data, test=test, study=study, tests=tests, level=level)
    except (NotEstimableError, FitError) as error:
        reason = str(error)
    return sample_paired(
        read_tested_studies(data, test=test, study=study, tests=tests),
        priors=priors,
        nodes=nodes,
        effective_size=effective_size,
        level=level,
        seed=seed,
        likelihood=likelihood,
        no_likelihood=reason,
    )


def _inference(
    full: ClusterModel, maximum: Maximum, width: int, intervals: Intervals, level: float
) -> Inference:
    """Return the inference of the tests' logits, the first ``width`` of the coefficients."""
    covariance = maximum.covariance[:width, :width]
    if intervals == "normal":
        return Inference.normal(covariance, level)
    # what follows the means are SDs, be they of studies or of their tests
    slopes = covariance_slopes(full, maximum, width)
    return Inference(covariance, slopes, maximum.covariance[width:, width:], level)


def _test_random_effects(
    studies: TestedStudies, covariance: Covariance, full: ClusterModel, maximum: Maximum
) -> list[EqualityTest]:
    """Test the common covariance against the richer one that was fitted, or the arm-based one."""
    if covariance == "separate" or _pairs(studies) == 0:
        return []  # neither contains the common model, nor says whether tests move together
    richer: Covariance = "scaled" if covariance == "scaled" else "arm_based"
    common, rich = maximum, maximum
    if covariance == "common":
        models = PairedModels(studies, richer)
        nodes = min(full.nodes, NODES[0])
        width = 2 * len(studies.tests)
        start = models.extended(maximum.parameters[:width], maximum.parameters[None, width:])
        rich = models.fit(models.design(), nodes, start, curvature=False)[1]
    else:
        models = PairedModels(studies, "common")
        common = models.fit(models.design(), full.nodes, curvature=False)[1]
    if richer == "scaled":
        df = 2 * (len(studies.tests) - 1)
        return [likelihood_ratio("between-study SDs", common, rich, df)]
    return [likelihood_ratio("study effects of the tests", common, rich, 2)]


def _pairs(studies: TestedStudies) -> int:
    """Return how many studies gave two tests or more."""
    return int((studies.given.sum(axis=1) > 1).sum())


def _notes(studies: TestedStudies, covariance: Covariance, last: EqualityTest) -> tuple[str, ...]:
    pairs = _pairs(studies)
    if covariance == "common" and pairs and last.p_value < _SUSPICIOUS:
        return (
            "The tests of a study do not move together as this model assumes (likelihood ratio "
            f"{last.statistic:.2f}): its intervals of differences are too narrow. "
            "covariance='arm_based' lets each test of a study vary by itself.",
        )
    if covariance == "separate" and pairs:
        return ("That the tests were given in the same studies is not used by this model.",)
    return ()


def _quadrature(model: ClusterModel, maximum: Maximum) -> tuple[tuple[int, float], ...]:
    """Return the log likelihood at the estimates by few, the used and more nodes."""
    numbers = sorted({1, model.nodes, *(more for more in NODES if more > model.nodes)})
    values = (model.with_nodes(n).gradient(maximum.parameters[None])[0][0] for n in numbers)
    return tuple((n, float(value)) for n, value in zip(numbers, values, strict=True))


def _boundary(covariances: Floats) -> str:
    """Return on which boundary the between-study covariances lie, in words."""
    sds = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2))
    reasons = [
        f"a between-study variance of {outcome} is 0"
        for outcome, sd in zip(("sensitivity", "specificity"), sds.T, strict=True)
        if (sd < _ZERO).any()
    ]
    inside = (sds >= _ZERO).all(axis=1)
    correlation = covariances[inside, 0, 1] / sds[inside].prod(axis=1)
    # the part of the second SD that the first does not explain is sqrt(1 - rho^2) of it
    singular = correlation[np.sqrt(np.maximum(1 - correlation**2, 0.0)) < _ZERO]
    reasons += [f"a between-study correlation is {np.sign(rho):+.0f}" for rho in singular[:1]]
    return " and ".join(reasons)
