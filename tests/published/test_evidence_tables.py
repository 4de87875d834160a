"""The tables behind the packaged reports, and behind reports made up for the purpose."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from backpain_stats import feasible_tables, load_evidence
from backpain_stats.published import VERDICTS, published_reports, sentences

# The test cases of the evidence README: report -> tables, tp, smallest and largest fp.
README_CASES = {
    "T01 deyo1988_cancer_history": (20, {4}, 30, 49),
    "T06 deyo1988_weight_loss_unexplained": (20, {2}, 108, 127),
    "T08 deyo1988_age_50": (19, {10}, 560, 578),
    "T09 deyo1988_no_improvement_1_month": (20, {4}, 187, 206),
    "T10 deyo1988_no_relief_bed_rest": (40, {12, 13}, 1050, 1069),
    "T14 reinus1998_cancer_history": (5, {7}, 10, 14),
    "T16 henschke2009_cancer_history": (11, {0}, 42, 52),
    "T18 henschke2009_age_lt25_or_gt55": (12, {0}, 276, 287),
    "T19 henschke2009_systemic_symptoms": (1, {0}, 27, 27),
    "T26 katzouraki2020_pvr_200": (1, {32}, 75, 75),
    "T30 zusman_anal_tone_reduced": (2, {8}, 18, 19),
    "T37 jin2020_back_pain_inducing_test": (1, {342}, 53, 53),
    "T38 patrick1983_contusion_or_abrasion": (1, {6}, 14, 14),
    "T42 langdon2010_closed_fist_percussion": (3, {14, 21, 28}, 5, 7),
    "T43 langdon_proceedings_supine_sign": (1, {39}, 2, 2),
    "T49 jacobson1997_age_50": (1, {29}, 281, 281),
}


@pytest.mark.parametrize("case", README_CASES)
def test_the_readme_cases_come_out_of_the_evidence_itself(evidence, case):
    count, tp, fewest, most = README_CASES[case]
    cells = published_reports(evidence)[case.split()[1]].cells
    assert len(cells) == count
    assert set(cells[:, 0]) == tp
    assert (cells[:, 1].min(), cells[:, 1].max()) == (fewest, most)


@pytest.mark.parametrize(
    ("report", "words"),
    [
        ("deyo1988_pain_duration_1_month", "0.50 cannot come from 13 patients"),  # T11
        ("venkatesan2019_perianal_sensation_altered", "0.823 cannot come from 17"),  # T28
        ("venkatesan2019_pvr_200", "npv 0.97: none left"),  # T29
        ("enthoven2016_trauma_any", "ppv 0.25: none left"),  # T45
        ("langdon2010_supine_sign", "specificity 0.9333: none left"),  # T43
    ],
)
def test_impossible_reports_say_why_and_have_no_table(evidence, report, words):
    found = published_reports(evidence)[report]
    assert found.verdict == "impossible"
    assert words in sentences(found.remarks)
    assert report not in set(feasible_tables(evidence)["report_id"])


def test_group_sizes_come_from_printed_intervals_where_no_number_is_printed(evidence):
    """T21: 0.75 (0.53-0.90) is 18 of 24 and nothing else, by Clopper-Pearson."""
    found = published_reports(evidence)["tsiang2019_cancer_history_patient"]
    assert set(map(tuple, found.cells[:, [0, 2]])) == {(18, 6)}
    specificity = found.cells[:, 3] / (found.cells[:, 1] + found.cells[:, 3])
    assert specificity.min() >= 0.785
    assert specificity.max() <= 0.795


# A cohort of 78 whose number of cases is not printed. Alone the first flag fits eight numbers
# of cases from 17 to 66; the second, printed with more digits, fits 41 only.
OPEN_COHORT = {
    "cohorts.csv": (
        "cohort_id,study_id,target,setting,n,n_cases,source_id,status,low_back_pain_only\n"
        "open,smith2020,malignancy,primary_care,78,,smith2020,seen_primary,yes\n"
    ),
    "accuracy.csv": (
        "report_id,cohort_id,flag_id,sensitivity,specificity,reported_in,status\n"
        "open_sweats,open,night_sweats,0.24,0.92,smith2020,seen_primary\n"
        "open_lump,open,lump,0.805,0.351,smith2020,seen_primary\n"
    ),
}


def brute_force(n, sensitivity, specificity, digits):
    """Every table of n patients whose two shares print so."""

    def prints(part, whole, text):
        return whole and abs(part / whole - float(text)) <= 0.5 * 10.0**-digits + 1e-12

    return {
        (tp, n - cases - tn, cases - tp, tn)
        for cases in range(n + 1)
        for tp in range(cases + 1)
        if prints(tp, cases, sensitivity)
        for tn in range(n - cases + 1)
        if prints(tn, n - cases, specificity)
    }


def test_flags_of_one_cohort_share_its_cases(folder):
    """The number of cases that suits both is the only one left, for each of them."""
    for name, text in OPEN_COHORT.items():
        folder.write(name, text)
    both = published_reports(load_evidence(folder.path))
    sweats = brute_force(78, "0.24", "0.92", 2)
    lump = brute_force(78, "0.805", "0.351", 3)
    shared = {tp + fn for tp, _, fn, _ in sweats} & {tp + fn for tp, _, fn, _ in lump}
    assert 0 < len(shared) < len({tp + fn for tp, _, fn, _ in sweats})
    for report, tables in (("open_sweats", sweats), ("open_lump", lump)):
        kept = {table for table in tables if table[0] + table[2] in shared}
        assert set(map(tuple, both[report].cells.tolist())) == kept
        assert kept
    assert "only tables that share it with open_lump are kept" in sentences(
        both["open_sweats"].remarks
    )


def test_alone_a_flag_fits_more_tables(folder):
    for name, text in OPEN_COHORT.items():
        folder.write(name, text)
    folder.replace("accuracy.csv", "open_lump,open,lump,0.805,0.351,smith2020,seen_primary\n", "")
    alone = published_reports(load_evidence(folder.path))["open_sweats"]
    assert set(map(tuple, alone.cells.tolist())) == brute_force(78, "0.24", "0.92", 2)


def test_reports_that_suit_no_common_number_of_cases_keep_their_tables_and_say_so(folder):
    for name, text in OPEN_COHORT.items():
        folder.write(name, text)
    # 0.99 needs more than 66 patients without the condition: at most 11 cases.
    folder.replace("accuracy.csv", "0.805,0.351", "1.00,0.99")
    both = published_reports(load_evidence(folder.path))
    alone = brute_force(78, "0.24", "0.92", 2)
    lump = brute_force(78, "1.00", "0.99", 2)
    assert not {t[0] + t[2] for t in alone} & {t[0] + t[2] for t in lump}
    assert set(map(tuple, both["open_sweats"].cells.tolist())) == alone
    assert "no number of cases suits this report and open_lump together" in sentences(
        both["open_sweats"].remarks
    )


def test_printed_sizes_of_a_cohort_are_those_of_its_tables(evidence):
    """0.324 and two predictive values fit 34 cases among 260, printed beside them."""
    assert published_reports(evidence)["katzouraki2020_sciatica_bilateral"].group_sizes == {
        (34, 226)
    }


def test_tables_agree_with_the_size_of_their_cohort(evidence):
    cohorts = evidence.cohorts.set_index("cohort_id")
    tables = feasible_tables(evidence).join(cohorts[["n", "n_cases"]], on="cohort_id")
    total = tables[["tp", "fp", "fn", "tn"]].sum(axis=1)
    assert (total == tables["n"]).where(tables["n"].notna(), other=True).all()
    cases = tables["tp"] + tables["fn"]
    assert (cases == tables["n_cases"]).where(tables["n_cases"].notna(), other=True).all()


def test_the_frame_numbers_its_tables(evidence):
    tables = feasible_tables(evidence, "malignancy")
    for _, group in tables.groupby("report_id"):
        assert group["table"].tolist() == list(range(len(group)))
        assert set(group["tables"]) == {len(group)}
        assert not group.duplicated(["tp", "fp", "fn", "tn"]).any()


def test_printed_cells_are_used_as_they_are(evidence):
    printed = evidence.accuracy.dropna(subset=["tp", "fp", "fn", "tn"])
    assert len(printed) == 5
    found = published_reports(evidence)
    for row in printed.itertuples():
        assert found[row.report_id].cells.tolist() == [[row.tp, row.fp, row.fn, row.tn]]


def test_every_verdict_is_explained(evidence):
    assert {found.verdict for found in published_reports(evidence).values()} <= set(VERDICTS)


def test_a_changed_figure_is_a_new_reconstruction(evidence):
    """The memory is by what is printed, not by which object it was read from."""
    accuracy = evidence.accuracy.copy()
    row = accuracy["report_id"] == "deyo1988_cancer_history"
    accuracy.loc[row, "lr_positive"] = "14.7"
    changed = dataclasses.replace(evidence, accuracy=accuracy)
    report = "deyo1988_cancer_history"
    assert published_reports(changed)[report].cells.tolist() == [[4, 41, 9, 1921]]  # T02
    assert len(published_reports(evidence)[report].cells) == 20


def test_counts_of_one_group_only_give_no_complete_table(folder):
    """Seven of seven cases, nothing about the others: a sensitivity and no ratio."""
    folder.replace("accuracy.csv", "lump,,,,,0.30", "lump,7,,3,,")
    found = published_reports(load_evidence(folder.path))["jones_lump"]
    assert found.verdict == "one_group"
    assert found.cells.tolist() == [[7, -1, 3, -1]]
    assert "only the sensitivity is known" in sentences(found.remarks)


def test_a_report_without_any_figure(folder):
    folder.replace("accuracy.csv", "lump,,,,,0.30", "lump,,,,,")
    with pytest.warns(UserWarning, match="holds no figure"):
        evidence = load_evidence(folder.path)
    assert published_reports(evidence)["jones_lump"].verdict == "nothing_printed"


def test_no_table_where_an_interval_does_not_fix_its_group(folder):
    """An interval no method reproduces leaves the denominators unknown."""
    folder.replace("cohorts.csv", ",200,20,", ",,,")
    folder.write(
        "accuracy.csv",
        "report_id,cohort_id,flag_id,sensitivity,sensitivity_low,sensitivity_high,specificity,"
        "specificity_low,specificity_high,reported_in,status\n"
        "r,smith_malignancy,lump,0.75,0.74,0.99,0.80,0.70,0.90,smith2020,seen_primary\n",
    )
    found = published_reports(load_evidence(folder.path))["r"]
    assert found.verdict == "proportions_printed"
    assert "denominators are not printed" in sentences(found.remarks)


def test_an_evidence_without_reports_gives_empty_frames(folder):
    folder.write("accuracy.csv", "report_id,cohort_id,flag_id,reported_in,status\n")
    frame = feasible_tables(load_evidence(folder.path))
    assert frame.empty
    assert frame["tp"].dtype == np.int64
