"""Exercises of notebook 06, bring your own data; see ``exercises.py``."""

from __future__ import annotations

from functools import cache

import pandas as pd
from exercises import Exercise, Mistake, choice

import backpain_stats as bps


@cache
def _table() -> bps.TwoByTwo:
    found = bps.reconstruct(n=400, n_cases=10, sensitivity="0.40", specificity="0.90")
    row = found.tables.set_index("fp").loc[39]
    return bps.TwoByTwo(tp=row.tp, fp=39, fn=row.fn, tn=row.tn)


def _risk(pretest: float) -> float:
    flags = pd.DataFrame({"flag": ["history"], "sensitivity": [0.40], "specificity": [0.90]})
    model = bps.RiskModel.from_frame(flags, pretest=pretest)
    return float(model.risk(absent=["history"]).posttest.estimate)


EXERCISES = {
    "06.1": Exercise(
        "A paper prints 400 patients, 10 cases, 4 of them with the flag, 43 with the flag in all. "
        "What do you enter as tn?",
        solve=lambda: int(_table().tn),
        hint="390 had no cancer. How many of them had the flag?",
        reason="tp 4, fp 39, fn 6: together 400, and that is the check the library makes.",
        worked=lambda: f"fp = 43 − 4 = 39; tn = 390 − 39 = {int(_table().tn)}.",
        tolerance=0,
        mistakes=(
            Mistake(lambda: 357, "That is all without the flag: 6 of them have cancer."),
            Mistake(lambda: 39, "That is fp."),
            Mistake(lambda: 347, "390 − 43 takes the 4 with cancer away as well."),
        ),
    ),
    "06.2": choice(
        "The paper prints a specificity of 0.98 and no counts. What do you enter?",
        {
            "0.98 as specificity, and leave fp and tn empty.": "What is printed, and nothing else. "
            "The tables that fit are found afterwards, all of them.",
            "fp and tn computed from 0.98, rounded.": "Then one of several tables stands in the "
            "file as if somebody had counted it.",
            "0.9800, to be exact.": "The digits say how far it was rounded: 0.9800 claims more "
            "than the paper does.",
        },
        right="a",
        worked=lambda: (
            "An empty cell means: not printed. The file holds the print, digit for digit, with its "
            "source. What follows from it is computed, and computed anew when more is read."
        ),
    ),
    "06.3": Exercise(
        "A flag of sensitivity 0.40 and specificity 0.90 is absent. The pre-test probability is "
        "5%. What is the risk?",
        solve=lambda: _risk(0.05),
        hint="LR− is 0.60 / 0.90. Odds before: 5 to 95.",
        reason="Absent, a flag that most cases lack hardly reassures.",
        worked=lambda: f"5/95 × 0.667 = 0.0351; 0.0351 / 1.0351 = {_risk(0.05):.1%}.",
        probability=True,
        mistakes=(
            Mistake(
                lambda: bps.posttest_probability(0.05, 4),
                "That is with the flag present: LR+ 4. It is absent.",
            ),
            Mistake(lambda: 0.05 * 0.6, "Take LR−, (1 − sensitivity) / specificity, and odds."),
        ),
    ),
    "06.4": choice(
        "You plan a study with 2,000 patients in primary care, where 0.3% have cancer. A colleague "
        "says: 2,000 is a large study. What do you answer?",
        {
            "Yes, intervals will be narrow.": "Of the specificity, yes. Sensitivity counts cases.",
            "It will have about 6 cancers, so sensitivity will be known hardly at all.": "It still "
            "says how often the flag is a false alarm; and pooled with others its cases count.",
            "It is useless.": "2,000 patients without cancer say much about the specificity.",
        },
        right="b",
        worked=lambda: (
            "0.3% of 2,000 are 6. With 2 of 6 the 95% interval of the sensitivity reaches from "
            f"{bps.proportion_interval(2, 6)[0]:.0%} to {bps.proportion_interval(2, 6)[1]:.0%}. "
            "Picking cases from a register would give more of them, at the price of notebook 08."
        ),
    ),
}
