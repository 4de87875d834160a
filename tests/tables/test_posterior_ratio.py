"""Posterior intervals of ratios, against brute-force integration and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import betainc, betaln, expit

from backpain_stats.tables.ratios import RATIO_MEASURES, ratio_interval

NODES, WEIGHTS = np.polynomial.legendre.leggauss(30)
TABLES = [
    (4, 41, 9, 1921),
    (0, 1, 6, 17),
    (0, 0, 5, 15),
    (3, 2, 0, 77),
    (16, 0, 0, 3),
    (1, 0, 0, 1),
    (0, 1, 1, 0),
    (22, 152, 0, 140),
    (7, 13, 0, 462),
    (752, 3226, 0, 2977),
    (5000, 5000, 0, 0),
    (3, 90_000, 2, 10_000),
    (20_000, 10, 0, 0),
    (37, 17, 38, 31),
]


def brute_force_probability(value, measure, table):
    """P(ratio <= value): 3,000 Gauss-Legendre panels over the second proportion."""
    tp, fp, fn, tn = table
    (a, b), (c, d) = (tp, fn), (fp, tn)
    if measure == "lr_negative":
        (a, b), (c, d) = (b, a), (d, c)
    a, b, c, d = a + 0.5, b + 0.5, c + 0.5, d + 0.5
    upper = 1.0 if measure == "odds_ratio" else min(1.0, 1 / value)
    edges = np.linspace(-90, 90, 3001)
    half = 0.5 * (edges[1] - edges[0])
    w = (edges[:-1, None] + half * (NODES + 1)).ravel()
    share, rest = expit(w), expit(-w)
    p = upper * share
    q = rest if upper == 1 else 1 - p
    log_density = c * np.log(p) + d * np.log(q) - betaln(c, d) + np.log(rest / q)
    if measure == "odds_ratio":
        inner = betainc(a, b, expit(w + np.log(value)))
    else:
        inner = betainc(a, b, share if value >= 1 else value * share)
    total = np.sum(np.tile(WEIGHTS * half, 3000) * np.exp(log_density) * inner)
    return total + betainc(d, c, 1 - upper)


@pytest.mark.parametrize("measure", RATIO_MEASURES)
@pytest.mark.parametrize("table", TABLES)
def test_ends_and_median_are_the_stated_quantiles(measure, table):
    median, low, high = ratio_interval(*table, measure, "bayes")
    for value, expected in ((low, 0.025), (median, 0.5), (high, 0.975)):
        probability = brute_force_probability(float(value), measure, table)
        # 1e-8 of mass is cut off at most, and the quadrature adds about as much.
        assert probability == pytest.approx(expected, abs=2e-8)


def test_simulation_agrees():
    generator = np.random.default_rng(7)
    tp, fp, fn, tn = 4, 41, 9, 1921
    p1 = generator.beta(tp + 0.5, fn + 0.5, 1_000_000)
    p2 = generator.beta(fp + 0.5, tn + 0.5, 1_000_000)
    median, low, high = ratio_interval(tp, fp, fn, tn, method="bayes")
    # Four standard errors of a share of 10^6 draws.
    for value, expected in ((low, 0.025), (median, 0.5), (high, 0.975)):
        share = np.mean(p1 / p2 <= float(value))
        assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / 1e6)


def test_large_counts_approach_the_normal_interval_of_the_logarithm():
    cells = np.array([400, 300, 600, 700], float) * 10**6
    posterior = ratio_interval(*cells, method="bayes")
    normal = ratio_interval(*cells, method="log")
    half_width = np.log(normal[2] / normal[0])
    np.testing.assert_allclose(np.log(posterior), np.log(normal), atol=1e-3 * half_width)


def test_rows_do_not_depend_on_the_block_they_are_computed_in(monkeypatch):
    from backpain_stats.tables import bayes

    cells = np.random.default_rng(3).integers(0, 30, (4, 25))
    whole = ratio_interval(*cells, method="bayes")
    monkeypatch.setattr(bayes, "_BLOCK", 7)
    np.testing.assert_array_equal(ratio_interval(*cells, method="bayes"), whole)
