"""Workflows and issue forms are well-formed, and do what README and evidence say."""

import re
from pathlib import Path

import pytest
import yaml

from backpain_stats.evidence import TABLES

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted((GITHUB / "ISSUE_TEMPLATE").glob("[!c]*.yml"))


def load(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=[path.stem for path in WORKFLOWS])
def test_a_workflow_asks_for_no_more_than_it_needs(path):
    workflow = load(path)
    assert "write" not in str(workflow.get("permissions", "")), "only the job that needs it"
    for job in workflow["jobs"].values():
        assert all(value in ("read", "write") for value in job.get("permissions", {}).values())
        used = [step["uses"] for step in job["steps"] if "uses" in step]
        assert all(re.fullmatch(r"[\w-]+/[\w-]+@[\w./]+", action) for action in used)


def test_the_readme_is_pasted_on_every_system():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```(?:sh|powershell)\n(.*?)```", readme, re.S)
    pasted = [block for block in blocks if not block.startswith("make")]
    jobs = load(GITHUB / "workflows" / "readme.yml")["jobs"]
    run = {name: "\n".join(s.get("run", "") for s in job["steps"]) for name, job in jobs.items()}
    assert len(pasted) == 4
    for block in pasted:
        assert any(block.strip() in text for text in run.values()), block
    commands = next(block for block in pasted if block.startswith("backpain-stats"))
    assert all(commands.strip() in text for text in run.values())


@pytest.mark.parametrize("path", FORMS, ids=[path.stem for path in FORMS])
def test_a_form_is_one_that_can_be_filled_in(path):
    form = load(path)
    assert {"name", "description", "body"} <= set(form)
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert len({field["id"] for field in fields}) == len(fields) > 3
    assert all(field["attributes"]["label"] for field in fields)
    assert sum(field.get("validations", {}).get("required", False) for field in fields) >= 4


def test_a_new_study_is_read_in_the_words_of_the_evidence():
    (read,) = [
        field for field in load(GITHUB / "ISSUE_TEMPLATE" / "new_study.yml")["body"]
        if field.get("id") == "read"
    ]  # fmt: skip
    (column,) = [c for c in TABLES["sources"].columns if c.name == "what_was_read"]
    assert set(read["attributes"]["options"]) == set(column.allowed)
