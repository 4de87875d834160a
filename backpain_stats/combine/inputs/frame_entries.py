"""The entries of a risk model from a user's own frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from backpain_stats.checks import (
    COUNT_COLUMNS,
    check_fraction,
    check_known,
    counts_from_frame,
    refuse_many_rows,
    require_columns,
)
from backpain_stats.combine.inputs.entries import (
    Entries,
    Entry,
    PublishedCombination,
    given_source,
    nested_entries,
    threshold_of_rule,
)
from backpain_stats.combine.inputs.findings import contained_findings, read_thresholds
from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.meta import Priors
from backpain_stats.meta.accuracy import FlagAccuracy, tables_accuracy
from backpain_stats.printed.prevalence import PrevalenceLike, read_prevalence
from backpain_stats.published import AccuracyDraws, KnownAccuracy, TableAccuracy

Effects = Literal["random", "common"]


def entries_from_frame(
    frame: pd.DataFrame,
    pretest: PrevalenceLike,
    *,
    nested: Iterable[Sequence[str]] = (),
    combinations: pd.DataFrame | None = None,
    effects: Effects | None = None,
    priors: Priors | None = None,
) -> Entries:
    """Collect the flags of a user's own frame; see :meth:`RiskModel.from_frame`."""
    # What flags do together was counted in the same patients: their figures go with it.
    effects = effects or ("random" if combinations is None else "common")
    require_columns(frame, [], "the frame")
    names = next((one for one in ("flag", "flag_id") if one in frame.columns), None)
    if names is None or not len(frame):
        raise DataError("the frame needs rows and a column flag (or flag_id)")
    require_columns(frame, [names], "the frame")
    refuse_many_rows(frame)
    nameless = frame.index[frame[names].isna() | (frame[names].astype(str).str.strip() == "")]
    if len(nameless):
        raise DataError(f"the frame names no flag in row {', '.join(map(str, nameless[:5]))}")
    reports: dict[str, list[AccuracyDraws]] = {}
    firsts: dict[str, pd.Series] = {}
    for position in range(len(frame)):
        row = frame.iloc[position]
        firsts.setdefault(str(row[names]), row)
        reports.setdefault(str(row[names]), []).append(_row_accuracy(frame, position, names))
    vocabulary = frame.rename(columns={names: "flag_id"}).astype({"flag_id": str})
    thresholds = read_thresholds(vocabulary) if _says_cut_offs(frame) else {}
    entries, figures = [], {}
    for flag, several in reports.items():
        tables = [one for one in several if isinstance(one, TableAccuracy)]
        if len(several) > 1 and len(tables) < len(several):
            raise DataError(f"flag {flag!r} has several rows; give counts (tp, fp, fn, tn) of each")
        figures[flag] = _observed(tables, several[0])
        first = firsts[flag]
        entries.append(
            Entry(
                flag,
                str(first.get("label", flag)),
                "" if pd.isna(first.get("family")) else str(first.get("family")),
                _known(tables, several[0], effects, priors),
                tuple(dict.fromkeys(str(one.labels["cohort_id"]) for one in several)),
                thresholds.get(flag),
            )
        )
    prevalence = read_prevalence(pretest)
    chains = set()
    for chain in nested:
        if isinstance(chain, str):
            raise ArgumentError(
                f"nested has {chain!r}; each of its items is a list of flags, such as "
                "[['age_50', 'age_70']]"
            )
        named = tuple(check_known(one, reports, "flag") for one in chain)
        if np.any(np.diff([figures[one] for one in named], axis=0) > 0):
            raise DataError(
                f"{', '.join(named)} are thresholds of one quantity, but a more demanding one is "
                "reported more often than a less demanding one; use one of them"
            )
        chains.add(named)
    if "family" in frame.columns and _says_cut_offs(frame):
        chains |= set(nested_entries(figures, vocabulary))
    return Entries(
        tuple(entries),
        prevalence,
        prevalence,
        given_source(prevalence),
        nested=tuple(sorted(chains)),
        contained=frozenset(contained_findings(vocabulary)),
        cut_offs=thresholds,
        combinations=_frame_combinations(combinations, list(reports)),
    )


def _says_cut_offs(frame: pd.DataFrame) -> bool:
    """Return whether the columns say which flags cut a quantity, and where."""
    return "label" in frame.columns or {"quantity", "threshold", "direction"} <= set(frame.columns)


def _observed(tables: Sequence[TableAccuracy], first: AccuracyDraws) -> tuple[float, float]:
    """Return the shares with the flag among cases and non-cases as the rows say them."""
    if not tables:
        return first.sensitivity, 1 - first.specificity
    tp, fp, fn, tn = np.sum([one.middle for one in tables], axis=0)
    return float(tp / (tp + fn)), float(fp / (fp + tn))


def _known(
    tables: Sequence[TableAccuracy], first: AccuracyDraws, effects: Effects, priors: Priors | None
) -> FlagAccuracy:
    """Return the accuracy of one flag: from its tables, or taken as known."""
    if not tables:
        return FlagAccuracy.everywhere(first)
    if effects == "common":
        counts = np.sum([one.middle for one in tables], axis=0, keepdims=True)
        return FlagAccuracy.everywhere(TableAccuracy(counts, tables[0].labels))
    rows = pd.DataFrame([one.middle for one in tables], columns=list(COUNT_COLUMNS))
    rows.insert(0, "study", [f"row {place}" for place in range(len(tables))])
    return tables_accuracy(rows, tables[0].labels, priors=priors)


def _row_accuracy(frame: pd.DataFrame, position: int, names: str) -> AccuracyDraws:
    """Read one row: counts if it has them, else sensitivity and specificity."""
    row = frame.iloc[position]
    origin = next((one for one in ("cohort_id", "study") if one in frame.columns), None)
    labels = {
        "flag_id": str(row[names]),
        "report_id": str(row.get("report_id", "")),
        # Without a cohort the rows of a frame are taken to be of one cohort.
        "cohort_id": "the frame" if origin is None else str(row[origin]),
    }
    where = f"the frame, row {frame.index[position]!r} ({labels['flag_id']})"
    if set(COUNT_COLUMNS) <= set(frame.columns) and not row[list(COUNT_COLUMNS)].isna().all():
        counts = counts_from_frame(frame.iloc[[position]], where)
        tp, fp, fn, tn = counts[0]
        if tp + fn == 0 or fp + tn == 0:
            lacking = "cases" if tp + fn == 0 else "non-cases"
            raise DataError(f"{where} has no {lacking}; it cannot enter")
        return TableAccuracy(counts, labels)
    if not {"sensitivity", "specificity"} <= set(frame.columns):
        raise DataError(
            f"{where} has neither counts (tp, fp, fn, tn) nor sensitivity and specificity"
        )
    pair = []
    for name in ("sensitivity", "specificity"):
        try:
            pair.append(check_fraction(row[name], name, closed=True))
        except ArgumentError as error:
            raise DataError(f"{where}: {error}") from error
    return KnownAccuracy(pair[0], pair[1], labels)


def _frame_combinations(
    frame: pd.DataFrame | None, flags: Sequence[str]
) -> tuple[PublishedCombination, ...]:
    """Read a user's combinations: flags, rule, k, and sensitivity and specificity."""
    if frame is None:
        return ()
    require_columns(frame, ("flags", "rule", "sensitivity", "specificity"), "combinations")
    found = []
    for position, row in enumerate(frame.to_dict("records")):
        listed = [one.strip() for one in str(row["flags"]).split(";")]
        named = tuple(check_known(one, flags, "flag") for one in listed)
        if len(set(named)) < len(named):
            raise DataError(f"combinations, row {position}: {row['flags']!r} names a flag twice")
        at_least = threshold_of_rule(str(row["rule"]), row.get("k"), len(named))
        if at_least is None:
            raise DataError(
                f"combinations, row {position}: rule {row['rule']!r} with k {row.get('k')!r}; "
                "allowed: any, all, at_least_k with a number k"
            )
        pair = [
            np.nan if pd.isna(row[name]) else check_fraction(row[name], name, closed=True)
            for name in ("sensitivity", "specificity")
        ]
        label = str(row.get("combination_id", f"{row['rule']} of {', '.join(named)}"))
        found.append(PublishedCombination(label, named, at_least, pair[0], 1 - pair[1]))
    return tuple(found)
