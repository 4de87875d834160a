"""Exercises of notebook 05, reading a paper critically; see ``exercises.py``."""

from __future__ import annotations

from functools import cache

from exercises import Exercise, Mistake, choice

import backpain_stats as bps


@cache
def _cases() -> int:
    """The smallest number of cases that prints 0.83 and, for another flag, 0.42."""
    return next(
        n
        for n in range(2, 200)
        if all(bps.reconstruct(n_cases=n, sensitivity=one).count for one in ("0.83", "0.42"))
    )


@cache
def _bladder() -> bps.Reconstruction:
    return bps.reconstruct(n=260, sensitivity="0.941", specificity="0.668")


EXERCISES = {
    "05.1": Exercise(
        "A paper prints sensitivities 0.83 and 0.42 for two flags in the same cases, and not how "
        "many cases there were. What is the smallest number that fits both?",
        solve=_cases,
        hint="Try 6 (5 of 6 is 0.83): can it print 0.42? Go on upwards.",
        reason="10 of 12 and 5 of 12. More may fit too, but fewer cannot.",
        worked=lambda: (
            f"6 cases print 0.83 (5 of 6), but 0.33 or 0.50 and not 0.42. 7 to 11 miss one or "
            f"both. {_cases()} print both: 10/12 is 0.833 and 5/12 is 0.417."
        ),
        tolerance=0,
        mistakes=(
            Mistake(lambda: 6, "5 of 6 is 0.83, but no number of 6 is 0.42."),
            Mistake(lambda: 100, "100 fits, but is not the smallest."),
        ),
    ),
    "05.2": Exercise(
        "The single table of 260 patients: sensitivity 0.941, specificity 0.668, positive "
        "predictive value 0.299. How many of the 260 had the syndrome?",
        solve=lambda: int(_bladder().tables["n_cases"].item()),
        hint="Which fractions print 0.941? 16 of 17, 32 of 34, ... Try each with 0.668 and 0.299.",
        reason="Two figures of three digits leave a single table.",
        worked=lambda: (
            f"16 of 17 is 0.941. Then 243 had no syndrome, and 0.668 of them, 162.3, is no whole "
            f"number; 162 of 243 is 0.667. That excludes 17. The library tries all and keeps "
            f"{_bladder().count}: {int(_bladder().tables['n_cases'].item())} cases, "
            f"{int(_bladder().tables['tp'].item())} of them found."
        ),
        tolerance=0,
        mistakes=(
            Mistake(
                lambda: int(_bladder().tables["tp"].item()),
                "Those are the cases found; some were missed.",
            ),
        ),
    ),
    "05.3": choice(
        "You try 400 conventions, and one of them turns the study's counts into the printed 12%. "
        "What have you shown?",
        {
            "That the paper used this convention.": "Among 400 attempts some will land on any "
            "two-digit number.",
            "Little: 400 attempts reach many two-digit numbers by chance.": "Report the number of "
            "attempts beside the hit. A point with both ends of an interval would be more.",
            "That the paper is wrong.": "A convention fits; nothing speaks against the paper.",
        },
        right="b",
        worked=lambda: (
            "Two digits leave about a hundred possible values, so 400 attempts will often reach "
            "any of them. A hit says much only if few conventions were tried, if they were named "
            "before, or if several printed numbers fit at once."
        ),
    ),
    "05.4": choice(
        "A study reports one flag with LR+ 8, an exact table and a narrow interval. Its methods "
        "say that 40 questions were asked and cut-offs chosen to separate best. What matters most?",
        {
            "The exact table: the figures can be checked.": "They can, and they may well be right "
            "for these patients.",
            "That the best of 40 was picked in the data that show how good it is.": "Expect less "
            "in new patients. The interval knows nothing of the other 39.",
            "The narrow interval: many cases.": "It holds chance for one flag fixed beforehand.",
        },
        right="b",
        worked=lambda: (
            "Among 40 useless questions the best looks useful in the patients in whom it was "
            "chosen. Ask for the other 39, or for the flag in patients who did not choose it."
        ),
    ),
}
