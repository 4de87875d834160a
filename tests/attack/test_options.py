"""No option is ignored in silence: each has effect beside every other, or is refused.

Pairs of the commands that answer at once are asked; of the commands that build pages or folders
it is recorded what reaches that which builds; and every rule that a command declares is broken.
"""

from __future__ import annotations

import copy
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pandas as pd
import pytest
from command_lines import (
    ASKED,
    BUILT,
    COMMANDS,
    NOT_TOLD,
    STUDIES,
    WORKS_ON,
    parameter,
    rules_of,
    words_of,
)

from backpain_stats.cli.options import CheckedCommand, Excludes, Needs

# Parameters of every command that are tested in tests/cli/, and the words that each case has.
COMMON = {"folder", "add", "output", "force", "output_format"}
# Their effect is tested in tests/cli/test_cli_meta.py, test_cli_risk.py and test_cli_reconstruct.py
# on files of their own; what does not go with them is in the rules, each of which is broken below.
ON_FILES_OF_THEIR_OWN = {
    "meta": {"columns", "study", "only", "sheet", "test", "threshold", "below", "bias"},
    "risk": {"patients", "patient_id", "target"},
    "reconstruct": {
        *("tp", "fp", "fn", "tn", "n_positive", "prevalence", "ppv", "npv", "lr_negative"),
        *("false_positive_rate", "false_negative_rate", "test_positive_rate"),
        *("odds_ratio", "youden", "accuracy", "posttest_negative"),
    },
}
# What changes the words of every answer but never one another's part in it is asked beside the
# option before it only; so is what is slow.
LAST = {"output_format"}
# Newer than these tables: which of its options go with which is still to be declared and asked.
NOT_ASKED = {"value"}
SLOW = {
    *(("lr", "method"), ("risk", "dependence"), ("risk", "absent"), ("risk", "rho")),
    *(("meta", "bayes"), ("meta", "seed"), ("meta", "figure"), ("meta", "kind")),
}


def _pairs(name: str, options: dict[str, list[str]]) -> list[Any]:
    names = list(options)
    kept = []
    for at, pair in enumerate(combinations(names, 2)):
        rare = any(one in LAST or (name, one) in SLOW for one in pair)
        beside = abs(names.index(pair[0]) - names.index(pair[1])) == 1
        if (name, *pair) not in NOT_TOLD and (not rare or beside or len(names) < 4):
            kept.append(pytest.param(name, pair, id=f"{name}-{'-'.join(pair)}-{at}"))
    return kept


@pytest.fixture(scope="module")
def seen() -> dict[tuple[str, ...], tuple[object, ...]]:
    """What was printed for each command line, asked once."""
    return {}


def _with_what_they_need(name: str, options: set[str], values: dict[str, list[str]]) -> set[str]:
    """Add what options have no effect without, as the command's rules say."""
    needs = [(rule.option, rule.others) for rule in rules_of(name) if isinstance(rule, Needs)]
    # Those that are not of the rules first: they may need others themselves.
    needs = [(option, others) for of, option, others in WORKS_ON if of == name] + needs
    for option, others in needs:
        if option in options and options.isdisjoint(others):
            options = options | set([one for one in others if one in values][:1])
    return options


def _line(name: str, options: set[str], places: dict[str, str]) -> list[str]:
    arguments, values = (ASKED | BUILT)[name]
    words = [*name.split(), *arguments]
    for option in sorted(options):
        words += words_of(name, option, values[option])
    return [places.get(word, word) for word in words]


def _says_why(message: str, name: str, options: set[str], values: dict[str, list[str]]) -> bool:
    """Say whether a refusal names one of the options, or its value."""
    texts = {
        text
        for one in options
        for text in (one, max(parameter(name, one).opts, key=len), *values[one])
    }
    return any(text in message for text in texts)


def _check_pair(ask: Any, name: str, pair: tuple[str, str]) -> None:
    values = (ASKED | BUILT)[name][1]
    options = _with_what_they_need(name, set(pair), values)
    both = ask(name, options)
    if "Error: " in str(both[2]):
        assert both[0] == 2
        assert _says_why(str(both[2]), name, options, values), both[2]
        return
    for one in pair:
        assert both != ask(name, options - {one}), f"{one} has no effect among {options}"


@pytest.fixture
def read_once(evidence, monkeypatch) -> None:
    """Commands get the frozen evidence as it was read before."""
    monkeypatch.setattr("backpain_stats.evidence.load_evidence", lambda *_, **__: evidence)


@pytest.fixture
def ask_once(run, frozen_folder, read_once, tmp_path: Path, seen):
    def ask(name: str, options: set[str]) -> tuple[object, ...]:
        key = (name, *sorted(options))
        if key not in seen:
            (tmp_path / "studies.csv").write_text(STUDIES, encoding="utf-8")
            out = tmp_path / "out.svg"
            out.unlink(missing_ok=True)
            places = {"{studies}": str(tmp_path / "studies.csv"), "{out}": str(out)}
            ran = run(*_line(name, options, places | {"{frozen}": str(frozen_folder)}))
            figure = out.read_text(encoding="utf-8") if out.exists() else ""
            seen[key] = (ran.code, ran.out, ran.err.replace(str(tmp_path), ""), figure)
        return seen[key]

    return ask


@pytest.mark.parametrize(
    ("name", "pair"),
    [pair for name, (_, options) in ASKED.items() for pair in _pairs(name, options)],
)
def test_each_of_two_options_has_effect_or_is_refused(ask_once, name, pair):
    _check_pair(ask_once, name, pair)


class Recorder:
    """Stands in for what builds: keeps what it is given, answers what a command reads of it."""

    def __init__(self, page: Path) -> None:
        self.page, self.given = page, []
        self.rows = pd.DataFrame({"status": []})
        self.figures, self.notes, self.alone = pd.DataFrame(), (), True

    def __call__(self, *args: object, **kwargs: object) -> Any:
        kept = {name: value for name, value in kwargs.items() if name not in ("stamp", "progress")}
        self.given.append(copy.copy((args[:2], kept)))
        return self

    def load(self, *args: object, **kwargs: object) -> SimpleNamespace:
        return SimpleNamespace(version=f"{args} {kwargs}")

    def beyond(self, tolerance: float) -> pd.DataFrame:
        self.given.append(tolerance)
        return pd.DataFrame()

    def to_frame(self) -> pd.DataFrame:
        return pd.DataFrame()

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 0

    def stat(self) -> SimpleNamespace:
        return SimpleNamespace(st_size=1)

    def __repr__(self) -> str:
        return "recorder"


BUILDERS = [
    "backpain_stats.report.panel.build.build_panel",
    "backpain_stats.report.main.build.build_report",
    "backpain_stats.report.explorer.build.write_explorer",
    "backpain_stats.report.diff.build.write_diff",
    "backpain_stats.changes.diff_evidence",
    "backpain_stats.evidence.write_template",
    "backpain_stats.evidence.export_evidence",
    "backpain_stats.evidence.add_tables",
]


@pytest.fixture
def ask_builder(run, tmp_path: Path, monkeypatch):
    def ask(name: str, options: set[str]) -> tuple[object, ...]:
        record = Recorder(tmp_path / "page.html")
        (tmp_path / "studies.csv").write_text(STUDIES, encoding="utf-8")
        for builder in BUILDERS:
            monkeypatch.setattr(builder, record)
        monkeypatch.setattr("backpain_stats.evidence.load_evidence", record.load)
        monkeypatch.setattr("backpain_stats.cli.folder.displaced_reports", lambda *_, **__: [])
        places = {"{studies}": "studies.csv", "{out}": "out.html", "{frozen}": "frozen"}
        monkeypatch.chdir(tmp_path)
        ran = run(*_line(name, options, places))
        return ran.code, ran.out, ran.err, str(record.given)

    return ask


@pytest.mark.parametrize(
    ("name", "pair"),
    [
        pytest.param(name, pair, id=f"{name}-{'-'.join(pair)}")
        for name, (_, options) in BUILT.items()
        for pair in (combinations(options, 2) if len(options) > 1 else [tuple(options)])
    ],
)
def test_each_of_two_options_reaches_what_builds_or_is_refused(ask_builder, name, pair):
    _check_pair(ask_builder, name, pair)


def _typed(name: str, condition: str) -> list[str]:
    """Return words that make a condition of a rule true."""
    option, _, value = condition.partition("=")
    found = parameter(name, option)
    if isinstance(found, click.Option) and found.is_flag:
        return words_of(name, option, [])
    if isinstance(found.type, click.Choice):
        value = value or str(found.type.choices[-1])
    return words_of(name, option, [value or "1"])


RULES = [
    pytest.param(name, rule, id=f"{name}-{rule.option}-{at}")
    for name, found in COMMANDS.items()
    if isinstance(found, CheckedCommand)
    for at, rule in enumerate(found.rules)
]


@pytest.mark.parametrize(("name", "rule"), RULES)
def test_what_breaks_a_rule_is_refused_before_anything_is_read(run, name, rule):
    required = [
        ["x"] if isinstance(one, click.Argument) else [max(one.opts, key=len), "x"]
        for one in COMMANDS[name].params
        if one.required
    ]
    base = [*name.split(), *(word for words in required for word in words)]
    if isinstance(rule, Needs):
        ran = run(*base, *_typed(name, rule.option))
        assert (ran.code, "has no effect without" in ran.err) == (2, True)
        return
    for other in rule.others:
        if other.partition("=")[0] != rule.option.partition("=")[0]:
            ran = run(*base, *_typed(name, rule.option), *_typed(name, other))
            # Another rule may speak first: one of the two options needs a third, or excludes it.
            assert (ran.code, ran.out) == (2, "")
            assert "does not go with" in ran.err or "has no effect without" in ran.err


def test_every_command_has_rules_and_every_option_is_asked():
    """A new command or option is refused here until it is in one of the tables."""
    for name, found in COMMANDS.items():
        assert isinstance(found, CheckedCommand), name
        if name in NOT_ASKED:
            continue
        arguments, values = (ASKED | BUILT).get(_same(name), ([], {}))
        known = {*COMMON, *values, *ON_FILES_OF_THEIR_OWN.get(name, ())}
        for one in found.params:
            given = isinstance(one, click.Argument) or not {*one.opts}.isdisjoint(arguments)
            assert given or one.name in known, f"{name}: {one.name}"
        assert all(isinstance(rule, (Excludes, Needs)) for rule in found.rules)


def _same(name: str) -> str:
    """Return the name under which a command is asked: some are there twice, or made alike."""
    last = name.removeprefix("evidence ")
    if last in ("cohorts", "prevalence", "sources"):
        return "evidence cohorts" if name != last else name
    return last if last in ("check", "template") else name


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["risk", "--setting", "emergency", "--setting", "mixed"], "--setting is given 2 times"),
        (["lr", "--level", "0.8", "--level", "0.9"], "--level is given 2 times"),
        (["evidence", "cohorts", "--target", "a", "--target", "b"], "--target is given 2 times"),
        (["evidence", "export", ""], "is empty"),
        (["risk", "--present", ""], "--present is empty"),
    ],
)
def test_a_single_option_given_twice_or_empty_is_refused(run, words, message):
    """The last one counted, and what came before was dropped."""
    ran = run(*words)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ("risk", "--present", "age_50", "cancer_history"),
        ("risk", "--absent", "age_50", "cancer_history"),
        ("lr", "--flag", "age_50", "iv_drug_use"),
        ("flags", "--family", "age", "cancer_history"),
    ],
)
def test_a_list_given_twice_accumulates(run, read_once, words):
    """A finding of the patient was dropped, and a risk was printed."""
    name, option, one, other = words
    twice = run(name, option, one, option, other, "--format", "csv")
    assert twice == run(name, option, f"{one},{other}", "--format", "csv")
    assert twice.code == 0


def test_a_posttest_without_a_pretest_is_printed_with_its_reason(run, read_once):
    """Where no sample gives the prevalence of one setting, the command ended in a traceback."""
    ran = run("posttest", "age_50")
    assert ran.code == 0
    assert "Pre-test: henschke2013_malignancy" in ran.out
