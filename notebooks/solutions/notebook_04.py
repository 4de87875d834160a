"""Exercises of notebook 04, for guideline authors; see ``exercises.py``."""

from __future__ import annotations

from exercises import Exercise, Mistake, choice

import backpain_stats as bps


def _found() -> float:
    """How many are imaged for one found: sensitivity 0.50, specificity 0.97, prevalence 0.2%."""
    return float(1 / bps.posttest_probability(0.002, 0.50 / 0.03))


EXERCISES = {
    "04.1": Exercise(
        "A flag has sensitivity 0.50 and specificity 0.97; 20 of 10,000 patients have the disease. "
        "All with the flag are imaged. How many for each case found?",
        solve=_found,
        hint="10 cases are found. Of 9,980 others 3% are imaged too.",
        reason="One over the positive predictive value. Whether that is worth it depends on what "
        "is gained by finding one: section 4.",
        worked=lambda: f"10 found; 0.03 × 9,980 = 299 imaged in vain; 309.4 / 10 = {_found():.1f}.",
        tolerance=0.025,
        mistakes=(
            Mistake(lambda: 309.4, "That is how many of 10,000 are imaged; divide by the found."),
            Mistake(lambda: 309.4 / 20, "Divide by the cases found, not by all cases."),
        ),
    ),
    "04.2": choice(
        "One flag of the five has by far the largest chance to be best at ruling out. What may a "
        "panel conclude?",
        {
            "Its absence rules cancer out.": "Best of five may still be poor. Look at LR− and its "
            "interval, and at how many would be missed.",
            "Among these five, in that cohort, it probably lowers the odds most if absent.": "That "
            "is all it says: a rank in one cohort of 13 cancers.",
            "It finds most cancers, so its presence is a reason to image.": "It is present in most "
            "cancers, but in many others too: it is poor at ruling in.",
        },
        right="b",
        worked=lambda: (
            "A rank compares; it does not say how good the best is. A flag that nearly all cancers "
            "have, and half of the others, lowers the odds when absent and hardly raises them when "
            "present. What a panel needs next is the number missed among 10,000."
        ),
    ),
    "04.3": Exercise(
        "Your panel would image 39 patients in vain to find one cancer, and not one more. At which "
        "probability does imaging begin to be worth it?",
        solve=lambda: 1 / 40,
        hint="Of how many imaged patients does one have cancer?",
        reason="One case among forty imaged: harm over harm plus benefit, 1 / (1 + 39).",
        worked=lambda: (
            "39 in vain and 1 found are 40 imaged. The benefit of one found weighs 39 times the "
            "harm of one in vain, so the threshold is 1 / (1 + 39) = 2.5%."
        ),
        tolerance=0.005,
        probability=True,
        mistakes=(
            Mistake(lambda: 1 / 39, "Those are the odds, 1 to 39; as a probability it is less."),
            Mistake(lambda: 39 / 40, "That is the share imaged in vain."),
        ),
    ),
    "04.4": choice(
        "A flag has LR+ 15 and is present in 1 of 1,000 patients; another has LR+ 3 and is present "
        "in 100. Pre-test 0.3%, you image above 1%. Which one does your guideline need less?",
        {
            "The second: its ratio is small.": "Its ratio is too small to decide at your "
            "threshold, and it would alarm 100 of 1,000.",
            "The first: it is so rare.": "In the one patient who has it, it decides: about 4%, far "
            "above the threshold.",
            "Both are needed.": "At a pre-test of 0.3% LR+ 3 leads to less than 1%: no decision "
            "changes.",
        },
        right="a",
        worked=lambda: (
            f"After the first {bps.posttest_probability(0.003, 15):.1%}, after the second "
            f"{bps.posttest_probability(0.003, 3):.1%}. Only the first crosses 1%. Its rarity "
            f"limits how much it can do; the second does nothing at this threshold, however common."
        ),
    ),
}
