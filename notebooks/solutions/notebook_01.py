"""Exercises of notebook 01, likelihood ratios; see ``exercises.py``."""

from __future__ import annotations

import math
from functools import cache

from exercises import Exercise, Mistake

import backpain_stats as bps


@cache
def _tables(sensitivity: str, specificity: str) -> bps.Reconstruction:
    return bps.reconstruct(n=1975, n_cases=13, sensitivity=sensitivity, specificity=specificity)


@cache
def _middle(flag: str) -> bps.TwoByTwo:
    row = bps.likelihood_ratios(bps.load_evidence(), "malignancy", "primary_care", flag).iloc[0]
    return bps.TwoByTwo(tp=row.tp, fp=row.fp, fn=row.fn, tn=row.tn)


def _any_of_four() -> bps.TwoByTwo:
    # Ten cases and six in ten non-cases: the printed figures, whatever the counts.
    return bps.TwoByTwo(tp=10, fp=4, fn=0, tn=6)


def _after(pretest: float) -> float:
    return _middle("cancer_history").posttest(pretest).estimate


EXERCISES = {
    "01.1": Exercise(
        "How many tables fit a sensitivity of 0.15 and a specificity of 0.94 (weight loss)?",
        solve=lambda: _tables("0.15", "0.94").count,
        hint="bps.reconstruct as above, with these two figures; then .count",
        reason="Two of the 13 cases, and any of 20 numbers of non-cases.",
        tolerance=0,
        mistakes=(
            Mistake(
                lambda: int(_tables("0.15", "0.94").tables["tp"].nunique()),
                "The two cases are certain; the number of non-cases with the flag is not.",
            ),
        ),
    ),
    "01.2": Exercise(
        "The LR+ of any-of-four, if its sensitivity is 1.00 and its specificity 0.60.",
        solve=lambda: _any_of_four().lr_positive().estimate,
        hint="Sensitivity over (1 − specificity).",
        reason="Every case has the flag, and four in ten of the others.",
        mistakes=(
            Mistake(
                lambda: (
                    _any_of_four().sensitivity().estimate / _any_of_four().specificity().estimate
                ),
                "Divide by the share of non-cases WITH the flag, 1 − specificity.",
            ),
            Mistake(
                lambda: 1 / _any_of_four().lr_positive().estimate,
                "Upside down: those with cancer are the numerator.",
            ),
        ),
    ),
    "01.3": Exercise(
        "The LR− of the same.",
        solve=lambda: _any_of_four().lr_negative().estimate,
        hint="(1 − sensitivity) over specificity.",
        reason="No case was missed, so by this formula nobody without the flag has cancer. With 13 "
        "cases that is luck as much as merit: its interval does not end at 0.",
        mistakes=(
            Mistake(
                lambda: (
                    _any_of_four().sensitivity().estimate / _any_of_four().specificity().estimate
                ),
                "The numerator is the share of cases WITHOUT the flag, 1 − sensitivity.",
            ),
            Mistake(
                lambda: math.inf,
                "Upside down: those with cancer are the numerator.",
            ),
        ),
    ),
    "01.4": Exercise(
        "The post-test probability after a history of cancer, at a pre-test of 0.3%. A fraction.",
        solve=lambda: _after(0.003),
        hint="Odds before: 0.003 / 0.997. Times the ratio. Then odds / (1 + odds).",
        reason="Four in a hundred: with half the prevalence of Deyo's clinic, half the answer.",
        mistakes=(
            Mistake(
                lambda: 0.003 * _middle("cancer_history").lr_positive().estimate,
                "The ratio multiplies the odds, not the probability. And odds are not the answer: "
                "turn them back, odds / (1 + odds).",
            ),
            Mistake(lambda: _after(13 / 1975), "That is at Deyo's prevalence, 13 of 1975."),
        ),
    ),
}
