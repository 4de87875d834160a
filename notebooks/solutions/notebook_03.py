"""Exercises of notebook 03, meta-analysis; see ``exercises.py``."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd
from exercises import Exercise, Mistake

import backpain_stats as bps

# AUDIT-C, as typed in the notebook.
COUNTS = [
    (47, 101, 9, 738), (126, 272, 51, 1543), (19, 12, 10, 192), (36, 78, 3, 276),
    (130, 211, 19, 959), (84, 68, 2, 89), (68, 112, 0, 423), (752, 3226, 0, 2977),
    (59, 55, 5, 136), (142, 571, 50, 2788), (137, 107, 24, 358), (57, 103, 3, 437),
    (34, 21, 1, 56), (152, 88, 51, 264),
]  # fmt: skip


@cache
def _fit() -> Any:
    frame = pd.DataFrame(COUNTS, columns=["tp", "fp", "fn", "tn"])
    return bps.fit_bivariate(frame.assign(study=[str(row) for row in range(len(frame))]))


def _times_wider(logarithm: bool = False) -> float:
    expected = _fit().predict().set_index("measure").loc["lr_positive"]
    summary = _fit().lr_positive
    if logarithm:
        return float((expected.ci_high - expected.ci_low) / (summary.ci_high - summary.ci_low))
    return float((expected.ci_high / expected.ci_low) / (summary.ci_high / summary.ci_low))


@cache
def _in_a_new_practice() -> Any:
    pooled = bps.pool(bps.load_evidence(), target="malignancy", flag="cancer_history")
    return pooled.predict(0.01).set_index("measure").loc["posttest_positive"]


EXERCISES = {
    "03.1": Exercise(
        "LR+ from the summary sensitivity and specificity of AUDIT-C.",
        solve=lambda: _fit().lr_positive.estimate,
        hint="Sensitivity divided by (1 minus specificity).",
        reason="The summary LR+ is that of the summary point, so it belongs to a possible test.",
        mistakes=(
            Mistake(
                lambda: _fit().odds_ratio.estimate,
                "That is the diagnostic odds ratio: LR+ divided by LR-.",
            ),
            Mistake(
                lambda: _fit().sensitivity.estimate / _fit().specificity.estimate,
                "Divide by the false-positive fraction, 1 minus the specificity.",
            ),
        ),
    ),
    "03.2": Exercise(
        "High end over low end, of the prediction interval of LR+ and of its summary interval: "
        "the first is how many times the second?",
        solve=_times_wider,
        hint="Divide high by low for each of the two intervals, then one result by the other.",
        reason="The middle is known far better than any single setting.",
        tolerance=0.03,
        mistakes=(
            Mistake(
                lambda: _times_wider(logarithm=True),
                "That compares differences. A ratio's interval is wide in factors: high / low.",
            ),
        ),
    ),
    "03.3": Exercise(
        "A new practice, pre-test 1%: the expected probability of cancer in a patient with the "
        "flag. A fraction.",
        solve=lambda: float(_in_a_new_practice().expected),
        hint='pooled.predict(0.01), row posttest_positive, column "expected".',
        reason="It averages over settings with good and with poor specificity; most of the "
        "patients with the flag come from the poor ones.",
        tolerance=0.05,
        mistakes=(
            Mistake(
                lambda: float(_in_a_new_practice().estimate),
                'That is the middle of the settings ("estimate"). Of all patients with the flag '
                'the share with cancer is "expected", and lower.',
            ),
        ),
    ),
}
