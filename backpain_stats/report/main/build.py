"""The main job: the whole report from the evidence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from backpain_stats.report.explorer.build import write_explorer
from backpain_stats.report.main.context import Context
from backpain_stats.report.main.sections.combining import combining_section
from backpain_stats.report.main.sections.endorsed import endorsed_section
from backpain_stats.report.main.sections.findings import findings_section
from backpain_stats.report.main.sections.ledger import ledger_section
from backpain_stats.report.main.sections.methods import methods_section
from backpain_stats.report.main.sections.pooling import pooling_section
from backpain_stats.report.main.sections.probabilities import probabilities_section
from backpain_stats.report.main.sections.ratios import ratios_section
from backpain_stats.report.main.sections.sources import sources_section
from backpain_stats.report.page.build import write_page
from backpain_stats.report.page.parts import Link, Prose

if TYPE_CHECKING:
    from backpain_stats.evidence import Evidence

__all__ = ["build_report"]

SECTIONS = (
    ("findings", findings_section),
    ("likelihood ratios", ratios_section),
    ("post-test probabilities", probabilities_section),
    ("several flags in one patient", combining_section),
    ("several studies of one flag", pooling_section),
    ("the reproduction ledger", ledger_section),
    ("endorsements", endorsed_section),
    ("methods", methods_section),
    ("sources", sources_section),
)
LEAD = (
    "Every published red flag for serious disease behind back pain: what it is worth, where each "
    "number came from, and whether the published conclusions can be recomputed."
)


def build_report(
    evidence: Evidence,
    out: Path,
    *,
    explorer: bool = True,
    progress: Callable[[str], None] = lambda message: None,
) -> Path:
    """Write the report: ``index.html``, ``explorer.html``, ``tables/*.csv``, ``figures/*.svg``.

    Parameters
    ----------
    evidence : Evidence
        What has been published.
    out : pathlib.Path
        The folder; made if it does not exist.
    explorer : bool, default True
        Whether to write the explorer too.
    progress : callable, optional
        Told what is done next.

    Returns
    -------
    pathlib.Path
        ``out/index.html``. Two runs on the same evidence write the same tables.
    """
    context = Context(evidence)
    sections = []
    for name, build in SECTIONS:
        progress(name)
        sections.append(build(context))
    invitation = (" To try the numbers on one patient, open the ",
                  Link("explorer", "explorer.html"), ".")  # fmt: skip
    lead = Prose(LEAD, *invitation) if explorer else LEAD
    page = write_page(
        sections, out, title="Red flags for back pain, recomputed", lead=lead, progress=progress
    )
    if explorer:
        write_explorer(evidence, out / "explorer.html", progress)
    return page
