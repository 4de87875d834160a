"""The list of validation/mutants.py fits the code; the mutants themselves take minutes."""

import ast
import runpy
from pathlib import Path

import pandas as pd
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


def test_the_report_is_of_these_mutants_and_nearly_all_are_caught():
    frame = pd.read_csv(ROOT / "reports" / "mutants.csv", keep_default_na=False)
    listed = {mutant.name: mutant for mutant in MUTANTS}
    assert set(frame["mutant"]) <= set(listed)
    assert len(frame) >= 55
    for row in frame.itertuples():
        assert row.breaks == listed[row.mutant].breaks, row.mutant
    able = frame.loc[frame["result"] != "equivalent", "result"]
    assert (able == "caught").mean() >= 0.95
    page = (ROOT / "reports" / "mutants.md").read_text(encoding="utf-8")
    assert page == script["report"](frame, len(MUTANTS)), "run validation/mutants.py again"
