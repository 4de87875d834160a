"""A pooled accuracy typed in from a review: its printed intervals come out as they went in."""

import pytest

from backpain_stats import (
    ArgumentError,
    decisive_range,
    natural_frequencies,
    printed_accuracy,
    summary_of_findings,
    thresholds,
)

# Table 5A of the ASGE guideline on choledocholithiasis (docs/explanation/grade_table.md): per
# 1,000 patients at 5%, 20% and 50%, estimate and ends.
PUBLISHED = {
    "true_positives": [(49, 46, 50), (194, 182, 198), (485, 455, 495)],
    "false_negatives": [(1, 0, 4), (6, 2, 18), (15, 5, 45)],
    "true_negatives": [(855, 789, 893), (720, 664, 752), (450, 415, 470)],
    "false_positives": [(95, 57, 161), (80, 48, 136), (50, 30, 85)],
}
SENSITIVITY, SPECIFICITY = (0.97, 0.91, 0.99), (0.90, 0.83, 0.94)


def test_a_published_grade_table_follows_from_two_printed_intervals():
    eus = printed_accuracy(SENSITIVITY, SPECIFICITY, flag="EUS", studies=5, n=272)
    frame = summary_of_findings(eus, [0.05, 0.20, 0.50]).frame
    same = 0
    for outcome, rows in frame.groupby("outcome", sort=False):
        for (_, row), published in zip(rows.iterrows(), PUBLISHED[outcome], strict=True):
            exact = (row["estimate"], row["ci_low"], row["ci_high"])
            for mine, theirs in zip(exact, published, strict=True):
                # Theirs is rounded, a half up or down; none is farther away.
                assert abs(mine - theirs) <= 0.5 + 1e-9
            printed = row["effect"].replace(",", "").rstrip(")").split(" (")
            mine = (int(printed[0]), *map(int, printed[1].split(" to ")))
            same += sum(one == other for one, other in zip(mine, published, strict=True))
    # The other six are halves before rounding, which ours never rounds towards comfort.
    assert same == 30


@pytest.mark.parametrize("draws", [64, 4096])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_the_printed_interval_comes_out_to_the_digit(level, draws):
    known = printed_accuracy(SENSITIVITY, SPECIFICITY, level=level)
    row = natural_frequencies(known, 0.1, level=level, draws=draws).iloc[0]
    for name, printed in (("sensitivity", SENSITIVITY), ("specificity", SPECIFICITY)):
        found = [row[name], row[f"{name}_low"], row[f"{name}_high"]]
        # With few draws an end is one of the draws beside it.
        assert found == pytest.approx(printed, abs=1e-12 if draws > 1000 else 0.005)


def test_a_printed_one_is_no_certainty():
    known = printed_accuracy((1.0, 0.97, 1.0), SPECIFICITY)
    row = natural_frequencies(known, 0.1).iloc[0]
    assert (row["tp"], row["fn"]) == (100, 0)
    assert row["fn_high"] == pytest.approx(3, abs=1e-9)


def test_everything_that_decides_takes_it():
    known = printed_accuracy(SENSITIVITY, SPECIFICITY, flag="EUS")
    assert thresholds(known, benefit=9, harm=1)["flag_id"].tolist() == ["EUS"]
    assert decisive_range(known, 0.2)["posttest_present"].iloc[0] > 0.5


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"sensitivity": (0.91, 0.97, 0.99)}, r"sensitivity is \(0.91"),
        ({"specificity": (90, 83, 94)}, "as fractions"),
        ({"specificity": 0.9}, "the lower and the upper end"),
        ({"specificity": "0.90 (0.83 to 0.94)"}, "as fractions"),
        ({"specificity": (0.9, float("nan"), 0.94)}, "as fractions"),
        ({"studies": 0}, "studies is 0"),
        ({"n": 10, "n_cases": 11}, "more than the 10 patients"),
        ({"level": 95}, "level"),
    ],
)
def test_what_is_no_accuracy_is_refused(changed, match):
    given = {"sensitivity": SENSITIVITY, "specificity": SPECIFICITY} | changed
    with pytest.raises(ArgumentError, match=match):
        printed_accuracy(given.pop("sensitivity"), given.pop("specificity"), **given)
