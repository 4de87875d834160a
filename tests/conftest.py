"""What tests of several rooms share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from backpain_stats import Evidence, load_evidence


@pytest.fixture(scope="session")
def evidence() -> Evidence:
    """Load the packaged evidence once; no test changes its frames in place."""
    return load_evidence()


class Explorer(NamedTuple):
    """The explorer as written for the packaged evidence: its page, and the data inside it."""

    page: Path
    data: dict


@pytest.fixture(scope="session")
def explorer(tmp_path_factory: pytest.TempPathFactory) -> Explorer:
    """Write the explorer once for all tests that look at it."""
    from backpain_stats.report.explorer import write_explorer

    page = write_explorer(load_evidence(), tmp_path_factory.mktemp("explorer") / "explorer.html")
    text = page.read_text(encoding="utf-8")
    inside = text.split('<script id="data" type="application/json">')[1].split("</script>")[0]
    return Explorer(page, json.loads(inside, parse_constant=pytest.fail))
