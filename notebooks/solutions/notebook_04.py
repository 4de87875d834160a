"""Exercises of notebook 04, for guideline authors; see ``exercises.py``."""

from __future__ import annotations

from functools import cache
from typing import Any

from exercises import Exercise, Mistake

import backpain_stats as bps
from backpain_stats.decide.endorsement import STATES

WHERE = {"target": "malignancy", "setting": "primary_care"}


@cache
def _frequencies(flag: str) -> Any:
    frame = bps.natural_frequencies(bps.load_evidence(), 0.003, flag=flag, **WHERE)
    return frame[frame["usable"]].iloc[0]


@cache
def _ranked() -> Any:
    compared = bps.compare_flags(bps.load_evidence(), **WHERE)
    return compared.flags.dropna(subset="set_size").set_index("flag_id")


def _best(task: str) -> str:
    return str(_ranked()[f"probability_best_{task}"].idxmax())


@cache
def _endorsed_never_measured(*, guidelines_only: bool = True) -> int:
    flags = bps.endorsement(bps.load_evidence(), target=WHERE["target"]).flags
    by = flags["guidelines"] + (0 if guidelines_only else flags["other_documents"])
    return int(((by > 0) & (flags["evidence"] == STATES[-1])).sum())


EXERCISES = {
    "04.1": Exercise(
        "Patients imaged for each cancer found, by a history of cancer, at a prevalence of 0.3%.",
        solve=lambda: float(_frequencies("cancer_history")["imaged_per_found"]),
        hint="The column imaged_per_found of the row cancer_history.",
        reason="All imaged over all found, before rounding: 1 over the positive predictive value.",
        tolerance=0.03,
        mistakes=(
            Mistake(
                lambda: float(_frequencies("cancer_history")["imaged"]),
                "That is how many of 1,000 are imaged; divide by the expected number found, "
                "which is not a whole number.",
            ),
            Mistake(
                lambda: float(_frequencies("cancer_history")["reassured_per_missed"]),
                "That is how many are reassured for each cancer missed.",
            ),
        ),
    ),
    "04.2": Exercise(
        "The flag_id of the flag that is probably best to rule malignancy out.",
        solve=lambda: _best("rule_out"),
        hint="Look for the largest chance in the last column.",
        reason="It is present in nearly all cases, and in half of everybody else: good at "
        "excluding, poor at finding.",
        mistakes=(
            Mistake(lambda: _best("rule_in"), "That one is best to rule in; the other column."),
        ),
    ),
    "04.3": Exercise(
        "The probability at which acting is as good as not acting, with benefit 49 and harm 1.",
        solve=lambda: float(
            bps.thresholds(
                bps.load_evidence(),
                benefit=49,
                harm=1,
                flag="cancer_history",
                **WHERE,
            )["action_threshold"].iloc[0]
        ),
        hint="Harm over harm plus benefit.",
        reason="1 / (1 + 49): one case among fifty imaged is just worth it.",
        tolerance=0.005,
        mistakes=(
            Mistake(lambda: 1 / 49, "Those are the odds, 1 to 49; as a probability it is less."),
            Mistake(lambda: 0.98, "That is the share of benefit; take that of harm."),
        ),
    ),
    "04.4": Exercise(
        "How many flags that guidelines endorse for malignancy have no usable figure in the sources"
        " read here?",
        solve=_endorsed_never_measured,
        hint="endorsed.summary(): the row 'endorsed, no usable figure ...', the column flags.",
        reason="Most of what is recommended rests on no figure in this evidence.",
        tolerance=0,
        mistakes=(
            Mistake(
                lambda: _endorsed_never_measured(guidelines_only=False),
                "That counts the patient page too; a patient page endorses nothing.",
            ),
        ),
    ),
}
