"""Bounds in the ledger: as the pre-test of a claim, as its value, and among the prevalences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from backpain_stats import reproduce

# The only table of jacobson1997: age 50 or over, any cancer.
TP, FP, FN, TN = 29, 281, 1, 180
LR_POSITIVE = (TP / (TP + FN)) / (FP / (FP + TN))
LR_NEGATIVE = (FN / (TP + FN)) / (TN / (FP + TN))


def claimed(evidence, **figures):
    """Return the row of the ledger for one claim about that table."""
    known = {"claim_id": "made_up", "target": "malignancy", "flag_id": "age_50",
             "cohort_id": "jacobson1997_malignancy", "range_kind": "point",
             "reported_in": "jacobson1997", "status": "seen_primary"}  # fmt: skip
    frame = pd.DataFrame([known | figures], columns=evidence.claims.columns).astype("string")
    return reproduce(replace(evidence, claims=frame)).iloc[0]


@pytest.mark.parametrize(
    ("statistic", "value", "holds"),
    [
        ("lr_positive", ">1.5", True),
        ("lr_positive", ">=1.5", True),
        ("lr_positive", "≥1.5", True),
        ("lr_positive", "<1.5", False),
        ("lr_positive", "<=1.5", False),
        ("lr_negative", "<0.1", True),
        ("lr_negative", ">0.1", False),
        ("sensitivity", ">0.96", True),
        ("sensitivity", ">0.97", False),
        ("specificity", "<=0.40", True),
    ],
)
def test_a_claimed_bound_holds_or_differs(evidence, statistic, value, holds):
    """LR+ 1.59, LR- 0.085, sensitivity 0.967, specificity 0.390: by hand."""
    assert (1.5 < LR_POSITIVE < 1.6, 0.08 < LR_NEGATIVE < 0.1) == (True, True)
    row = claimed(evidence, statistic=statistic, value=value)
    # 0.5 in each cell would make LR- 0.16: then a claim holds with that condition only.
    assert (row["finding"] == "reproduced") is holds
    assert row["printed"] == value


@pytest.mark.parametrize("pretest", ["<0.01", "<=0.01", ">=0.001", "≤0.05"])
def test_a_pretest_that_is_a_bound_is_never_a_point(evidence, pretest):
    """There is one ledger, and the claim keeps its row; no number is made of the bound."""
    row = claimed(evidence, statistic="posttest", pretest=pretest, value="0.016")
    assert row["printed_pretest"] == pretest
    assert row["finding"] != "reproduced"
    bound = float(pretest.strip("<>=≤"))
    at_the_bound = bound / (1 - bound) * LR_POSITIVE
    assert np.isnan(row["estimate"]) or row["estimate"] != pytest.approx(
        at_the_bound / (1 + at_the_bound), rel=1e-6
    )


@pytest.mark.parametrize("printed", ["<=0.01", "<0.01", ">0.001", "0.0"])
def test_a_bound_among_the_prevalences_spoils_no_claim(evidence, printed):
    """Every claim keeps the row it had: none of them needs that prevalence."""
    frame = evidence.prevalence.copy()
    named = frame["prevalence_id"] == "vandenbosch2004_infection"
    frame.loc[named, "prevalence"] = printed
    changed = reproduce(replace(evidence, prevalence=frame))
    pd.testing.assert_frame_equal(changed, reproduce(evidence))


def test_a_bound_of_the_claims_own_setting_is_no_candidate(evidence):
    """The pre-test that explains a post-test is searched among values, not among bounds."""
    name = "downie2013_malignancy_cancer_history_pc"
    frame = evidence.prevalence.copy()
    named = frame["prevalence_id"] == "vandenbosch2004_malignancy"
    # 0.39% is inside the solutions of this claim: as a value it would explain it.
    verdicts = {}
    for printed in ("0.0039", "<=0.0039"):
        frame.loc[named, "prevalence"] = printed
        ledger = reproduce(replace(evidence, prevalence=frame)).set_index("claim_id")
        verdicts[printed] = ledger.loc[name, "verdict"]
    assert "vandenbosch2004_malignancy" in verdicts["0.0039"]
    assert "vandenbosch2004_malignancy" not in verdicts["<=0.0039"]
