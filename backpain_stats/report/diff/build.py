"""One page: every figure that another evidence changes, before and after, with arrows."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backpain_stats.changes import KINDS, display_frame
from backpain_stats.errors import ArgumentError
from backpain_stats.outputs import replacing
from backpain_stats.report.page.build import render

if TYPE_CHECKING:
    import pandas as pd

    from backpain_stats.changes import EvidenceDiff
    from backpain_stats.outputs import Stamp

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
# By this a page written earlier is known, and may be replaced.
OURS = "Made by backpain_stats"


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
) -> Path:
    """Write the page; a file there that this package did not write is left alone.

    Raises
    ------
    ArgumentError
        If the file is somebody else's, or cannot be written.
    """
    page = Path(path)
    html = diff_page(diff, before=before, after=after, tolerance=tolerance, stamp=stamp)
    try:
        if page.exists() and OURS not in page.read_text(encoding="utf-8", errors="replace"):
            raise ArgumentError(f"{path} is there already and not a page of this package")
        page.parent.mkdir(parents=True, exist_ok=True)
        with replacing(page, force=True) as new:
            new.write_text(html, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ArgumentError(f"cannot write to {path}: {error.strerror}") from error
    return page
