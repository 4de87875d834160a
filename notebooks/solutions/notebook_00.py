"""Exercises of notebook 00, start here; see ``exercises.py``."""

from __future__ import annotations

from functools import cache

from exercises import Exercise, Mistake

import backpain_stats as bps


@cache
def _any_of_four() -> bps.TwoByTwo:
    found = bps.reconstruct(n=1975, n_cases=13, sensitivity="1.00", specificity="0.60")
    middle = found.tables.iloc[found.count // 2]
    return bps.TwoByTwo(**middle[["tp", "fp", "fn", "tn"]])


def _after(pretest: float) -> float:
    return float(bps.posttest_probability(pretest, _any_of_four().lr_positive().estimate))


EXERCISES = {
    "00.1": Exercise(
        "Of the patients WITH the flag, which share has cancer? A fraction: 0.05 is 5%.",
        solve=lambda: _any_of_four().ppv().estimate,
        hint="Divide the patients with cancer and flag by all patients with the flag.",
        reason="Fewer than 2 in 100. It is called the positive predictive value.",
        tolerance=0.07,  # 7 / 404, read off the 1,000 patients, is 6% above 13 / 798
        mistakes=(
            Mistake(
                lambda: _any_of_four().sensitivity().estimate,
                "That is the sensitivity: of those with cancer, the share with the flag. "
                "The question is the other way round.",
            ),
            Mistake(
                lambda: _any_of_four().prevalence().estimate,
                "That is the share with cancer among all patients, flag or not.",
            ),
        ),
    ),
    "00.2": Exercise(
        "Of 1,000 patients WITHOUT cancer, how many have the flag?",
        solve=lambda: 1000 * (1 - _any_of_four().specificity().estimate),
        hint="A specificity of 0.60: 600 of 1,000 without cancer do not have the flag.",
        reason="The false alarms: the specificity says how many there are not.",
        mistakes=(
            Mistake(
                lambda: 1000 * _any_of_four().specificity().estimate,
                "Those are the ones without the flag.",
            ),
            Mistake(
                lambda: 1 - _any_of_four().specificity().estimate,
                "That is their share; how many of 1,000 is it?",
            ),
        ),
    ),
    "00.3": Exercise(
        "At a pre-test probability of 10%, what is it after this flag? A fraction.",
        solve=lambda: _after(0.10),
        hint="bps.posttest_probability(0.10, ratio), with the ratio of the cell above.",
        reason="From 1 in 10 to about 2 in 10: where the condition is common, the same flag says "
        "much more.",
        mistakes=(
            Mistake(
                lambda: 0.10 * _any_of_four().lr_positive().estimate,
                "Almost. The ratio multiplies the odds, not the probability.",
            ),
        ),
    ),
}
