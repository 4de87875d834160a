"""A frame as a Markdown table, for the reports written by the scripts of this folder."""

from __future__ import annotations

import pandas as pd


def markdown_table(frame: pd.DataFrame, number: str = "{:.3g}") -> str:
    """Return the frame as a pipe table; floats are printed by the format ``number``."""
    lines = ["| " + " | ".join(map(str, frame.columns)) + " |", "|---" * frame.shape[1] + "|"]
    for row in frame.itertuples(index=False):
        cells = [number.format(cell) if isinstance(cell, float) else str(cell) for cell in row]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
