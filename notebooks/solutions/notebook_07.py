"""Exercises of notebook 07, what an interval is; see ``exercises.py``."""

from __future__ import annotations

import math

from exercises import Exercise, Mistake, choice
from scipy.special import ndtri

import backpain_stats as bps


def _width(successes: int, total: int) -> float:
    low, high = bps.proportion_interval(successes, total)
    return float(100 * (high - low))


def _log_error() -> float:
    return float(math.log(50 / 2) / (2 * ndtri(0.975)))


EXERCISES = {
    "07.1": choice(
        "A paper prints: sensitivity 31% (95% confidence interval 13% to 58%). Which sentence is "
        "right?",
        {
            "There is a 95% chance that the true sensitivity lies between 13% and 58%.": "That is "
            "what a posterior interval says, given a prior. This one was made without.",
            "95% of patients have a sensitivity between 13% and 58%.": "A sensitivity belongs to a "
            "group of patients; the interval is not about single patients.",
            "Intervals made this way hold the true value in about 95 of 100 such studies.": "The "
            "promise is the procedure's. This one interval may be among the five.",
            "95% of other studies will find something between 13% and 58%.": "That would be a "
            "prediction. Other studies have their own chance, and their own patients.",
        },
        right="c",
        worked=lambda: (
            "A confidence interval is what a procedure made of one study, and the level counts how "
            "often the procedure succeeds. The other sentences describe a posterior interval, the "
            "spread of patients, and a prediction."
        ),
    ),
    "07.2": choice(
        "The average practice is known from ever more studies, each large. Which interval stays "
        "wide?",
        {
            "that of the average practice": "More studies pin the mean down.",
            "that for a new practice": "Practices go on to differ, however well their mean is "
            "known.",
            "both": "The mean of many practices becomes known; a single new one does not.",
            "neither": "If practices differ, no number of studied ones tells you a new one.",
        },
        right="b",
        worked=lambda: (
            "The first interval is wide because studies and patients are few. The second is wide "
            "because practices differ as well, and that is a fact about the world, not about how "
            "much we read."
        ),
    ),
    "07.3": Exercise(
        "A paper prints LR+ 10 (95% interval 2 to 50). For your meta-analysis you need the "
        "standard error of ln(LR+). What is it? (The interval is ±1.96 standard errors.)",
        solve=_log_error,
        hint="ln 50 − ln 2 is 2 × 1.96 standard errors.",
        reason="On the log scale the interval is symmetric: 10 is in the middle of 2 and 50.",
        worked=lambda: f"(ln 50 − ln 2) / 3.92 = {_log_error():.2f}.",
        tolerance=0.02,
        mistakes=(
            Mistake(
                lambda: 48 / 3.92,
                "Take logarithms first: a ratio's interval is symmetric "
                "there and not on its own scale.",
            ),
            Mistake(lambda: 2 * _log_error(), "The interval reaches 1.96 to each side."),
        ),
    ),
    "07.4": Exercise(
        "A sensitivity of 4 of 13 has a Wilson interval about 45 percentage points wide. With the "
        "same share and four times the cases, 16 of 52, how many percentage points?",
        solve=lambda: _width(16, 52),
        hint="Four times the cases halve the width, about.",
        reason="The width falls with the square root of the cases. To halve it once more takes "
        "another 156.",
        worked=lambda: (
            f"bps.proportion_interval(16, 52) is {_width(16, 52):.0f} points wide, that of 4 of 13 "
            f"{_width(4, 13):.0f}. The square root of 4 is 2."
        ),
        tolerance=0.12,
        mistakes=(
            Mistake(lambda: _width(4, 13) / 4, "The width falls with the square root of cases."),
            Mistake(lambda: _width(4, 13), "More cases make it narrower."),
        ),
    ),
}
