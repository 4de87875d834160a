"""The command line as a whole: its overview, and what happens when things go wrong."""

from __future__ import annotations

import pytest

from backpain_stats import cli
from backpain_stats.cli import COMMANDS


def test_the_overview_lists_every_command_with_its_line(run):
    code, out, _ = run("--help")
    assert code == 0
    listed = out.split("Commands:")[1]
    for name, (_, line) in COMMANDS.items():
        assert " ".join(f"{name} {line}".split()) in " ".join(listed.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_overview_is_there_and_helps(run, name):
    code, out, _ = run(name, "--help")
    assert code == 0
    assert f"backpain-stats {name}" in out.split("\n\n")[0]
    assert f"backpain-stats {name} " in out.split("\n\n", 1)[1]  # an example to type


@pytest.mark.parametrize(
    ("typed", "hint"), [("reprot", "Did you mean report?"), ("zzz", "Commands: check, ")]
)
def test_a_command_that_does_not_exist(run, typed, hint):
    code, out, err = run(typed)
    assert (code, out) == (2, "")
    assert f"No such command '{typed}'." in err
    assert hint in err
    assert ("Did you mean" in err) == (typed == "reprot")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (
            PermissionError(13, "Permission denied", "table.csv"),
            "file table.csv: Permission denied",
        ),
        (OSError("the disk is full"), "cannot use the file: the disk is full"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_message(run, monkeypatch, fault, words):
    def fail(*_args, **_options):
        raise fault

    monkeypatch.setattr(cli, "cli", fail)
    code, out, err = run("lr")
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


def test_a_fault_of_the_package_is_not_taken_for_a_mistake(run, monkeypatch):
    def fail(*_args, **_options):
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "cli", fail)
    with pytest.raises(ZeroDivisionError):
        run("lr")
