"""Bias curves: neutral points, closed forms, simulated truths, and bounds by brute force."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import backpain_stats as bps
from backpain_stats.meta.bias.plain import CURVE_MEASURES

ENDS = ["estimate", "ci_low", "ci_high"]
TABLE = bps.TwoByTwo(tp=40, fp=20, fn=10, tn=80)
NOBODY_MISSED = bps.TwoByTwo(tp=7, fp=13, fn=0, tn=462)
# Rounding of a few dozen operations.
ROUNDING = 1e-10


@pytest.fixture(scope="module")
def studies():
    return pd.DataFrame(
        {
            "study": list("ABCDEFGH"), "tp": [19, 18, 25, 17, 40, 12, 30, 55],
            "fp": [30, 2, 9, 3, 12, 8, 25, 60], "fn": [1, 12, 11, 2, 17, 9, 14, 40],
            "tn": [80, 40, 90, 32, 95, 41, 60, 140],
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def results(studies):
    return {
        "table": TABLE,
        "nobody missed": NOBODY_MISSED,
        "fit": bps.fit_bivariate(studies),
        "bayes": bps.fit_bayes(studies, effective_size=1000),
        "common": bps.fit_bivariate(studies, effects="common"),
    }


CURVES = (bps.verification_bias, bps.reference_bias, bps.spectrum_bias)
CASES = [
    *itertools.product(("table", "nobody missed", "fit", "bayes", "common"), CURVES),
    # selective publication is about several studies with random effects
    *itertools.product(("fit", "bayes"), (bps.publication_bias,)),
]


@pytest.mark.parametrize(("name", "curve"), CASES)
def test_without_bias_the_curve_passes_through_the_plain_result(results, name, curve):
    found = curve(results[name])
    at = found.frame.loc[found.frame[found.parameter] == found.neutral]
    np.testing.assert_allclose(at[ENDS], found.plain[ENDS], rtol=ROUNDING, atol=ROUNDING)
    if name in ("fit", "bayes"):  # and the plain result is the fit's own
        for row in found.plain.itertuples():
            own = results[name].estimate(row.measure)
            assert row.estimate == pytest.approx(own.estimate, abs=ROUNDING)
            assert row.ci_low == pytest.approx(own.ci_low, abs=ROUNDING)
            assert row.ci_high == pytest.approx(own.ci_high, abs=ROUNDING)


def test_begg_greenes_is_its_closed_form_with_the_authors_variance():
    tp, fp, fn, tn, u1, u0 = 80, 20, 10, 40, 30, 150
    found = bps.begg_greenes(
        bps.TwoByTwo(tp=tp, fp=fp, fn=fn, tn=tn), u1, u0, interval="delta"
    ).frame.set_index("measure")
    m1, m0 = tp + fp + u1, fn + tn + u0
    by_positive, by_negative = m1 / (tp + fp), m0 / (fn + tn)
    sensitivity = tp * by_positive / (tp * by_positive + fn * by_negative)
    specificity = tn * by_negative / (tn * by_negative + fp * by_positive)
    assert found.loc["sensitivity", "estimate"] == pytest.approx(sensitivity, abs=1e-14)
    assert found.loc["specificity", "estimate"] == pytest.approx(specificity, abs=1e-14)
    # Begg and Greenes 1983: variance of logit sensitivity
    variance = (m1 + m0) / (m1 * m0) + fp / (tp * (tp + fp)) + tn / (fn * (fn + tn))
    middle, half = np.log(sensitivity / (1 - sensitivity)), 1.959963984540054 * variance**0.5
    ends = 1 / (1 + np.exp(-np.array([middle - half, middle + half])))
    np.testing.assert_allclose(
        found.loc["sensitivity", ["ci_low", "ci_high"]].astype(float), ends, rtol=1e-9
    )


def _counts(case, positive, seen):
    groups = (case & positive, ~case & positive, case & ~positive, ~case & ~positive)
    return [int((one & seen).sum()) for one in groups]


def test_begg_greenes_recovers_all_patients_and_covers_them():
    rng, hits, runs = np.random.default_rng(3), np.zeros(4), 25
    truth = np.array([0.7, 0.85, 0.7 / 0.15, 0.3 / 0.85])
    for _ in range(runs):
        case = rng.random(1500) < 0.2
        positive = rng.random(1500) < np.where(case, 0.7, 0.15)
        seen = rng.random(1500) < np.where(positive, 0.9, 0.3)
        count = _counts(case, positive, seen)
        table = bps.TwoByTwo(**dict(zip(("tp", "fp", "fn", "tn"), count, strict=True)))
        found = bps.begg_greenes(
            table, int((positive & ~seen).sum()), int((~positive & ~seen).sum())
        ).frame
        hits += ((found["ci_low"] <= truth) & (truth <= found["ci_high"])).to_numpy()
    # 0.95 within four standard errors of 25 runs: the four measures of a run hang together
    assert abs(hits.mean() / runs - 0.95) < 4 * np.sqrt(0.95 * 0.05 / runs)


def test_verification_curve_is_begg_greenes_with_the_counts_it_implies():
    odds, fraction = 4.0, 0.25
    share = 60 / 150
    other = share / (1 - share) / odds / (1 + share / (1 - share) / odds)
    unseen = 150 * (1 - fraction) / fraction
    by_counts = bps.begg_greenes(TABLE, round(unseen * other * 1e6), 0)  # only that it runs
    assert by_counts.frame["estimate"].notna().all()
    v1 = 60 / (60 + unseen * other)
    v0 = 90 / (90 + unseen * (1 - other))
    assert (v1 / (1 - v1)) / (v0 / (1 - v0)) == pytest.approx(odds)
    found = bps.verification_bias(TABLE, [fraction], odds=odds).frame.set_index("measure")
    assert found.loc["sensitivity", "estimate"] == pytest.approx(
        40 / v1 / (40 / v1 + 10 / v0), abs=1e-12
    )
    assert found.loc["specificity", "estimate"] == pytest.approx(
        80 / v0 / (80 / v0 + 20 / v1), abs=1e-12
    )


def _ratios(tp, fp, fn, tn):
    return {
        "sensitivity": tp / (tp + fn), "specificity": tn / (tn + fp),
        "lr_positive": tp / (tp + fn) * (fp + tn) / fp,
        "lr_negative": fn / (tp + fn) * (fp + tn) / tn,
    }  # fmt: skip


@pytest.mark.parametrize("table", [TABLE, bps.TwoByTwo(tp=12, fp=30, fn=18, tn=60)])
def test_bounds_of_a_fraction_are_those_of_every_way_to_add_the_others(table):
    others = 30
    fraction = table.n / (table.n + others)
    ways = np.array([
        (a, b, c, others - a - b - c)
        for a, b, c in itertools.product(range(others + 1), repeat=3) if a + b + c <= others
    ])  # fmt: skip
    cells = np.array([table.tp, table.fp, table.fn, table.tn]) + ways
    brute = _ratios(*cells.T.astype(float))
    bounds = bps.verification_bias(table, [fraction]).bounds.set_index("measure")
    for name in CURVE_MEASURES:
        low, high = bounds.loc[name, "low"], bounds.loc[name, "high"]
        assert low <= brute[name].min() + 1e-12
        assert high >= brute[name].max() - 1e-12
        # sharp: fractions of a patient change little
        assert low == pytest.approx(brute[name].min(), rel=2e-3)
        assert high == pytest.approx(brute[name].max(), rel=2e-3)


def test_bounds_of_counts_are_those_of_every_outcome():
    found = bps.begg_greenes(TABLE, 6, 9).bounds.set_index("measure")
    pairs = np.array(list(itertools.product(range(7), range(10))))
    a, b = pairs.T.astype(float)
    brute = _ratios(40 + a, 20 + 6 - a, 10 + b, 80 + 9 - b)
    for name in CURVE_MEASURES:
        assert found.loc[name, "low"] == pytest.approx(brute[name].min(), abs=1e-12)
        assert found.loc[name, "high"] == pytest.approx(brute[name].max(), abs=1e-12)
    # and extreme odds among those not verified lead there
    odds = bps.begg_greenes(TABLE, 6, 9, missing_odds=[1e-9, 1e9]).measure("lr_negative")
    assert odds["estimate"].iloc[0] == pytest.approx(brute["lr_negative"][0], abs=1e-6)


def test_pooled_verification_with_everyone_verified_is_the_fit(studies):
    plain = bps.fit_bivariate(studies)
    same = bps.pool_verified(studies.assign(unverified_positive=0, unverified_negative=0))
    for name in CURVE_MEASURES:
        one, other = same.estimate(name), plain.estimate(name)
        assert (one.estimate, one.ci_low, one.ci_high) == (
            other.estimate, other.ci_low, other.ci_high)  # fmt: skip


def test_pooled_verification_finds_the_truth_of_all_patients():
    rng = np.random.default_rng(8)
    rows = []
    for number in range(40):
        case = rng.random(400) < 0.3
        positive = rng.random(400) < np.where(case, 0.7, 0.2)
        seen = rng.random(400) < np.where(positive, 0.95, 0.3)
        cells = _counts(case, positive, seen)
        rows.append([f"study {number}", *cells, int((positive & ~seen).sum()),
                     int((~positive & ~seen).sum())])  # fmt: skip
    columns = ["study", "tp", "fp", "fn", "tn", "unverified_positive", "unverified_negative"]
    data = pd.DataFrame(rows, columns=columns)
    naive, found = bps.fit_bivariate(data), bps.pool_verified(data, imputations=10)
    assert naive.sensitivity.ci_low > 0.8  # wrong
    assert found.sensitivity.ci_low < 0.7 < found.sensitivity.ci_high
    assert found.specificity.ci_low < 0.8 < found.specificity.ci_high


def test_patients_not_verified_who_are_sick_more_often_lower_the_sensitivity():
    rows = [["one", 40, 20, 10, 130, 0, 400], ["two", 30, 25, 12, 150, 0, 300],
            ["three", 50, 30, 11, 120, 0, 500], ["four", 45, 22, 14, 140, 0, 350]]  # fmt: skip
    columns = ["study", "tp", "fp", "fn", "tn", "unverified_positive", "unverified_negative"]
    data = pd.DataFrame(rows, columns=columns)
    rarely, alike, often = (
        bps.pool_verified(data, missing_odds=odds, imputations=5).sensitivity.estimate
        for odds in (0.25, 1.0, 4.0)
    )
    assert often < alike < rarely < bps.fit_bivariate(data).sensitivity.estimate


def _seen(share, test, reference, covariance=(0.0, 0.0)):
    """Return the expected table against a reference, of ten million patients."""
    (se, sp), (own, clear), (c1, c0) = test, reference, covariance
    both = share * (se * own + c1) + (1 - share) * ((1 - sp) * (1 - clear) + c0)
    positive = share * se + (1 - share) * (1 - sp)
    called = share * own + (1 - share) * (1 - clear)
    tp, fp, fn = (round(1e7 * x) for x in (both, positive - both, called - both))
    return bps.TwoByTwo(tp=tp, fp=fp, fn=fn, tn=10_000_000 - tp - fp - fn)


@pytest.mark.parametrize("covariance", [(0.0, 0.0), (0.05, 0.01), (-0.02, 0.02)])
def test_imperfect_reference_gives_back_the_truth(covariance):
    test, reference = (0.75, 0.85), (0.8, 0.9)
    found = bps.reference_bias(
        _seen(0.3, test, reference, covariance), *reference,
        covariance_cases=covariance[0], covariance_noncases=covariance[1],
    ).frame.set_index("measure")  # fmt: skip
    # counts of ten million are rounded to whole patients
    assert found.loc["sensitivity", "estimate"] == pytest.approx(0.75, abs=1e-5)
    assert found.loc["specificity", "estimate"] == pytest.approx(0.85, abs=1e-5)


def test_what_the_data_contradict_is_nan_with_its_reason():
    # 1.3% of the patients are cases: a specificity below 98.7% would make more false ones
    rare = bps.TwoByTwo(tp=4, fp=41, fn=9, tn=950)
    found = bps.reference_bias(rare, 1.0, [1.0, 0.9])
    code = found.measure("lr_positive").set_index("reference_specificity")["reason_code"]
    assert list(code) == ["", "infeasible"]
    assert found.parameter == "reference_specificity"
    with pytest.raises(bps.ArgumentError, match="exceed 1 together"):
        bps.reference_bias(rare, 0.5, 0.4)
    impossible = bps.reference_bias(TABLE, 0.9, 0.9, covariance_cases=0.2)
    assert (impossible.frame["reason_code"] == "infeasible").all()


def test_uncertain_reference_is_the_mixture_of_known_ones(studies):
    fit = bps.fit_bivariate(studies)
    prior = stats.beta(85, 15)
    found = bps.reference_bias(fit, prior, 0.99).frame.set_index("measure")
    rng = np.random.default_rng(0)
    logits = rng.multivariate_normal(fit.mean, fit.point.covariance, 200_000)
    se, sp = 1 / (1 + np.exp(-logits.T))
    counts = fit.studies.used_counts.sum(axis=0)
    p = (counts[0] + counts[2]) / counts.sum()
    own, clear = prior.rvs(200_000, random_state=rng), 0.99
    both, positive = p * se, p * se + (1 - p) * (1 - sp)
    youden = own + clear - 1
    share = (p + clear - 1) / youden
    true = (both - positive * (1 - clear)) / youden / share
    false = (positive * own - both) / youden / (1 - share)
    kept = (share < 1) & (true <= 1) & (false >= 0)
    expected = np.quantile(true[kept] / false[kept], [0.025, 0.975])
    # Monte Carlo error of the 4,096 draws
    np.testing.assert_allclose(
        found.loc["lr_positive", ["ci_low", "ci_high"]].astype(float), expected, rtol=0.04
    )
    assert found["feasible"].iloc[0] == pytest.approx(kept.mean(), abs=0.01)


def test_spectrum_shifts_logits_and_bounds_every_split():
    found = bps.spectrum_bias(TABLE, [1.2], share=0.25)
    row = found.frame.set_index("measure")["estimate"]
    assert row["sensitivity"] == pytest.approx(1 / (1 + np.exp(-(np.log(4) - 0.3))), abs=1e-12)
    assert row["specificity"] == pytest.approx(1 / (1 + np.exp(-(np.log(4) - 0.9))), abs=1e-12)
    bounds = found.bounds.set_index("measure")
    for share in (0.0, 0.5, 1.0):
        other = bps.spectrum_bias(TABLE, [1.2], share=share).frame.set_index("measure")["estimate"]
        assert (bounds["low"] <= other + 1e-12).all()
        assert (other <= bounds["high"] + 1e-12).all()


def test_delta_method_of_a_fit_agrees_with_simulation(studies):
    fit = bps.fit_bivariate(studies)
    found = bps.verification_bias(fit, [0.3], odds=5).frame.set_index("measure")
    logits = np.random.default_rng(1).multivariate_normal(fit.mean, fit.point.covariance, 200_000)
    se, sp = 1 / (1 + np.exp(-logits.T))
    counts = fit.studies.used_counts.sum(axis=0)
    p = (counts[0] + counts[2]) / counts.sum()
    q = p * se + (1 - p) * (1 - sp)
    x = q / (q + (1 - q) * 5)
    ratio = q / (0.3 * q + 0.7 * x) * (0.3 * (1 - q) + 0.7 * (1 - x)) / (1 - q)
    changed = np.log(se / (1 - se)) - np.log(ratio)
    row = found.loc["sensitivity", ENDS].astype(float)
    half = np.diff(np.log(row / (1 - row)).to_numpy())[1] / 2
    # first-order propagation against 200,000 draws
    assert half == pytest.approx(1.96 * changed.std(), rel=0.03)


def test_profile_shows_the_four_and_what_is_known(studies):
    marked = studies.assign(verification=["all"] * 5 + ["follow_up"] * 3, sample="consecutive")
    profile = bps.bias_profile(marked, publication={"share": [1, 0.7]})
    assert list(profile.curves) == ["verification", "reference", "spectrum", "publication"]
    assert profile.known["verification"] == "verification: all 5, follow up 3"
    assert profile.deeks is not None
    assert profile.small_study is not None
    assert set(profile.to_frame()["bias"]) == set(profile.curves)
    assert "Selective publication" in str(profile)
    alone = bps.bias_profile(TABLE)
    assert "one table" in alone.refused["publication"]
    with pytest.raises(bps.UnknownNameError, match="verification"):
        bps.bias_profile(TABLE, verificaton={"odds": 2})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bps.verification_bias(TABLE, [0.0]), "fraction"),
        (lambda: bps.verification_bias(TABLE, [1.2]), "fraction"),
        (lambda: bps.verification_bias(TABLE, odds=0), "odds"),
        (lambda: bps.spectrum_bias(TABLE, [-1]), "shift"),
        (lambda: bps.reference_bias(TABLE, [0.9, 0.8], [0.9, 0.8, 0.7]), "same number"),
        (lambda: bps.verification_bias(3), "no result"),
        (lambda: bps.publication_bias(TABLE), "one table"),
        (lambda: bps.begg_greenes(bps.TwoByTwo(tp=0, fp=0, fn=3, tn=9), 4, 0), "nobody"),
    ],
)
def test_refusals_say_what_is_allowed(call, message):
    with pytest.raises(bps.BackpainStatsError, match=message):
        call()


def test_pooled_evidence_is_marked_with_what_its_cohorts_say():
    evidence = bps.load_evidence()
    pooled = bps.pool(evidence, target="malignancy", flag="cancer_history")
    profile = bps.bias_profile(pooled, known=evidence.cohorts)
    used = pooled.reports.loc[pooled.reports["used"], "cohort_id"]
    rows = evidence.cohorts[evidence.cohorts["cohort_id"].isin(used)]
    counts = rows["verification"].astype(str).value_counts()
    for value, number in counts.items():
        assert f"{value.replace('_', ' ')} {number}" in profile.known["verification"]
    assert "sample" in profile.known["spectrum"]
    plain = profile.curves["verification"].plain.set_index("measure")
    own = pooled.fit.lr_positive
    assert plain.loc["lr_positive", "estimate"] == pytest.approx(own.estimate, rel=1e-9)


def test_a_part_of_a_fit_has_biases_but_no_selection(studies):
    fit = bps.fit_bivariate(studies.assign(late=[0, 1] * 4), formula="~ late")
    with pytest.raises(bps.NotEstimableError, match="no single summary point"):
        bps.verification_bias(fit)
    part = fit.at(late=1)
    found = bps.verification_bias(part, [1.0])
    assert found.measure("lr_positive")["estimate"].iloc[0] == pytest.approx(
        part.lr_positive.estimate, rel=1e-10
    )
    with pytest.raises(bps.NotEstimableError, match="without covariates"):
        bps.publication_bias(part)


def test_a_file_of_tables_is_read_and_pooled(studies, tmp_path):
    path = tmp_path / "mine.csv"
    studies.to_csv(path, index=False)
    by_file, by_frame = bps.spectrum_bias(path, [0.5]), bps.spectrum_bias(studies, [0.5])
    pd.testing.assert_frame_equal(by_file.frame, by_frame.frame)
    assert bps.bias_profile(bps.read_tables(path), publication={"share": [1]}).deeks is not None
