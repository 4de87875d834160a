"""Several thresholds of one test in a study: accuracy as a function of the threshold."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from backpain_stats.checks import check_choice, check_level
from backpain_stats.errors import ArgumentError, FitError, NotEstimableError
from backpain_stats.meta.designs.cluster_model import (
    ClusterModel,
    Maximum,
    covariance_slopes,
    fit_model,
)
from backpain_stats.meta.designs.delta import INTERVALS, Inference, Intervals
from backpain_stats.meta.designs.fitted_thresholds import FittedThresholds
from backpain_stats.meta.designs.normal_thresholds import fit_normal_thresholds
from backpain_stats.meta.designs.random_effects import TriangularCovariance
from backpain_stats.meta.designs.threshold_data import (
    Inconsistent,
    Positive,
    ThresholdStudies,
    Transform,
    read_threshold_studies,
)
from backpain_stats.meta.designs.threshold_models import (
    RANDOM_EFFECTS,
    Scale,
    starting_points,
    threshold_model,
)
from backpain_stats.meta.likelihood.quadrature import gauss_hermite

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backpain_stats.tables import TablesLike

    Floats = NDArray[np.float64]

__all__ = ["Effects", "fit_thresholds"]

Effects = Literal["auto", "location", "common_scale", "separate_scales"]
# By number of random effects: the nodes used, and more of them to see what that costs.
_NODES = {2: (21, 35), 3: (7, 11), 4: (5, 7)}
_UNRESOLVED = 0.05
# How far scales differ between studies shows in studies with several thresholds.
_FEWEST_SEVERAL = 4
# Log slopes this low mean a test that tells nobody apart.
_FLATTEST = -6.0
_SINGULAR = 1e-6


def fit_thresholds(
    data: TablesLike,
    *,
    threshold: str = "threshold",
    study: str = "study",
    transform: Literal["auto", "log", "identity"] = "auto",
    positive: Positive = "above",
    effects: Effects = "auto",
    likelihood: Literal["multinomial", "normal"] = "multinomial",
    inconsistent: Inconsistent = "refuse",
    nodes: int | None = None,
    intervals: Intervals = "t",
    level: float = 0.95,
) -> FittedThresholds:
    r"""Model the accuracy of a test whose studies report one threshold or several.

    In study ``i``, the values of the cases (``j = 1``) and of the non-cases (``j = 0``) are
    logistic on the scale ``g`` (log or identity),

    .. math:: P(X > c) = \mathrm{expit}\{e^{\lambda_{ij}} (\mu_{ij} - g(c))\},

    and the patients counted between its thresholds are multinomial: rows of a study are nested,
    and are used as such. Locations and log slopes are normal between studies,

    .. math:: (\mu_{i1}, \mu_{i0}, \lambda_{i1}, \lambda_{i0}) \sim N\{(\mu_1, \mu_0, \lambda_1,
       \lambda_0), \Sigma\}.

    Sensitivity at a threshold is :math:`P(X_1 > c)` of the median study, specificity
    :math:`1 - P(X_0 > c)`.

    Parameters
    ----------
    data : pandas.DataFrame, StudyTables, str or path-like
        One row per study and threshold, with the whole numbers ``tp, fp, fn, tn`` that a
        dichotomy at this threshold gives, or whatever
        :func:`backpain_stats.read_tables` reads as such.
    threshold, study : str, optional
        Names of the columns.
    transform : {"auto", "log", "identity"}, optional
        ``"auto"`` fits random locations on both scales and takes the one with the higher
        likelihood (both have the same parameters and the same data); it takes the identity where
        a threshold is not positive.
    positive : {"above", "below"}, optional
        Whether high or low values count as positive.
    effects : {"auto", "location", "common_scale", "separate_scales"}, optional
        ``"location"``: only the two locations differ between studies. ``"common_scale"``: also
        the scale, in cases and non-cases alike (:math:`\lambda_{i1} - \lambda_1 = \lambda_{i0} -
        \lambda_0`). ``"separate_scales"``: all four. ``"auto"`` takes the common scale if at
        least four studies report several thresholds, else locations only.
    likelihood : {"multinomial", "normal"}, optional
        ``"normal"`` is the linear mixed model of empirical logits of R's diagmeta (default model,
        logistic distributions), for comparison; its intervals contain, as there, the sampling
        variance of an average study.
    inconsistent : {"refuse", "drop", "keep"}, optional
        Rows whose numbers of patients contradict the other rows of their study: an error, or set
        aside and listed. The normal model can keep them.
    nodes : int, optional
        Quadrature nodes per random effect; by default 21, 7 or 5 for two, three or four.
    intervals : {"t", "normal"}, optional
        ``"t"`` allows for few studies
        (:class:`~backpain_stats.meta.designs.delta.Inference`); the normal model has normal
        intervals always, as diagmeta.
    level : float, optional
        Confidence level of all intervals.

    Returns
    -------
    FittedThresholds

    Raises
    ------
    DataError, ArgumentError
        If the data or an option cannot be used.
    NotEstimableError
        If fewer than four studies have cases or have non-cases, or report several thresholds
        where random scales are asked for.
    FitError
        If the maximum is not found, or the test does not tell cases from non-cases.

    Notes
    -----
    One threshold per study, with ``effects="location"``, is the bivariate model: if all share the
    threshold, ``g`` is measured from it, slopes are 1 and :math:`(\mu_1, -\mu_0)` are its logit
    sensitivity and specificity; if thresholds differ, it is the bivariate meta-regression on
    ``g(c)``, because :math:`e^{\lambda_j}(\mu_j + u_{ij} - g)` is linear in ``g`` with a normal
    intercept. Random scales are not identified there.

    Normal intervals treat the between-study covariance as known; what both kinds cover with few
    studies is simulated in ``reports/simulation_designs.md``.

    References
    ----------
    Jones HE et al. Stat Med 2019, https://doi.org/10.1002/sim.8301 (the multinomial likelihood);
    Steinhauser S et al. BMC Med Res Methodol 2016;16:97,
    https://doi.org/10.1186/s12874-016-0196-1 (the normal model).

    Examples
    --------
    Six invented studies of the erythrocyte sedimentation rate.

    >>> import pandas as pd
    >>> data = pd.DataFrame(
    ...     {"study": list("AAABBCCCDDEF"), "esr": [10, 20, 50, 20, 50, 15, 30, 60, 20, 40, 25, 30],
    ...      "tp": [19, 17, 12, 20, 9, 11, 9, 4, 31, 29, 10, 8],
    ...      "fp": [80, 41, 12, 40, 8, 50, 21, 5, 101, 53, 20, 14],
    ...      "fn": [1, 3, 8, 8, 19, 1, 3, 8, 3, 5, 7, 4],
    ...      "tn": [40, 79, 108, 110, 142, 40, 69, 85, 99, 147, 72, 48]})
    >>> fit = fit_thresholds(data, threshold="esr")
    >>> fit.transform, fit.effects
    ('log', 'common_scale')
    >>> print(fit.point(30).lr_positive)
    3.30 (95% interval 2.60 to 4.19; exact multinomial likelihood, log scale, delta method, t)
    >>> print(fit.likelihood_ratio(55))
    2.88 (95% interval 1.65 to 5.04; exact multinomial likelihood, log scale, delta method, t)
    >>> print(fit.optimal_threshold())
    29.5 (95% interval 20.5 to 42.4; exact multinomial likelihood, log scale, delta method, t)
    """
    check_choice(transform, "transform", ("auto", "log", "identity"))
    check_choice(positive, "positive", ("above", "below"))
    check_choice(effects, "effects", ("auto", *RANDOM_EFFECTS))
    check_choice(likelihood, "likelihood", ("multinomial", "normal"))
    check_choice(inconsistent, "inconsistent", ("refuse", "drop", "keep"))
    check_choice(intervals, "intervals", INTERVALS)
    check_level(level)
    if inconsistent == "keep" and likelihood == "multinomial":
        raise ArgumentError(
            "inconsistent='keep' goes with likelihood='normal' only: counts between thresholds "
            "need rows of the same patients"
        )
    if nodes is not None:
        gauss_hermite(nodes)  # refuses a number it cannot do
    studies = read_threshold_studies(
        data, threshold=threshold, study=study, positive=positive, inconsistent=inconsistent
    )
    if transform == "log" and (studies.thresholds <= 0).any():
        raise ArgumentError(
            f"transform='log' with a threshold of {studies.thresholds.min():g}; it must be positive"
        )
    chosen, compared = _choose_transform(studies, transform, inconsistent)
    if likelihood == "normal":
        return _fit_normal(studies, threshold, chosen, compared, level)
    return _fit_exact(
        studies,
        threshold,
        chosen,
        compared,
        effects=effects,
        nodes=nodes,
        intervals=intervals,
        level=level,
    )


def _choose_transform(
    studies: ThresholdStudies,
    transform: Literal["auto", "log", "identity"],
    inconsistent: Inconsistent,
) -> tuple[Transform, tuple[tuple[str, float], ...]]:
    """Return the scale to use, and the log likelihoods it was chosen by."""
    if transform != "auto":
        return transform, ()
    if (studies.thresholds <= 0).any() or np.ptp(studies.thresholds) == 0:
        return "identity", ()
    if inconsistent == "keep":
        raise ArgumentError("inconsistent='keep' needs transform='log' or 'identity'")
    values: dict[Transform, float] = {}
    for name in ("log", "identity"):
        scale = Scale.of(studies, name)
        model = threshold_model(studies, scale, "location", 1)
        values[name] = fit_model(model, starting_points(studies, scale, "location")).log_likelihood
    return max(values, key=lambda name: values[name]), tuple(values.items())


def _chosen_effects(studies: ThresholdStudies, effects: Effects) -> str:
    several = int((np.bincount(studies.study) > 1).sum())
    if effects == "auto":
        return "common_scale" if several >= _FEWEST_SEVERAL else "location"
    if effects != "location" and several < _FEWEST_SEVERAL:
        raise NotEstimableError(
            f"{several} studies report several thresholds; effects={effects!r} needs at least "
            f"{_FEWEST_SEVERAL}: effects='location' needs none"
        )
    return effects


def _fit_exact(
    studies: ThresholdStudies,
    threshold: str,
    transform: Transform,
    compared: tuple[tuple[str, float], ...],
    *,
    effects: Effects,
    nodes: int | None,
    intervals: Intervals,
    level: float,
) -> FittedThresholds:
    """Maximise the multinomial likelihood."""
    scale, kind = Scale.of(studies, transform), _chosen_effects(studies, effects)
    usual, more = _NODES[len(RANDOM_EFFECTS[kind])]
    model = threshold_model(studies, scale, kind, usual if nodes is None else nodes)
    maximum = fit_model(model, starting_points(studies, scale, kind))
    width = model.design.shape[-1]
    embed = model.design[0]
    coefficients = embed @ maximum.parameters[:width]
    if not maximum.converged or coefficients[1::2].min() < _FLATTEST:
        raise FitError(
            f"the likelihood was not maximised in {maximum.iterations} evaluations; does the test "
            f"tell cases from non-cases, with values {studies.positive} the threshold positive?"
        )
    inference = Inference.normal(maximum.covariance[:width, :width], level)
    if intervals == "t":
        slopes = covariance_slopes(model, maximum, width)
        inference = replace(
            inference, slopes=slopes, effects_covariance=maximum.covariance[width:, width:]
        )
    quadrature = _quadrature(model, maximum, more)
    between = TriangularCovariance(4, RANDOM_EFFECTS[kind]).covariance(maximum.parameters[width:])
    return FittedThresholds(
        studies=studies,
        threshold=threshold,
        likelihood="multinomial",
        transform=transform,
        transform_log_likelihoods=compared,
        effects=kind,
        nodes=model.nodes,
        centre=scale.centre,
        spread=scale.spread,
        coefficients=coefficients,
        inference=inference.carried(embed),
        between_covariance=between,
        row_variance=np.zeros(2),
        slopes_known=width == 4,
        log_likelihood=maximum.log_likelihood,
        quadrature=quadrature,
        boundary_reason=_boundary(between),
        notes=_notes(quadrature),
    )


def _quadrature(model: ClusterModel, maximum: Maximum, more: int) -> tuple[tuple[int, float], ...]:
    """Return the log likelihood at the estimates by one, the used and more nodes."""
    numbers = sorted({1, model.nodes, max(more, model.nodes)})
    values = (model.with_nodes(n).gradient(maximum.parameters[None])[0][0] for n in numbers)
    return tuple((n, float(value)) for n, value in zip(numbers, values, strict=True))


def _notes(quadrature: tuple[tuple[int, float], ...]) -> tuple[str, ...]:
    change = abs(quadrature[-1][1] - quadrature[-2][1]) if len(quadrature) > 2 else 0.0
    if change < _UNRESOLVED:
        return ()
    return (
        f"{quadrature[-2][0]} nodes do not quite resolve the likelihood: with {quadrature[-1][0]} "
        f"it changes by {change:.2g}. Ask for more with nodes=.",
    )


def _boundary(between: Floats) -> str:
    """Say whether the covariance of the random effects is singular."""
    sds = np.sqrt(np.diag(between))
    if (sds < np.sqrt(_SINGULAR)).any():
        return "a between-study variance is 0"
    smallest = float(np.linalg.eigvalsh(between / np.outer(sds, sds))[0])
    return "the between-study covariance is singular" if smallest < _SINGULAR else ""


def _fit_normal(
    studies: ThresholdStudies,
    threshold: str,
    transform: Transform,
    compared: tuple[tuple[str, float], ...],
    level: float,
) -> FittedThresholds:
    """Fit the linear mixed model and carry its lines over to locations and log slopes."""
    scale = Scale.of(studies, transform)
    if np.ptp(scale.places) == 0:
        raise NotEstimableError("likelihood='normal' needs studies at different thresholds")
    fit = fit_normal_thresholds(studies, scale.places)
    alpha, beta = fit.coefficients[0::2], fit.coefficients[1::2]
    if (beta <= 0).any():
        raise FitError(
            f"positive results do not get rarer as the threshold gets harder (slopes {beta[0]:.2g} "
            f"in cases, {beta[1]:.2g} in non-cases, with values {studies.positive} it positive)"
        )
    coefficients = np.stack([-alpha / beta, np.log(beta)], axis=1).ravel()
    jacobian = np.zeros((4, 4))
    for group in range(2):
        block = slice(2 * group, 2 * group + 2)
        a, b = alpha[group], beta[group]
        jacobian[block, block] = [[-1 / b, a / b**2], [0.0, 1 / b]]
    return FittedThresholds(
        studies=studies,
        threshold=threshold,
        likelihood="normal",
        transform=transform,
        transform_log_likelihoods=compared,
        effects="intercept and slope common to cases and non-cases",
        nodes=None,
        centre=scale.centre,
        spread=scale.spread,
        coefficients=coefficients,
        inference=Inference.normal(jacobian @ fit.covariance @ jacobian.T, level),
        between_covariance=fit.between,
        row_variance=fit.row_variance,
        slopes_known=True,
        log_likelihood=fit.restricted_log_likelihood,
        quadrature=(),
        boundary_reason=_boundary(fit.between),
        notes=("The rows of a study count as independent given its random effects.",),
    )
