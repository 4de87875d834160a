"""The reference patients: fixed findings whose risk is followed when the evidence changes."""

from __future__ import annotations

from typing import NamedTuple

from backpain_stats.evidence import Setting, Target

__all__ = ["REFERENCE_PATIENTS", "ReferencePatient"]


class ReferencePatient(NamedTuple):
    """A patient who is described by findings alone; nobody in particular.

    Parameters
    ----------
    name : str
        What the patient is called in a list of changes.
    target, setting : str
        The condition whose risk is asked for, and where the patient is seen.
    present, absent : tuple of str
        Flags found, and flags looked for and not found; no other was assessed.
    """

    name: str
    target: Target
    setting: Setting
    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


# One finding by itself, several that agree, several that contradict each other, and none, in each
# place of which the evidence says something. Where no risk follows yet, the patient says so, and
# shows when new rows make one possible.
REFERENCE_PATIENTS: tuple[ReferencePatient, ...] = (
    ReferencePatient("cancer history", "malignancy", "primary_care", ("cancer_history",)),
    ReferencePatient(
        "over 50, nothing else found",
        *("malignancy", "primary_care", ("age_50",)),
        ("cancer_history", "weight_loss_unexplained"),
    ),
    ReferencePatient(
        "over 50 with a cancer history, no weight loss",
        *("malignancy", "primary_care", ("age_50", "cancer_history")),
        ("weight_loss_unexplained",),
    ),
    ReferencePatient(
        "everything found",
        *("malignancy", "primary_care"),
        (
            *("age_50", "cancer_history", "no_improvement_1_month"),
            *("no_relief_bed_rest", "weight_loss_unexplained"),
        ),
    ),
    ReferencePatient(
        "nothing found",
        *("malignancy", "primary_care", ()),
        (
            *("age_50", "cancer_history", "no_improvement_1_month"),
            *("no_relief_bed_rest", "weight_loss_unexplained"),
        ),
    ),
    ReferencePatient("cancer history", "malignancy", "emergency", ("cancer_history",)),
    ReferencePatient("no cancer history", "malignancy", "emergency", (), ("cancer_history",)),
    ReferencePatient("over 50", "malignancy", "secondary_care", ("age_50",)),
    ReferencePatient("cancer history", "malignancy", "tertiary_care", ("cancer_history",)),
    ReferencePatient("trauma", "fracture", "primary_care", ("trauma_any",)),
    ReferencePatient("contusion", "fracture", "emergency", ("contusion_or_abrasion",)),
    ReferencePatient("percussion pain", "fracture", "secondary_care", ("closed_fist_percussion",)),
    ReferencePatient("lost 6 cm of height", "fracture", "tertiary_care", ("height_loss_6cm",)),
    ReferencePatient("fever and drug use", "infection", "emergency", ("fever_ed", "iv_drug_use")),
    ReferencePatient("raised ESR", "infection", "emergency", ("esr_20",)),
    ReferencePatient("reduced anal tone", "cauda_equina", "emergency", ("anal_tone_reduced",)),
    ReferencePatient(
        "urinary retention, saddle numbness",
        *("cauda_equina", "secondary_care", ("urinary_retention", "perianal_sensation_altered")),
    ),
    ReferencePatient(
        "sciatica on both sides, empty bladder",
        *("cauda_equina", "tertiary_care", ("sciatica_bilateral",), ("pvr_200",)),
    ),
    ReferencePatient("saddle numbness", "any_serious", "emergency", ("saddle_anaesthesia",)),
    ReferencePatient("pain at night", "any_serious", "secondary_care", ("night_pain",)),
)
