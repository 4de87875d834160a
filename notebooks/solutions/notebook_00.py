"""Exercises of notebook 00, start here; see ``exercises.py``."""

from __future__ import annotations

from exercises import Exercise, Mistake, choice

import backpain_stats as bps

# Ten cases and twenty non-cases are enough to hold a sensitivity and a specificity.
_TEST = bps.TwoByTwo(tp=9, fp=1, fn=1, tn=19)
_RATIO = _TEST.lr_positive().estimate
_FLAG = bps.TwoByTwo(tp=10, fp=4, fn=0, tn=6)


def _per_found(pretest: float) -> float:
    return 1 / bps.posttest_probability(pretest, _FLAG.lr_positive().estimate)


EXERCISES = {
    "00.1": Exercise(
        "Another test: sensitivity 0.90, specificity 0.95. Of 1,000 patients 2 have the disease. "
        "Of those with a positive test, which share has it?",
        solve=lambda: bps.posttest_probability(0.002, _RATIO),
        hint="Count: how many of the 2 are positive, and how many of the 998? Then divide.",
        reason="Fewer than 4 in 100. It is called the positive predictive value.",
        worked=lambda: (
            f"Of the 2 with the disease 0.90 × 2 = 1.8 are positive, of the 998 without it "
            f"0.05 × 998 = 49.9. So 1.8 of 51.7, or {bps.posttest_probability(0.002, _RATIO):.1%}."
        ),
        probability=True,
        mistakes=(
            Mistake(
                lambda: _TEST.sensitivity().estimate,
                "That is the sensitivity: of those with the disease, the share with a positive "
                "test. The question is the other way round.",
            ),
            Mistake(
                lambda: 0.002 * _RATIO,
                "Almost. The ratio multiplies the odds, not the probability: count patients.",
            ),
        ),
    ),
    "00.2": choice(
        'A colleague says: "Any-of-four found all 13 cancers. So a patient who has it very '
        'probably has cancer." What is the best reply?',
        {
            "Yes: a sensitivity of 1.00 means that.": "It means that those with cancer have the "
            "flag. Of those with the flag most have no cancer.",
            "No: that needs the specificity and the prevalence as well.": "The sensitivity looks "
            "from the disease to the flag. The way back passes all those without cancer.",
            "No: with 13 cancers nothing at all can be said.": "Few cases make figures unsure, "
            "but the mistake is another: 1,300 cancers would not make the sentence right.",
        },
        right="b",
        worked=lambda: (
            "Sensitivity is the share of flags among cancers. The colleague speaks of the share of "
            "cancers among flags. The two differ by how many people without cancer have the flag, "
            "which is the specificity, and by how rare cancer is, which is the prevalence."
        ),
    ),
    "00.3": Exercise(
        "Sensitivity 1.00, specificity 0.60, prevalence 2%: everybody with the flag is imaged. How "
        "many are imaged for each cancer found?",
        solve=lambda: _per_found(0.02),
        hint="Of 1,000 patients 20 have cancer and 980 do not. How many of each have the flag?",
        reason="At a prevalence of 0.3% it is more than six times as many.",
        worked=lambda: (
            f"Of 1,000 patients 20 have cancer, all with the flag; of the 980 others 392 have it. "
            f"412 are imaged for 20 found: {_per_found(0.02):.1f} each. At 0.3% it would be "
            f"{_per_found(0.003):.0f}."
        ),
        tolerance=0.03,
        mistakes=(
            Mistake(lambda: 412, "That is how many of 1,000 are imaged; divide by those found."),
            Mistake(
                lambda: _per_found(0.02) - 1,
                "Those are imaged in vain. The one who has cancer is imaged too.",
            ),
            Mistake(lambda: 1 / _per_found(0.02), "That is the share found; take one over it."),
        ),
    ),
    "00.4": choice(
        'A flag has "no usable figure in the sources read here". What follows?',
        {
            "It should be dropped from guidelines.": "Absence of a figure is not evidence that "
            "the flag is useless.",
            "Nobody has ever measured it.": "The collection holds what was read, mostly abstracts "
            "and excerpts. A paper that was not read may have the figure.",
            "Neither. Look for a study, or for a flag of the same family.": "That is the next "
            "step. Until then, nobody who read only this can say what the flag is worth.",
        },
        right="c",
        worked=lambda: (
            "The words speak of what was read, not of the world. Several such flags are rewordings "
            "of a flag that was measured, for example with another age. Whether the figure carries "
            "over is a judgement, and it should be made in the open."
        ),
    ),
}
