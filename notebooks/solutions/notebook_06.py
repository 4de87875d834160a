"""Exercises of notebook 06, bring your own data; see ``exercises.py``."""

from __future__ import annotations

import pandas as pd
from exercises import Exercise, Mistake

import backpain_stats as bps

INVENTED = bps.TwoByTwo(tp=2, fp=31, fn=4, tn=863)


def _risk(pretest: float | str, present: tuple[str, ...] = ("cancer_history",)) -> float:
    frame = pd.DataFrame(
        {
            "flag": ["cancer_history", "weight_loss"],
            "tp": [INVENTED.tp, 1],
            "fp": [INVENTED.fp, 40],
            "fn": [INVENTED.fn, 5],
            "tn": [INVENTED.tn, 854],
        }
    )
    model = bps.RiskModel.from_frame(frame, pretest=pretest)
    absent = [flag for flag in frame["flag"] if flag not in present]
    return float(model.risk(present=list(present), absent=absent).posttest.estimate)


EXERCISES = {
    "06.1": Exercise(
        "The cohort has 6 cases, and 2 of them had the flag. What should fn be?",
        solve=lambda: INVENTED.n_cases - INVENTED.tp,
        hint="tp + fn are all cases.",
        reason="tp + fn = 6. With that the table also adds up to 900.",
        tolerance=0,
        mistakes=(
            Mistake(lambda: INVENTED.n_cases, "That is tp + fn; two of them are tp."),
            Mistake(lambda: 5, "That is what the file says; it makes seven cases."),
        ),
    ),
    "06.2": Exercise(
        "LR+ of the invented study: tp 2, fp 31, fn 4, tn 863.",
        solve=lambda: INVENTED.lr_positive().estimate,
        hint="Sensitivity 2/6, false-positive fraction 31/894.",
        reason="Ten times as often; the interval in the table says how little two cases prove.",
        mistakes=(
            Mistake(
                lambda: INVENTED.odds_ratio().estimate,
                "That is the odds ratio, tp tn / (fp fn).",
            ),
            Mistake(
                lambda: INVENTED.ppv().estimate,
                "That is the share of cases among patients with the flag.",
            ),
        ),
    ),
    "06.3": Exercise(
        "History of cancer, no weight loss, at a pre-test probability of 2%. A fraction.",
        solve=lambda: _risk(0.02),
        hint="bps.RiskModel.from_frame(mine, pretest=0.02), then .risk(...).posttest",
        reason="Three times the pre-test, less than three times the post-test: odds, again.",
        mistakes=(
            Mistake(lambda: _risk("6/900"), "That is at 6 of 900."),
            Mistake(
                lambda: _risk(0.02, present=("cancer_history", "weight_loss")),
                "That is with weight loss: it is absent=[...] here.",
            ),
        ),
    ),
}
