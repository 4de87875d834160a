"""The command ``reproduce`` as a stranger would use it."""

from __future__ import annotations

import io
import json

import pandas as pd
import pytest
from click.testing import CliRunner

from backpain_stats.cli import cli
from backpain_stats.errors import BackpainStatsError


def run(*arguments):
    return CliRunner().invoke(cli, ["reproduce", *arguments])


def test_the_ledger_as_a_table_ends_in_a_count():
    found = run("--target", "fracture")
    assert found.exit_code == 0
    assert "jin2020_accuracy" in found.output
    assert "recomputed_pretest" in found.output
    assert found.output.splitlines()[-1].startswith("9 rows: inputs not published 7")


def test_csv_has_every_column_and_every_claim():
    frame = pd.read_csv(io.StringIO(run("--format", "csv").stdout))
    assert len(frame) == 104
    assert {"claim_id", "verdict", "convention", "explanation"} <= set(frame.columns)


def test_one_claim_is_explained_with_what_prints_it():
    found = run("--claim", "downie2013_malignancy_cancer_history_ed")
    assert "0.33 (0.22 to 0.46)" in found.output
    assert "7/13/0/462" in found.output
    assert "conventions tried" in found.output
    assert "pretest" in found.output


def test_one_claim_as_json_lists_every_convention():
    found = run("--claim", "jin2020_accuracy", "--format", "json")
    (record,) = json.loads(found.stdout)
    assert record["fits"] is True
    assert (record["tp"], record["tn"]) == (342, 112)


def test_pairs_and_filters():
    found = run("--pairs")
    assert "rounded_odds" in found.output
    assert "23.7" in found.output
    differs = run("--finding", "differs", "--target", "fracture")
    assert "contusion_or_abrasion" in differs.output
    assert "1 row: differs 1." in differs.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--claim", "downie"], "unknown claim"), (["--target", "lumbago"], "allowed")],
)
def test_a_mistake_gets_a_message(arguments, message):
    found = run(*arguments)
    assert isinstance(found.exception, BackpainStatsError)
    assert message in str(found.exception)


def test_a_finding_that_does_not_exist_is_refused():
    found = run("--finding", "wrong")
    assert found.exit_code == 2
    assert "reproduced" in found.output
