"""The main job: the whole report from the evidence."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from backpain_stats.errors import NotEstimableError
from backpain_stats.outputs import Stamp, output_folder
from backpain_stats.report.explorer.build import explorer_data, explorer_page, neighbours_in
from backpain_stats.report.main.context import Context, LeftOut
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
from backpain_stats.report.page.parts import Bullets, Section
from backpain_stats.sampling import DEFAULT_SEED

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
    "What each published red flag for serious disease behind back pain is worth, and where its "
    "numbers came from."
)


def build_report(
    evidence: Evidence,
    out: str | PathLike[str],
    *,
    explorer: bool = True,
    stamp: Stamp | None = None,
    force: bool = False,
    progress: Callable[[str], None] = lambda message: None,
) -> Path:
    """Write the report: ``index.html``, ``explorer.html``, ``tables/*.csv``, ``figures/*.svg``.

    Parameters
    ----------
    evidence : Evidence
        What has been published.
    out : path
        The folder; made if it does not exist. All files take their place at once, when the
        last is made; those of an earlier run are replaced or removed, all others left alone.
    explorer : bool, default True
        Whether to write the explorer too.
    stamp : Stamp, optional
        What made it, printed at the foot of the pages and kept in ``manifest.json``.
    force : bool, default False
        Replace files of the same names that no earlier run wrote, or that were changed since.
    progress : callable, optional
        Told what is done next.

    Returns
    -------
    pathlib.Path
        ``out/index.html``. Two runs on the same evidence write the same tables.

    Raises
    ------
    ArgumentError
        If the folder cannot be written to, or holds files of others under the same names.
    """
    stamp = stamp or Stamp(data_version=evidence.version, seed=DEFAULT_SEED)
    with output_folder(out, stamp, page="index.html", force=force) as run:
        neighbours = neighbours_in(out, report=True) if explorer else None
        _write(evidence, run.folder, stamp, progress, neighbours)
    return Path(out) / "index.html"


def _write(
    evidence: Evidence,
    folder: Path,
    stamp: Stamp,
    progress: Callable[[str], None],
    neighbours: list[tuple[str, str]] | None,
) -> None:
    """Write the files into an empty folder; the explorer too, if its neighbours are named."""
    context = Context(evidence)
    sections: list[Section] = []
    left_out: list[LeftOut] = []
    for name, build in SECTIONS:
        progress(name)
        section = build(context)
        if isinstance(section, LeftOut):
            left_out.append(section)
        else:
            sections.append(section)
    data = None
    if neighbours is not None:
        try:
            data = explorer_data(evidence, progress)
        except NotEstimableError as error:
            left_out.append(LeftOut("The explorer", str(error)))
    if left_out:
        sections.append(_left_out(left_out))
    pages = [] if data is None else [("The explorer: try one patient", "explorer.html")]
    pages += [one for one in neighbours or () if one[1] != "index.html"]
    title = "Red flags for back pain, recomputed"
    write_page(
        sections, folder, title=title, lead=LEAD, pages=pages, stamp=stamp, progress=progress
    )
    if data is not None and neighbours is not None:
        page = explorer_page(data, stamp, neighbours)
        (folder / "explorer.html").write_text(page, encoding="utf-8", newline="\n")


def _left_out(parts: list[LeftOut]) -> Section:
    """Return the section that says which others have nothing to say, and why."""
    reasons = tuple(f"{part.title}: {part.reason}." for part in parts)
    return Section("left-out", "Left out", (Bullets(reasons),))
