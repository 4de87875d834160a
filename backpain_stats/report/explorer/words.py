"""What the explorer says: terms explained, questions without double negatives, patients.

A flag whose label says that something is missing reads badly as "absent". Such a flag is
asked by its own words; any other is present or absent.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ANSWERS", "PATIENTS", "TERMS", "Answers", "Patient", "answers"]


class Answers(NamedTuple):
    """How a flag is asked, and the words for its two answers."""

    question: str
    present: str
    absent: str


# By flag: labels with "no", "not", "absent" or "unable" in them.
ANSWERS = {
    "ankle_or_knee_jerks_absent_bilateral": Answers(
        "Ankle or knee jerks on both sides", "missing", "elicited"
    ),
    "ankle_reflexes_absent_bilateral": Answers("Ankle reflexes", "missing on both sides", "kept"),
    "bulbocavernosus_reflex_absent": Answers("Bulbocavernosus reflex", "missing", "kept"),
    "constant_progressive_nonmechanical_pain": Answers(
        "Pain that is constant, progressive and unrelated to movement", "yes", "no"
    ),
    "failure_conservative_treatment": Answers("Conservative treatment", "failed", "helped"),
    "no_improvement_1_month": Answers("After 1 month of treatment", "as bad as before", "better"),
    "no_improvement_4_weeks": Answers("After 4 weeks of conservative care", "failed", "better"),
    "no_leg_pain": Answers("Leg pain", "none", "some"),
    "no_regular_exercise": Answers("Regular exercise", "none", "some"),
    "no_relief_bed_rest": Answers("Bed rest", "brings no relief", "relieves the pain"),
    "pain_free_lumbar_movement": Answers(
        "Movement of the lumbar spine", "free of pain", "painful in some direction"
    ),
    "pain_not_spreading_down_legs": Answers(
        "Pain in the legs", "stays in the back", "spreads down the legs"
    ),
    "supine_sign": Answers("Lying on the back", "too painful to do", "possible"),
    "systemic_symptoms": Answers("General condition", "unwell", "well"),
}


def answers(flag_id: str, label: str) -> Answers:
    """Return how a flag is asked.

    Examples
    --------
    >>> answers("no_relief_bed_rest", "Pain not relieved by bed rest").absent
    'relieves the pain'
    >>> answers("fever", "Fever")
    Answers(question='Fever', present='present', absent='absent')
    """
    return ANSWERS.get(flag_id, Answers(label, "present", "absent"))


#: Each term once: what it is called, and what it means here.
TERMS = {
    "pretest": (
        "pre-test probability",
        "The probability of the condition before anything is asked. The published samples of a "
        "setting give it; a figure of your own replaces it.",
    ),
    "posttest": (
        "post-test probability",
        "The probability of the condition once the findings are known: pre-test odds times the "
        "combined likelihood ratio, as a probability.",
    ),
    "lr": (
        "likelihood ratio",
        "How many times as frequent a finding is among patients with the condition as among "
        "those without. Above 1 it speaks for the condition, below 1 against it.",
    ),
    "cases": (
        "cases",
        "Patients with the condition in whom the finding was asked: the number that a sensitivity "
        "rests on.",
    ),
    "sensitivity": (
        "sensitivity",
        "Of the patients with the condition, the share that has the finding.",
    ),
    "specificity": (
        "specificity",
        "Of the patients without the condition, the share that does not have the finding.",
    ),
    "interval": (
        "95% interval",
        "The middle 95% of the values that the published counts leave plausible (the posterior). "
        "It says nothing about bias in the studies.",
    ),
    "average": (
        "average practice",
        "The middle of all practices of this setting. Its interval holds what chance in the "
        "studies leaves open.",
    ),
    "new": (
        "new practice",
        "A practice that was not studied, such as yours. Practices differ, so this interval "
        "is wider; it is the one for a patient.",
    ),
    "dependence": (
        "repeat each other",
        "Findings often tell one story twice. The product of their likelihood ratios is "
        "raised to a power below 1: k to the power of minus the exponent, where k is the "
        "effective number of findings.",
    ),
    "effective": (
        "effective number of findings",
        "How many findings carry the evidence: 1 if one outweighs the rest, k if k weigh the same.",
    ),
    "share": (
        "odds multiplied by",
        "What a finding adds beside the others: its Shapley value, the average over all orders "
        "of asking. The factors multiply to the combined likelihood ratio.",
    ),
    "next": (
        "expected change",
        "By how many percentage points the probability is expected to move if this is asked "
        "next: both answers, weighted by how likely each is in this patient.",
    ),
    "threshold": (
        "threshold",
        "The probability above which you would act, for example image. At 1% you accept to image "
        "99 patients without the condition for one with it.",
    ),
    "bounds": (
        "sharp bounds",
        "The lowest and the highest probability that any way of occurring together allows, given "
        "the published figures. They hold no sampling error.",
    ),
    "entropy": (
        "maximum entropy",
        "The most even distribution that agrees with the published result of several findings "
        "together.",
    ),
}


class Patient(NamedTuple):
    """A patient worth discussing: the findings, and the question to discuss."""

    name: str
    why: str
    target: str
    setting: str
    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    pretest: float | None = None


PATIENTS = (
    Patient(
        "Cancer in the history, nothing else asked",
        "One strong finding. Is the likelihood ratio or the small pre-test probability the more "
        "surprising? Look at how far the interval of a new practice reaches.",
        "malignancy",
        "primary_care",
        ("cancer_history",),
    ),
    Patient(
        "Over 50 and no better after a month",
        "Two findings that most guidelines list. Most patients without cancer have them too.",
        "malignancy",
        "primary_care",
        ("age_50", "no_improvement_1_month"),
    ),
    Patient(
        "Everything asked, nothing found",
        "Five reassuring answers. How much do they take away, and does the interval "
        "reach lower than before?",
        "malignancy",
        "primary_care",
        (),
        (
            "age_50",
            "cancer_history",
            "no_improvement_1_month",
            "no_relief_bed_rest",
            "weight_loss_unexplained",
        ),
    ),
    Patient(
        "Four findings, one story",
        "Bladder, saddle, leg weakness and pain on both sides: one lesion explains all. Move the "
        "slider from independent to strong. The pre-test probability of 10% is assumed.",
        "cauda_equina",
        "secondary_care",
        (
            "bladder_dysfunction",
            "leg_pain_bilateral",
            "leg_weakness",
            "perianal_sensation_altered",
        ),
        (),
        0.1,
    ),
    Patient(
        "CRP above 3.5 but not above 50",
        "Two cut-offs of one blood test are one finding, and enter once. The pre-test probability "
        "of 1% is assumed.",
        "infection",
        "emergency",
        ("crp_3_5",),
        ("crp_50",),
        0.01,
    ),
)
