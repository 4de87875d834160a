"""The explorer: one page to play with, without a server, that computes no statistics."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backpain_stats import __version__
from backpain_stats.errors import NotEstimableError
from backpain_stats.report.context import SETTING_LABELS, TARGET_LABELS
from backpain_stats.report.page import DISCLAIMER, environment

if TYPE_CHECKING:
    from backpain_stats.combine.all_patterns import PatternRatios
    from backpain_stats.combine.model import RiskModel
    from backpain_stats.evidence.loading import Evidence

__all__ = ["DRAWS", "dependence_models", "explorer_data", "write_explorer"]

# A quarter of the library's default: the page holds thousands of intervals. A power of two.
DRAWS = 1024
# Digits kept of each ratio; the page shows at most three.
DIGITS = 6


def dependence_models() -> dict[str, tuple[str, Any]]:
    """Return the dependence models of the page: id to label and model, the default first."""
    from backpain_stats.combine.bounds import Bounds
    from backpain_stats.combine.independent import Independent
    from backpain_stats.combine.maximum_entropy import MaximumEntropy
    from backpain_stats.combine.one_factor import OneFactor

    return {
        "one_factor": ("One shared factor, correlation 0.2 (default)", OneFactor()),
        "one_factor_0.4": ("One shared factor, correlation 0.4", OneFactor(0.4, 0.4)),
        "independent": ("Independent: the ratios are multiplied", Independent()),
        "maximum_entropy": (
            "Maximum entropy with the published combinations",
            MaximumEntropy(),
        ),
        "bounds": ("No assumption: the sharp bounds", Bounds()),
    }


def explorer_data(
    evidence: Evidence, progress: Callable[[str], None] = lambda message: None
) -> dict[str, Any]:
    """Return everything the page looks up, ready for JSON.

    Parameters
    ----------
    evidence : Evidence
        What has been published.
    progress : callable, optional
        Told what is computed next.

    Returns
    -------
    dict
        ``version``, ``models`` and ``cases``: one case a target and setting with
        at least one usable flag.
    """
    models = dependence_models()
    cases = []
    for target in TARGET_LABELS:
        for setting in SETTING_LABELS:
            if setting not in set(evidence.cohorts["setting"].dropna()):
                continue
            try:
                case = _case(evidence, target, setting, models, progress)
            except NotEstimableError:
                continue
            cases.append(case)
    listed = [
        {"id": name, "label": label, "about": model.describe()}
        for name, (label, model) in models.items()
    ]
    return {"version": __version__, "models": listed, "cases": cases}


def write_explorer(
    evidence: Evidence, path: Path, progress: Callable[[str], None] = lambda message: None
) -> Path:
    """Write the page; it opens from disk and needs no network."""
    data = explorer_data(evidence, progress)
    # "</" would end the script element that holds the data.
    text = json.dumps(data, separators=(",", ":"), allow_nan=False).replace("</", "<\\/")
    html = (
        environment()
        .get_template("explorer.html.j2")
        .render(
            title="Red flags in one patient",
            data=text,
            version=__version__,
            disclaimer=DISCLAIMER,
        )
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html, encoding="utf-8")
    return path


def _case(
    evidence: Evidence,
    target: str,
    setting: str,
    models: dict[str, tuple[str, Any]],
    progress: Callable[[str], None],
) -> dict[str, Any]:
    """Build one target and setting."""
    from backpain_stats.combine.all_patterns import pattern_ratios
    from backpain_stats.combine.model import RiskModel

    tables: dict[str, Any] = {}
    base = None
    for name, (label, dependence) in models.items():
        model = RiskModel(evidence, target, setting, dependence=dependence, draws=DRAWS)
        base = base or model
        progress(f"{TARGET_LABELS[target]}, {SETTING_LABELS[setting]}: {label.lower()}")
        ratios = pattern_ratios(model)
        tables[name] = _table(ratios)
    assert base is not None  # there is always at least one dependence model
    return {
        "target": target,
        "target_label": TARGET_LABELS[target],
        "setting": setting,
        "setting_label": SETTING_LABELS[setting],
        "pretest": base.entries.pretest.estimate,
        "pretest_source": base.entries.pretest_source,
        "flags": _flags(evidence, base),
        "warnings": _warnings(base),
        "refused": ratios.refused,
        "tables": tables,
    }


def _number(value: float) -> float | str | None:
    """Return a ratio as JSON can hold it."""
    if math.isnan(value):
        return None
    return "inf" if math.isinf(value) else float(f"{value:.{DIGITS}g}")


def _table(ratios: PatternRatios) -> dict[str, Any]:
    table: dict[str, Any] = {
        "lr": [_number(value) for value in ratios.lr],
        "low": [_number(value) for value in ratios.low],
        "high": [_number(value) for value in ratios.high],
    }
    if ratios.factors is not None:
        table["contributions"] = [[_number(value) for value in row] for row in ratios.factors]
    return table


def _flags(evidence: Evidence, model: RiskModel) -> list[dict[str, Any]]:
    """Return what the page shows of each flag, its sources included."""
    sources = evidence.sources.set_index("source_id")
    cohorts = evidence.cohorts.set_index("cohort_id")
    rows = []
    for row in model.flags.to_dict("records"):
        reports = evidence.accuracy[
            (evidence.accuracy["flag_id"] == row["flag_id"])
            & (evidence.accuracy["cohort_id"] == row["cohort_id"])
        ].iloc[0]
        quoted = reports["quotes"] if isinstance(reports["quotes"], str) else reports["reported_in"]
        doi = sources["doi"].get(quoted)
        counts = {key: int(row[key]) if row[key] == row[key] else None for key in ("n", "n_cases")}
        rows.append(
            {
                "id": row["flag_id"],
                "label": row["label"],
                "study": str(cohorts.loc[row["cohort_id"], "study_id"]),
                "sensitivity": float(row["sensitivity"]),
                "specificity": float(row["specificity"]),
                "lr_positive": _number(float(row["lr_positive"])),
                "lr_negative": _number(float(row["lr_negative"])),
                "reported_in": str(reports["reported_in"]),
                "doi": doi if isinstance(doi, str) else None,
                **counts,
            }
        )
    return rows


def _warnings(model: RiskModel) -> list[str]:
    """Say what a reader must know of this target and setting."""
    cases = model.flags["n_cases"].dropna()
    few = [] if cases.empty else [f"The sensitivities rest on as few as {int(cases.min())} cases."]
    return [*few, *(f"{note.about}: {note.text}." for note in model.entries.notes)]
