"""Maximum likelihood for the correlation of one-factor dependence, from patients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import brentq, minimize, minimize_scalar
from scipy.special import log_ndtr, ndtri
from scipy.stats import chi2

from backpain_stats.checks import check_choice, check_level
from backpain_stats.combine.calibration.patient_data import DEFAULT_CORRECTION, PatientData
from backpain_stats.combine.dependence.factor_integral import (
    Loadings,
    extreme_modes,
    nodes_between,
    step_and_reach,
)
from backpain_stats.combine.dependence.one_factor import OneFactor
from backpain_stats.combine.dependence.patterns import ABSENT, PRESENT
from backpain_stats.errors import FitError, NotEstimableError
from backpain_stats.estimate import Estimate
from backpain_stats.result import Grid, Result, Shown

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

__all__ = ["DependenceFit", "fit_dependence"]

MARGINALS = ("fitted", "observed")
# The grid brackets the maximum before it is refined; the likelihood may have two maxima.
GRID = np.array([0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95])
LARGEST_RHO = float(GRID[-1])


class Profile(NamedTuple):
    """The log likelihood maximised over the marginals at one rho, and where."""

    log_likelihood: float
    thresholds: Array


class GroupLikelihood:
    r"""The likelihood of one disease group's patterns under one-factor dependence.

    The parameters are rho and a threshold :math:`c_j` a finding, which is
    present where :math:`s_j\sqrt\rho U + \sqrt{1-\rho} E_j > c_j`. Findings that
    every assessed patient of the group has, or none has, are left out: their
    likelihood is largest at an infinite threshold, where it is 1 for any rho.

    Parameters
    ----------
    patterns : numpy.ndarray
        Shape (patients, findings), 1, 0 or -1.
    signs : numpy.ndarray
        +1 or -1 for each finding.
    """

    def __init__(self, patterns: NDArray[np.int8], signs: Array) -> None:
        varies = (patterns == PRESENT).any(axis=0) & (patterns == ABSENT).any(axis=0)
        self.varies = varies
        self.signs = signs[varies]
        different, counts = np.unique(patterns[:, varies], axis=0, return_counts=True)
        self.counts = counts.astype(float)
        self.present = (different == PRESENT).astype(float)
        self.absent = (different == ABSENT).astype(float)
        positive, negative = self.counts @ self.present, self.counts @ self.absent
        self.start = -ndtri(positive / (positive + negative))

    def nodes(self, rho: float, thresholds: Array) -> tuple[Array, Array]:
        """Return the nodes for every pattern at one rho, and the logs of their weights.

        They reach 1 further than the thresholds given ask for, so that they
        also serve the thresholds nearby.
        """
        loadings = Loadings.of(np.asarray(rho), self.signs)
        infinite = np.full_like(thresholds, np.inf)
        lowest, highest = extreme_modes(
            np.array([-infinite, thresholds]), np.array([thresholds, infinite]), loadings
        )
        step, reach = step_and_reach(loadings, len(thresholds))
        nodes = nodes_between(lowest - 1, highest + 1, step, reach)
        return nodes, np.log(step) + _log_density(nodes)

    def log_likelihood(
        self, rho: float, thresholds: Array, rule: tuple[Array, Array]
    ) -> tuple[float, Array]:
        """Return the log likelihood and its gradient over the thresholds."""
        nodes, log_weights = rule
        residual = np.sqrt(1 - rho)
        position = (thresholds[:, None] - self.signs[:, None] * np.sqrt(rho) * nodes) / residual
        log_absent, log_present = log_ndtr(position), log_ndtr(-position)
        terms = self.present @ log_present + self.absent @ log_absent + log_weights
        peak = terms.max(axis=1, keepdims=True)
        weights = np.exp(terms - peak)
        total = weights.sum(axis=1, keepdims=True)
        value = float(self.counts @ (np.log(total) + peak)[:, 0])
        # Posterior weights of the nodes times the slopes of log Phi (inverse Mills ratios).
        weights *= self.counts[:, None] / total
        density = _log_density(position)
        slopes = (self.absent.T @ weights) * np.exp(density - log_absent)
        slopes -= (self.present.T @ weights) * np.exp(density - log_present)
        return value, np.asarray(slopes.sum(axis=1) / residual)

    def profile(self, rho: float, thresholds: Array) -> Profile:
        """Maximise over the thresholds at one rho, starting from ``thresholds``."""
        rule = self.nodes(rho, thresholds)

        def objective(values: Array) -> tuple[float, Array]:
            value, gradient = self.log_likelihood(rho, values, rule)
            return -value, -gradient

        found = minimize(
            objective, thresholds, jac=True, method="L-BFGS-B",
            options={"ftol": 1e-13, "gtol": 1e-5, "maxiter": 500},
        )  # fmt: skip
        if not np.isfinite(found.fun):
            raise FitError(f"the one-factor likelihood could not be maximised at rho {rho:g}")
        return Profile(-float(found.fun), np.asarray(found.x))


def _log_density(values: Array) -> Array:
    return np.asarray(-(values**2) / 2 - np.log(2 * np.pi) / 2)


def maximise(curve: Callable[[float], float]) -> float:
    """Return the rho in [0, ``LARGEST_RHO``] at which a log likelihood is largest.

    A grid brackets the maximum, which is then refined; both ends of the range
    are candidates.
    """
    values = np.array([curve(rho) for rho in GRID])
    best = int(values.argmax())
    left, right = GRID[max(best - 1, 0)], GRID[min(best + 1, len(GRID) - 1)]
    # 1e-4 in rho is far below the width of any interval these samples allow.
    refined = minimize_scalar(
        lambda rho: -curve(float(rho)), bounds=(left, right), method="bounded",
        options={"xatol": 1e-4},
    )  # fmt: skip
    return float(refined.x) if -refined.fun > values[best] else float(GRID[best])


def observed_rho(patterns: NDArray[np.int8], signs: Array, present: Array) -> float:
    """Return the maximum-likelihood rho of a group at given marginals, (findings,).

    What a prediction model needs that uses those marginals; quick enough for
    every fold of a cross-validation.
    """
    group = GroupLikelihood(patterns, signs)
    if group.varies.sum() < 2:
        return 0.0
    thresholds = -ndtri(present[group.varies])
    return maximise(
        lambda rho: group.log_likelihood(rho, thresholds, group.nodes(rho, thresholds))[0]
    )


@dataclass(frozen=True, slots=True, repr=False)
class DependenceFit(Result):
    """Maximum-likelihood estimates of the dependence among cases and among non-cases.

    Parameters
    ----------
    rho_cases, rho_noncases : Estimate
        The correlations with profile-likelihood intervals.
    n_cases, n_noncases : int
        Patients in each group.
    findings : tuple of str
        The findings used.
    left_out : tuple of str
        Findings that do not vary within a group, with the group's name; they
        say nothing about its correlation.
    log_likelihood, log_likelihood_independent : float
        The maximised log likelihood of both groups, and the one at rho 0.
    boundary : tuple of str
        What lies at the boundary of its range, in words; empty if nothing does.
    """

    rho_cases: Estimate
    rho_noncases: Estimate
    n_cases: int
    n_noncases: int
    findings: tuple[str, ...]
    left_out: tuple[str, ...]
    log_likelihood: float
    log_likelihood_independent: float
    boundary: tuple[str, ...]

    def model(self) -> OneFactor:
        """Return the dependence model at the estimates."""
        return OneFactor(self.rho_cases.estimate, self.rho_noncases.estimate)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a group: ``group, n, estimate, ci_low, ci_high, ci_level, method``."""
        import pandas as pd

        rows = [
            {"group": "cases", "n": self.n_cases, **self.rho_cases.as_dict()},
            {"group": "noncases", "n": self.n_noncases, **self.rho_noncases.as_dict()},
        ]
        return pd.DataFrame(rows).drop(columns="measure")

    def _shown(self) -> Shown:
        """Show both correlations and what they gain over independence."""
        gain = 2 * (self.log_likelihood - self.log_likelihood_independent)
        rows = [
            (f"rho among {self.n_cases} cases", str(self.rho_cases)),
            (f"rho among {self.n_noncases} non-cases", str(self.rho_noncases)),
            ("likelihood-ratio statistic against independence", f"{gain:.1f}"),
        ]
        return Shown("Dependence of the findings", [Grid(rows)], self.boundary)


def fit_dependence(
    frame: pd.DataFrame,
    outcome: str | ArrayLike,
    *,
    findings: Sequence[str] | None = None,
    missing: str = "integrate",
    marginals: str = "fitted",
    level: float = 0.95,
) -> DependenceFit:
    r"""Estimate the correlation of one-factor dependence in patients.

    For each disease group the likelihood of the patients' patterns under
    :class:`backpain_stats.OneFactor` is maximised over rho and the marginals;
    the interval holds every rho whose profile log likelihood is within
    :math:`\chi^2_1(level)/2` of the maximum.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a patient; findings are 1, 0 or missing.
    outcome : str or array_like
        A column of ``frame``, or one value a row: 1 for a case, 0 for none.
    findings : sequence of str, optional
        The columns used; all that hold only 0, 1 and missing by default.
    missing : {"integrate", "drop"}
        A missing finding is integrated out, or the patient left out.
    marginals : {"fitted", "observed"}
        Whether the marginals are maximised over at each rho, or held at the
        observed frequencies (0.5 added to each cell; much faster, and the
        interval leaves out what the marginals add to it).
    level : float
        Level of the intervals.

    Returns
    -------
    DependenceFit

    Raises
    ------
    ArgumentError, DataError, UnknownNameError
        If the data or an argument cannot be used; see
        :func:`backpain_stats.calibration.predictions`.
    NotEstimableError
        If fewer than two findings vary within a group.

    Notes
    -----
    The direction in which each finding loads is the sign of its frequency among
    cases minus that among non-cases, and is not estimated. One number a group
    is a coarse summary: it is the common correlation that fits best, not a
    claim that all pairs correlate alike. Negative dependence in those
    directions cannot be represented; it shows as an estimate of 0, where the
    interval is conservative.

    References
    ----------
    Qu Y, Tan M, Kutner MH. Random effects models in latent class analysis for
    evaluating accuracy of diagnostic tests. Biometrics 1996;52:797-810.
    https://doi.org/10.2307/2533043

    Examples
    --------
    >>> from backpain_stats import calibration, load_patients
    >>> patients = load_patients()
    >>> fit = calibration.fit_dependence(
    ...     patients, patients["pain_type"] == "nociceptive", marginals="observed"
    ... )
    >>> fit.boundary
    ()
    """
    check_choice(marginals, "marginals", MARGINALS)
    drop = chi2.ppf(check_level(level), 1) / 2
    data = PatientData.from_frame(frame, outcome, findings, missing)
    known = data.marginals(DEFAULT_CORRECTION)
    estimates, best, independent = [], 0.0, 0.0
    left_out: list[str] = []
    boundary: list[str] = []
    for name, rows, present in (
        ("cases", data.outcome, known.cases[0]),
        ("non-cases", ~data.outcome, known.noncases[0]),
    ):
        group = GroupLikelihood(data.patterns[rows], known.signs)
        if group.varies.sum() < 2:
            raise NotEstimableError(
                f"fewer than two findings vary among {int(rows.sum())} {name}: "
                "their correlation is not determined"
            )
        left_out += [
            f"{finding} ({name})"
            for finding, varies in zip(data.findings, group.varies, strict=True)
            if not varies
        ]
        curve = _Curve(group, None if marginals == "fitted" else -ndtri(present[group.varies]))
        estimate, value = curve.estimate(drop, level, f"rho among {name}")
        estimates.append(estimate)
        best, independent = best + value, independent + curve(0.0)
        if estimate.estimate == 0:
            boundary.append(f"rho among {name} is at its boundary 0: no positive dependence shows")
        elif estimate.ci_high >= LARGEST_RHO:
            boundary.append(f"rho among {name} reaches {LARGEST_RHO:g}, the end of the search")
    return DependenceFit(
        rho_cases=estimates[0],
        rho_noncases=estimates[1],
        n_cases=int(data.outcome.sum()),
        n_noncases=int((~data.outcome).sum()),
        findings=data.findings,
        left_out=tuple(left_out),
        log_likelihood=best,
        log_likelihood_independent=independent,
        boundary=tuple(boundary),
    )


class _Curve:
    """The profile log likelihood over rho, each value computed once."""

    def __init__(self, group: GroupLikelihood, fixed: Array | None) -> None:
        self.group = group
        self.fixed = fixed
        self.known: dict[float, Profile] = {}

    def __call__(self, rho: float) -> float:
        """Return the log likelihood at rho, started from the nearest rho already known."""
        if rho not in self.known:
            if self.fixed is not None:
                rule = self.group.nodes(rho, self.fixed)
                value = self.group.log_likelihood(rho, self.fixed, rule)[0]
                self.known[rho] = Profile(value, self.fixed)
            else:
                nearest = min(self.known, key=lambda other: abs(other - rho), default=None)
                start = self.group.start if nearest is None else self.known[nearest].thresholds
                self.known[rho] = self.group.profile(rho, start)
        return self.known[rho].log_likelihood

    def estimate(self, drop: float, level: float, measure: str) -> tuple[Estimate, float]:
        """Return the maximum with its profile interval, and the log likelihood there."""
        rho = maximise(self)
        top = self(rho)

        def excess(value: float) -> float:
            return self(value) - top + drop

        low = 0.0 if excess(0.0) >= 0 else float(brentq(excess, 0.0, rho, xtol=1e-4))
        high = LARGEST_RHO
        if excess(LARGEST_RHO) < 0:
            high = float(brentq(excess, rho, LARGEST_RHO, xtol=1e-4))
        how = "observed marginals" if self.fixed is not None else "fitted marginals"
        method = f"profile likelihood, {how}"
        return Estimate(rho, low, high, level, method, measure), top
