"""The evidence behind back-pain red flags, recomputed.

Printed numbers become tables, tables become likelihood ratios, likelihood
ratios become a risk, and a risk becomes a decision; at each step the source
and the uncertainty come along. Research and teaching software, not a medical
device.

Public names are loaded when first used, so that importing the package costs
little more than importing pandas.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

# Public name -> the module that defines it.
_EXPORTS = {
    "ArgumentError": "errors",
    "BackpainStatsError": "errors",
    "ConstraintError": "errors",
    "DataError": "errors",
    "EvidenceError": "errors",
    "FitError": "errors",
    "MissingExtraError": "errors",
    "NotEstimableError": "errors",
    "PretestError": "errors",
    "UnknownNameError": "errors",
    "Estimate": "estimate",
    "PosttestEstimate": "estimate",
    # one study
    "TwoByTwo": "twobytwo.tables",
    "accuracy": "twobytwo.frames",
    "posttest_probability": "twobytwo.bayes_rule",
    # what has been published
    "Evidence": "evidence.loading",
    "load_evidence": "evidence.loading",
    "check_evidence": "evidence.loading",
    "setting_prevalence": "evidence.prevalence",
    "load_patients": "evidence.patients",
    "Reconstruction": "evidence.reconstruct",
    "reconstruct": "evidence.reconstruct",
    "JointReconstruction": "evidence.joint",
    "reconstruct_together": "evidence.joint",
    "feasible_tables": "evidence.feasible",
    "likelihood_ratios": "evidence.likelihood",
    "posttest": "evidence.posttest",
    # several studies of one flag
    "BivariateFit": "meta.result",
    "fit_bivariate": "meta.bivariate",
    "compare_fits": "meta.regression",
    "pool": "meta.pooling",
    "pool_all": "meta.pooling",
    "pool_univariate": "meta.univariate",
    "deeks_test": "meta.deeks",
    "study_accuracy": "meta.studies",
    "Priors": "meta.priors",
    # several flags in one patient
    "Bounds": "combine.bounds",
    "Independent": "combine.independent",
    "MaximumEntropy": "combine.maximum_entropy",
    "OneFactor": "combine.one_factor",
    "Risk": "combine.risk",
    "RiskModel": "combine.model",
    "calibration": "combine.calibration:module",
    # what follows for 1,000 patients
    "compare_flags": "decide.comparison",
    "decision_curve": "decide.curves",
    "endorsement": "decide.endorsement",
    "natural_frequencies": "decide.frequencies",
    "summary_of_findings": "decide.findings",
    "thresholds": "decide.thresholds",
    # the published claims, recomputed
    "reproduce": "reproduction.ledger",
    "reproduce_pairs": "reproduction.pairs",
    # figures
    "plots": "plots:module",
}

__all__ = list(_EXPORTS)


def __getattr__(name: str) -> Any:
    """Load a public name from its module on first use (PEP 562)."""
    if name not in _EXPORTS:
        raise AttributeError(f"module 'backpain_stats' has no attribute {name!r}")
    module_name, _, is_module = _EXPORTS[name].partition(":")
    module = importlib.import_module(f"backpain_stats.{module_name}")
    value = module if is_module else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted(__all__)
