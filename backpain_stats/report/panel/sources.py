"""Where every number of the panel's pages was read, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from backpain_stats.decide.bodies import EvidenceBody
    from backpain_stats.decide.scenarios import Scenario
    from backpain_stats.evidence import Evidence

__all__ = ["source_table"]

_SHOWN = (
    *("tp", "fp", "fn", "tn", "sensitivity", "specificity", "false_positive_rate"),
    *("test_positive_rate", "ppv", "npv", "lr_positive", "lr_negative"),
)
COLUMNS = ("report_id", "about", "printed", "read_in", "quotes", "doi", "note")


def source_table(
    evidence: Evidence, bodies: Sequence[EvidenceBody], scenarios: Sequence[Scenario]
) -> pd.DataFrame:
    """Return one row a report or prevalence: what was printed, where it was read.

    A figure that was read second-hand says so: ``read_in`` is the page where it was read, of
    which kind that is, and ``quotes`` the original, which was not read.
    """
    sources = evidence.sources.set_index("source_id").to_dict("index")
    rules = evidence.combinations.rename(columns={"combination_id": "report_id"})
    reports = pd.concat([evidence.accuracy, rules], ignore_index=True).set_index("report_id")
    rows = []
    for body in bodies:
        for name in body.studies["report_id"]:
            if name not in reports.index:
                continue
            row = reports.loc[name]
            rows.append(
                {"report_id": name, "about": body.label, "printed": _printed(row)}
                | _read(row["reported_in"], row["quotes"], sources)
                | {"note": row["note"]}
            )
    for one in scenarios:
        if one.reported_in:
            rows.append(
                {"report_id": one.sample, "about": f"prevalence, {one.head}"}
                | {"printed": one.source}
                | _read(one.reported_in, None, sources)
                | {"note": one.caution or None}
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _read(place: Any, quoted: Any, sources: dict[Any, dict[Any, Any]]) -> dict[str, Any]:
    """Say where a figure was read, and which original that page quotes."""
    page = sources.get(place, {})
    said = f"{page.get('citation', place)} ({page.get('kind', 'kind not known')})"
    if quoted is None or pd.isna(quoted):
        return {"read_in": said, "quotes": "", "doi": page.get("doi")}
    original = sources.get(quoted, {})
    words = f"{original.get('citation', quoted)}; the original was not read"
    return {"read_in": said, "quotes": words, "doi": original.get("doi")}


def _printed(row: pd.Series) -> str:
    """Join the figures that a report prints, as printed."""
    words = [f"{name.replace('_', ' ')} {row[name]}" for name in _SHOWN if not pd.isna(row[name])]
    return "; ".join(words) or "nothing from which a table follows"
