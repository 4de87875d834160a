"""Exercises of notebook 05, reading a paper critically; see ``exercises.py``."""

from __future__ import annotations

from functools import cache

from exercises import Exercise, Mistake

import backpain_stats as bps


@cache
def _bladder() -> bps.Reconstruction:
    return bps.reconstruct(n=260, sensitivity="0.941", specificity="0.668")


@cache
def _downie(interval: str, correction: str) -> int:
    found = bps.reconstruct(
        n=482,
        n_cases=7,
        sensitivity="1.00",
        test_positive_rate="0.04",
        posttest="0.33 (0.22-0.46)",
        pretest="cohort",
        interval_methods=interval,
        corrections=correction,
    )
    return int(found.tables["fp"].item())


def _seventeen(sensitivity: str) -> str:
    return "no" if bps.reconstruct(n_cases=17, sensitivity=sensitivity).count == 0 else "yes"


EXERCISES = {
    "05.1": Exercise(
        'Can 17 cases print a sensitivity of 0.823? Answer "yes" or "no".',
        solve=lambda: _seventeen("0.823"),
        hint="Divide 13, 14 and 15 by 17, and round to three digits.",
        reason="14/17 rounds to 0.824. Somebody cut the digits off, or there were not 17.",
    ),
    "05.2": Exercise(
        "How many of the 260 patients had the syndrome?",
        solve=lambda: int(_bladder().tables["n_cases"].item()),
        hint="Give both figures to bps.reconstruct, and look at its .tables: tp + fn.",
        reason="Two figures of three digits leave a single table: the abstract told more than it "
        "meant to.",
        tolerance=0,
        mistakes=(
            Mistake(
                lambda: int(_bladder().tables["tp"].item()),
                "Those are the cases found; some were missed.",
            ),
            Mistake(
                lambda: int(_bladder().tables[["tp", "fp"]].sum(axis=1).item()),
                "Those are the patients with 200 mL or more, not the cases.",
            ),
        ),
    ),
    "05.3": Exercise(
        "How many false positives has the table of the common recipe?",
        solve=lambda: _downie("log", "all"),
        hint="The row with the log interval and half a patient in each cell.",
        reason="7/13/0/462, and no other of the five tables, under that recipe.",
        tolerance=0,
        mistakes=(Mistake(lambda: _downie("score", "none"), "That is with the score interval."),),
    ),
}
