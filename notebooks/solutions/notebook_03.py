"""Exercises of notebook 03, meta-analysis; see ``exercises.py``."""

from __future__ import annotations

from exercises import Exercise, Mistake, choice

import backpain_stats as bps


def _kinds() -> tuple[float, float]:
    good, poor = (bps.posttest_probability(0.01, 0.80 / false) for false in (0.01, 0.40))
    return float(good), float(poor)


def _mixed() -> float:
    return float(bps.posttest_probability(0.01, 0.80 / ((0.01 + 0.40) / 2)))


def _summed() -> float:
    # Two studies of one test at two thresholds, as in the question.
    return bps.TwoByTwo(tp=90 + 20, fp=40 + 10, fn=10 + 80, tn=60 + 190).lr_positive().estimate


EXERCISES = {
    "03.1": Exercise(
        "Study A: 90 of 100 cases and 40 of 100 non-cases positive. Study B: 20 of 100 cases and "
        "10 of 200 non-cases. Somebody adds the counts. What LR+ comes out?",
        solve=_summed,
        hint="110 of 200 cases, and 50 of 300 non-cases.",
        reason="The ratios are 2.25 in A and 4.0 in B. The sum weighs cases and non-cases of the "
        "two studies differently and describes neither: that is why counts are not simply added.",
        worked=lambda: f"(110 / 200) / (50 / 300) = 0.55 / 0.167 = {_summed():.2f}.",
        mistakes=(
            Mistake(lambda: (2.25 + 4.0) / 2, "That is the mean of the two ratios. Add counts."),
            Mistake(lambda: 0.45 / (250 / 300), "That is LR−."),
        ),
    ),
    "03.2": choice(
        "LR+ of the average place: 4.2 (3.4 to 5.3). In a new place: 1.7 to 8.4. A panel writes: "
        '"The evidence is precise, LR+ is between 3.4 and 5.3 wherever you use it." What is wrong?',
        {
            "Nothing: 14 studies are many.": "Many studies make the mean precise. They do not make "
            "places alike.",
            "The first interval is about the mean of places; a place may lie far from it.": "For "
            '"wherever you use it" the second interval is the one to quote.',
            "The second interval is five times too wide to be right.": "On the log scale it is "
            "about four times as wide, and that is what differing places look like.",
        },
        right="b",
        worked=lambda: (
            "ln(8.4/1.7) is 1.60 and ln(5.3/3.4) is 0.44: on the log scale, where an interval of a "
            "ratio lives, the prediction is nearly four times as wide. The mean may be known to "
            "any precision while places differ by a factor of five."
        ),
    ),
    "03.3": Exercise(
        "Two kinds of practice, equally many: in both the prevalence is 1% and the sensitivity "
        "0.80; the specificity is 0.99 in one kind and 0.60 in the other. A patient with the flag "
        "comes to you, from either kind. What is the probability of cancer?",
        solve=_mixed,
        hint="Take 10,000 patients of each kind. Add cancer with flag, and all with flag.",
        reason="Most patients with the flag come from where it is often a false alarm. That is why "
        "the expected probability is far below the average of the two kinds.",
        worked=lambda: (
            f"Of 10,000 of each kind 80 have cancer and flag, 160 together. Without cancer 99 and "
            f"3,960 have it. 160 of 4,219 are {_mixed():.1%}. In the two kinds it is "
            f"{_kinds()[0]:.0%} and {_kinds()[1]:.1%}. In Jupyter pooled.predict does the same "
            f"over all kinds (the column expected)."
        ),
        tolerance=0.03,
        probability=True,
        mistakes=(
            Mistake(
                lambda: sum(_kinds()) / 2,
                "That is the average over kinds of practice. Ask about patients: most of those "
                "with the flag come from one kind.",
            ),
        ),
    ),
    "03.4": choice(
        "One of four studies is a case-control sample with a high LR+. What do you do?",
        {
            "Leave it in; more data are better.": "Not if they answer another question. Picked "
            "cases tend to be clear cases.",
            "Leave it out and do not mention it.": "Then nobody can see what it changes.",
            "Show the result with and without it, and say which you believe and why.": "So the "
            "reader sees how much hangs on it. With four studies it may be much.",
        },
        right="c",
        worked=lambda: (
            "A case-control sample compares clear cases with clear non-cases and tends to "
            "exaggerate. Nobody knows by how much here. Both results, side by side, with the "
            "reason for the preferred one, leave the judgement open to check."
        ),
    ),
}
