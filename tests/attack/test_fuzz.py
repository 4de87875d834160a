"""A small seeded part of the fuzz study; the whole is ``python validation/fuzz.py``."""

from __future__ import annotations

import pytest

SEED, CASES, SECONDS = 7, 150, 30


@pytest.fixture
def study():
    import fuzz

    return fuzz


def test_malformed_careless_and_extreme_calls(study):
    """Each is answered, or refused by one error of the package."""
    outcomes = [study.run_case(group, number, SEED, SECONDS) for group, number in study.plan(CASES)]
    assert [one for one in outcomes if one.kind == study.DEFECT] == []
    # Both kinds of outcome are there: cases that all fail, or all pass, test nothing.
    for kind in (study.RIGHT, study.ERROR):
        assert sum(one.kind == kind for one in outcomes) > CASES / 4
    assert {one.group for one in outcomes} == set(study.GROUPS)


def _hang(rng, place):
    while True:
        pass


def _foreign(rng, place):
    return {}["x"]


@pytest.mark.parametrize(("case", "text"), [(_hang, "more than 1 s"), (_foreign, "KeyError")])
def test_a_defect_is_seen(study, monkeypatch, case, text):
    """A case that hangs, and one that ends in an error of Python's own, are defects."""
    monkeypatch.setitem(study.GROUPS, "arguments", case)
    outcome = study.run_case("arguments", 0, SEED, 1)
    assert outcome.kind == study.DEFECT
    assert text in outcome.text


def test_a_case_that_takes_much_longer_than_a_plain_one_is_a_hang(study):
    plain = [study.Outcome("g", at, study.RIGHT, "", 0.2, "f") for at in range(9)]
    late = study.Outcome("g", 9, study.ERROR, "x", 20 * 0.2 + 0.1, "f")
    short = study.Outcome("g", 10, study.ERROR, "x", 1.9, "other")
    assert study.slow([*plain, late, short]) == [late]
