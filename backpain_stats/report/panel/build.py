"""The report for a guideline panel: one page, its tables as CSV and as Word documents."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from backpain_stats.decide.judgements import judgement_template
from backpain_stats.outputs import OutputRun, Stamp, output_folder
from backpain_stats.report.page.build import Progress, write_page, write_table
from backpain_stats.report.panel.annex import write_annex
from backpain_stats.report.panel.meeting import write_meeting
from backpain_stats.report.panel.question import PanelQuestion
from backpain_stats.report.panel.results import SHEET, PanelResults
from backpain_stats.report.panel.sections import lead_of, panel_sections, title_of
from backpain_stats.sampling import DEFAULT_SEED

if TYPE_CHECKING:
    import pandas as pd

    from backpain_stats.evidence import Evidence

__all__ = ["PanelQuestion", "PanelResults", "build_panel"]


def build_panel(
    evidence: Evidence,
    question: PanelQuestion,
    out: str | PathLike[str],
    *,
    stamp: Stamp | None = None,
    force: bool = False,
    progress: Progress = lambda message: None,
) -> Path:
    """Build the panel's pages: one to read (``index.html``), one to project (``meeting.html``).

    Beside them stand the tables as CSV, the figures as SVG and one Word annex. Where the
    setting has no direct evidence, the pages rest on that of other settings and say so on top;
    where there is none at all, one page says what can be said.

    Parameters
    ----------
    evidence : Evidence
        The published evidence.
    question : PanelQuestion
        What the panel asks.
    out : path
        The folder; made if it does not exist. All files take their place at once, when the
        last is made; those of an earlier run are replaced or removed, all others left alone.
    stamp : Stamp, optional
        What made it, printed in the page and in the documents and kept in ``manifest.json``.
    force : bool, default False
        Replace files of the same names that no earlier run wrote, or that were changed since.
        A sheet that a person was told to fill in is never replaced.
    progress : callable
        Told each step before it is taken.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    UnknownNameError
        If a flag, family or rule is not in the evidence.
    DataError
        If the judgements are not valid.
    ArgumentError
        If the folder cannot be written to, or holds files of others under the same names.
    """
    stamp = stamp or Stamp(data_version=evidence.version, seed=DEFAULT_SEED)
    with output_folder(out, stamp, page="index.html", force=force) as run:
        results = PanelResults(evidence, question, progress)
        progress("bodies of evidence")
        if results.has_numbers:
            sheet = _offer_sheet(results, Path(out), run, progress)
            results = replace(results, sheet=sheet)
        _write(results, run.folder, stamp, progress)
    return Path(out) / "index.html"


def _offer_sheet(results: PanelResults, out: Path, run: OutputRun, progress: Progress) -> str:
    """Write the empty sheet of judgements, unless it is there already, and return its name."""
    empty = judgement_template(results.findings.frame["flag_id"].unique())
    tables = out / "tables"
    sheet = free_sheet(tables, empty)
    if sheet != SHEET:
        progress(f"{tables / SHEET} is kept as it is; the empty sheet is {sheet}")
    if not (tables / sheet).exists():
        write_table(empty, run.folder / "tables" / sheet)
        run.to_fill_in.append(f"tables/{sheet}")
    return sheet


def _write(results: PanelResults, folder: Path, stamp: Stamp, progress: Progress) -> None:
    """Write both pages, tables, figures and the annex into a folder."""
    tables = folder / "tables"
    sections = panel_sections(results)
    write_page(
        sections,
        folder,
        styles=("panel.css",),
        title=title_of(results),
        lead=lead_of(results),
        stamp=stamp,
        progress=progress,
    )
    if not results.has_numbers:
        return
    progress("page to project")
    write_meeting(results, folder, stamp)
    tables.mkdir(parents=True, exist_ok=True)
    results.findings.to_csv(tables / "summary_of_findings.csv")
    if results.word:
        progress("Word annex")
        write_annex(results, sections, tables / "annex.docx", stamp)
    else:
        progress("no Word annex: pip install 'backpain-stats[docx]'")


def free_sheet(tables: Path, empty: pd.DataFrame) -> str:
    """Return a name for the empty sheet of judgements under which nothing of a human's stands.

    Parameters
    ----------
    tables : pathlib.Path
        The folder of the tables.
    empty : pandas.DataFrame
        The empty sheet.

    Returns
    -------
    str
        ``judgements_to_fill_in.csv`` if there is no such file or it is this empty sheet;
        otherwise the first of ``judgements_to_fill_in_2.csv, ..._3.csv`` and so on.
    """
    text = empty.to_csv(index=False, lineterminator="\n").encode("utf-8")
    stem, suffix = SHEET.removesuffix(".csv"), ".csv"
    names = (SHEET if number == 1 else f"{stem}_{number}{suffix}" for number in count(1))
    return next(
        name
        for name in names
        if not (tables / name).exists() or (tables / name).read_bytes() == text
    )
