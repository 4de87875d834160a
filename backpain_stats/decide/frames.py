"""Rows of counts as accuracies, and what to say of those that give none."""

from __future__ import annotations

from textwrap import shorten
from typing import Any

import pandas as pd

from backpain_stats.checks import COUNT_COLUMNS, counts_from_frame
from backpain_stats.published import LABELS, AccuracyDraws, TableAccuracy


def nothing_usable(unusable: pd.DataFrame) -> str:
    """Say that no row gives an accuracy, and why each does not."""
    reasons = "; ".join(
        f"{name}: {shorten(str(reason), 120, placeholder=' ...')}"
        for name, reason in zip(unusable["flag_id"], unusable["reason"], strict=True)
    )
    return f"no row gives both a sensitivity and a specificity ({reasons or 'no rows'})"


def read_frame(frame: pd.DataFrame) -> tuple[list[AccuracyDraws], pd.DataFrame]:
    """Turn rows of counts into accuracies; rows without them keep their reason."""
    accuracies: list[AccuracyDraws] = []
    unusable: list[dict[str, Any]] = []
    for rows in _reports(frame):
        first = rows.iloc[0]
        labels = {name: first[name] if name in rows.columns else pd.NA for name in LABELS}
        reason = (
            str(first["reason"]) if "reason" in rows.columns and _filled(first["reason"]) else ""
        )
        if "counted" in rows.columns and not first["counted"]:
            unusable.append(labels | {"reason": reason or "set aside: not counted"})
            continue
        if rows[list(COUNT_COLUMNS)].isna().to_numpy().any():
            unusable.append(labels | {"reason": reason or "no 2x2 table is known"})
            continue
        counts = counts_from_frame(rows)
        if (counts[:, 0] + counts[:, 2] == 0).any():
            unusable.append(labels | {"reason": "no cases: the sensitivity cannot be estimated"})
        elif (counts[:, 1] + counts[:, 3] == 0).any():
            unusable.append(labels | {"reason": "no patients without the disease: no specificity"})
        else:
            accuracies.append(TableAccuracy(counts, labels))
    return accuracies, unusable_frame(unusable)


def _reports(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Split a frame into reports: several rows each only in a frame of feasible tables."""
    if {"table", "report_id"} <= set(frame.columns):
        return [rows for _, rows in frame.groupby("report_id", sort=False)]
    return [frame.iloc[[i]] for i in range(len(frame))]


def _filled(value: Any) -> bool:
    return not pd.isna(value) and value != ""


def unusable_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return what could not be used as a frame."""
    return pd.DataFrame(rows, columns=[*LABELS, "reason"])
