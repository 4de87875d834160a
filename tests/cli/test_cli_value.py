"""The command value: what is worth knowing, sets of flags, what to ask first."""

import json
from functools import partial

import pytest

ASKED = ("--threshold", "0.05", "--pretest", "1%", "--flags", "cancer_history")


@pytest.fixture
def ask(ask):
    """Run the command value on the frozen evidence."""
    return partial(ask, "value")


def test_the_study_that_would_settle_is_said_in_words(ask) -> None:
    done = ask(*ASKED, "--sizes", "500,4000", "--practices", "40", "--action", "MRI")
    assert done.code == 0
    assert done.out.startswith("Value of information: malignancy in primary_care, MRI from 5.0%")
    assert "in 40 practices" in done.out
    assert "imaging" not in done.out


def test_numbers_as_json_hold_every_unknown_and_study(ask) -> None:
    done = ask(*ASKED, "--sizes", "500", "--format", "json", "--design", "case-control")
    rows = json.loads(done.out)
    assert {row["kind"] for row in rows} == {"unknown", "study"}
    assert {row["design"] for row in rows if row["kind"] == "study"} == {"case-control"}


@pytest.mark.parametrize(
    ("show", "words"), [("sets", "Sets of flags"), ("order", "Ask first: malignancy")]
)
def test_sets_and_order_are_shown(ask, show, words) -> None:
    done = ask(*ASKED, "--show", show, "--per", "10000")
    assert done.code == 0
    assert done.out.startswith(words)
    assert "per 10,000 patients" in " ".join(done.out.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "give either threshold or both"),
        (("--threshold", "2"), "threshold is 2.0"),
        (("--threshold", "0.1", "--sizes", "many"), "--sizes is 'many'"),
        (("--benefit", "9"), "given together"),
        (("--threshold", "0.1", "--cost", "3"), "without population"),
        (("--benefit", "9", "--show", "sets"), "given together"),
    ],
)
def test_a_mistake_is_one_message(ask, arguments, words) -> None:
    done = ask(*arguments)
    assert done.code == 2
    assert words in done.err
    assert "Traceback" not in done.err
