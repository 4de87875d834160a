"""The versions that pyproject.toml declares are those that the smoke part runs on."""

from __future__ import annotations

import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from lowest_versions import EXTRAS, OLD_ENOUGH, PYPROJECT, lowest_versions
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]


def test_every_requirement_has_a_lowest_version_and_what_is_here_allows_it():
    extras = [one for name in EXTRAS for one in PROJECT["optional-dependencies"][name]]
    wanted = [Requirement(text) for text in [*PROJECT["dependencies"], *extras]]
    lowest = dict(one.split("==") for one in lowest_versions(PROJECT) if one not in OLD_ENOUGH)
    assert list(lowest) == [one.name for one in wanted]
    for requirement in wanted:
        assert requirement.specifier.contains(lowest[requirement.name])
        # The lowest: nothing below it is allowed.
        below = Version(f"{lowest[requirement.name]}.dev0")
        assert not requirement.specifier.contains(below, prereleases=True)
        assert requirement.specifier.contains(version(requirement.name))


def test_a_requirement_without_a_lower_bound_is_named():
    project = {**PROJECT, "dependencies": ["numpy"]}
    with pytest.raises(SystemExit, match=r"no lowest version of: \['numpy'\]"):
        lowest_versions(project)


def test_the_smoke_part_and_its_jobs_are_there():
    listed = (ROOT / "tests" / "smoke.txt").read_text("utf-8").split()
    assert listed == [path for path in listed if (ROOT / path).exists()]
    workflow = (ROOT / ".github" / "workflows" / "tests.yml").read_text("utf-8")
    assert 'versions: lowest, python: "3.11"' in workflow
    assert workflow.count("versions: newest") == 2
