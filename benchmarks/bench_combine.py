"""Several findings in one patient: all patterns, one patient's interval, the bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import logsumexp, ndtri
from scipy.stats import multivariate_normal

from backpain_stats import Bounds, MaximumEntropy, OneFactor, RiskModel
from backpain_stats.combine.dependence.base import Combination, Marginals
from backpain_stats.combine.dependence.patterns import all_patterns

RHO = 0.2


def _marginals(findings: int, *, combination: bool = False) -> Marginals:
    generator = np.random.default_rng(findings)
    noncases = generator.uniform(0.05, 0.4, findings)
    cases = noncases * generator.uniform(1.1, 2.2, findings)
    rules = []
    if combination:
        # At least one of all: somewhat more often than under independence.
        together = [np.array([1 - 0.8 * np.prod(1 - p)]) for p in (cases, noncases)]
        rules = [Combination("any", tuple(range(findings)), 1, *together)]
    return Marginals(cases, noncases, combinations=rules)


def _orthants(marginals: Marginals) -> list[float]:
    """Return every pattern's probability among cases and non-cases as a normal orthant."""
    findings = marginals.flags
    covariance = np.full((findings, findings), RHO)
    np.fill_diagonal(covariance, 1.0)
    found = []
    for p in (marginals.cases[0], marginals.noncases[0]):
        for pattern in all_patterns(marginals.findings):
            turn = np.where(pattern == 1, -1.0, 1.0)
            signed = covariance * np.outer(turn, turn)
            found.append(multivariate_normal.cdf(-turn * ndtri(p), cov=signed))
    return found


def _entropy_by_bfgs(marginals: Marginals) -> None:
    """Minimise the dual of either group by a general optimiser."""
    table = all_patterns(marginals.findings)
    features = np.vstack([table.T, table.any(axis=1)]).astype(float)
    for group in (marginals.group("cases"), marginals.group("noncases")):
        target = np.append(group.present[0], group.combinations[0][1])

        def dual(theta: np.ndarray, target: np.ndarray = target) -> tuple[float, np.ndarray]:
            scores = theta @ features
            total = logsumexp(scores)
            return total - theta @ target, features @ np.exp(scores - total) - target

        minimize(dual, np.zeros(len(target)), jac=True, method="BFGS", options={"gtol": 1e-9})


def _patient() -> Callable[[], object]:
    """Return the risk of one patient with 20,000 draws of the posterior, already drawn."""
    frame = pd.DataFrame(
        {
            "flag": ["age", "history", "weight", "failure"],
            "tp": [10, 4, 2, 4],
            "fp": [568, 39, 118, 196],
            "fn": [3, 9, 11, 9],
            "tn": [1394, 1923, 1844, 1766],
        }
    )
    model = RiskModel.from_frame(frame, "21/6622", draws=20_000)
    return lambda: model.risk(["age", "history"], ["weight"])


def own_flags(flags: int) -> RiskModel:
    """Return a model of so many findings in one cohort of 960, its posterior not yet drawn."""
    random = np.random.default_rng(0)
    tp, fp = random.integers(18, 50, flags), random.integers(45, 360, flags)
    names = [f"flag {place}" for place in range(flags)]
    frame = pd.DataFrame({"flag": names, "tp": tp, "fp": fp, "fn": 60 - tp, "tn": 900 - fp})
    return RiskModel.from_frame(frame, "60/960")


def patients(model: RiskModel) -> pd.DataFrame:
    """Return 10,000 patients, each finding present, absent or not assessed."""
    flags = model.entries.flags
    states = np.random.default_rng(1).choice([1.0, 0.0, np.nan], (10_000, len(flags)))
    return pd.DataFrame(states, columns=flags)


def cases() -> list[dict[str, Any]]:
    """Return what to time; see run.py."""
    six, ten, sixteen, twenty = (_marginals(findings) for findings in (6, 10, 16, 20))
    tied = _marginals(10, combination=True)
    drawn = own_flags(6)
    many, flags = patients(drawn), drawn.entries.flags
    everything = drawn.posterior.marginals.draws
    pattern = np.tile([1, 0], 5)
    one_factor = OneFactor(RHO, RHO)
    strong = OneFactor(0.95, 0.95)
    return [
        {
            "name": "one-factor, all 2^6 patterns, both groups",
            "callable": lambda: one_factor.log_table(six),
            "peer_name": "scipy multivariate_normal.cdf, pattern by pattern",
            "peer_callable": lambda: _orthants(six),
        },
        {
            "name": "one-factor, all 2^16 patterns, both groups",
            "callable": lambda: one_factor.log_table(sixteen),
        },
        {
            "name": "one-factor, all 2^20 patterns, both groups, rho 0.95",
            "callable": lambda: strong.log_table(twenty),
            "repeats": 3,
        },
        {
            "name": "one patient's risk, three findings, 20,000 draws",
            "callable": _patient(),
        },
        {
            "name": f"one patient, six findings, {everything:,} draws made already",
            "callable": lambda: drawn.risk(flags[:3], flags[3:]),
        },
        {
            "name": f"10,000 patients, six findings, {everything:,} draws made already",
            "callable": lambda: drawn.risks(many),
        },
        {
            "name": f"one patient, six findings, {everything:,} draws made for it",
            "callable": lambda: own_flags(6).risk(flags[:3], flags[3:]),
        },
        {
            "name": f"10,000 patients, six findings, {everything:,} draws made for them",
            "callable": lambda: own_flags(6).risks(many),
        },
        {
            "name": "maximum entropy, 10 findings and a combination, all patterns, both groups",
            "callable": lambda: MaximumEntropy().log_table(tied),
            "peer_name": "scipy BFGS on the same dual",
            "peer_callable": lambda: _entropy_by_bfgs(tied),
        },
        {
            "name": "bounds of one pattern of 10 findings",
            "callable": lambda: Bounds().risk_range(ten, pattern, 0.01),
        },
        {
            "name": "bounds of one pattern of 10 findings and a combination (linear programs)",
            "callable": lambda: Bounds().risk_range(tied, pattern, 0.01),
        },
        {
            "name": "bounds of the same without negative association (linear programs)",
            "callable": lambda: Bounds(non_negative=True).risk_range(ten, pattern, 0.01),
        },
    ]
