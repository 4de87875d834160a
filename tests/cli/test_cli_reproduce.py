"""The command ``reproduce`` as a stranger would use it."""

from __future__ import annotations

import io
import json
from functools import partial
from typing import get_args

import pandas as pd
import pytest

from backpain_stats.claims import Finding
from backpain_stats.cli.reproduce import FINDINGS


@pytest.fixture
def ask(ask):
    """Run the command reproduce on the frozen evidence."""
    return partial(ask, "reproduce")


def test_the_ledger_as_a_table_ends_in_a_count(ask):
    found = ask("--target", "fracture")
    assert found.code == 0
    assert "jin2020_accuracy" in found.out
    assert "recomputed_pretest" in found.out
    assert found.out.splitlines()[-1].startswith("4 rows: inputs not read 2")


def test_csv_has_every_column_and_every_claim(ask, evidence):
    frame = pd.read_csv(io.StringIO(ask("--format", "csv").out))
    assert sorted(frame["claim_id"]) == sorted(evidence.claims["claim_id"])
    assert {"claim_id", "verdict", "convention", "explanation"} <= set(frame.columns)


def test_one_claim_is_explained_with_what_prints_it(ask):
    found = ask("--claim", "downie2013_malignancy_cancer_history_ed")
    assert "0.33 (0.22 to 0.46)" in found.out
    assert "7/13/0/462" in found.out
    assert "conventions tried" in found.out
    assert "pretest" in found.out


def test_one_claim_as_json_lists_every_convention(ask):
    found = ask("--claim", "jin2020_accuracy", "--format", "json")
    (record,) = json.loads(found.out)
    assert record["fits"] is True
    assert (record["tp"], record["tn"]) == (342, 112)


def test_pairs_and_filters(ask):
    found = ask("--pairs")
    assert "rounded_odds" in found.out
    assert "23.7" in found.out
    differs = ask("--finding", "differs", "--target", "fracture")
    assert "contusion_or_abrasion" in differs.out
    assert "1 row: differs 1." in differs.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--claim", "downie"], "unknown claim"), (["--target", "lumbago"], "allowed")],
)
def test_a_mistake_gets_a_message(ask, arguments, message):
    found = ask(*arguments)
    assert (found.code, found.out) == (2, "")
    assert message in found.err


def test_every_finding_of_the_ledger_can_be_asked_for():
    assert get_args(Finding) == FINDINGS


def test_a_finding_that_does_not_exist_is_refused(ask):
    found = ask("--finding", "wrong")
    assert found.code == 2
    assert "reproduced" in found.err
