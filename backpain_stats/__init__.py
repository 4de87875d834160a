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
    "TwoByTwo": "tables.tables",
    "accuracy": "tables.frames",
    "posttest_probability": "tables.bayes_rule",
    # what has been published
    "Evidence": "evidence.loading",
    "load_evidence": "evidence.loading",
    "check_evidence": "evidence.loading",
    "setting_prevalence": "published.prevalence",
    "load_patients": "evidence.patients",
    "Reconstruction": "reconstruction.reconstruct",
    "reconstruct": "reconstruction.reconstruct",
    "JointReconstruction": "reconstruction.joint",
    "reconstruct_together": "reconstruction.joint",
    "feasible_tables": "published.feasible",
    "likelihood_ratios": "published.likelihood",
    "posttest": "published.posttest",
    # several studies of one flag
    "BivariateFit": "meta.result",
    "fit_bivariate": "meta.fitting.bivariate",
    "compare_fits": "meta.after.regression",
    "pool": "meta.published.pooling",
    "pool_all": "meta.published.pooling",
    "pool_univariate": "meta.univariate.pool",
    "deeks_test": "meta.univariate.deeks",
    "study_accuracy": "meta.studies",
    "Priors": "meta.bayes.priors",
    # several flags in one patient
    "Bounds": "combine.dependence.bounds",
    "Independent": "combine.dependence.independent",
    "MaximumEntropy": "combine.dependence.maximum_entropy",
    "MixedOneFactor": "combine.dependence.mixed_factor",
    "OneFactor": "combine.dependence.one_factor",
    "Risk": "combine.risk.risk",
    "RiskModel": "combine.risk.model",
    "Shrunken": "combine.dependence.shrunken",
    "calibration": "combine.calibration:module",
    # what follows for 1,000 patients
    "compare_flags": "decide.comparison",
    "decision_curve": "decide.curves",
    "endorsement": "decide.endorsement",
    "natural_frequencies": "decide.frequencies",
    "summary_of_findings": "decide.findings",
    "thresholds": "decide.thresholds",
    # the published claims, recomputed
    "reproduce": "claims.ledger",
    "reproduce_pairs": "claims.pairs",
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
