"""Commands that read an evidence are asked about the frozen one."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def ask(run, frozen_folder: Path):
    """Run a command on the frozen evidence."""

    def command(name: str, *arguments: object):
        return run(name, *arguments, "--evidence", frozen_folder)

    return command
