"""Exercises of notebook 02, combining red flags; see ``exercises.py``."""

from __future__ import annotations

from functools import cache
from typing import Any

from exercises import Exercise, Mistake

import backpain_stats as bps


@cache
def _model(multiplying: bool = False) -> bps.RiskModel:
    dependence = bps.Independent() if multiplying else bps.OneFactor(0.2, 0.2)
    return bps.RiskModel(bps.load_evidence(), dependence=dependence)


def _product(absent: tuple[str, ...] = ()) -> float:
    findings = ("age_50", "cancer_history", "weight_loss_unexplained")
    present = [one for one in findings if one not in absent]
    return _model(multiplying=True).risk(present=present, absent=list(absent)).lr.estimate


def _sum() -> float:
    ratios = _model().flags.set_index("flag_id")["lr_positive"]
    return float(ratios[["age_50", "cancer_history", "weight_loss_unexplained"]].sum())


@cache
def _slope(target: str) -> float:
    patients = bps.load_patients()
    found = bps.calibration.cross_validate(
        patients, patients["pain_type"] == target, models={"multiplied": bps.Independent()}
    )
    return float(found["slope"].iloc[0])


def _all_absent() -> Any:
    return _model().risk(absent=list(_model().entries.flags))


def _smallest_share_of_both() -> float:
    """The lower bound of P(both | case), over every joint distribution."""
    from backpain_stats.combine.dependence.base import Marginals
    from backpain_stats.combine.dependence.patterns import as_patterns

    flags = _model().flags.set_index("flag_id").loc[["age_50", "cancer_history"]]
    marginals = Marginals(flags["sensitivity"], 1 - flags["specificity"])
    low, _ = bps.Bounds().probability_range(marginals.group("cases"), as_patterns([1, 1]))
    return float(low[0, 0])


def _sensitivities() -> tuple[float, float]:
    flags = _model().flags.set_index("flag_id")["sensitivity"]
    return float(flags["age_50"]), float(flags["cancer_history"])


EXERCISES = {
    "02.1": Exercise(
        "The likelihood ratios of age, history and weight loss, all present, multiplied.",
        solve=_product,
        hint="Multiply the three LR+ of the table.",
        reason="Multiplied, three findings raise the odds a hundredfold. That is the temptation.",
        mistakes=(
            Mistake(_sum, "Likelihood ratios multiply; only their logarithms add."),
            Mistake(
                lambda: _product(absent=("weight_loss_unexplained",)),
                "That is with weight loss absent: take its LR+ in place of its LR-.",
            ),
        ),
    ),
    "02.2": Exercise(
        "The calibration slope of multiplying for central neuropathic pain.",
        solve=lambda: _slope("central_neuropathic"),
        hint="Read it in the table: row central_neuropathic, slope, multiplied.",
        reason="The log odds are more than twice as extreme as they should be.",
        tolerance=0.03,
        mistakes=(
            Mistake(lambda: _slope("nociceptive"), "That is the slope for nociceptive pain."),
        ),
    ),
    "02.3": Exercise(
        "All five flags absent, shared factor of 0.2: what are the odds multiplied by?",
        solve=lambda: _all_absent().lr.estimate,
        hint="model.risk(absent=everything).lr",
        reason="A combined likelihood ratio far below 1: reassuring, if the assumption holds.",
        tolerance=0.03,
        mistakes=(
            Mistake(
                lambda: _all_absent().posttest.estimate,
                "That is the risk. The ratio is in .lr",
            ),
            Mistake(
                lambda: _model().risk(present=list(_model().entries.flags)).lr.estimate,
                "That is with all five present: use absent=",
            ),
        ),
    ),
    "02.4": Exercise(
        "Two findings in 77% and 31% of cases: the smallest share of cases that has both.",
        solve=_smallest_share_of_both,
        hint="Of 100 people 77 are in one group and 31 in the other: how few can be in both?",
        reason="77% + 31% − 100%. Everything from there to 31% fits what was printed.",
        # 0.08 from the printed percentages is 4% off 1/13.
        tolerance=0.06,
        mistakes=(
            Mistake(lambda: min(_sensitivities()), "That is the largest share."),
            Mistake(
                lambda: _sensitivities()[0] * _sensitivities()[1],
                "That is the share under independence, one of many possible.",
            ),
            Mistake(lambda: 0.0, "77% and 31% add up to more than 100%: some must have both."),
        ),
    ),
}
