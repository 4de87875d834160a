"""Flags compared within their cohort."""

import numpy as np
import pandas as pd
import pytest

from backpain_stats import (
    ArgumentError,
    NotEstimableError,
    compare_flags,
    likelihood_ratios,
)


@pytest.fixture(scope="module")
def found(evidence):
    return compare_flags(evidence, target="malignancy", setting="primary_care", draws=2**13)


def test_ratios_are_those_of_the_evidence(evidence, found):
    ratios = likelihood_ratios(evidence, target="malignancy", setting="primary_care")
    both = found.flags.merge(ratios, on="report_id", suffixes=("", "_evidence"))
    assert len(both) == len(ratios) == len(found.flags)
    for name in ("lr_positive", "lr_positive_low", "lr_negative", "lr_negative_high", "n_cases"):
        pd.testing.assert_series_equal(both[name], both[f"{name}_evidence"], check_names=False)


def test_chances_to_be_best_add_up_in_each_cohort(found):
    for _, rows in found.flags.dropna(subset="set_size").groupby("cohort_id"):
        assert (rows["set_size"] == len(rows)).all()
        for task in ("rule_in", "rule_out"):
            assert rows[f"probability_best_{task}"].sum() == pytest.approx(1)


def test_chances_agree_with_plain_simulation(found):
    # deyo1988, one table a flag near the middle: 13 cases, 1962 others.
    tables = {
        "age_50": (10, 569),
        "cancer_history": (4, 40),
        "no_improvement_1_month": (4, 196),
        "no_relief_bed_rest": (12, 1060),
        "weight_loss_unexplained": (2, 117),
    }
    rng = np.random.default_rng(5)
    n = 200_000
    positive = np.array(
        [
            rng.beta(tp + 0.5, 13.5 - tp, n) / rng.beta(fp + 0.5, 1962.5 - fp, n)
            for tp, fp in tables.values()
        ]
    )
    share = dict(zip(tables, np.bincount(positive.argmax(axis=0), minlength=5) / n, strict=True))
    ours = found.flags.dropna(subset="set_size").set_index("flag_id")["probability_best_rule_in"]
    for flag, expected in share.items():
        # One table stands here for the mixture of 20: that moves a chance by about 0.01.
        assert ours[flag] == pytest.approx(expected, abs=0.02)


def test_pairs_stay_within_a_cohort_and_are_complete(found):
    sizes = found.flags.dropna(subset="set_size").groupby("cohort_id").size()
    counted = found.pairs.groupby(["cohort_id", "measure", "kind"]).size()
    for (cohort, _, _), rows in counted.items():
        k = sizes[cohort]
        assert rows == k * (k - 1) / 2
    assert set(found.pairs["cohort_id"]) == set(sizes.index)


def test_pairwise_ratio_is_the_ratio_of_the_ratios(found):
    lr = found.flags.dropna(subset="set_size").set_index("flag_id")
    assert (found.pairs["bound_low"] <= found.pairs["ci_low"]).all()
    assert (found.pairs["bound_high"] >= found.pairs["ci_high"]).all()
    for row in found.pairs.query("measure.str.startswith('lr_')").itertuples():
        expected = lr.loc[row.flag_id, row.measure] / lr.loc[row.other_flag_id, row.measure]
        assert row.estimate == pytest.approx(expected, rel=1e-9)
        assert row.ci_low <= row.estimate <= row.ci_high
        assert 0 <= row.probability_better <= 1


def test_the_better_of_two_has_the_larger_positive_or_the_smaller_negative_ratio(found):
    for measure, sign in (("lr_positive", 1), ("lr_negative", -1)):
        pairs = found.pairs[found.pairs["measure"] == measure]
        # Estimates away from 1: the median of the ratio lies on the same side.
        clear = pairs[(np.log(pairs["estimate"]).abs() > 0.3) & np.isfinite(pairs["ci_high"])]
        better = sign * np.log(clear["estimate"]) > 0
        assert len(clear)
        assert ((clear["probability_better"] > 0.5) == better).all()


def test_sensitive_flag_rules_out_and_specific_flag_rules_in(found):
    ranked = found.flags.dropna(subset="set_size").set_index("flag_id")
    assert ranked["probability_best_rule_in"].idxmax() == "cancer_history"
    assert ranked["probability_best_rule_out"].idxmax() == "no_relief_bed_rest"


def test_unmeasured_flags_are_listed_with_their_status(found):
    status = found.unmeasured.set_index("flag_id")["status"]
    assert status["pain_at_rest"] == "no usable figure in the sources read here"
    assert status["pain_duration_1_month"] == "reported here, not usable"
    assert status["pain_free_lumbar_movement"] == "reported elsewhere, not usable"  # indirect
    usable = set(found.flags.loc[found.flags["usable"], "flag_id"])
    assert not usable & set(status.index)


def test_same_seed_same_answer(evidence):
    one, two = (
        compare_flags(evidence, target="malignancy", setting="primary_care", draws=256, seed=1)
        for _ in range(2)
    )
    pd.testing.assert_frame_equal(one.flags, two.flags)
    pd.testing.assert_frame_equal(one.pairs, two.pairs)


def test_single_flag_cohort_has_nothing_to_be_compared_with(evidence):
    alone = compare_flags(evidence, target="malignancy", setting="emergency")
    assert alone.pairs.empty
    assert alone.flags["probability_best_rule_in"].isna().all()
    assert "malignancy in emergency" in str(alone)


def test_setting_without_evidence_names_the_others(evidence):
    with pytest.raises(NotEstimableError, match=r"emergency \(4\)"):
        compare_flags(evidence, target="infection", setting="mixed")
    with pytest.raises(ArgumentError, match="did you mean 'malignancy'"):
        compare_flags(evidence, target="malignacy", setting="mixed")
