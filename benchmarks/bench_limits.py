"""Whole jobs beside the most they may cost, most in units of one new Python with pandas."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from bench_combine import own_flags, patients
from bench_reconstruct import new_python

from backpain_stats import (
    Evidence,
    RiskModel,
    compare_tests,
    fit_thresholds,
    load_evidence,
    value_of_information,
)

DESIGNS = Path(__file__).resolve().parents[1] / "tests" / "oracles" / "designs"
UNIT = "a new Python imports pandas and scipy.stats"
EFFECTIVE_SIZE = 4000


def command(*words: str) -> None:
    """Run a command of the package in a new Python."""
    call = [sys.executable, "-m", "backpain_stats", *words]
    subprocess.run(call, check=True, capture_output=True)


def report() -> None:
    """Build the whole report, figures and explorer included, in a new Python."""
    with tempfile.TemporaryDirectory() as folder:
        command("report", "--out", str(Path(folder) / "report"))


def published_patient(evidence: Evidence | None = None) -> None:
    """Give the risk of one patient with five findings: model made, posterior drawn, asked."""
    model = RiskModel(evidence or load_evidence(), "malignancy", "primary_care")
    flags = model.entries.flags
    model.risk(flags[:2], flags[2:])


def cases() -> list[dict[str, Any]]:
    """Return what to time, and the most that each may cost in times of its peer; see run.py."""
    asked, fresh = own_flags(6), partial(own_flags, 6)
    flags, many = asked.entries.flags, patients(asked)
    ascus, feno = (pd.read_csv(DESIGNS / f"{name}.csv") for name in ("ascus", "feno"))
    bayes = {"inference": "bayes", "effective_size": EFFECTIVE_SIZE}
    panel = own_flags(10)
    of_unit = [
        ("one patient, five findings of the shipped evidence, all from nothing", None,
         published_patient),
        ("the same, the evidence loaded and its flags pooled", 0.25,
         partial(published_patient, load_evidence())),
        ("one patient, six findings, posterior drawn already", 0.07,
         lambda: asked.risk(flags[:3], flags[3:])),
        ("several thresholds, 29 studies, 150 rows (FENO)", 2,
         lambda: fit_thresholds(feno, inconsistent="drop")),
        (f"the same thresholds, Bayesian, effective size {EFFECTIVE_SIZE:,}", 10,
         lambda: fit_thresholds(feno, inconsistent="drop", **bayes)),
        ("two tests in the same patients, 10 studies (ASCUS)", None, lambda: compare_tests(ascus)),
        (f"the same, Bayesian, effective size {EFFECTIVE_SIZE:,}", 10,
         lambda: compare_tests(ascus, **bayes)),
        ("value of information, ten flags, eight study sizes", 30,
         lambda: value_of_information(panel, threshold=0.1)),
        ("backpain-stats risk, one finding, in a new Python", None,
         partial(command, "risk", "--present", "cancer_history")),
        ("backpain-stats report, explorer and figures included", 10, report),
    ]  # fmt: skip
    rows: list[dict[str, Any]] = [
        {"name": name, "callable": job, "at_most": limit, "peer_name": UNIT,
         "peer_callable": new_python, "repeats": 3}
        for name, limit, job in of_unit
    ]  # fmt: skip
    one = "one patient of the same model"
    return [
        *rows,
        {
            "name": "10,000 patients, six findings, posterior drawn already",
            "callable": lambda: asked.risks(many),
            "peer_name": one,
            "peer_callable": lambda: asked.risk(flags[:3], flags[3:]),
            "at_most": 20,
        },
        {
            "name": "10,000 patients, six findings, posterior drawn for them",
            "callable": lambda: fresh().risks(many),
            "peer_name": one,
            "peer_callable": lambda: fresh().risk(flags[:3], flags[3:]),
            "at_most": 20,
        },
    ]
