"""Reconstruction of 2x2 tables: one report, unknown cases, the whole evidence."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np

from backpain_stats import Evidence, load_evidence, reconstruct, reproduce
from backpain_stats.published import published_reports


def one_report() -> int:
    """Return the number of tables behind a report of 1975 patients, 13 cases."""
    return reconstruct(
        n=1975, n_cases=13, sensitivity="0.31", specificity="0.98", lr_positive="14.7"
    ).count


def one_report_by_brute_force() -> int:
    """Try every table of the same margins, in floating point."""
    tp, fp = np.meshgrid(np.arange(14), np.arange(1963), indexing="ij")
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (tp / 13) / (fp / 1962)
    good = np.abs(tp / 13 - 0.31) <= 0.005
    good &= np.abs(1 - fp / 1962 - 0.98) <= 0.005
    good &= np.abs(ratio - 14.7) <= 0.05
    return int(good.sum())


def unknown_cases() -> int:
    """Return the number of tables of 10,000 patients with any number of cases."""
    return reconstruct(n=10_000, sensitivity="0.31", specificity="0.98").count


def unknown_cases_four_figures() -> int:
    """Return the same when four figures are printed."""
    return reconstruct(
        n=10_000, sensitivity="0.310", specificity="0.980", ppv="0.120", lr_positive="14.7"
    ).count


def unknown_cases_interval() -> int:
    """Return the same when the interval of the sensitivity is printed."""
    return reconstruct(n=10_000, sensitivity="0.75 (0.53-0.90)", specificity="0.98").count


def whole_evidence(evidence: Evidence) -> int:
    """Read and reconstruct every report of flags and combinations, none remembered."""
    fresh = replace(evidence)
    return sum(
        len(report.cells)
        for kind in ("flag", "combination")
        for report in published_reports(fresh, kind).values()
    )


def whole_ledger(evidence: Evidence) -> int:
    """Recompute every claim of the evidence, the reconstruction of its reports included."""
    return len(reproduce(replace(evidence)))


def new_python() -> None:
    """Start a Python that imports pandas and scipy.stats: the unit of the two above."""
    subprocess.run([sys.executable, "-c", "import pandas, scipy.stats"], check=True)


def cases() -> list[dict[str, Any]]:
    """Return what the collector times."""
    evidence = load_evidence()
    plain = [
        ("one report (n 1975, 13 cases, 3 figures)", one_report,
         "every table of the margins, NumPy floats", one_report_by_brute_force),
        ("n 10,000, cases unknown, 2 figures", unknown_cases, None, None),
        ("n 10,000, cases unknown, 4 figures", unknown_cases_four_figures, None, None),
        ("n 10,000, cases unknown, 2 figures and an interval", unknown_cases_interval, None, None),
        ("whole evidence read and reconstructed", lambda: whole_evidence(evidence),
         "a new Python imports pandas and scipy.stats", new_python),
        ("whole ledger of published claims", lambda: whole_ledger(evidence),
         "a new Python imports pandas and scipy.stats", new_python),
    ]  # fmt: skip
    names = ("name", "callable", "peer_name", "peer_callable")
    return [dict(zip(names, one, strict=True)) for one in plain]
