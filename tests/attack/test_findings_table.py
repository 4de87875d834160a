"""Every test that FINDINGS.md names is there, and every fault has one."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = Path(__file__).with_name("FINDINGS.md").read_text(encoding="utf-8")
ROWS = [row.split(" | ") for row in TABLE.splitlines() if row.startswith("| ")][1:]


@pytest.mark.parametrize(("fault", "tests"), ROWS, ids=range(1, len(ROWS) + 1))
def test_a_fault_has_tests_that_exist(fault, tests):
    named = re.findall(r"`(\S+\.py)::(\w+)`", tests)
    assert named, fault
    for path, name in named:
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), f"{path}::{name}"


def test_no_fault_is_left_out():
    assert len(ROWS) == 29
