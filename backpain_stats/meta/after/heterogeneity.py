"""How much the studies differ: SDs and correlation by profile likelihood, and I2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.checks import check_level
from backpain_stats.errors import NotEstimableError
from backpain_stats.meta.fitting.boundary import Model, along
from backpain_stats.meta.fitting.optimise import maximise
from backpain_stats.meta.likelihood.binomial import Arms
from backpain_stats.meta.likelihood.exact import ExactModel
from backpain_stats.meta.likelihood.normal import NormalModel, observed_logits
from backpain_stats.meta.likelihood.parameters import root_from_sds, sds_from_root
from backpain_stats.tables.intervals import normal_quantile
from backpain_stats.tables.roots import increasing_roots

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from backpain_stats.meta.result import BivariateFit

    Floats = NDArray[np.float64]
    Rows = NDArray[np.intp]

__all__ = ["full_covariance", "heterogeneity", "i_squared", "within_study_variance"]

# Profiles need the likelihood's shape, for which 9 nodes are plenty, or 35 where the
# studies differ so much that a fit needed more than 21.
_FEW_NODES, _ORDINARY_NODES, _MANY_NODES = 9, 21, 35
# The last step in an end of an interval: Newton's steps square their error, so the end
# is good to far more than is printed.
_END_TOLERANCE = 1e-5
# l22 = 0 is an axis of symmetry, so a stationary point: a start has to be off it.
_OFF_AXIS = 0.05
# Where an SD's profile is followed to before its interval counts as unbounded.
_LARGEST_SD = 64.0


def model_of(fit: BivariateFit) -> Model:
    """Return the likelihood of a random-effects fit, ready to be evaluated again."""
    if fit.effects == "common":
        raise NotEstimableError(
            "a common-effect fit assumes that the studies do not differ: there is no heterogeneity "
            "to estimate; use effects='random' or inference='bayes'"
        )
    counts, designs = fit.studies.used_counts[None], fit.design.matrices
    if fit.likelihood == "normal":
        logits = observed_logits(counts, fit.correction)
        return NormalModel(logits, designs, restricted=fit.estimator == "reml")
    return ExactModel(Arms.from_counts(counts), designs, refit_nodes(fit))


def refit_nodes(fit: BivariateFit) -> int:
    """Return the nodes for repeated fits: 9, fewer if the fit has, 35 if it needed many."""
    nodes = fit.nodes or _FEW_NODES
    return _MANY_NODES if nodes > _ORDINARY_NODES else min(nodes, _FEW_NODES)


def heterogeneity(fit: BivariateFit, *, level: float | None = None) -> pd.DataFrame:
    """Return between-study SDs and correlation with profile intervals, and I2.

    Parameters
    ----------
    fit : BivariateFit
    level : float, optional
        That of the fit unless given.

    Returns
    -------
    pandas.DataFrame
        ``measure, estimate, ci_low, ci_high, ci_level, method`` for ``sd_sensitivity,
        sd_specificity, correlation`` (of the logits) and ``i2_sensitivity,
        i2_specificity, i2_bivariate`` (:func:`i_squared`; without intervals).

    Raises
    ------
    NotEstimableError
        For a common-effect fit.

    Notes
    -----
    The profile interval holds the values that a likelihood-ratio test does not reject.
    It respects the range of the parameter: an SD's may start at 0, a correlation's may
    end at -1 or 1. With few studies it is wide, and that is its message.
    """
    import pandas as pd

    level = fit.level if level is None else check_level(level)
    model = model_of(fit)
    sd1, sd2, correlation = sds_from_root(fit.root)
    rows = []
    for measure, value in (
        ("sd_sensitivity", sd1),
        ("sd_specificity", sd2),
        ("correlation", correlation),
    ):
        low, high = _Profile(model, fit, measure).interval(level)
        rows.append((measure, float(value), low, high, f"{fit.method}, profile likelihood"))
    for measure, value in i_squared(fit).items():
        rows.append((measure, value, np.nan, np.nan, "after Zhou and Dendukuri 2014"))
    frame = pd.DataFrame(rows, columns=["measure", "estimate", "ci_low", "ci_high", "method"])
    frame.insert(4, "ci_level", level)
    return frame


class _Profile:
    """The profile likelihood of one heterogeneity parameter.

    Parameters are ``offset(v) + directions(v) @ coordinates``: linear in the free
    coordinates for every value v of the parameter held, so that the ordinary optimiser
    maximises over them. For an SD the model is turned so that this outcome comes first
    and ``l11 = v``; for the correlation ``(l21, l22) = s (v, sqrt(1 - v^2))``.
    """

    def __init__(self, model: Model, fit: BivariateFit, measure: str) -> None:
        best = fit.root if model.root_at == 0 else np.concatenate([fit.coefficients, fit.root])
        self.correlation = measure == "correlation"
        if measure == "sd_specificity":
            best, model = model.exchange(best[None])[0], model.exchanged()
        self.model, self.at = model, model.root_at
        sds = sds_from_root(best[self.at :])
        self.best = float(sds[2] if self.correlation else sds[0])
        # the maximum in this model's own quadrature; a start off the symmetry axis l22 = 0
        start = best.copy()
        rho = 0.0 if np.isnan(sds[2]) else float(np.clip(sds[2], -0.98, 0.98))
        start[self.at :] = root_from_sds(max(sds[0], 0.05), max(sds[1], 0.05), rho)
        both = np.stack([best, start])
        top = maximise(model.evaluate, both)
        self.maximum = float(top.value.max())
        self.start = start
        # (value, coordinates) of maxima found, to start the next one from the nearest
        self.found: list[tuple[float, Floats]] = []

    def _place(self, values: Floats) -> tuple[Floats, Floats]:
        """Return offsets (n, p) and directions (n, p, q)."""
        at, width = self.at, len(self.start)
        offset = np.zeros((len(values), width))
        held = at + 2 if self.correlation else at
        directions = np.repeat(np.delete(np.eye(width), held, axis=1)[None], len(values), axis=0)
        if self.correlation:
            directions[:, at + 1, at + 1] = values
            directions[:, at + 2, at + 1] = np.sqrt(np.maximum(1 - values**2, 0.0))
        else:
            offset[:, at] = values
            # without a first variance only the length of (l21, l22) matters: hold l22
            directions[values == 0, at + 2, at + 1] = 0.0
        return offset, directions

    def _begin(self, value: float) -> Floats:
        """Return coordinates to start from at a value."""
        at = self.at
        if self.found:
            _, nearest = min(self.found, key=lambda one: abs(one[0] - value))
            first = nearest.copy()
        elif self.correlation:
            first = np.delete(self.start, at + 2)
            first[at + 1] = np.hypot(*self.start[at + 1 : at + 3])
        else:
            first = np.delete(self.start, at)
        if not self.correlation and abs(first[at + 1]) < _OFF_AXIS:
            first[at + 1] = _OFF_AXIS
        return first

    def signed_root(self, values: Floats) -> tuple[Floats, Floats]:
        """Return the signed root of the likelihood ratio at each value, and its slope."""
        offset, directions = self._place(values)
        starts = np.stack([self._begin(float(value)) for value in values])
        best = maximise(along(self.model.evaluate, directions, offset), starts)
        points = offset + (directions @ best.parameters[:, :, None])[:, :, 0]
        top, slope = best.value.copy(), np.zeros(len(values))
        inside = np.ones(len(values), dtype=bool)
        if self.correlation:
            # two SDs of opposite sign are the correlation's negative: not this profile
            length = best.parameters[:, self.at + 1]
            inside = best.parameters[:, self.at] * length > 0
            if not inside.all():
                top[~inside] = self._one_variance_only()
        self.found += [
            (float(value), one)
            for value, one, good in zip(values, best.parameters, inside, strict=True)
            if good
        ]
        _, gradient, _ = self.model.evaluate(points, np.arange(len(values)))
        if self.correlation:
            turn = -values / np.sqrt(np.maximum(1 - values**2, 1e-12))
            turned = gradient[:, self.at + 1] + turn * gradient[:, self.at + 2]
            slope[inside] = (length * turned)[inside]
        else:
            slope = gradient[:, self.at]
        loss = np.maximum(2 * (self.maximum - top), 1e-12)
        root = np.sqrt(loss) * np.where(values < self.best, -1.0, 1.0)
        return root, -slope / root

    def _one_variance_only(self) -> float:
        """Return the maximum with one of the variances 0, where correlations mean nothing."""
        at, everything = self.at, np.eye(len(self.start))
        pieces = [np.delete(everything, held, axis=1) for held in ([at, at + 2], [at + 1, at + 2])]
        sds = sds_from_root(self.start[at:])
        values = []
        for directions, sd in zip(pieces, (sds[1], sds[0]), strict=True):
            first = np.append(self.start[:at], sd)
            values.append(maximise(along(self.model.evaluate, directions), first[None]).value[0])
        return float(max(values))

    def interval(self, level: float) -> tuple[float, float]:
        """Return the two ends; a correlation without two SDs has (-1, 1)."""
        if np.isnan(self.best):
            return -1.0, 1.0
        limit = normal_quantile(level)
        floor, top = (-1.0, 1.0) if self.correlation else (0.0, 2 * self.best + 0.25)
        at_floor, at_top = self.signed_root(np.array([floor, top]))[0]
        while at_top <= limit and not self.correlation and top < _LARGEST_SD:
            top *= 2
            at_top = self.signed_root(np.array([top]))[0][0]
        unbounded = 1.0 if self.correlation else np.inf
        ends = np.array([floor, unbounded])
        closed = np.array(
            [self.best > floor and at_floor < -limit, self.best < top and at_top > limit]
        )
        targets = np.array([-limit, limit])[closed]

        def function(values: Floats, rows: Rows) -> tuple[Floats, Floats]:
            root, slope = self.signed_root(values)
            return root - targets[rows], slope

        low, high = np.array([floor, self.best])[closed], np.array([self.best, top])[closed]
        ends[closed] = increasing_roots(function, low, high, 0.5 * (low + high), _END_TOLERANCE)
        return float(ends[0]), float(ends[1])


def within_study_variance(fit: BivariateFit) -> Floats:
    r"""Return the expected within-study variance of the two logits, shape (2,).

    A study with n patients and proportion p has the variance 1 / (n p (1 - p)) on
    the logit scale. p varies between studies, so its expectation is taken over the
    random effects: with logit p = t, 1 / (p (1 - p)) = e^t + e^-t + 2, and for
    t ~ N(m, s^2)

    .. math:: E = \frac{1}{n} \left( e^{m + s^2/2} + e^{-m + s^2/2} + 2 \right),

    averaged over the studies. Putting the average p in its place, as is common,
    understates it and overstates I2 (Zhou and Dendukuri, Stat Med 2014;33:2701-17).
    """
    arms, sds = fit.studies.arms, fit.between_study_sd
    tp, fp, fn, tn = fit.studies.used_counts.T.astype(np.float64)
    first, second = fit.design.matrices
    width = first.shape[1]
    means = (first @ fit.coefficients[:width], second @ fit.coefficients[width:])
    expected = []
    for outcome, total in enumerate((tp + fn, fp + tn)):
        some = arms[:, outcome]
        spread = expected_variance(means[outcome][some], sds[outcome] ** 2)
        expected.append(float(np.mean(spread / total[some])))
    return np.array(expected)


def expected_variance(mean: Floats, between: Floats) -> Floats:
    """Return E[1 / (p (1 - p))] for logit p ~ N(mean, between); the arguments broadcast."""
    return 2 * np.exp(between / 2) * np.cosh(mean) + 2


def i_squared(fit: BivariateFit) -> dict[str, float]:
    r"""Return I2 of sensitivity, of specificity, and of both together.

    The share of the variance of a study's observed logit that lies between studies,

    .. math:: I^2_j = \frac{\omega_{jj}}{\omega_{jj} + w_j}, \qquad
       I^2_{biv} = \frac{|\Omega|^{1/2}}{|\Omega|^{1/2} + |W|^{1/2}}, \quad
       W = \mathrm{diag}(w_1, w_2),

    with :math:`w_j` the expected within-study variance
    (:func:`within_study_variance`). A determinant's root is the two-dimensional
    analogue of a variance (the squared scale of the area of a normal region), so the
    bivariate figure reduces to :math:`I^2` when both outcomes have the same shares and
    the logits are uncorrelated, and it falls with the correlation: studies that only
    differ along a line leave little to explain.

    Notes
    -----
    Derived here after Zhou and Dendukuri (Stat Med 2014;33:2701-17), whose text was not
    at hand; the R package mada prints somewhat different figures under their name.

    The share depends on how large the studies are. It is not a measure of how much
    settings differ: that is the SD, or the prediction interval.
    """
    within = within_study_variance(fit)
    between = fit.between_study
    l11, _, l22 = fit.root
    area, noise = abs(l11 * l22), float(np.sqrt(within[0] * within[1]))
    return {
        "i2_sensitivity": float(between[0, 0] / (between[0, 0] + within[0])),
        "i2_specificity": float(between[1, 1] / (between[1, 1] + within[1])),
        "i2_bivariate": float(area / (area + noise)),
    }


def full_covariance(fit: BivariateFit) -> pd.DataFrame:
    """Return the covariance of coefficients, two SDs and correlation by the delta method.

    Raises
    ------
    NotEstimableError
        At the boundary of the parameter space, and for a common-effect fit.
    """
    import pandas as pd

    if fit.effects == "common":
        raise NotEstimableError("a common-effect fit has no between-study parameters")
    if fit.boundary:
        raise NotEstimableError(
            f"{fit.boundary_reason}: at the boundary the estimates of SDs and correlation have no "
            "normal distribution; fit.heterogeneity() has profile-likelihood intervals"
        )
    width = len(fit.coefficients)
    _, l21, l22 = fit.root
    sd2 = float(np.hypot(l21, l22))
    jacobian = np.eye(width + 3)
    jacobian[width + 1, width + 1 :] = l21 / sd2, l22 / sd2
    jacobian[width + 2, width + 1 :] = l22**2 / sd2**3, -l21 * l22 / sd2**3
    names = [*fit.names, "sd_sensitivity", "sd_specificity", "correlation"]
    covariance = jacobian @ fit.parameter_covariance @ jacobian.T
    return pd.DataFrame(covariance, index=names, columns=names)
