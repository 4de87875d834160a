"""A plain call of each function that the fuzz study spoils, one argument at a time."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd

import backpain_stats as bps

TABLE = pd.DataFrame(
    {"flag": ["a", "b"], "tp": [7, 3], "fp": [30, 50], "fn": [4, 8], "tn": [500, 480]}
)
STUDIES = pd.DataFrame(
    [("A", 19, 10, 4, 80), ("B", 8, 2, 1, 30), ("C", 25, 9, 11, 90),
     ("D", 7, 4, 3, 22), ("E", 40, 22, 7, 95), ("F", 12, 1, 5, 41)],
    columns=["study", "tp", "fp", "fn", "tn"],
)  # fmt: skip
PAIRED = pd.concat(
    [STUDIES.assign(test="one"), STUDIES.assign(test="two", tp=STUDIES["tp"] - 1,
                                                fn=STUDIES["fn"] + 1)],
    ignore_index=True,
)  # fmt: skip
THRESHOLDS = pd.concat(
    [
        STUDIES.assign(threshold=10.0),
        STUDIES.assign(
            threshold=20.0, tp=STUDIES["tp"] - 4, fn=STUDIES["fn"] + 4, fp=STUDIES["fp"] - 1,
            tn=STUDIES["tn"] + 1,
        ),
    ],
    ignore_index=True,
)  # fmt: skip
PLACE = {"target": "malignancy", "setting": "primary_care"}


@cache
def plain_calls() -> dict[str, dict[str, Any]]:
    """Return arguments with which each function answers."""
    evidence, fit = bps.load_evidence(), bps.fit_bivariate(STUDIES)
    return {
        "natural_frequencies": {"source": TABLE, "prevalence": 0.01, "draws": 64},
        "summary_of_findings": {"source": TABLE, "prevalences": 0.01, "draws": 64},
        "decision_curve": {"source": TABLE, "prevalence": 0.01, "draws": 64},
        "decisive_range": {"source": TABLE, "prevalence": 0.01},
        "thresholds": {"source": TABLE, "benefit": 99, "harm": 1, "draws": 64},
        "accuracy": {"frame": TABLE},
        "fit_bivariate": {"data": STUDIES},
        "pool_univariate": {"data": STUDIES},
        "pool_proportion": {"data": STUDIES},
        "deeks_test": {"data": STUDIES},
        "study_accuracy": {"data": STUDIES},
        "posttest_probability": {"pretest": 0.1, "lr": 3.0},
        "proportion_interval": {"successes": 3, "totals": 9},
        "ratio_interval": {"tp": 7, "fp": 13, "fn": 1, "tn": 462},
        "reconstruct": {"n": 1975, "n_cases": 13, "sensitivity": "0.31"},
        "reconstruct_together": {"reports": [{"sensitivity": "0.31"}], "n": 100, "n_cases": 13},
        "parse_printed": {"text": "0.31"},
        "read_prevalence": {"value": "13/1975"},
        "judgement_template": {"flags": ["a"]},
        "TwoByTwo": {"tp": 7, "fp": 13, "fn": 1, "tn": 462},
        "OneFactor": {},
        "Bounds": {},
        "Priors": {},
        "check_evidence": {},
        "load_patients": {},

        "compare_tests": {"data": PAIRED, "nodes": 1},
        "fit_thresholds": {"data": THRESHOLDS, "threshold": "threshold", "nodes": 3},
        "fit_bayes": {"data": STUDIES, "effective_size": 400, "seed": 1},
        "printed_accuracy": {
            "sensitivity": (0.9, 0.8, 0.95), "specificity": (0.9, 0.8, 0.95)
        },
        "compare_groups": {"fit": fit, "first": {}, "second": {}},
        "likelihood_ratios": {"evidence": evidence, "target": "malignancy"},
        "feasible_tables": {"evidence": evidence, "target": "malignancy"},
        "pool": {"evidence": evidence, "flag": "cancer_history", "target": "malignancy"},
        "flag_accuracy": {"evidence": evidence, "flag": "cancer_history", **PLACE},
        "accuracy_table": {"evidence": evidence, **PLACE},
        "pool_prevalence": {"evidence": evidence, **PLACE},
        "prevalence_candidates": {"evidence": evidence, **PLACE},
        "setting_prevalence": {"evidence": evidence, **PLACE},
        "compare_flags": {"evidence": evidence, **PLACE, "draws": 64},
        "endorsement": {"evidence": evidence, "target": "malignancy"},
        "RiskModel": {"evidence": evidence, **PLACE, "pretest": 0.01, "draws": 64},
        "read_quality": {"data": pd.DataFrame({"study": ["A", "B"], "rob_PS": [1, 2]})},
        "quality_judgements": {"evidence": evidence},
        "sensitivity_analysis": {"fit": fit, "drop": {"one": ["A"]}},
        "verification_bias": {"result": fit},
        "reference_bias": {"result": fit},
        "spectrum_bias": {"result": fit},
        "bias_profile": {"result": fit},
        "read_tables": {"data": STUDIES},
        "MixedOneFactor": {},
        "Shrunken": {},
    }  # fmt: skip
