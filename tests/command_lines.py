"""Command lines that the tests of options ask, and what every command declares."""

from __future__ import annotations

from collections.abc import Iterator

import click

from backpain_stats.cli import cli
from backpain_stats.cli.options import CheckedCommand

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
LISTED = {"target": ["malignancy"], "setting": ["emergency"], "output_format": ["csv"]}
# Command -> (its words, values of options that change what it prints).
# {out} is a file of the run, {studies} the table above, {frozen} the frozen evidence.
ASKED: dict[str, tuple[list[str], dict[str, list[str]]]] = {
    "check": (["{frozen}"], {"add": [], "output_format": ["json"]}),
    "evidence cohorts": ([], LISTED),
    "evidence flags": ([], LISTED),
    "flags": ([], {
        "target": ["malignancy"], "family": ["cancer_history"], "output_format": ["csv"],
    }),
    "lr": (["--flag", "iv_drug_use,anal_tone_reduced,age_50"], {
        "target": ["cauda_equina"], "setting": ["emergency"], "level": ["0.8"],
        "method": ["bayes"], "correction": ["all"], "output_format": ["csv"],
    }),
    "posttest": (["age_50"], {
        "pretest": ["1% to 2%"], "prevalence_id": ["deyo1988_malignancy"],
        "target": ["fracture"], "setting": ["primary_care"], "result": ["positive"],
        "interval": ["published"], "carry_over": [], "indirect": [], "level": ["0.8"],
        "method": ["bayes"], "correction": ["all"], "output_format": ["csv"],
    }),
    "reconstruct": (["--n", "200", "--n-cases", "10-20", "--sensitivity", "0.6 (0.3-0.9)"], {
        "specificity": ["0.97"], "lr_positive": ["19"], "posttest": ["0.5"],
        "pretest": ["5%"], "pretest_odds": ["0.05"], "interval_methods": ["wald"],
        "corrections": ["all"], "level": ["0.9"], "rounding": ["truncated"], "limit": ["1"],
        "output_format": ["csv"],
    }),
    "reproduce": ([], {
        "claim": ["downie2013_malignancy_cancer_history_ed"], "pairs": [], "target": ["fracture"],
        "finding": ["differs"], "output_format": ["csv"],
    }),
    "risk": (["--present", "cancer_history,age_50"], {
        "absent": ["weight_loss_unexplained"], "setting": ["emergency"], "rho": ["0.5"],
        "dependence": ["bounds"], "pretest": ["2%"], "level": ["0.8"], "output_format": ["csv"],
    }),
    "sources": ([], {"form": ["ris"]}),
    "meta": (["{studies}"], {
        "likelihood": ["normal"], "estimator": ["reml"], "correction": ["all"],
        "formula": ["~ year"], "values": ["year=1995"], "structure": ["uncorrelated"],
        "without": ["c"], "bayes": [], "common": [], "univariate": ["odds_ratio"],
        "pretest": ["1%"], "level": ["0.8"], "seed": ["7"], "figure": ["{out}"],
        "kind": ["forest"], "output_format": ["csv"],
    }),
}  # fmt: skip
# What an option works on, where that is no rule of the command: one of these is given with it.
WORKS_ON = [
    # A pre-test to apply the ratio to, and other reports than those of the setting.
    ("posttest", "indirect", ["pretest", "prevalence_id"]),
    ("posttest", "indirect", ["carry_over"]),
    ("reconstruct", "posttest", ["pretest", "pretest_odds"]),
]
# Pairs that no data here can tell, and why.
NOT_TOLD = {
    ("posttest", "target", "indirect"): "no report of the flag for the other target is indirect",
    **{
        ("posttest", "target", option): "the report for the other target prints no denominators"
        for option in ("level", "method", "correction")
    },
}
# Commands that build much: an option shall reach what builds (called in its place: a record).
BUILT: dict[str, tuple[list[str], dict[str, list[str]]]] = {
    "panel": (["--target", "malignancy", "--setting", "primary_care", "--out", "{out}"], {
        "prevalences": ["1%"], "per": ["100"], "benefit": ["9"], "harm": ["2"],
        "test_harm": ["1"], "judgements": ["{studies}"], "level": ["0.8"], "force": [],
        "folder": ["{frozen}"], "add": [], "flags": ["age_50"], "families": ["age"],
        "rules": ["deyo1988_any_of_4"], "action": ["MRI"],
    }),
    "report": (["--out", "{out}"], {
        "explorer": [], "force": [], "folder": ["{frozen}"], "add": [],
    }),
    "explorer": (["--out", "{out}"], {"force": [], "folder": ["{frozen}"], "add": []}),
    "diff": (["--evidence", "{frozen}"], {
        "other": ["{frozen}"], "add": [], "tolerance": ["0.1"], "page": ["{out}"],
        "output_format": ["csv"],
    }),
    "template": (["{out}"], {"force": []}),
    "evidence export": (["{out}"], {"force": []}),
    "evidence add": (["{out}", "--tables", "{studies}", "--source", "x"], {
        "target": ["malignancy"], "setting": [""], "flag": ["f"], "study": ["s"], "kind": ["k"],
        "what_was_read": ["table"], "category": ["c"], "replaces": ["r"], "values": ["note=n"],
    }),
}  # fmt: skip


def commands(group: click.Group = cli, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its name as it is typed."""
    with click.Context(group) as context:
        for name in group.list_commands(context):
            found = group.get_command(context, name)
            if isinstance(found, click.Group):
                yield from commands(found, f"{before}{name} ")
            elif found is not None:
                yield f"{before}{name}", found


COMMANDS = dict(commands())


def rules_of(name: str) -> tuple[object, ...]:
    """Return the rules of a command, which is of the kind that has some."""
    found = COMMANDS[name]
    assert isinstance(found, CheckedCommand)
    return found.rules


def parameter(name: str, option: str) -> click.Parameter:
    """Return a parameter of a command."""
    return next(one for one in COMMANDS[name].params if one.name == option)


def words_of(name: str, option: str, value: list[str]) -> list[str]:
    """Return an option as it is typed."""
    found = parameter(name, option)
    if option == "explorer":
        return ["--no-explorer"]
    return [max(found.opts, key=len), *value]
