"""The explorer: one page to play with, without a server, that computes no statistics.

Everything the page shows was computed here: for every target and setting, the
likelihood ratio of every pattern of findings with its interval, under every
dependence model. The page looks a ratio up and applies it to the pre-test odds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from backpain_stats import __version__
from backpain_stats.combine.dependence.registry import offers
from backpain_stats.combine.risk.all_patterns import PatternRatios, pattern_ratios
from backpain_stats.combine.risk.model import RiskModel
from backpain_stats.combine.risk.pattern_risks import IMPOSSIBLE
from backpain_stats.combine.risk.posterior import point_marginals
from backpain_stats.errors import ArgumentError, NotEstimableError
from backpain_stats.evidence import (
    Setting,
    Target,
)
from backpain_stats.outputs import Stamp, output_folder
from backpain_stats.published import likelihood_ratios, setting_prevalence
from backpain_stats.report.page.build import json_script, render
from backpain_stats.report.page.origin import reported_doi
from backpain_stats.report.page.plain import PlainWords
from backpain_stats.sampling import DEFAULT_SEED

if TYPE_CHECKING:
    from backpain_stats.combine.dependence.base import Dependence
    from backpain_stats.combine.inputs.entries import Entry
    from backpain_stats.evidence import Evidence

__all__ = [
    "DIGITS",
    "OFFERED",
    "explorer_data",
    "explorer_page",
    "page_models",
    "published_model",
    "write_explorer",
]

# Digits kept of each ratio. The page shows three; at eight, rounding twice does not show.
DIGITS = 8
# Flags offered of one target and setting, those with the most cases first. Each further one
# would triple the page: 3**7 patterns under four models are half a megabyte.
OFFERED = 7


@dataclass(frozen=True, slots=True)
class PageModel:
    """A dependence model as the page offers it; ``caution`` is said of several findings."""

    id: str
    label: str
    dependence: Dependence
    caution: str = ""


def page_models() -> tuple[PageModel, ...]:
    """Return the dependence models of the page, the default first."""
    return tuple(
        PageModel(one.key or one.label, one.sentence or one.label, one.dependence, one.caution)
        for one in offers("explorer", default_first=True)
    )


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
        ``version``, ``impossible`` (a sentence), ``models`` and ``cases``: one case a
        target and setting with at least one usable flag. In ``cases[i]["tables"][model]`` the lists
        ``lr``, ``low``, ``high`` and ``factors`` follow the rows of
        :class:`~backpain_stats.combine.risk.all_patterns.PatternRatios`; a row of
        ``factors`` names the assessed flags only. What is missing is null, an
        infinite ratio ``"inf"``.

    Raises
    ------
    NotEstimableError
        If no target and setting has a usable flag.
    """
    plain = PlainWords(evidence)
    cases = []
    studied = set(zip(evidence.cohorts["target"], evidence.cohorts["setting"], strict=True))
    for target, target_label in evidence.target_labels.items():
        for setting, setting_label in evidence.setting_labels.items():
            if (target, setting) not in studied:
                continue
            try:
                model = published_model(evidence, target, setting)
            except NotEstimableError:
                continue
            progress(f"{target_label}, {setting_label}")
            cases.append(_case(evidence, model, plain, (target_label, setting_label)))
    if not cases:
        raise NotEstimableError("no flag of this evidence has a usable report: nothing to explore")
    models = [
        {
            "id": one.id,
            "label": one.label,
            "about": one.dependence.describe(),
            "caution": one.caution,
            "uses_combinations": one.dependence.uses_combinations,
        }
        for one in page_models()
    ]
    return {
        "version": __version__,
        "impossible": plain(IMPOSSIBLE),
        "models": models,
        "cases": cases,
    }


def explorer_page(data: dict[str, Any], stamp: Stamp | None = None) -> str:
    """Return the page around the data of :func:`explorer_data`; the stamp stands at its foot."""
    return render(
        "explorer.html.j2",
        styles=("style.css", "explorer.css"),
        script="explorer.js",
        stamp=stamp,
        title="Red flags in one patient",
        data=json_script(data),
    )


def write_explorer(
    evidence: Evidence,
    path: str | PathLike[str],
    progress: Callable[[str], None] = lambda message: None,
    *,
    stamp: Stamp | None = None,
    force: bool = False,
) -> Path:
    """Write the page; it opens from disk and needs no network.

    Parameters
    ----------
    evidence : Evidence
        What has been published.
    path : path
        The page. A manifest beside it lets the next run know that it is this package's.
    progress : callable, optional
        Told what is computed next.
    stamp : Stamp, optional
        What made it, printed at its foot.
    force : bool, default False
        Replace a file that no earlier run wrote.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    NotEstimableError
        If the evidence has no usable flag.
    ArgumentError
        If the page cannot be written, or a file of another stands there.
    """
    page = Path(path)
    stamp = stamp or Stamp(data_version=evidence.version, seed=DEFAULT_SEED)
    if page.is_dir():
        raise ArgumentError(f"{str(page)!r} is a folder; give the name of the page to write")
    with output_folder(page.parent, stamp, page=page.name, whole=False, force=force) as run:
        text = explorer_page(explorer_data(evidence, progress), stamp)
        (run.folder / page.name).write_text(text, encoding="utf-8", newline="\n")
    return page


def published_model(evidence: Evidence, target: Target, setting: Setting) -> RiskModel:
    """Return the risk model of the flags offered; its pre-test is fixed and plays no part.

    Everything else is the library's default, the draws behind the intervals
    included, so that page and library print the same interval. A published
    prevalence is the page's suggestion, not a condition: where there is none the
    flags are offered all the same, and the reader sets the pre-test.

    Raises
    ------
    NotEstimableError
        If no flag of this target and setting has a usable report.
    """

    def model(flags: list[str] | None = None) -> RiskModel:
        return RiskModel(evidence, target, setting, flags=flags, pretest=0.5)

    everything = model()
    if len(everything.entries.flags) <= OFFERED:
        return everything
    ranked = everything.flags.sort_values("n_cases", ascending=False, kind="stable")
    return model(sorted(ranked["flag_id"].head(OFFERED)))


def _case(
    evidence: Evidence, model: RiskModel, plain: PlainWords, labels: tuple[str, str]
) -> dict[str, Any]:
    """Build one target and setting."""
    entries = model.entries
    tables = {}
    refused: dict[int, str] = {}
    for one in page_models():
        if not one.dependence.says_more(combinations=bool(entries.combinations)):
            continue
        ratios = pattern_ratios(model.with_dependence(one.dependence))
        tables[one.id] = _table(ratios)
        refused |= {row: why for row, why in ratios.refused.items() if why != IMPOSSIBLE}
    reasons = list(dict.fromkeys(refused.values()))
    return {
        "target": entries.target,
        "target_label": labels[0],
        "setting": entries.setting,
        "setting_label": labels[1],
        **_suggestion(evidence, model, plain),
        "flags": _flags(evidence, model, plain),
        "left_out": _left_out(evidence, model, plain),
        "findings": [list(finding) for finding in point_marginals(entries).findings],
        "combinations": [
            plain(note.text) for note in entries.notes if note.about == "combinations"
        ],
        "reasons": [plain(reason) for reason in reasons],
        "refused": {row: reasons.index(reason) for row, reason in refused.items()},
        "tables": tables,
    }


def _number(value: float) -> float | str | None:
    """Return a ratio as JSON can hold it."""
    if math.isnan(value):
        return None
    return "inf" if math.isinf(value) else float(f"{value:.{DIGITS}g}")


def _table(ratios: PatternRatios) -> dict[str, Any]:
    table: dict[str, Any] = {
        name: [_number(value) for value in getattr(ratios, name)] for name in ("lr", "low", "high")
    }
    table["impossible"] = [row for row, why in ratios.refused.items() if why == IMPOSSIBLE]
    if ratios.factors is not None:
        assessed = ratios.digits > 0
        table["factors"] = [
            [_number(value) for value in row[own]]
            for row, own in zip(ratios.factors, assessed, strict=True)
        ]
    return table


def _suggestion(evidence: Evidence, model: RiskModel, plain: PlainWords) -> dict[str, Any]:
    """Return the published prevalence as a suggested pre-test, or why there is none."""
    target, setting = model.entries.target, model.entries.setting
    try:
        if not target or not setting:
            raise NotEstimableError("the model is of no published setting")
        found = setting_prevalence(evidence, target, setting)
    except NotEstimableError:
        text = "No prevalence was published for this setting: set the pre-test probability."
        return {"pretest": None, "pretest_source": text, "pretest_warning": ""}
    return {
        "pretest": found.estimate,
        "pretest_source": plain(found.source),
        "pretest_warning": plain(found.warning) if found.warning else "",
    }


def _flags(evidence: Evidence, model: RiskModel, plain: PlainWords) -> list[dict[str, Any]]:
    """Return what the page shows of each flag, its sources included."""
    rows = []
    reports = evidence.select(model.entries.target or None, model.entries.setting or None).accuracy
    for entry, row in zip(model.entries.entries, model.flags.to_dict("records"), strict=True):
        notes = [plain(note.text) for note in model.entries.notes if note.about == entry.flag_id]
        if not entry.accuracy.tables and entry.accuracy.studies == 1:
            notes.append("Printed without counts: the interval leaves out how uncertain it is.")
        rows.append(
            {
                "id": entry.flag_id,
                "label": entry.label,
                "sensitivity": float(row["sensitivity"]),
                "specificity": float(row["specificity"]),
                "n": None if pd.isna(row["n"]) else int(row["n"]),
                "n_cases": None if pd.isna(row["n_cases"]) else int(row["n_cases"]),
                "notes": notes,
                "sources": _sources(evidence, reports, entry, plain),
            }
        )
    return rows


def _sources(
    evidence: Evidence, reports: pd.DataFrame, entry: Entry, plain: PlainWords
) -> list[dict[str, Any]]:
    """Return study, page read and DOI of the report behind a flag; of all, if they were pooled."""
    own = [entry.accuracy.labels.get("report_id")]
    if not own[0]:
        found = likelihood_ratios(evidence.select(flag=entry.flag_id))
        own = list(found.loc[found["usable"] & found["counted"], "report_id"])
    reports = reports.loc[reports["report_id"].isin(own), ["report_id", "cohort_id"]]
    studies = evidence.cohorts.set_index("cohort_id")["study_id"]
    sources = []
    for row in reported_doi(evidence, reports).to_dict("records"):
        study, quoted = studies[row["cohort_id"]], row["quotes"]
        quoting = (
            "" if pd.isna(quoted) or quoted == study else f", quoting {plain.citation(quoted)}"
        )
        sources.append(
            {
                "study": plain.citation(study),
                "read_in": plain.citation(row["reported_in"]) + quoting,
                "doi": None if pd.isna(row["doi"]) else str(row["doi"]),
            }
        )
    return sources


def _left_out(evidence: Evidence, model: RiskModel, plain: PlainWords) -> list[dict[str, str]]:
    """Return the reported flags that are not offered, and why."""
    entries = model.entries
    reported = evidence.select(entries.target or None, entries.setting or None).accuracy["flag_id"]
    labels = evidence.flags.set_index("flag_id")["label"]
    room = f"more than the {OFFERED} flags this page holds; fewer cases stand behind it"
    return [
        {"label": str(labels[flag]), "reason": plain(entries.unusable.get(flag, room))}
        for flag in sorted(set(reported) - set(entries.flags))
    ]
