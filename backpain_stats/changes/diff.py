"""Two evidences beside each other: what moved, how far, and what is new, gone or impossible."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd

from backpain_stats.changes.figures import KINDS, NOTHING, Figure, figures_of
from backpain_stats.errors import ArgumentError
from backpain_stats.evidence import TABLES, require_evidence
from backpain_stats.published import displacements
from backpain_stats.result import Result, Shown, format_number, format_percent, grid_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from numpy.typing import NDArray

    from backpain_stats.evidence import Evidence

__all__ = ["COLUMNS", "EvidenceDiff", "Status", "diff_evidence", "display_frame"]

# In the order of a list of changes: what a reader relied on, then what is new.
Status = Literal[
    "became impossible",  # the printed figures now contradict each other
    "no longer estimable",
    "removed",  # not there any more
    "changed",  # other words: another verdict, another flag in a headline
    "moved",  # another value
    "now estimable",
    "added",  # not there before
    "same",  # point, ends and words as before
]
ENDS = ("", "_low", "_high")
MEASURES = {"lr_positive": "LR+", "lr_negative": "LR-"}
COLUMNS = [
    *("kind", "name", "target", "setting", "measure", "status"),
    *(f"before{end}" for end in ENDS),
    *(f"after{end}" for end in ENDS),
    *("scale", "moved", "largest_move", "before_words", "after_words"),
    *("before_rests_on", "after_rests_on", "because"),
]
NUMBERS = [*(f"{side}{end}" for side in ("before", "after") for end in ENDS)]
# A difference that rounding errors alone can make, of sums in another order.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, repr=False)
class EvidenceDiff(Result):
    """What another evidence changes; made by :func:`diff_evidence`.

    Parameters
    ----------
    figures : pandas.DataFrame
        One row per figure of either evidence: first what became impossible, is gone or says
        something else, then what moved, the farthest first, then what is new: ``kind, name, target,
        setting, measure, status, before, before_low, before_high, after, after_low,
        after_high, scale, moved, largest_move, before_words, after_words, before_rests_on,
        after_rests_on, because``.
    rows : pandas.DataFrame
        The rows of the files that differ: ``file, name, status`` (``added``, ``removed`` or
        ``changed``) and the ``columns`` that changed.
    """

    figures: pd.DataFrame
    rows: pd.DataFrame

    @property
    def changes(self) -> pd.DataFrame:
        """The figures that are not the same, in the order of ``figures``."""
        return self.figures[self.figures["status"] != "same"].reset_index(drop=True)

    def beyond(self, tolerance: float = 0.0) -> pd.DataFrame:
        """Return the changes larger than a tolerance; other words, and what is new or gone, are.

        Parameters
        ----------
        tolerance : float, default 0
            The largest move that counts as none, on the log scale of ratios and the
            log-odds scale of probabilities; 0.1 is about a tenth of a ratio or of the odds.

        Raises
        ------
        ArgumentError
            If it is negative or not a number.
        """
        if not tolerance >= 0:
            raise ArgumentError(f"tolerance is {tolerance!r}; it must be a number, 0 or more")
        changes = self.changes
        return changes[changes["largest_move"] > tolerance].reset_index(drop=True)

    def _shown(self) -> Shown:
        rows, changes = self.rows, self.changes
        files = ", ".join(f"{n} {name}" for name, n in rows["status"].value_counts().items())
        shown = display_frame(changes.head(20))
        more = len(changes) - len(shown)
        return Shown(
            f"{len(changes)} of {len(self.figures)} figures changed; rows: {files or 'the same'}",
            (grid_of(shown),) if len(shown) else (),
            (f"and {more} more",) if more > 0 else (),
        )

    def to_frame(self) -> pd.DataFrame:
        """Return every figure, before and after."""
        return self.figures.copy()


def diff_evidence(before: Evidence, after: Evidence) -> EvidenceDiff:
    r"""Compare every figure that two evidences lead to.

    A figure moves on the scale on which its errors are about symmetric,

    .. math::
       \log\frac{LR_{after}}{LR_{before}}
       \quad\text{or}\quad
       \log\frac{p_{after} / (1 - p_{after})}{p_{before} / (1 - p_{before})}

    for ratios and for probabilities.

    Parameters
    ----------
    before, after : Evidence
        The two; the second usually is the first with something added or replaced.

    Returns
    -------
    EvidenceDiff
        Likelihood ratios and post-test probabilities of each flag in each group of patients
        (by the report that counts), the prevalence of each setting, pooled accuracy, the
        verdict on each claim, the headlines of a panel's page, and the risk of
        :data:`~backpain_stats.changes.REFERENCE_PATIENTS`. ``moved`` is the move of the point,
        ``largest_move`` the largest of the point or an end of the interval, infinite
        where something is new, gone, impossible or other words. ``because`` says which row
        displaced which, by what rule, or why there is no value.

    Raises
    ------
    ArgumentError
        If one of the two is no evidence.

    Notes
    -----
    Simulated intervals use the same numbers before and after, so that what rests on the
    same rows is the same to the last digit.

    Examples
    --------
    >>> from backpain_stats import load_evidence
    >>> whole = load_evidence()
    >>> part = whole.select(target="cauda_equina")
    >>> print(diff_evidence(part, part))
    0 of ... figures changed; rows: the same
    """
    old = _figures(require_evidence(before))
    new = old if after is before else _figures(require_evidence(after))
    displaced = _displaced(after)
    rows = [_row(old.get(key), new.get(key), displaced) for key in {**old, **new}]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    orders = {"status": get_args(Status), "kind": KINDS}
    frame = frame.sort_values(
        ["status", "largest_move", "kind", "name", "target", "setting", "measure"],
        ascending=[True, False, True, True, True, True, True],
        key=lambda cells: (
            cells.map(list(orders[cells.name]).index) if cells.name in orders else cells
        ),
        ignore_index=True,
    )
    texts = [name for name in COLUMNS if name not in (*NUMBERS, "moved", "largest_move")]
    return EvidenceDiff(frame.astype(dict.fromkeys(texts, "string")), _changed_rows(before, after))


def _figures(evidence: Evidence) -> dict[tuple[str, ...], Figure]:
    """Return the figures of an evidence; those of a whole one are computed once."""
    if evidence.whole is evidence:
        return evidence.derived("figures", figures_of)
    return figures_of(evidence)


def _row(
    old: Figure | None, new: Figure | None, displaced: Mapping[str, str]
) -> dict[str, str | float]:
    """Return one row of the comparison."""
    one = new or old
    assert one is not None
    row: dict[str, str | float] = dict(
        zip(("kind", "name", "target", "setting", "measure"), one.key, strict=True)
    )
    for side, figure in (("before", old), ("after", new)):
        values = figure.values if figure else NOTHING
        row |= {f"{side}{end}": value for end, value in zip(ENDS, values, strict=True)}
        row[f"{side}_words"] = figure.words if figure else ""
        row[f"{side}_rests_on"] = figure.rests_on if figure else ""
    moves = _moves(old, new)
    status = _status(old, new, moves)
    largest = 0.0 if status == "same" else math.inf if status != "moved" else float(max(abs(moves)))
    because = ""
    if status != "same":
        no_value = new is not None and math.isnan(new.value) and not new.words
        because = new.why if new and no_value else displaced.get(str(row["before_rests_on"]), "")
        if new and new.kind == "claim":
            because = new.why
    moved = float(moves[0]) if not math.isnan(moves[0]) else 0.0 if status == "same" else math.nan
    return row | {
        "status": status,
        "scale": one.scale,
        "moved": moved,
        "largest_move": largest,
        "because": because,
    }


def _moves(old: Figure | None, new: Figure | None) -> NDArray[np.float64]:
    """Return how far point, lower and upper end moved; NaN where there is none on both sides."""
    if old is None or new is None:
        return np.full(3, math.nan)
    sides = np.array([old.values, new.values], dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = np.log(sides) - (np.log1p(-sides) if new.scale == "logit" else 0)
        moves = scaled[1] - scaled[0]
    # An end that was 0 or infinite and still is has not moved; one of the two missing has, wholly.
    moves[sides[0] == sides[1]] = 0.0
    moves[np.isnan(sides[0]) != np.isnan(sides[1])] = math.inf
    return np.where(np.abs(moves) < ROUNDING, 0.0, moves)


def _status(old: Figure | None, new: Figure | None, moves: NDArray[np.float64]) -> Status:
    if old is None:
        return "added"
    if new is None:
        return "removed"
    had, has = not math.isnan(old.value), not math.isnan(new.value)
    if new.impossible and not old.impossible:
        return "became impossible"
    if old.words != new.words:
        return "changed"
    if had != has and not old.words:
        return "now estimable" if has else "no longer estimable"
    return "moved" if np.any(np.nan_to_num(moves, nan=0.0) != 0) else "same"


def _displaced(evidence: Evidence) -> dict[str, str]:
    """Return by report the one that counts in its place, and the rule."""
    return {
        row["report_id"]: f"{row['displaced_by']} counts instead of {row['report_id']}: "
        f"{row['reason']}"
        for row in displacements(evidence).to_dict("records")
    }


def _changed_rows(before: Evidence, after: Evidence) -> pd.DataFrame:
    """Return the rows of the files that differ."""
    found = []
    for name, table in TABLES.items():
        old, new = (_keyed(getattr(one, name), table.key) for one in (before, after))
        for key in {**old, **new}:
            if old.get(key) == new.get(key):
                continue
            both = key in old and key in new
            columns = [
                column for column in table.names if both and old[key][column] != new[key][column]
            ]
            status = "changed" if both else "added" if key in new else "removed"
            found.append((table.file, " ".join(key), status, ";".join(columns)))
    return pd.DataFrame(found, columns=["file", "name", "status", "columns"], dtype="string")


def _keyed(frame: pd.DataFrame, key: tuple[str, ...]) -> dict[tuple[str, ...], dict[str, str]]:
    texts = frame.astype("object").where(frame.notna(), "").astype(str)
    return {
        tuple(row[column] for column in key): {str(name): cell for name, cell in row.items()}
        for row in texts.to_dict("records")
    }


def display_frame(changes: pd.DataFrame) -> pd.DataFrame:
    """Return changes as text for a reader: what, before, after, an arrow, and why."""
    rows = [
        {
            "kind": row["kind"],
            "what": " ".join(filter(None, (row["name"], _place(row)))),
            "measure": MEASURES.get(row["measure"], row["measure"].replace("_", " ")),
            "before": _printed(row, "before"),
            "after": _printed(row, "after"),
            "change": f"{arrow(row)} {row['status']}".strip(),
            "because": row["because"],
        }
        for row in changes.to_dict("records")
    ]
    return pd.DataFrame(
        rows, columns=["kind", "what", "measure", "before", "after", "change", "because"]
    )


def _place(row: Mapping[Hashable, Any]) -> str:
    parts = [part.replace("_", " ") for part in (row["target"], row["setting"]) if part]
    return f"({', '.join(parts)})"


def arrow(row: Mapping[Hashable, Any]) -> str:
    """Return an arrow up or down for the point of a figure; none if it did not move.

    Examples
    --------
    >>> arrow({"moved": 0.2}), arrow({"moved": -0.2}), arrow({"moved": 0.0})
    ('↑', '↓', '')
    """
    moved = row["moved"]
    return "↑" if moved > 0 else "↓" if moved < 0 else ""


def _printed(row: Mapping[Hashable, Any], side: str) -> str:
    """Return one side of a figure with its interval, and its words."""
    form = format_percent if row["scale"] == "logit" else format_number
    value, low, high = (row[f"{side}{end}"] for end in ENDS)
    number = "" if math.isnan(value) else form(value)
    if number and not (math.isnan(low) or math.isnan(high)):
        number += f" ({form(low)} to {form(high)})"
    words = str(row[f"{side}_words"])
    return ", ".join(filter(None, (words, number)))
