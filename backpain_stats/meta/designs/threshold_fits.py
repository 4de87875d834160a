"""The models of several thresholds by their likelihood: exact, or the normal one of diagmeta."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from backpain_stats.errors import ArgumentError, FitError, NotEstimableError
from backpain_stats.meta.designs.cluster_model import (
    ClusterModel,
    Maximum,
    covariance_slopes,
    fit_model,
)
from backpain_stats.meta.designs.delta import Inference, Intervals
from backpain_stats.meta.designs.fitted_thresholds import FittedThresholds
from backpain_stats.meta.designs.normal_thresholds import fit_normal_thresholds
from backpain_stats.meta.designs.random_effects import TriangularCovariance
from backpain_stats.meta.designs.threshold_data import Inconsistent, ThresholdStudies, Transform
from backpain_stats.meta.designs.threshold_models import (
    RANDOM_EFFECTS,
    Scale,
    starting_points,
    threshold_model,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Effects", "choose_transform", "chosen_effects", "fit_exact", "fit_normal"]

Effects = Literal["auto", "location", "common_scale", "separate_scales"]
# By number of random effects: the nodes used, and more of them to see what that costs.
_NODES = {2: (21, 35), 3: (7, 11), 4: (5, 7)}
_UNRESOLVED = 0.05
# How far scales differ between studies shows in studies with several thresholds.
_FEWEST_SEVERAL = 4
# Log slopes this low mean a test that tells nobody apart.
_FLATTEST = -6.0
_SINGULAR = 1e-6


def choose_transform(
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


def chosen_effects(
    studies: ThresholdStudies, effects: Effects, *, fewest: int = _FEWEST_SEVERAL
) -> str:
    """Return the random effects, refusing random scales with too few studies to show them."""
    several = int((np.bincount(studies.study) > 1).sum())
    if effects == "auto":
        return "common_scale" if several >= _FEWEST_SEVERAL else "location"
    if effects != "location" and several < fewest:
        raise NotEstimableError(
            f"{several} studies report several thresholds; effects={effects!r} needs at least "
            f"{fewest}: effects='location' needs none"
        )
    return effects


def fit_exact(
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
    scale, kind = Scale.of(studies, transform), chosen_effects(studies, effects)
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


def fit_normal(
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
