"""How much the studies differ: SDs and correlation by profile likelihood, and I2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.checks import check_level
from backpain_stats.errors import FitError, NotEstimableError
from backpain_stats.meta.arrays import Floats, Rows
from backpain_stats.meta.fitted import FittedModel
from backpain_stats.meta.fitting.boundary import along
from backpain_stats.meta.fitting.optimise import Optima, maximise
from backpain_stats.meta.fitting.structure import STRUCTURES, Structure
from backpain_stats.meta.likelihood.model import Model
from backpain_stats.meta.likelihood.parameters import root_from_sds, sds_from_root
from backpain_stats.tables import increasing_roots, normal_quantile

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["full_covariance", "heterogeneity", "i_squared", "within_study_variance"]

# The last step in an end of an interval: Newton's steps square their error, so the end
# is good to far more than is printed.
_END_TOLERANCE = 1e-5
# l22 = 0 is an axis of symmetry, so a stationary point: a start has to be off it, and a
# start with an SD of 0 or a correlation of 1 lies on it.
_OFF_AXIS = 0.05
_NEARLY_ONE = 0.98
# The first place to look for the upper end of an SD: twice the estimate, and well away
# from 0 where the estimate is 0. It is doubled until it lies outside the interval.
_FIRST_TOP_FACTOR, _FIRST_TOP = 2.0, 0.25
# Where an SD's profile is followed to before its interval counts as unbounded.
_LARGEST_SD = 64.0
# Twice a loss of log likelihood below this is rounding; its root would be divided by.
_NO_LOSS = 1e-12
# Steps of a second try from the ordinary start, where a maximum was not reached.
_PATIENCE = 400


def _model(fit: FittedModel) -> Model:
    """Return the likelihood of a random-effects fit, ready to be evaluated again."""
    fit.require_random("there is no heterogeneity to estimate")
    family = fit.family.for_refits()
    return family.model(family.observe(fit.studies.used_counts[None]), fit.design.scaled)


def heterogeneity(fit: FittedModel, *, level: float | None = None) -> pd.DataFrame:
    """Return between-study SDs and correlation with profile intervals, and I2.

    Parameters
    ----------
    fit : BivariateFit
        Of a part of a fit with covariates, the heterogeneity is that of the whole.
    level : float, optional
        That of the fit unless given.

    Returns
    -------
    pandas.DataFrame
        ``measure, estimate, ci_low, ci_high, ci_level, method`` for ``sd_sensitivity,
        sd_specificity, correlation`` (of the logits) and ``i2_sensitivity,
        i2_specificity, i2_bivariate`` (:func:`i_squared`; without intervals). What the
        structure of the fit holds has no interval, and ``method`` says so.

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
    fit = fit.fitted_whole
    model = _model(fit)
    coefficients = fit.design.to_scaled(fit.coefficients)
    best = fit.family.place(coefficients[None], fit.root[None])[0]
    structure = STRUCTURES[fit.structure_name]
    estimated = structure.measures
    rows = []
    for measure, value in zip(
        ("sd_sensitivity", "sd_specificity", "correlation"), sds_from_root(fit.root), strict=True
    ):
        low, high, method = np.nan, np.nan, "held, not estimated"
        if measure in estimated:
            method = f"{fit.method}, profile likelihood"
            try:
                low, high = Profile(model, best, structure, measure).interval(level)
            except FitError as error:
                method = f"{method}: {error}"
        rows.append((measure, float(value), low, high, method))
    for measure, share in i_squared(fit).items():
        rows.append((measure, share, np.nan, np.nan, "after Zhou and Dendukuri 2014"))
    frame = pd.DataFrame(rows, columns=["measure", "estimate", "ci_low", "ci_high", "method"])
    frame.insert(4, "ci_level", level)
    return frame


class Profile:
    """The profile likelihood of one heterogeneity parameter, about the maximum ``best``.

    Parameters are ``offset(v) + directions(v) @ coordinates``: linear in the free
    coordinates for every value v of the parameter held, so that the ordinary optimiser
    maximises over them. For an SD the model is turned so that this outcome comes first
    and ``l11 = v``; for the correlation ``(l21, l22) = s (v, sqrt(1 - v^2))``.
    """

    def __init__(self, model: Model, best: Floats, structure: Structure, measure: str) -> None:
        self.correlation, self.measure = measure == "correlation", measure
        held = structure.held
        if measure == "sd_specificity":
            best, model, held = model.exchange(best[None])[0], model.exchanged(), (
                structure.held_exchanged
            )  # fmt: skip
        self.model, self.at = model, model.root_at
        profiled = self.at + (2 if self.correlation else 0)
        self.held = sorted({profiled, *(self.at + entry for entry in held)})
        self.free = np.setdiff1d(np.arange(len(best)), self.held)
        sds = sds_from_root(best[self.at :])
        self.best = float(sds[2] if self.correlation else sds[0])
        # the maximum in this model's own quadrature; a start off the symmetry axis l22 = 0
        start = best.copy()
        rho = 0.0 if np.isnan(sds[2]) else float(np.clip(sds[2], -_NEARLY_ONE, _NEARLY_ONE))
        start[self.at :] = root_from_sds(max(sds[0], _OFF_AXIS), max(sds[1], _OFF_AXIS), rho)
        start[[self.at + entry for entry in held]] = 0.0
        both = np.stack([best, start])
        loose = np.setdiff1d(np.arange(len(best)), [self.at + entry for entry in held])
        top = self._maximise(np.eye(len(best))[:, loose], 0.0, both[:, loose], None)
        self.maximum = float(top.value.max())
        self.start = start
        # (value, coordinates) of maxima found, to start the next one from the nearest
        self.found: list[tuple[float, Floats]] = []

    def _maximise(
        self, directions: Floats, offset: Floats | float, starts: Floats, second: Floats | None
    ) -> Optima:
        """Maximise along directions; where that fails, with patience from a second start."""
        evaluate = along(self.model.evaluate, directions, offset)
        best = maximise(evaluate, starts)
        if second is not None and not best.converged.all():
            again = maximise(evaluate, second, iterations=_PATIENCE)
            if not (best.converged | again.converged).all():
                raise FitError("the profile likelihood was not maximised")
            keep = best.converged
            return Optima(
                np.where(keep[:, None], best.parameters, again.parameters),
                np.where(keep, best.value, again.value),
                np.where(keep[:, None], best.gradient, again.gradient),
                np.where(keep[:, None, None], best.hessian, again.hessian),
                keep | again.converged,
                best.iterations + again.iterations,
            )
        return best

    def _place(self, values: Floats) -> tuple[Floats, Floats]:
        """Return offsets (n, p) and directions (n, p, q)."""
        at, width = self.at, len(self.start)
        offset = np.zeros((len(values), width))
        directions = np.repeat(np.eye(width)[:, self.free][None], len(values), axis=0)
        if self.correlation:
            directions[:, at + 1, at + 1] = values
            directions[:, at + 2, at + 1] = np.sqrt(np.maximum(1 - values**2, 0.0))
        else:
            offset[:, at] = values
            if {at + 1, at + 2} <= set(self.free):
                # without a first variance only the length of (l21, l22) matters: hold l22
                directions[values == 0, at + 2, at + 1] = 0.0
        return offset, directions

    def _ordinary_start(self) -> Floats:
        """Return coordinates of the start off the symmetry axis."""
        first = self.start[self.free]
        if self.correlation:
            first[self.at + 1] = np.hypot(*self.start[self.at + 1 : self.at + 3])
        return first

    def _begin(self, value: float) -> Floats:
        """Return coordinates to start from at a value."""
        first = self._ordinary_start()
        if self.found:
            _, nearest = min(self.found, key=lambda one: abs(one[0] - value))
            first = nearest.copy()
        of_l22 = np.flatnonzero(self.free == self.at + 2)
        if not self.correlation and len(of_l22) and abs(first[of_l22[0]]) < _OFF_AXIS:
            first[of_l22[0]] = _OFF_AXIS
        return first

    def signed_root(self, values: Floats) -> tuple[Floats, Floats]:
        """Return the signed root of the likelihood ratio at each value, and its slope."""
        offset, directions = self._place(values)
        starts = np.stack([self._begin(float(value)) for value in values])
        second = np.repeat(self._ordinary_start()[None], len(values), axis=0)
        best = self._maximise(directions, offset, starts, second)
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
            turn = -values / np.sqrt(np.maximum(1 - values**2, _NO_LOSS))
            turned = gradient[:, self.at + 1] + turn * gradient[:, self.at + 2]
            slope[inside] = (length * turned)[inside]
        else:
            slope = gradient[:, self.at]
        loss = np.maximum(2 * (self.maximum - top), _NO_LOSS)
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
        floor, top = 0.0, _FIRST_TOP_FACTOR * self.best + _FIRST_TOP
        if self.correlation:
            floor, top = -1.0, 1.0
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


def within_study_variance(fit: FittedModel) -> Floats:
    r"""Return the expected within-study variance of the two logits, shape (2,).

    A study with n patients and proportion p has the variance 1 / (n p (1 - p)) on
    the logit scale. p varies between studies, so its expectation is taken over the
    random effects: with logit p = t, 1 / (p (1 - p)) = e^t + e^-t + 2, and for
    t ~ N(m, s^2)

    .. math:: E = \frac{1}{n} \left( e^{m + s^2/2} + e^{-m + s^2/2} + 2 \right),

    averaged over the studies. Putting the average p in its place, as is common,
    understates it and overstates I2 (Zhou and Dendukuri, Stat Med 2014;33:2701-17).
    """
    fit = fit.fitted_whole
    arms, sds = fit.studies.arms, fit.between_study_sd
    tp, fp, fn, tn = fit.studies.used_counts.T.astype(np.float64)
    means = fit.design.means(fit.coefficients)
    expected = []
    for outcome, total in enumerate((tp + fn, fp + tn)):
        some = arms[:, outcome]
        spread = expected_variance(means[outcome][some], sds[outcome] ** 2)
        expected.append(float(np.mean(spread / total[some])))
    return np.array(expected)


def expected_variance(mean: Floats, between: Floats) -> Floats:
    """Return E[1 / (p (1 - p))] for logit p ~ N(mean, between); the arguments broadcast."""
    # A draw far out, of hardly any weight, may have more than a double holds: I2 is 0 there.
    with np.errstate(over="ignore"):
        return np.asarray(2 * np.exp(between / 2) * np.cosh(mean) + 2)


def i_squared(fit: FittedModel) -> dict[str, float]:
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
    at hand. It equals what Stata's metadta prints. mada 0.5.12 prints 40.4% for its AuditC
    data, where this gives 84.1%: it puts the squared standard errors of the means where
    the between-study variances belong.

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


def full_covariance(fit: FittedModel) -> pd.DataFrame:
    """Return the covariance of coefficients, two SDs and correlation by the delta method.

    What the structure of the fit holds is left out.

    Raises
    ------
    NotEstimableError
        At the boundary, where SDs and correlation have no normal approximation: use
        ``fit.heterogeneity()``, whose intervals are by profile likelihood. And for a
        common-effect fit.
    """
    import pandas as pd

    fit.require_random("it has no between-study parameters")
    if fit.boundary:
        raise NotEstimableError(
            f"{fit.boundary_reason}: at the boundary the estimates of SDs and correlation have no "
            "normal distribution; fit.heterogeneity() has profile-likelihood intervals"
        )
    width = len(fit.coefficients)
    _, l21, l22 = fit.root
    sd2 = float(np.hypot(l21, l22))
    jacobian = np.eye(width + 3)
    if sd2 > 0:
        jacobian[width + 1, width + 1 :] = l21 / sd2, l22 / sd2
        jacobian[width + 2, width + 1 :] = l22**2 / sd2**3, -l21 * l22 / sd2**3
    names = [*fit.names, "sd_sensitivity", "sd_specificity", "correlation"]
    covariance = jacobian @ fit.parameter_covariance @ jacobian.T
    estimated = [*fit.names, *STRUCTURES[fit.structure_name].measures]
    return pd.DataFrame(covariance, index=names, columns=names).loc[estimated, estimated]
