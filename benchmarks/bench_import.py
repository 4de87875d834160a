"""How long it takes to import the package, as whole processes."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

USUAL = "from backpain_stats import RiskModel, TwoByTwo, fit_bivariate, load_evidence, reconstruct"
PEER = "import pandas, scipy.stats"


def _run(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)


def cases() -> list[dict[str, Any]]:
    """Return the import of the package alone, and with its main names in use."""
    return [
        {
            "name": "a new Python that imports the package",
            "callable": lambda: _run("import backpain_stats"),
            "peer_name": "imports pandas and scipy.stats",
            "peer_callable": lambda: _run(PEER),
            "repeats": 9,
        },
        {
            "name": "a new Python that imports five of its main names",
            "callable": lambda: _run(USUAL),
            "peer_name": "imports pandas and scipy.stats",
            "peer_callable": lambda: _run(PEER),
            "repeats": 9,
        },
    ]
