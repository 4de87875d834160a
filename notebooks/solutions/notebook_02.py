"""Exercises of notebook 02, combining red flags; see ``exercises.py``."""

from __future__ import annotations

import numpy as np
from exercises import Exercise, Mistake, choice

import backpain_stats as bps
from backpain_stats.combine.dependence.base import Marginals
from backpain_stats.combine.dependence.effective_number import effective_number


def _shrunken(ratio: float, count: int) -> float:
    """The combined ratio of findings that are equally strong, by the library."""
    marginals = Marginals(cases=[0.1 * ratio] * count, noncases=[0.1] * count)
    return float(np.exp(bps.Shrunken().log_ratios(marginals, [[1] * count])[0, 0]))


def _effective() -> float:
    return float(effective_number([2.0, 0.5, 0.5]))


EXERCISES = {
    "02.1": choice(
        "Smokers cough, and smokers have hoarse voices; among people with the cancer in question "
        "the two have nothing to do with each other. A patient has both. The product of the two "
        "ratios is",
        {
            "about right": "It is right if the two are unrelated in both groups. Here they are "
            "related among non-cases.",
            "too high": "Among non-cases the two come together more often than chance would have "
            "it. Both together are a more common false alarm than the product says.",
            "too low": "That is so if they go together among cases only.",
        },
        right="b",
        worked=lambda: (
            "The combined ratio is the share of cases with both over the share of non-cases with "
            "both. The numerator is as multiplied. The denominator is larger than multiplied, "
            "since both often come together there. So the true ratio is smaller."
        ),
    ),
    "02.2": Exercise(
        "Three findings with log likelihood ratios 2.0, 0.5 and −0.5 (the last one is absent). "
        "What is k_eff?",
        solve=_effective,
        hint="Add the sizes without their signs and square; divide by the sum of the squares.",
        reason="Three findings, but the first carries most of what they say.",
        worked=lambda: f"(2.0 + 0.5 + 0.5)² / (4 + 0.25 + 0.25) = 9 / 4.5 = {_effective():.0f}.",
        mistakes=(
            Mistake(lambda: 3.0, "That is the number of findings; they are not equally strong."),
            Mistake(lambda: 4 / 4.5, "Take each logarithm without its sign before adding."),
        ),
    ),
    "02.3": Exercise(
        "Three findings, all present, each with LR 3. What is the combined LR after shrinking?",
        solve=lambda: _shrunken(3.0, 3),
        hint="The product is 27, k_eff is 3. Raise 27 to the power 3^−0.27.",
        reason="Three findings of this strength count as a little more than two.",
        worked=lambda: (
            f"3^−0.27 = {3**-0.27:.3f}; 27^{3**-0.27:.3f} = {_shrunken(3.0, 3):.1f}. That is "
            f"3^{3 * 3**-0.27:.2f}: as if {3 * 3**-0.27:.1f} findings were multiplied."
        ),
        tolerance=0.03,
        mistakes=(
            Mistake(lambda: 27.0, "That is the product, not yet shrunken."),
            Mistake(lambda: 9.0, "Ratios multiply; and then the product is shrunken."),
            Mistake(lambda: 27 * 3**-0.27, "It is a power of the product, not a factor."),
        ),
    ),
    "02.4": choice(
        "A general practitioner asks for the risk of the patient in front of her. Her practice was "
        "in no study. What do you tell her?",
        {
            "The estimate with the interval for the average practice; it is narrower.": "Narrower, "
            "and an answer to another question: how well the mean of all practices is known.",
            "The estimate with the interval for a new practice, and what was assumed.": "It holds "
            "what differs between practices. If she knows her own prevalence, use it: much of the "
            "width goes away.",
            "Only the estimate; the interval is too wide to help.": "That it is wide is the most "
            "important thing to know about it.",
        },
        right="b",
        worked=lambda: (
            "The average-practice interval would shrink to nothing with many studies, while "
            "practices would go on to differ. Her patient comes from one practice, not from the "
            "mean of all. Counts of her own, given as the pre-test, take out the part of the width "
            "that comes from prevalence."
        ),
    ),
}
