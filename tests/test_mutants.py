"""The list of validation/mutants.py fits the code; the mutants themselves take minutes."""

import ast
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
script = runpy.run_path(str(ROOT / "validation" / "mutants.py"))
MUTANTS = script["read_mutants"]()


def source(mutant):
    return (ROOT / mutant.file).read_text(encoding="utf-8")


def test_every_mutant_changes_the_code_once_into_code():
    assert len(MUTANTS) >= 55
    for mutant in MUTANTS:
        text = source(mutant)
        changed = script["mutated"](text, mutant)
        assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(text)), mutant.name


def test_every_mutant_names_tests_that_exist_and_says_what_it_breaks():
    for mutant in MUTANTS:
        assert mutant.breaks, mutant.name
        assert mutant.tests, mutant.name
        for test in mutant.tests:
            assert (ROOT / test.partition("::")[0]).is_file(), (mutant.name, test)
        if mutant.missed_until:
            path, _, name = mutant.missed_until.partition("::")
            assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), mutant.name


def test_a_mutant_whose_text_has_gone_is_refused():
    mutant = MUTANTS[0]._replace(old="a text that no file holds")
    with pytest.raises(script["UnusableMutantError"], match="occurs 0 times in backpain_stats"):
        script["mutated"](source(mutant), mutant)


def test_the_report_is_of_these_mutants():
    table = (ROOT / "reports" / "mutants.csv").read_text(encoding="utf-8").splitlines()
    assert [row.partition(",")[0] for row in table[1:]] == [one.name for one in MUTANTS]
