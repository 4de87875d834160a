"""Selecting narrows the view and never the knowledge; two evidences share nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import backpain_stats as bps
from backpain_stats import Evidence
from public_frames import DRAWS, PAIRS, public_frames

# One selection a key; together with the pairs below every row of the evidence is in one.
SELECTIONS = [
    *({"target": target} for target in bps.TARGETS),
    *({"setting": setting} for setting in bps.SETTINGS),
    {"flag": "age_50"},
    {"flag": ["sciatica_bilateral", "cancer_history", "crp_10"]},
    {"family": "cancer_history"},
    {"family": ["fracture_tests", "age"]},
    {"target": "malignancy", "setting": "primary_care", "flag": "cancer_history"},
]
IDS = [str(selection) for selection in SELECTIONS]


@dataclasses.dataclass(frozen=True)
class Listing:
    """A function that lists one row or more for each row of a file."""

    function: Callable[[Evidence], pd.DataFrame]
    file: str
    key: str


LISTINGS = {
    "likelihood_ratios": Listing(bps.likelihood_ratios, "accuracy", "report_id"),
    "feasible_tables": Listing(bps.feasible_tables, "accuracy", "report_id"),
    "reproduce": Listing(bps.reproduce, "claims", "claim_id"),
}


@pytest.fixture(scope="module")
def whole(evidence: Evidence) -> dict[str, pd.DataFrame]:
    return {name: listing.function(evidence) for name, listing in LISTINGS.items()}


@pytest.mark.parametrize("selection", SELECTIONS, ids=IDS)
@pytest.mark.parametrize("name", LISTINGS)
def test_selecting_first_or_last_is_the_same(evidence, whole, name, selection) -> None:
    listing = LISTINGS[name]
    selected = evidence.select(**selection)
    kept = whole[name][listing.key].isin(getattr(selected, listing.file)[listing.key])
    pd.testing.assert_frame_equal(
        listing.function(selected), whole[name][kept].reset_index(drop=True), check_exact=True
    )


@pytest.mark.parametrize("selection", SELECTIONS, ids=IDS)
def test_what_is_selected_is_what_the_columns_say(evidence, whole, selection) -> None:
    frame = whole["likelihood_ratios"]
    for key, wanted in selection.items():
        column = "flag_id" if key == "flag" else key
        frame = frame[frame[column].isin([wanted] if isinstance(wanted, str) else wanted)]
    assert (
        frame["report_id"].tolist() == evidence.select(**selection).accuracy["report_id"].tolist()
    )


@pytest.mark.parametrize("selection", SELECTIONS, ids=IDS)
def test_selecting_twice_is_selecting_once(evidence, selection) -> None:
    once = evidence.select(**selection)
    twice = evidence
    for key, wanted in selection.items():
        twice = twice.select(**{key: wanted})
    for name in ("accuracy", "claims", "combinations", "prevalence", "cohorts", "flags"):
        pd.testing.assert_frame_equal(getattr(once, name), getattr(twice, name))


def _answer(function: Callable[[], object]) -> object:
    """Return what a function answers, or its kind of refusal.

    The words of a refusal list what else there is to choose from: they follow the selection.
    """
    try:
        answer = function()
    except bps.BackpainStatsError as refusal:
        return type(refusal)
    if isinstance(answer, pd.DataFrame):
        return answer.to_csv(index=False)
    return answer


def _same(function: Callable[[Evidence], object], evidence: Evidence, narrow: Evidence) -> None:
    assert _answer(lambda: function(narrow)) == _answer(lambda: function(evidence))


@pytest.mark.parametrize(("target", "setting"), PAIRS)
def test_questions_of_one_target_and_setting(evidence, target, setting) -> None:
    """Asked of the part about it, the answers are those of the whole."""
    narrow = evidence.select(target=target, setting=setting)
    questions: list[Callable[[Evidence], object]] = [
        lambda e: bps.prevalence_candidates(e, target, setting),
        lambda e: bps.setting_prevalence(e, target, setting).as_dict(),
        lambda e: bps.compare_flags(e, target=target, setting=setting, draws=DRAWS).flags,
        lambda e: bps.natural_frequencies(e, 0.01, target=target, setting=setting, draws=DRAWS),
        lambda e: bps.thresholds(
            e, benefit=9, harm=1, pretest=0.01, target=target, setting=setting, draws=DRAWS
        ),
        lambda e: bps.RiskModel(e, target, setting, pretest=0.01, draws=DRAWS).flags,
    ]
    for question in questions:
        _same(question, evidence, narrow)


@pytest.mark.parametrize("target", bps.TARGETS)
def test_questions_of_one_target(evidence, target) -> None:
    narrow = evidence.select(target=target)
    flags = sorted(set(narrow.accuracy["flag_id"]))
    _same(lambda e: bps.endorsement(e, target=target).flags, evidence, narrow)
    _same(lambda e: bps.posttest(e, flags, target, interval="published"), evidence, narrow)


@pytest.mark.parametrize("selection", [{"flag": "cancer_history"}, {"family": "cancer_history"}],
                         ids=["flag", "family"])  # fmt: skip
def test_questions_of_one_flag(evidence, selection) -> None:
    """Whose patients a report shares, and how many cases it has, stays known."""
    narrow = evidence.select(**selection)
    for setting in ("primary_care", "emergency"):
        for pretest in (None, "cohort"):
            _same(
                lambda e, s=setting, p=pretest: bps.posttest(
                    e, "cancer_history", setting=s, pretest=p, draws=DRAWS
                ),
                evidence,
                narrow,
            )
    _same(
        lambda e: bps.RiskModel(e, flags="cancer_history", draws=DRAWS).risk(["cancer_history"]).lr,
        evidence,
        narrow,
    )
    _same(
        lambda e: bps.natural_frequencies(e, 0.01, flag="cancer_history", draws=DRAWS),
        evidence,
        narrow,
    )


@pytest.mark.parametrize(
    ("target", "selection"),
    [
        ("malignancy", {"flag": "cancer_history"}),
        ("cauda_equina", {"flag": "pvr_200"}),
        ("fracture", {"family": "fracture_tests"}),
    ],
)
def test_pooling_one_flag(evidence, target, selection) -> None:
    _same(
        lambda e: bps.pool(e, target=target, **selection).reports,
        evidence,
        evidence.select(target=target, **selection),
    )


@pytest.mark.parametrize("claim", ["downie2013_malignancy_cancer_history_ed", "jin2020_accuracy"])
def test_one_claim(evidence, claim) -> None:
    (flag,) = evidence.claims.loc[evidence.claims["claim_id"] == claim, "flag_id"]
    narrow = evidence.select(flag=flag)
    _same(lambda e: bps.conventions(e, claim), evidence, narrow)
    _same(lambda e: bps.reproduce_claim(e, claim).to_frame().T, evidence, narrow)


def _other(evidence: Evidence) -> Evidence:
    """Return an evidence with the same names and other figures."""
    accuracy = evidence.accuracy.copy()
    row = accuracy["report_id"] == "deyo1988_cancer_history"
    accuracy.loc[row, ["sensitivity", "specificity"]] = ["0.77", "0.71"]
    prevalence = evidence.prevalence.copy()
    prevalence.loc[prevalence["prevalence_id"] == "henschke2013_malignancy", "n_cases"] = 60
    claims = evidence.claims.iloc[::-1].reset_index(drop=True)
    return dataclasses.replace(evidence, accuracy=accuracy, prevalence=prevalence, claims=claims)


@pytest.mark.slow
def test_two_evidences_cannot_change_each_other(frozen_frames, frozen_folder) -> None:
    """Another with the same names and other figures is asked in between."""
    alone = frozen_frames
    other = public_frames(_other(bps.load_evidence(frozen_folder)))
    again = public_frames(bps.load_evidence(frozen_folder))
    changed = [name for name in alone if not alone[name].equals(other[name])]
    assert {"likelihood_ratios", "setting_prevalence", "reproduce", "risk"} <= set(changed)
    for name, frame in alone.items():
        pd.testing.assert_frame_equal(again[name], frame, obj=name, check_exact=True)


def test_the_tables_of_a_report_cannot_be_written_to(evidence) -> None:
    """They are kept with the evidence: a change would be one for everybody who asks later."""
    from backpain_stats.published import published_reports

    report = published_reports(evidence)["deyo1988_cancer_history"]
    with pytest.raises(ValueError, match="read-only"):
        report.cells[:, 1] = 5
    frame = bps.feasible_tables(evidence, flag="cancer_history")
    frame[["tp", "fp"]] = np.int64(5)
    assert len(report.cells) == 20
    assert set(bps.feasible_tables(evidence, flag="cancer_history")["fp"]) != {5}
