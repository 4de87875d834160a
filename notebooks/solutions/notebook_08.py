"""Exercises of notebook 08, bias; see ``exercises.py``."""

from __future__ import annotations

from exercises import Exercise, Mistake, choice

import backpain_stats as bps

# All positives verified: 60 (30 diseased). Of 240 negatives 40 verified, 4 of them diseased.
_NAIVE = bps.TwoByTwo(tp=30, fp=30, fn=4, tn=36)
_SPREAD = bps.TwoByTwo(tp=30, fp=30, fn=24, tn=216)

EXERCISES = {
    "08.1": choice(
        "A case-control study has 120 cases among 500 patients and prints a positive predictive "
        "value of 53%. Your patient has the flag. What do you tell her?",
        {
            "The chance is 53%.": "The authors chose that 24% of their patients are cases. Nobody "
            "chose that in your practice.",
            "The chance is lower, about 53% of what it was.": "Predictive values do not scale like "
            "that.",
            "That 53% says nothing about her; her pre-test and a likelihood ratio might.": "Even "
            "the ratio is not to be trusted fully: clear cases flatter.",
        },
        right="c",
        worked=lambda: (
            "A predictive value mixes what the flag does with how many cases there are. In a "
            "case-control sample the second was decided at a desk. With the likelihood ratio and "
            "the prevalence of your own practice a probability can be computed, if you believe "
            "that the ratio holds for patients like yours."
        ),
    ),
    "08.2": Exercise(
        "All 60 patients with the flag are imaged: 30 have the disease. Of 240 without it 40 are "
        "imaged: 4 have the disease. If chance chose the 40, what is the sensitivity in all 300?",
        solve=lambda: _SPREAD.sensitivity().estimate,
        hint="4 of 40 is 10%: how many of all 240 without the flag would have the disease?",
        reason="Among those imaged it looks like 88%. Most missed cases were never looked for.",
        worked=lambda: (
            f"10% of 240 are 24 missed cases. 30 of 54 is {_SPREAD.sensitivity().estimate:.0%}. "
            f"Counting only those imaged it would be 30 of 34, "
            f"{_NAIVE.sensitivity().estimate:.0%}."
        ),
        probability=True,
        mistakes=(
            Mistake(
                lambda: _NAIVE.sensitivity().estimate,
                "That is among those imaged. The other 200 have missed cases too.",
            ),
            Mistake(lambda: 0.5, "That is the share of cases among those with the flag."),
        ),
    ),
    "08.3": choice(
        "Under the strongest bias you think possible, a flag's LR+ falls from 9 to 6. At your "
        "pre-test and threshold you would image at anything above 3. What do you write?",
        {
            "The corrected LR+ is 6.": "Its strength was your guess; 6 is an illustration, not a "
            "measurement.",
            "The decision stands under any bias I thought possible; LR+ itself is unsure.": "It "
            "says what was assumed and what follows from it.",
            "Nothing, since the bias is not known.": "Then the reader has to guess what you could "
            "have computed.",
        },
        right="b",
        worked=lambda: (
            "A sensitivity analysis asks whether a doubt could turn a decision. Here it could not. "
            "It does not give a new estimate, because nobody measured the bias."
        ),
    ),
    "08.4": choice(
        "A study of patients sent to a spine surgeon for suspected cauda equina syndrome prints an "
        "LR+ of 3 for a full bladder. You see all comers with back pain. What may you do?",
        {
            "Multiply your pre-test odds by 3.": "Sensitivity and specificity were measured in "
            "people who all had alarming complaints. Among all comers both may differ, the "
            "specificity most.",
            "Use it for patients like those: suspected already, at their pre-test.": "A ratio "
            "belongs to the patients in whom it was measured.",
            "Nothing; the study is worthless.": "It answers its own question well enough. It is "
            "not yours.",
        },
        right="b",
        worked=lambda: (
            "The study begins where somebody has already suspected the syndrome. What raised the "
            "suspicion is used up: it is in their pre-test. Taking the ratio back to everybody "
            "counts on the flag being as rare among ordinary back pain as among the suspected."
        ),
    ),
}
