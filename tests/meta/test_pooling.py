"""The published evidence, pooled: one cohort once, every feasible table, every exclusion said."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from backpain_stats import fit_bivariate, natural_frequencies, pool
from backpain_stats.errors import ArgumentError, NotEstimableError, UnknownNameError
from backpain_stats.meta.bayes.fit import NODES, fit_bayes, wide_priors
from backpain_stats.meta.published.every_flag import pool_all
from backpain_stats.meta.published.imputation import fit_imputed
from backpain_stats.meta.published.reports import (
    MOST_TABLES,
    _holders,
    chosen_reports,
    middle_rows,
    report_rows,
    thinned,
)
from backpain_stats.tables import middle_table


@pytest.fixture(scope="module")
def cancer_history(evidence):
    return pool(evidence, target="malignancy", flag="cancer_history")


def test_cancer_history_counts_each_cohort_once(cancer_history):
    reports = cancer_history.reports.set_index("report_id")
    assert set(reports.index[reports["used"]]) == {
        "deyo1988_cancer_history",
        "henschke2009_cancer_history",
        "reinus1998_cancer_history",
        "tsiang2019_cancer_history_patient",
    }
    left_out = reports.loc[~reports["used"], "reason"]
    assert len(left_out) == 2
    assert left_out.str.contains("same patients are counted by tsiang2019").all()
    assert reports.loc["henschke2009_cancer_history", "contributes"] == "specificity only"
    assert cancer_history.cohorts == 4
    assert dict(zip(reports.index, reports["tables"], strict=True))["deyo1988_cancer_history"] == 20


def test_exchangeable_cohorts_are_the_fit_of_the_printed_figures(evidence, cancer_history):
    pooled = pool(
        evidence, target="malignancy", flag="weight_loss_unexplained", settings="exchangeable"
    )
    rows = report_rows(evidence, pooled.reports)
    fit = fit_bayes(rows, several_tables=True, nodes=NODES, priors=wide_priors())
    pd.testing.assert_frame_equal(fit.draws, pooled.fit.draws)
    assert pooled.lr_positive == fit.lr_positive
    # What the fit shows of each study is the middle table that the reports show.
    reports = cancer_history.reports
    shown = reports.loc[reports["used"], ["tp", "fp", "fn", "tn"]].astype("int64")
    np.testing.assert_array_equal(cancer_history.fit.rows[["tp", "fp", "fn", "tn"]], shown)


def test_two_samplers_agree_where_settings_are_one(evidence):
    """Draws weighted by algebra against quadrature over each cohort's two logits."""
    pooled = pool(
        evidence, target="malignancy", flag="weight_loss_unexplained", setting="primary_care"
    )
    rows = report_rows(evidence, pooled.reports)
    other = fit_bayes(rows, several_tables=True, nodes=11, priors=wide_priors())
    for measure in ("sensitivity", "specificity", "lr_positive", "lr_negative"):
        one, two = pooled.fit.estimate(measure), other.estimate(measure)
        # Ends of either are good to a few parts in a hundred of the interval's width.
        width = two.ci_high - two.ci_low
        assert one.estimate == pytest.approx(two.estimate, abs=0.03 * width)
        assert one.ci_low == pytest.approx(two.ci_low, abs=0.06 * width)
        assert one.ci_high == pytest.approx(two.ci_high, abs=0.08 * width)
    assert pooled.fit.log_evidence == pytest.approx(other.log_evidence, abs=0.1)


def test_other_settings_inform_a_setting_less_than_its_own_cohorts(evidence):
    here = pool(evidence, target="malignancy", flag="cancer_history", setting="primary_care")
    middle = pool(evidence, target="malignancy", flag="cancer_history")
    own = pool(
        evidence, target="malignancy", flag="cancer_history", setting="primary_care",
        settings="exchangeable",
    )  # fmt: skip
    assert here.cohorts == middle.cohorts == 4
    assert own.cohorts == 2
    assert any("reinus1998" in note for note in here.notes)
    ends = [one.lr_positive.ci_high / one.lr_positive.ci_low for one in (here, own)]
    assert ends[0] < ends[1]


def test_no_choice_of_tables_is_far_away(evidence, cancer_history):
    """Tables of one report differ by a patient or two: single choices scatter about the pool."""
    rows = report_rows(evidence, cancer_history.reports)
    rng = np.random.default_rng(3)
    groups = list(rows.groupby("study", sort=False).indices.values())
    medians = []
    for _ in range(6):
        one = rows.iloc[[rng.choice(group) for group in groups]]
        medians.append(
            fit_bayes(one, nodes=5, effective_size=400, priors=wide_priors()).lr_positive.estimate
        )
    spread = np.log([cancer_history.lr_positive.ci_high, cancer_history.lr_positive.ci_low])
    # A quarter of the interval's width: the tables matter little beside 13 cases.
    assert np.abs(np.log(medians) - np.log(cancer_history.lr_positive.estimate)).max() < (
        0.25 * np.ptp(spread)
    )


def test_prediction_is_wider_than_the_summary(cancer_history):
    frame = cancer_history.frame()
    assert (frame["prediction_low"] < frame["ci_low"]).all()
    assert (frame["prediction_high"] > frame["ci_high"]).all()
    after = cancer_history.predict(0.01).set_index("measure").loc["posttest_positive"]
    assert after["pretest"] == 0.01
    for words in (
        "around a common mean",
        "rests on the prior",
        "several tables fit",
        "in a new practice",
    ):
        assert words in str(cancer_history)
    assert "tsiang2017_cancer_history_patient" in cancer_history._repr_html_()


def test_a_panel_can_take_it_from_there(cancer_history):
    """The decision room reads pooled evidence as it reads the fit inside."""
    rows = (
        natural_frequencies(cancer_history, 0.003),
        natural_frequencies(cancer_history.fit, 0.003),
    )
    pd.testing.assert_frame_equal(*(one.drop(columns="flag_id") for one in rows))
    assert rows[0]["flag_id"].iloc[0] == "cancer_history"


def test_a_report_that_informs_both_sides_goes_before_half_a_report():
    """Two reports of one flag about the same patients, the half one first by name."""
    half, whole = (
        SimpleNamespace(
            flag_id="age", cohort=SimpleNamespace(first="cohort"), contributes=contributes,
            displaced_by="", report_id=report_id,
        )
        for report_id, contributes in (("a", "specificity only"), ("b", "both"))
    )  # fmt: skip
    assert _holders([half, whole]) == {"cohort": whole}


def test_a_family_uses_each_patient_once(evidence):
    reports = chosen_reports(evidence, "fracture", None, None, "fracture_tests")
    used = reports.loc[reports["used"], "report_id"].tolist()
    assert len(used) == 3
    assert sum(name.startswith("langdon") for name in used) == 1
    impossible = reports.set_index("report_id").loc["langdon2010_supine_sign"]
    assert "no table prints all its figures" in impossible["reason"]
    pooled = pool(evidence, target="fracture", family="fracture_tests")
    assert any("as if they were one" in note for note in pooled.notes)


def test_half_a_table_informs_its_half(evidence):
    """Venkatesan prints nothing about the non-cases of anal tone: its sensitivity still counts."""
    reports = chosen_reports(evidence, "cauda_equina", None, "anal_tone_reduced", None)
    row = reports.set_index("report_id").loc["venkatesan2019_anal_tone_reduced"]
    assert row["used"]
    assert row["contributes"] == "sensitivity only"
    rows = report_rows(evidence, reports).set_index("study")
    table = rows.loc["venkatesan2019_anal_tone_reduced", ["tp", "fp", "fn", "tn"]]
    assert table.tolist() == [9, 0, 8, 0]


def test_row_order_of_the_evidence_is_irrelevant(evidence, cancer_history):
    shuffled = replace(
        evidence, accuracy=evidence.accuracy.sample(frac=1, random_state=4).reset_index(drop=True)
    )
    other = chosen_reports(shuffled, "malignancy", None, "cancer_history", None)
    used = set(other.loc[other["used"], "report_id"])
    ours = cancer_history.reports
    assert used == set(ours.loc[ours["used"], "report_id"])


def test_thinned_tables_keep_the_ends_and_the_middle():
    grid = np.stack(np.meshgrid(np.arange(5, 15), np.arange(20, 40)), axis=-1).reshape(-1, 2)
    cells = np.column_stack([grid[:, 0], grid[:, 1], 20 - grid[:, 0], 200 - grid[:, 1]])
    kept = thinned(cells)
    assert len(kept) == MOST_TABLES

    def ratios(tables):
        tp, fp, fn, tn = tables.T
        return tp / (tp + fn) / (fp / (fp + tn))

    assert (ratios(kept).min(), ratios(kept).max()) == (ratios(cells).min(), ratios(cells).max())
    np.testing.assert_array_equal(kept[middle_table(kept)], cells[middle_table(cells)])
    np.testing.assert_array_equal(thinned(cells[:7]), cells[:7])


@pytest.fixture
def tables():
    """Six cohorts; two of them print figures that three tables fit."""
    rng = np.random.default_rng(11)
    rows = []
    for number in range(6):
        tp, fp = int(rng.integers(20, 35)), int(rng.integers(10, 30))
        choices = (-6, 0, 6) if number < 2 else (0,)
        rows += [
            {"study": f"S{number}", "setting": "clinic" if number % 2 else "practice",
             "tp": tp, "fp": fp + step, "fn": 40 - tp, "tn": 200 - fp - step}
            for step in choices
        ]  # fmt: skip
    return pd.DataFrame(rows)


OPTIONS = {"formula": None, "effects": "random", "level": 0.95}


def test_rubins_rules(tables):
    fit = fit_imputed(tables, imputations=5, seed=7, **OPTIONS)
    rng = np.random.default_rng(7)
    groups = list(tables.groupby("study", sort=False).indices.values())
    fits = [fit_bivariate(tables.iloc[[rng.choice(group) for group in groups]]) for _ in range(5)]
    means = np.array([one.coefficients for one in fits])
    within = np.mean([one.covariance for one in fits], axis=0)
    np.testing.assert_allclose(fit.coefficients, means.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(fit.covariance, within + 1.2 * np.cov(means.T), rtol=1e-10)
    assert "Rubin" in fit.notes[-1]
    assert fit.sensitivity.ci_low < fit.sensitivity.estimate < fit.sensitivity.ci_high


def test_without_choice_there_is_nothing_to_impute(tables):
    one_each = middle_rows(tables)
    assert len(one_each) == 6
    fit = fit_imputed(one_each, imputations=5, seed=7, **OPTIONS)
    assert fit.log_likelihood == fit_bivariate(one_each).log_likelihood
    assert not any("Rubin" in note for note in fit.notes)
    common = fit_imputed(tables, imputations=5, seed=7, **{**OPTIONS, "effects": "common"})
    assert "middle one" in common.notes[-1]


def test_setting_as_a_covariate(tables):
    """The evidence holds its settings as nullable text, which formulas must not misread."""
    tables["setting"] = tables["setting"].astype("string")
    fit = fit_imputed(tables, imputations=3, seed=7, **{**OPTIONS, "formula": "setting"})
    groups = fit.subgroups().set_index("setting")
    assert groups["studies"].to_dict() == {"clinic": 3, "practice": 3}
    assert len(fit.coefficients) == 4


def test_likelihood_needs_enough_cohorts(evidence):
    with pytest.raises(NotEstimableError, match="too few"):
        pool(evidence, target="malignancy", flag="cancer_history", inference="likelihood")
    common = pool(
        evidence, target="malignancy", flag="cancer_history", inference="likelihood",
        effects="common",
    )  # fmt: skip
    assert common.frame()["prediction_low"].isna().all()
    assert common.fit.effects == "common"
    # 4 of 13, 7 of 7 and 18 of 24 cases had the flag, in the middle tables.
    assert common.sensitivity.estimate == pytest.approx(29 / 44)


def test_pool_all(evidence):
    everything = pool_all(evidence, "malignancy")
    row = everything.set_index("flag_id").loc["cancer_history"]
    alone = pool(evidence, target="malignancy", flag="cancer_history")
    assert row["lr_positive"] == alone.lr_positive.estimate
    assert row["lr_positive_prediction_low"] < row["lr_positive_low"]
    assert row["cohorts"] == alone.cohorts
    used = alone.reports[alone.reports["used"]]
    assert row["n_cases"] == int((used["tp"] + used["fn"]).fillna(0).sum())
    nothing = pool_all(evidence, "cauda_equina", setting="emergency")
    assert nothing.empty
    assert list(nothing.columns) == list(everything.columns)


def test_indirect_evidence_is_pooled_only_on_request(evidence):
    reports = pool(evidence, target="malignancy", flag="age_50").reports.set_index("report_id")
    assert not reports.loc["jacobson1997_age_50", "used"]
    assert "indirect_left_out" in reports.loc["jacobson1997_age_50", "reason_code"]
    asked = pool(evidence, target="malignancy", flag="age_50", indirect=True).reports
    assert asked.set_index("report_id").loc["jacobson1997_age_50", "used"]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({}, ArgumentError, "either a flag or a family"),
        ({"flag": "cancer_history", "family": "cancer_history"}, ArgumentError, "either"),
        ({"flag": "cancer_histroy"}, UnknownNameError, "cancer_history"),
        ({"flag": "cancer_history", "inference": "mcmc"}, ArgumentError, "likelihood"),
        ({"flag": "cancer_history", "settings": "covariate"}, ArgumentError, "likelihood"),
        ({"flag": "cancer_history", "effects": "common"}, ArgumentError, "likelihood"),
        ({"flag": "cancer_history", "imputations": 1}, ArgumentError, "2 or more"),
        ({"flag": "cancer_history", "setting": "hospital"}, ArgumentError, "setting"),
        ({"flag": "pain_duration_1_month"}, NotEstimableError, "0.50"),
        ({"flag": "anaemia"}, NotEstimableError, "no cohort reports"),
    ],
)
def test_refusals(evidence, options, error, words):
    with pytest.raises(error, match=words):
        pool(evidence, target="malignancy", **options)
