"""Malformed and unusual text in every numeric column of every file, cell by cell.

Whatever stands in a cell, either ``check`` names it with its file, line and column,
or the evidence loads and every function that reads it answers, or refuses with an
error of the package.
"""

from __future__ import annotations

import contextlib
import csv
import random
import warnings
from pathlib import Path

import pytest

from backpain_stats import (
    likelihood_ratios,
    load_evidence,
    posttest,
    reproduce,
    setting_prevalence,
)
from backpain_stats.errors import BackpainStatsError, EvidenceError
from backpain_stats.evidence import TABLES, check_folder

SEED = 20260101
COHORT = {"n": "200", "n_cases": "20", "target": "malignancy", "setting": "primary_care"}
SOURCE = {"reported_in": "smith2020", "status": "seen_primary"}
COUNTS = {"tp": "15", "fp": "60", "fn": "5", "tn": "120"}
ROWS: dict[str, list[dict[str, str]]] = {
    "sources": [
        {
            "source_id": "smith2020",
            "kind": "primary study",
            "citation": "Smith 2020",
            "year": "2020",
            "what_was_read": "full text",
        }
    ],
    "flags": [
        {
            "flag_id": name,
            "label": name,
            "category": "laboratory",
            "family": "esr",
            "quantity": "esr",
            "threshold": threshold,
            "direction": "above",
        }
        for name, threshold in (("esr_20", "20"), ("esr_50", "50"))
    ],
    "cohorts": [
        {
            "cohort_id": "smith",
            "study_id": "smith2020",
            "source_id": "smith2020",
            "status": "seen_primary",
            "low_back_pain_only": "yes",
            "sample": "unselected",
            "directness": "direct",
            **COHORT,
        }
    ],
    "accuracy": [
        {
            "report_id": "counted",
            "cohort_id": "smith",
            "flag_id": "esr_20",
            "sensitivity": "0.75",
            "sensitivity_low": "0.51",
            "sensitivity_high": "0.91",
            "lr_positive": "2.25",
            "lr_positive_low": "1.6",
            "lr_positive_high": "3.1",
            "ppv": "0.20",
            "ppv_low": "0.12",
            "ppv_high": "0.31",
            "ci_level": "0.95",
            "test_positive_rate": "0.375",
            **COUNTS,
            **SOURCE,
        },
        {
            "report_id": "printed",
            "cohort_id": "smith",
            "flag_id": "esr_50",
            "specificity": "0.90",
            "specificity_low": "0.85",
            "specificity_high": "0.94",
            "sensitivity": "0.50",
            "lr_negative": "0.56",
            "lr_negative_low": "0.3",
            "lr_negative_high": "0.8",
            "npv": "0.94",
            "npv_low": "0.89",
            "npv_high": "0.97",
            "false_positive_rate": "0.10",
            **SOURCE,
        },
    ],
    "combinations": [
        {
            "combination_id": "both",
            "target": "malignancy",
            "cohort_id": "smith",
            "flags": "esr_20;esr_50",
            "rule": "at_least_k",
            "k": "2",
            "sensitivity": "0.75",
            "specificity": "0.67",
            "auc": "0.71",
            "auc_low": "0.6",
            "auc_high": "0.8",
            **COUNTS,
            **SOURCE,
        }
    ],
    "claims": [
        {
            "claim_id": "claim",
            "target": "malignancy",
            "flag_id": "esr_20",
            "setting": "primary_care",
            "statistic": "posttest",
            "pretest": "0.10",
            "value": "0.20",
            "low": "0.15",
            "high": "0.26",
            "range_kind": "ci95",
            **SOURCE,
        }
    ],
    "prevalence": [
        {
            "prevalence_id": "smith",
            "prevalence": "0.10",
            "low": "0.06",
            "high": "0.15",
            "range_kind": "ci95",
            "cohort_id": "smith",
            "sample": "unselected",
            "directness": "direct",
            **COHORT,
            **SOURCE,
        }
    ],
    "endorsements": [
        {
            "endorsement_id": "one",
            "guideline_id": "guide",
            "guideline": "A guideline",
            "year": "2021",
            "target": "malignancy",
            "red_flag_as_written": "raised ESR",
            "flag_id": "esr_20",
            **SOURCE,
        }
    ],
    "endorsement_counts": [
        {
            "count_id": "one",
            "guideline_set": "all",
            "target": "malignancy",
            "k": "3",
            "of": "8",
            "statement": "3 of 8",
            **SOURCE,
        }
    ],
}
NUMERIC = [
    (table.name, column.name)
    for table in TABLES.values()
    if table.name in ROWS
    for column in table.columns
    if column.printed or column.kind in ("integer", "year", "number", "level")
]
# Refused wherever they stand: no number at all, or one that could mean two things.
NEVER = [
    *("=>0.90", "<<0.9", "><0.5", ">", "<=", "0,31", "1.975,5", "1e3", "1E-3", "nan", "NaN", "NA"),
    *("1_0", "0x1F", "0.3.1", "--", "-", "?", "n/a", "about 0.3", "high", " ", "0.31 ", " 0.31"),
    *("\uff10.\uff13\uff11", "\u0663", "2020-01-31", "31/01/2020", "=1+1", "=cmd|' /C calc'!A0"),
    *("+0.3", "@SUM(1)", "0.3\x000", "0.3\x0b", "\ufffe", "0.3\n0.4", "True", "None", "None of 3"),
    *("<script>alert(1)</script>", "'; DROP TABLE flags;--", "%s%n", "0.31%%", "5 of", "of 5"),
    *("9" * 400, "9" * 5000, "0." + "3" * 400, "0.3 (0.2-0.4)", "0.2-0.4", "\u00bd", "3 in 0"),
    *("7 of 3", "1 in 0", "0 of 0", "-0.5 of 3", "\U0001f9ea", "0.31\u200b", "\u200f0.31"),
]
# Right in some columns, wrong in others.
PERHAPS = [
    *(">=90%", "<=0.01", "\u22652.4", "\u22640.9", "31%", "31 %", "0.31", ".31", "0.0", "0", "1"),
    *("1.00", "100%", "190%", "31", "2.4", "-0.2", "-0.02", "1.014", "13 of 1975", "13/1975"),
    *("1 in 300", "infinity", "inf", "\u221e", ">0.90", "<0.01", ">1", "<0", "0.95", "95%"),
    *(str(2**31), str(2**53), str(2**63), str(2**64 - 1), str(10**9), str(10**8), "9" * 39),
    *("007", "0.30000000000000000000000000000001", "0.999999999999999999", "2.4%", "1,975"),
]
ALPHABET = "0123456789.%<>=,- /of\u2265\u00b7e+_\u00a0x"


def mutated(text: str, chance: random.Random) -> str:
    """Insert, delete or replace one character of a valid figure."""
    at = chance.randrange(len(text) + 1)
    character = chance.choice(ALPHABET)
    return chance.choice(
        [text[:at] + character + text[at:], text[:at] + text[at + 1 :], text[:at] + character]
    )


class SmallFolder:
    """A valid folder whose rows are repeated, or changed, with one cell spoilt in each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for name, rows in ROWS.items():
            self.write(name, rows)

    def write(self, name: str, rows: list[dict[str, str]]) -> None:
        with (self.path / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, TABLES[name].names, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    def change(self, name: str, column: str, text: str) -> None:
        """Write the text into the first row that fills the column in."""
        rows = [dict(record) for record in ROWS[name]]
        rows[filling(name, column)][column] = text
        self.write(name, rows)

    def refused(self, name: str, column: str, texts: list[str]) -> list[bool]:
        """Write one row per text and return which of them check refuses.

        A refused text is named with its file, line, column and value.
        """
        key, original = TABLES[name].key[0], ROWS[name][filling(name, column)]
        rows = [
            {**original, key: f"row{position}", column: text} for position, text in enumerate(texts)
        ]
        self.write(name, [*ROWS[name], *rows])
        errors = check_folder(self.path).errors
        self.write(name, ROWS[name])
        refused = []
        line = 2 + len(ROWS[name])
        for text in texts:
            here = errors[(errors["file"] == f"{name}.csv") & (errors["line"] == line)]
            at_cell = here[here["column"] == column]
            # A figure that is right by itself may contradict others in its row, or its cohort;
            # then the column named is one of those that disagree.
            assert len(at_cell) or (here["code"] == "contradiction").all(), (name, column, text)
            assert (at_cell["value"] == text).all()
            assert (at_cell["allowed"] != "").all()
            refused.append(len(here) > 0)
            line += 1 + text.count("\n")
        return refused


def filling(name: str, column: str) -> int:
    """Return the position of the first row that fills the column in; the first, if none does."""
    return next((i for i, record in enumerate(ROWS[name]) if record.get(column)), 0)


@pytest.fixture
def small(tmp_path):
    return SmallFolder(tmp_path)


def test_the_small_folder_is_valid(small):
    assert check_folder(small.path).problems.empty


@pytest.mark.parametrize("text", ["0", "0.0", "1", "100%", "<0.01", "≥0.9"])
def test_a_pretest_is_a_value_strictly_between_0_and_1(small, text):
    """A bound or a certainty has no odds to multiply."""
    assert small.refused("claims", "pretest", [text, "13 of 1975"]) == [True, False]


@pytest.mark.parametrize(("name", "column"), NUMERIC)
def test_what_is_no_figure_is_refused_with_its_place(small, name, column):
    refused = dict(zip(NEVER, small.refused(name, column, NEVER), strict=True))
    assert all(refused.values()), [text for text, named in refused.items() if not named]


def answers(evidence) -> None:
    """Call every function that reads the figures; only errors of the package may come."""
    calls = (
        lambda: likelihood_ratios(evidence),
        lambda: posttest(evidence, flag=["esr_20", "esr_50"], setting="primary_care"),
        lambda: setting_prevalence(evidence, "malignancy", "primary_care"),
        lambda: reproduce(evidence),
    )
    for call in calls:
        with contextlib.suppress(BackpainStatsError):
            call()


def test_what_passes_check_is_computed_or_refused_by_the_package(small):
    chance = random.Random(SEED)
    accepted = []
    cases = 0
    for name, column in NUMERIC:
        valid = ROWS[name][filling(name, column)].get(column) or "0.50"
        texts = PERHAPS + [mutated(valid, chance) for _ in range(8)]
        texts = [text for text in texts if text.strip()]
        refused = small.refused(name, column, texts)
        accepted += [
            (name, column, text) for text, no in zip(texts, refused, strict=True) if not no
        ]
        cases += len(texts)
    assert cases + len(NEVER) * len(NUMERIC) >= 2_000
    assert 0.2 < len(accepted) / cases < 0.8  # the cases try both outcomes
    # Computing takes longer than checking: every unusual text once, and a sample of all cases.
    chance.shuffle(accepted)
    once = {text: (name, column, text) for name, column, text in accepted if text in PERHAPS}
    for name, column, text in [*once.values(), *accepted[:8]]:
        small.change(name, column, text)
        with warnings.catch_warnings():
            # load_evidence warns of what is odd but kept, which is not in question here.
            warnings.simplefilter("ignore", UserWarning)
            try:
                evidence = load_evidence(small.path)
            except EvidenceError as error:  # it contradicts rows of other files
                errors = error.problems.query("severity == 'error'")
                assert set(errors["code"]) == {"contradiction"}
            else:
                answers(evidence)
        small.write(name, ROWS[name])
