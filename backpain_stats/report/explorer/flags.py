"""What the explorer holds of each flag: its draws, its counts, its notes and its sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from backpain_stats.combine.risk.model import RiskModel
from backpain_stats.published import likelihood_ratios
from backpain_stats.report.explorer.draws import packed_flags
from backpain_stats.report.explorer.words import answers
from backpain_stats.report.page.origin import reported_doi
from backpain_stats.report.page.plain import PlainWords

if TYPE_CHECKING:
    from backpain_stats.combine.inputs.entries import Entry
    from backpain_stats.evidence import Evidence

__all__ = ["flags_of"]


def flags_of(evidence: Evidence, model: RiskModel, plain: PlainWords) -> list[dict[str, Any]]:
    """Return what the page shows of each flag, its sources included."""
    rows = []
    reports = evidence.select(model.entries.target or None, model.entries.setting or None).accuracy
    average = packed_flags(model.posterior)
    new = packed_flags(model.new_practice or model.posterior)
    entries = zip(model.entries.entries, model.flags.to_dict("records"), strict=True)
    for place, (entry, row) in enumerate(entries):
        notes = [plain(note.text) for note in model.entries.notes if note.about == entry.flag_id]
        if not entry.accuracy.tables and entry.accuracy.studies == 1:
            notes.append("Printed without counts: the interval leaves out how uncertain it is.")
        rows.append(
            {
                "id": entry.flag_id,
                "label": entry.label,
                **answers(entry.flag_id, entry.label)._asdict(),
                "average": average[place],
                "new": new[place],
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
