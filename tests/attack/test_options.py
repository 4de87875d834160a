"""No option is ignored in silence: each has effect beside every other, or is refused."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import click
import pytest

from backpain_stats.cli import cli

STUDIES = """study,tp,fp,fn,tn,year
a,19,10,4,80,1990
b,8,2,1,30,1992
c,25,9,11,90,1993
d,7,4,3,22,1995
e,40,22,7,95,1996
f,12,1,5,41,1999
g,9,0,5,60,2001
h,14,6,2,70,2003
"""
# Command -> (its arguments, values of the options that change what it prints by themselves).
# {out} is a file of the run, {studies} the table above.
ASKED: dict[str, tuple[list[str], dict[str, list[str]]]] = {
    "flags": ([], {
        "target": ["malignancy"], "family": ["cancer_history"], "output_format": ["csv"],
    }),
    "lr": (["--flag", "cancer_history,age_50"], {
        "target": ["malignancy"], "setting": ["emergency"], "level": ["0.8"],
        "method": ["bayes"], "correction": ["all"], "output_format": ["csv"],
    }),
    "posttest": (["age_50", "--target", "fracture", "--setting", "primary_care"], {
        "pretest": ["1% to 2%"], "prevalence_id": ["henschke2009_any_serious"], "result": ["positive"],  # noqa: E501
        "interval": ["published"], "carry_over": [], "indirect": [], "level": ["0.8"],
        "method": ["bayes"], "correction": ["all"], "output_format": ["csv"],
    }),
    "risk": (["--present", "cancer_history,age_50"], {
        "absent": ["weight_loss_unexplained"], "setting": ["emergency"], "rho": ["0.5"],
        "dependence": ["bounds"], "pretest": ["2%"], "level": ["0.8"], "output_format": ["csv"],
    }),
    "reproduce": ([], {
        "claim": ["downie2013_malignancy_cancer_history_ed"], "pairs": [], "target": ["fracture"],
        "finding": ["differs"], "output_format": ["csv"],
    }),
    "reconstruct": (["--n", "1975", "--n-cases", "13", "--sensitivity", "31% (9-61)"], {
        "specificity": ["98%"], "lr_positive": ["14.7"], "posttest": ["50%"],
        "pretest": ["1%"], "pretest_odds": ["0.01"], "interval_methods": ["wilson"],
        "corrections": ["all"], "level": ["0.8"], "rounding": ["truncated"], "limit": ["3"],
        "output_format": ["csv"],
    }),
    "meta": (["{studies}"], {
        "likelihood": ["normal"], "estimator": ["reml"], "correction": ["all"],
        "formula": ["~ year"], "values": ["year=1995"], "structure": ["uncorrelated"],
        "without": ["c"], "bayes": [], "common": [], "univariate": ["odds_ratio"],
        "pretest": ["1%"], "level": ["0.8"], "seed": ["7"], "figure": ["{out}"],
        "kind": ["forest"], "output_format": ["csv"],
    }),
}  # fmt: skip
PAIRS = [
    pytest.param(name, pair, id=f"{name}-{'-'.join(pair)}")
    for name, (_, options) in ASKED.items()
    for pair in combinations(options, 2)
]


def _command(name: str) -> click.Command:
    with click.Context(cli) as context:
        found = cli.get_command(context, name)
    assert found is not None
    return found


def _flag(name: str, parameter: str) -> str:
    found = next(one for one in _command(name).params if one.name == parameter)
    return max(found.opts, key=len)


@pytest.fixture(scope="module")
def seen() -> dict[tuple[str, ...], tuple[object, ...]]:
    """What was printed for each command line, asked once."""
    return {}


@pytest.fixture
def ask_once(run, frozen_folder, tmp_path: Path, seen):
    def ask(name: str, options: tuple[str, ...]):
        key = (name, *options)
        if key not in seen:
            (tmp_path / "studies.csv").write_text(STUDIES, encoding="utf-8")
            out = tmp_path / "out.svg"
            arguments, values = ASKED[name]
            words = [*arguments]
            for option in options:
                words += [_flag(name, option), *values[option]]
            if any(one.name == "folder" for one in _command(name).params):
                words += ["--evidence", str(frozen_folder)]
            places = {"{studies}": tmp_path / "studies.csv", "{out}": out}
            ran = run(name, *[places.get(word, word) for word in words])
            figure = out.read_text(encoding="utf-8") if out.exists() else ""
            seen[key] = (ran.code, ran.out, ran.err.replace(str(tmp_path), ""), figure)
        return seen[key]

    return ask


@pytest.mark.parametrize(("name", "pair"), PAIRS)
def test_each_of_two_options_has_effect_or_is_refused(ask_once, name, pair):
    both = ask_once(name, pair)
    if both[0] == 2:
        assert both[2].startswith("Error: ") or "\nError: " in both[2]
        assert "Traceback" not in both[2]
        return
    for other, one in (pair, pair[::-1]):
        assert both != ask_once(name, (other,)), f"{one} has no effect beside {other}"
