"""Intervals of 10,000 tables against loops over statsmodels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

import backpain_stats as bp

TABLES = 10_000
# statsmodels searches each root by itself; a tenth of the tables is enough to time it.
RATIO_TABLES = 1_000


def _frame(tables: int) -> pd.DataFrame:
    generator = np.random.default_rng(20131)
    cases, controls = generator.integers(5, 200, tables), generator.integers(50, 2000, tables)
    tp, fp = generator.binomial(cases, 0.4), generator.binomial(controls, 0.1)
    counts = {"tp": tp, "fp": fp, "fn": cases - tp, "tn": controls - fp}
    # One needs positive cells for statsmodels' ratio intervals; see the tests for the rest.
    return pd.DataFrame({name: np.maximum(cell, 1) for name, cell in counts.items()})


def _loop_proportions(frame: pd.DataFrame) -> None:
    for tp, fp, fn, tn in frame.itertuples(index=False):
        proportion_confint(tp, tp + fn, method="wilson")
        proportion_confint(tn, fp + tn, method="wilson")


def _loop_ratios(frame: pd.DataFrame) -> None:
    for tp, fp, fn, tn in frame.itertuples(index=False):
        for x1, x2 in ((tp, fp), (fn, tn)):
            confint_proportions_2indep(x1, tp + fn, x2, fp + tn, compare="ratio", method="score")


def cases() -> list[dict[str, Any]]:
    """Return what to time; see run.py."""
    many, some = _frame(TABLES), _frame(RATIO_TABLES)
    both = ["sensitivity", "specificity"]
    ratios = ["lr_positive", "lr_negative"]

    def ours(frame: pd.DataFrame, **options: Any) -> Callable[[], object]:
        return lambda: bp.accuracy(frame, **options)

    return [
        {"name": f"accuracy(): all eight measures of {TABLES:,} tables", "callable": ours(many)},
        {
            "name": f"Wilson intervals, sensitivity and specificity of {TABLES:,} tables",
            "callable": ours(many, measures=both),
            "peer_name": "statsmodels, in a loop",
            "peer_callable": lambda: _loop_proportions(many),
        },
        {
            "name": f"score intervals of LR+ and LR-, {RATIO_TABLES:,} tables",
            "callable": ours(some, measures=ratios),
            "peer_name": "statsmodels, in a loop",
            "peer_callable": lambda: _loop_ratios(some),
        },
        {
            "name": f"posterior intervals of LR+ and LR-, {RATIO_TABLES:,} tables",
            "callable": ours(some, measures=ratios, ratio_method="bayes"),
        },
    ]
