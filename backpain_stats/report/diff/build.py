"""One page: every figure that another evidence changes, before and after, with arrows."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backpain_stats.changes import KINDS, display_frame
from backpain_stats.checks import check_file_path
from backpain_stats.outputs import Stamp, output_folder
from backpain_stats.report.page.build import render

if TYPE_CHECKING:
    import pandas as pd

    from backpain_stats.changes import EvidenceDiff

__all__ = ["diff_page", "write_diff"]

TITLES = {
    "likelihood ratio": "Likelihood ratios, by the report that counts",
    "prevalence": "Prevalence of the settings",
    "post-test": "Post-test probabilities, at the prevalence of the setting",
    "pooled": "Pooled over studies",
    "claim": "Published claims, recomputed",
    "headline": "What heads the page of a panel",
    "reference patient": "Risk of the reference patients",
}


def diff_page(
    diff: EvidenceDiff,
    *,
    before: str,
    after: str,
    tolerance: float = 0.0,
    stamp: Stamp | None = None,
) -> str:
    """Return the page as HTML; every text in it is escaped, and it fetches nothing.

    Parameters
    ----------
    diff : EvidenceDiff
        What changed.
    before, after : str
        What the two evidences are called.
    tolerance : float, default 0
        The largest move that is not shown; see :meth:`~backpain_stats.EvidenceDiff.beyond`.
    stamp : Stamp, optional
        What made the page; printed at its foot.
    """
    shown = diff.beyond(tolerance)
    sections = []
    for kind in KINDS:
        of_kind = diff.figures[diff.figures["kind"] == kind]
        rows = _rows(shown[shown["kind"] == kind])
        sections.append(
            {
                "id": kind.replace(" ", "-"),
                "title": TITLES[kind],
                "rows": rows,
                "shown": len(rows),
                "figures": len(of_kind),
            }
        )
    return render(
        "diff.html.j2",
        styles=("style.css", "page.css", "diff.css"),
        stamp=stamp,
        title="What the evidence changes",
        before=before,
        after=after,
        tolerance=f"{tolerance:g}",
        sections=sections,
        changed=len(shown),
        figures=len(diff.figures),
        evidence_rows=diff.rows.fillna("").to_dict("records"),
    )


def _rows(changes: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the printed cells of changes, each with the direction of its arrow."""
    printed = display_frame(changes).to_dict("records")
    moved = changes["moved"].tolist()
    return [
        {str(name): cell for name, cell in row.items()}
        | {"direction": "up" if move > 0 else "down" if move < 0 else "none"}
        for row, move in zip(printed, moved, strict=True)
    ]


def write_diff(
    diff: EvidenceDiff,
    path: str | PathLike[str],
    *,
    before: str,
    after: str,
    tolerance: float = 0.0,
    stamp: Stamp | None = None,
    force: bool = False,
) -> Path:
    """Write the page.

    Parameters
    ----------
    diff : EvidenceDiff
        What changed.
    path : path
        The page. A manifest beside it lets the next run know that it is this package's.
    before, after, tolerance, stamp
        As for :func:`diff_page`.
    force : bool, default False
        Replace a file that no earlier run wrote, or that was changed since.

    Raises
    ------
    ArgumentError
        If the page cannot be written, or a file of another stands there.
    """
    page = check_file_path(path, "path")
    stamp = stamp or Stamp()
    with output_folder(page.parent, stamp, page=page.name, whole=False, force=force) as run:
        html = diff_page(diff, before=before, after=after, tolerance=tolerance, stamp=stamp)
        (run.folder / page.name).write_text(html, encoding="utf-8", newline="\n")
    return page
