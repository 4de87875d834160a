"""The shipped evidence in numbers: what the code of today makes of the data of today.

``make snapshot`` writes the files of ``tests/data/snapshot`` and ``reports/tables`` anew and
lists what changed; whoever changed the evidence or the code looks at the list and commits. The
test beside this file compares. No other test depends on what the shipped evidence holds.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

import backpain_stats as bps
from backpain_stats import Evidence

sys.path.insert(0, str(Path(__file__).parents[1]))
from public_frames import PAIRS, setting_prevalence

ROOT = Path(__file__).parents[2]
SNAPSHOT = Path(__file__).parent / "snapshot"
REPORT_TABLES = ROOT / "reports" / "tables"
# Six significant digits: twice what is ever printed, and far from the last bits, in which
# processors and libraries differ.
DIGITS = 6
# What is drawn around a maximum found numerically moves with it: the Monte Carlo error of 4,000
# draws is near 1%, and the last of these four digits lies below it.
SAMPLED_DIGITS = 4
# Two units of the last digit kept: the number before rounding may lie beside a half.
RTOL, SAMPLED_RTOL = 2 * 10.0 ** (1 - DIGITS), 2 * 10.0 ** (1 - SAMPLED_DIGITS)
MOST_SHOWN = 12


class Part(NamedTuple):
    """One file of the snapshot: its frame, the columns that name a row, and how it was made."""

    frame: pd.DataFrame
    key: tuple[str, ...]
    sampled: bool = False

    @property
    def rtol(self) -> float:
        """How far two numbers may be apart that are the same."""
        return SAMPLED_RTOL if self.sampled else RTOL


def parts(evidence: Evidence) -> dict[str, Part]:
    """Return the frames of the snapshot by name. Sentences are left out: their codes are in."""
    ratios = bps.likelihood_ratios(evidence)
    ledger = bps.reproduce(evidence)
    pooled = pd.concat([bps.pool_all(evidence, target) for target in bps.TARGETS])
    return {
        "likelihood_ratios": Part(_without(ratios, "reason"), ("report_id",)),
        "feasible_tables": Part(_counted_tables(evidence), ("report_id",)),
        "setting_prevalence": Part(_prevalences(evidence), ("target", "setting")),
        "prevalence_candidates": Part(_candidates(evidence), ("prevalence_id",)),
        "posttest": Part(_posttests(evidence), ("report_id", "result")),
        "reproduce": Part(_without(ledger, "explanation"), ("claim_id",)),
        "reproduce_pairs": Part(
            _without(bps.reproduce_pairs(evidence), "explanation"), ("flag_id", "reported_in")
        ),
        "pool_all": Part(_without(pooled, "reports"), ("flag_id", "target"), sampled=True),
        "endorsement": Part(
            _without(bps.endorsement(evidence).flags, "reason", "label"), ("flag_id", "target")
        ),
        "check": Part(_problems(), ("file", "column", "value")),
    }


def _without(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    return frame.drop(columns=list(columns), errors="ignore")


def _counted_tables(evidence: Evidence) -> pd.DataFrame:
    """Return how many tables each report has, and between which counts they lie."""
    tables = bps.feasible_tables(evidence)
    cells = ["tp", "fp", "fn", "tn"]
    ends = tables.groupby("report_id")[cells].agg(["min", "max"])
    ends.columns = [f"{cell}_{end}" for cell, end in ends.columns]
    return ends.assign(tables=tables.groupby("report_id").size()).reset_index()


def _prevalences(evidence: Evidence) -> pd.DataFrame:
    rows = []
    for target, setting in PAIRS:
        asked = pd.DataFrame({"target": [target], "setting": [setting]})
        try:
            found = setting_prevalence(evidence, target, setting)
        except bps.NotEstimableError:
            rows.append(asked.assign(kind="refused"))
        else:
            rows.append(_without(found, "warning"))
    return pd.concat([row.astype("object") for row in rows], ignore_index=True)


def _candidates(evidence: Evidence) -> pd.DataFrame:
    frames = [
        bps.prevalence_candidates(evidence, target, setting).assign(target=target, setting=setting)
        for target, setting in PAIRS
    ]
    return _without(pd.concat(frames), "reason")


def _posttests(evidence: Evidence) -> pd.DataFrame:
    """Return the post-tests by the published convention: nothing in it is drawn."""
    frames = []
    for target in bps.TARGETS:
        flags = sorted(set(evidence.select(target=target).accuracy["flag_id"]))
        frames.append(bps.posttest(evidence, flags, target, interval="published"))
    return _without(pd.concat(frames), "reason")


def _problems() -> pd.DataFrame:
    return bps.check_evidence()[["file", "column", "value", "severity"]]


def written(part: Part, path: Path) -> pd.DataFrame:
    """Write a part as CSV, sorted by its key, and return it as read back."""
    digits = SAMPLED_DIGITS if part.sampled else DIGITS
    # Frames put together from parts hold numbers as objects, which no format would round.
    frame = part.frame.infer_objects().sort_values(list(part.key), ignore_index=True)
    frame.to_csv(path, index=False, float_format=f"%.{digits}g", lineterminator="\n")
    return read(path)


def read(path: Path) -> pd.DataFrame:
    """Read a file of the snapshot; a column that holds nothing but numbers is numeric."""
    return pd.read_csv(path, dtype={"value": "string"})


def differences(
    old: pd.DataFrame, new: pd.DataFrame, key: tuple[str, ...], rtol: float
) -> list[str]:
    """Say in a line each what was added, removed or changed between two frames.

    Parameters
    ----------
    old, new : pandas.DataFrame
        As read from the files.
    key : tuple of str
        The columns that name a row.
    rtol : float
        Numbers closer than this, relatively, are the same.
    """
    lines = [f"column {name} is gone" for name in old.columns.difference(new.columns)]
    lines += [f"column {name} is new" for name in new.columns.difference(old.columns)]
    before, after = (_by_key(frame, key) for frame in (old, new))
    lines += [f"- {name}" for name in before if name not in after]
    lines += [f"+ {name}" for name in after if name not in before]
    shared = [name for name in old.columns if name in new.columns]
    for name in before.keys() & after.keys():
        changed = [
            f"{column} {before[name][column]} -> {after[name][column]}"
            for column in shared
            if not _same(before[name][column], after[name][column], rtol)
        ]
        if changed:
            lines.append(f"~ {name}: {', '.join(changed)}")
    return sorted(lines)


def _by_key(frame: pd.DataFrame, key: tuple[str, ...]) -> dict[str, dict[str, object]]:
    """Return the rows by their names; rows of one name are numbered."""
    found: dict[str, dict[str, object]] = {}
    for row in frame.to_dict("records"):
        name = " ".join(str(row[column]) for column in key)
        number = sum(other.split("#")[0] == name for other in found)
        found[f"{name}#{number + 1}" if number else name] = row
    return found


def _same(one: object, other: object, rtol: float) -> bool:
    if pd.isna(one) and pd.isna(other):
        return True
    if isinstance(one, int | float) and isinstance(other, int | float):
        # 1e-9: a probability or a ratio that small is as good as 0.
        return bool(np.isclose(one, other, rtol=rtol, atol=1e-9))
    return bool(one == other)


def report_tables(folder: Path) -> dict[str, Path]:
    """Write the tables of the report into a folder and return them by name."""
    from backpain_stats.report.main.build import build_report

    build_report(bps.load_evidence(), folder, explorer=False, progress=lambda _: None)
    return {path.name: path for path in sorted((folder / "tables").glob("*.csv"))}


def main() -> None:
    """Write the snapshot anew and list what changed."""
    changes = 0
    for name, part in parts(bps.load_evidence()).items():
        path = SNAPSHOT / f"{name}.csv"
        old = read(path) if path.exists() else part.frame.iloc[:0]
        changes += _show(path, differences(old, written(part, path), part.key, part.rtol))
    with tempfile.TemporaryDirectory() as folder:
        made = report_tables(Path(folder))
        for path in REPORT_TABLES.glob("*.csv"):
            if path.name not in made:
                path.unlink()
                changes += _show(path, ["the report has no such table any more"])
        for name, path in made.items():
            old = REPORT_TABLES / name
            same = old.exists() and old.read_bytes() == path.read_bytes()
            shutil.copyfile(path, old)
            changes += _show(old, [] if same else ["rewritten: see git diff"])
    print(f"{changes} changes." if changes else "Nothing changed.")


def _show(path: Path, lines: list[str]) -> int:
    if lines:
        print(f"{path.relative_to(ROOT)}: {len(lines)}")
        more = len(lines) - MOST_SHOWN
        shown = lines[:MOST_SHOWN] + ([f"... and {more} more"] if more > 0 else [])
        print("\n".join(f"  {line}" for line in shown))
    return len(lines)


if __name__ == "__main__":
    main()
