"""Where every number of the panel's pages was read, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from backpain_stats.decide.bodies import EvidenceBody
    from backpain_stats.decide.scenarios import Scenario
    from backpain_stats.evidence import Evidence
    from backpain_stats.report.page.plain import PlainWords

__all__ = ["scenario_lines", "source_table"]

# A printed figure's column -> its words.
_WORDS = {
    "tp": "true positives",
    "fp": "false positives",
    "fn": "false negatives",
    "tn": "true negatives",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "false_positive_rate": "false-positive rate",
    "test_positive_rate": "share with the finding",
    "ppv": "positive predictive value",
    "npv": "negative predictive value",
    "lr_positive": "LR+",
    "lr_negative": "LR−",
}
COLUMNS = (
    *("report_id", "about", "study", "printed", "read_in", "quotes"),
    *("read_where", "quotes_whom", "doi", "note"),
)


def scenario_lines(scenarios: Sequence[Scenario]) -> list[str]:
    """Say of each prevalence whose it is, and once what speaks against all of them.

    Three from one sample are one line: the sample and the ends of its interval.
    """
    lines = [f"{one.head}: {one.source}" if one.sample else one.head for one in scenarios]
    if len(scenarios) > 1 and scenarios[0].sample and len({one.sample for one in scenarios}) == 1:
        heads = ", ".join(one.head for one in scenarios)
        middle = next(one for one in scenarios if one.name == "middle")
        lines = [f"{heads}: {middle.source}, with the ends of its 95% interval"]
    of_whom = "all of them " if len(lines) > 1 else ""
    cautions = dict.fromkeys(f"{of_whom}{one.caution}" for one in scenarios if one.caution)
    return [*lines, *cautions]


def source_table(
    evidence: Evidence,
    bodies: Sequence[EvidenceBody],
    scenarios: Sequence[Scenario],
    plain: PlainWords,
) -> pd.DataFrame:
    """Return one row a report or prevalence: what was printed, where it was read.

    A figure that was read second-hand says so: ``read_in`` is the page where it was read, of
    which kind that is, and ``quotes`` the original, which was not read; ``read_where`` and
    ``quotes_whom`` are the same in short.
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
                {"report_id": name, "about": body.label, "study": plain.words(row["cohort_id"])}
                | {"printed": _printed(row)}
                | _read(row["reported_in"], row["quotes"], sources, plain)
                | {"note": row["note"] if pd.isna(row["note"]) else plain.words(row["note"])}
            )
    for one in scenarios:
        if one.reported_in:
            rows.append(
                {"report_id": one.sample, "about": f"prevalence, {one.head}"}
                | {"study": plain.words(one.sample), "printed": one.source}
                | _read(one.reported_in, None, sources, plain)
                | {"note": one.caution or None}
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _read(
    place: Any, quoted: Any, sources: dict[Any, dict[Any, Any]], plain: PlainWords
) -> dict[str, Any]:
    """Say where a figure was read, and which original that page quotes."""
    page = sources.get(place, {})
    kind = page.get("kind", "kind not known")
    read = {
        "read_in": f"{page.get('citation', place)} ({kind})",
        "read_where": f"{plain.citation(place)} ({kind})",
    }
    if quoted is None or pd.isna(quoted):
        return read | {"quotes": "", "quotes_whom": "", "doi": page.get("doi")}
    original = sources.get(quoted, {})
    return read | {
        "quotes": f"{original.get('citation', quoted)}; the original was not read",
        "quotes_whom": f"{plain.citation(quoted)}; not read",
        "doi": original.get("doi"),
    }


def _printed(row: pd.Series) -> str:
    """Join the figures that a report prints, as printed."""
    words = [f"{_WORDS[name]} {row[name]}" for name in _WORDS if not pd.isna(row[name])]
    return "; ".join(words) or "nothing from which a table follows"
