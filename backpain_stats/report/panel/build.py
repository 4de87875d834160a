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
from backpain_stats.report.page.word import write_word
from backpain_stats.report.panel.results import SHEET, PanelQuestion, PanelResults
from backpain_stats.report.panel.sections import panel_sections
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
    """Build the panel's report: ``index.html``, tables as CSV and .docx, figures as SVG.

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
    NotEstimableError
        If nothing usable is published for the condition and setting; the
        message says which settings have something.
    ArgumentError
        If the folder cannot be written to, or holds files of others under the same names.
    """
    stamp = stamp or Stamp(data_version=evidence.version, seed=DEFAULT_SEED)
    with output_folder(out, stamp, page="index.html", force=force) as run:
        results = PanelResults(evidence, question, progress)
        progress("tables behind the published figures")
        results.require_tables()
        sheet = _offer_sheet(results, Path(out), run, progress)
        _write(replace(results, sheet=sheet), run.folder, stamp, progress)
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
    """Write page, tables, figures and documents into a folder."""
    tables = folder / "tables"
    sections, lead, title = panel_sections(results)
    write_page(
        sections,
        folder,
        styles=("panel.css",),
        title=title,
        lead=lead,
        stamp=stamp,
        progress=progress,
    )
    results.findings.to_csv(tables / "summary_of_findings.csv")
    if results.word:
        progress("Word documents")
        results.findings.to_docx(tables / "summary_of_findings.docx", stamp=stamp)
        # The long tables that the page folds away are for a spreadsheet, not for a document.
        for table in (table for section in sections for table in section.tables):
            if not table.folded:
                write_word(table, tables / f"{table.name}.docx", stamp=stamp)
    else:
        progress("no Word documents: pip install 'backpain-stats[docx]'")


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
