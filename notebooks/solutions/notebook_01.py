"""Exercises of notebook 01, likelihood ratios; see ``exercises.py``."""

from __future__ import annotations

from functools import cache

from exercises import Exercise, Mistake, choice

import backpain_stats as bps


@cache
def _tables(n: int, n_cases: int, sensitivity: str) -> int:
    return bps.reconstruct(n=n, n_cases=n_cases, sensitivity=sensitivity, specificity="0.90").count


# Sensitivity 0.80, specificity 0.90: any ten cases and ten non-cases hold them.
_TEST = bps.TwoByTwo(tp=8, fp=1, fn=2, tn=9)


def _after(pretest: float, ratio: float) -> float:
    return bps.posttest_probability(pretest, ratio)


def _twice() -> float:
    return _after(_after(0.01, 5), 5)


EXERCISES = {
    "01.1": Exercise(
        "A study of 220 patients with 20 cases prints sensitivity 0.75, specificity 0.90. How many "
        "tables fit? (0.895 and 0.905 are the edges of the second.)",
        solve=lambda: _tables(220, 20, "0.75"),
        hint="15 of 20 is the only numerator for 0.75. How many whole numbers of the 200 others "
        "print as 0.90?",
        reason="Few patients leave few tables. With 1962 non-cases there were 20.",
        worked=lambda: (
            f"Of 20 cases only 15 print as 0.75. Of 200 non-cases 179 (0.895), 180 and 181 (0.905) "
            f"may print as 0.90, depending on how halves are rounded. The paper does not "
            f"say how it rounds them, so the library keeps them: {_tables(220, 20, '0.75')} tables."
        ),
        tolerance=0,
    ),
    "01.2": Exercise(
        "Sensitivity 0.80, specificity 0.90: what is LR−?",
        solve=lambda: _TEST.lr_negative().estimate,
        hint="(1 − sensitivity) over specificity.",
        reason="A missing finding divides the odds by four and a half.",
        worked=lambda: f"(1 − 0.80) / 0.90 = {_TEST.lr_negative().estimate:.3f}.",
        mistakes=(
            Mistake(lambda: _TEST.lr_positive().estimate, "That is LR+."),
            Mistake(lambda: 1 / _TEST.lr_negative().estimate, "Upside down: cases come first."),
            Mistake(lambda: 2.0, "The denominator is the specificity, not 1 minus it."),
        ),
    ),
    "01.3": choice(
        "A study finds no missed case: sensitivity 13 of 13. It prints LR− = 0. What do you write "
        "in your review?",
        {
            "LR− 0: the finding's absence excludes cancer.": "That would say that no patient "
            "without it ever has cancer. Thirteen patients cannot show that.",
            "Nothing: a ratio of 0 is an error.": "It is what the formula gives, and the study "
            "says something: a large LR− is unlikely.",
            "The point 0 with its interval, and that it rests on 13 cases.": "The interval's upper "
            "end is the news: so much may it be, for all that 13 cases say.",
        },
        right="c",
        worked=lambda: (
            "With 13 of 13, the 95% interval of the sensitivity begins at "
            f"{bps.proportion_interval(13, 13)[0]:.0%}. With a specificity of 0.60 LR− can then "
            f"be as large as {(1 - bps.proportion_interval(13, 13)[0]) / 0.6:.2f}. Reassuring,"
            " not certain."
        ),
    ),
    "01.4": Exercise(
        "Pre-test probability 1%, a finding with LR 5, then another, independent one with LR 5. "
        "What is the probability after both?",
        solve=_twice,
        hint="Odds before: 1 to 99. Multiply by 5 twice. Then odds / (1 + odds).",
        reason="Independent is the word to doubt: notebook 02.",
        worked=lambda: (
            f"1/99 × 25 = {25 / 99:.3f}; {25 / 99:.3f} / (1 + {25 / 99:.3f}) = {_twice():.1%}."
        ),
        probability=True,
        mistakes=(
            Mistake(
                lambda: 25 / 99,
                "Those are the odds, or 25 times the probability. Back: odds / (1 + odds).",
            ),
            Mistake(lambda: _after(0.01, 10), "Ratios multiply; they do not add."),
        ),
    ),
}
