"""Two flags that several cohorts asked of the same patients: the paired meta-analysis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backpain_stats.decide.paired_flags import MEASURES, Printed
from backpain_stats.errors import FitError, NotEstimableError
from backpain_stats.meta.designs import agreement_sensitivity, compare_tests
from backpain_stats.published import TableAccuracy

if TYPE_CHECKING:
    from backpain_stats.published import AccuracyDraws

# The paired model needs this many studies.
FEWEST = 4


def pooled_rows(
    sets: Sequence[tuple[str, Sequence[AccuracyDraws]]],
    printed: Mapping[tuple[str, frozenset[str]], Printed],
    level: float,
) -> Iterator[dict[str, Any]]:
    """Yield the rows of each pair of flags that four cohorts or more share.

    Parameters
    ----------
    sets : sequence of tuple
        Each cohort with the accuracies of its flags.
    printed : mapping
        As of :func:`~backpain_stats.decide.paired_flags.printed_agreement`.
    level : float
        Level of the intervals.

    Notes
    -----
    :func:`~backpain_stats.compare_tests` on the middle tables, with the agreement that is printed
    (independent where none is); bounds are those of
    :func:`~backpain_stats.meta.designs.agreement_sensitivity`. A pair whose model cannot be fitted
    has no such row; the cohorts' own rows stay.
    """
    by_flag: dict[str, dict[str, TableAccuracy]] = {}
    for cohort, accuracies in sets:
        for one in accuracies:
            if isinstance(one, TableAccuracy):
                by_flag.setdefault(str(one.labels["flag_id"]), {})[cohort] = one
    for first, second in combinations(by_flag, 2):
        shared = [cohort for cohort in by_flag[first] if cohort in by_flag[second]]
        if len(shared) < FEWEST:
            continue
        tables = [
            (cohort, flag, *map(int, by_flag[flag][cohort].middle))
            for cohort in shared
            for flag in (first, second)
        ]
        data = pd.DataFrame(tables, columns=["study", "test", "tp", "fp", "fn", "tn"])
        try:
            compared = compare_tests(data, level=level)
        except (NotEstimableError, FitError):
            continue
        joint = _joint(data, (first, second), printed)
        yield from _rows(agreement_sensitivity(compared, joint), joint, len(shared))


def _joint(
    data: pd.DataFrame,
    flags: tuple[str, str],
    printed: Mapping[tuple[str, frozenset[str]], Printed],
) -> pd.DataFrame | None:
    """Return what the cohorts print of both flags together; None if none does."""
    rows = []
    positives = data.groupby("study")[["tp", "fp"]].sum()
    for cohort in positives.index:
        both = printed.get((str(cohort), frozenset(flags)))
        if both is None:
            continue
        counts = np.array(both[:2])
        if both.any_of:
            counts = positives.loc[cohort].to_numpy(dtype=float) - counts
        rows.append((cohort, *counts))
    return pd.DataFrame(rows, columns=["study", "tp_both", "fp_both"]) if rows else None


def _rows(
    found: pd.DataFrame, joint: pd.DataFrame | None, cohorts: int
) -> Iterator[dict[str, Any]]:
    """Yield one row a measure and kind from those of :func:`agreement_sensitivity`."""
    main = "independent" if joint is None else "printed"
    for (measure, kind), rows in found.groupby(["measure", "kind"], sort=False):
        if measure not in MEASURES or kind not in MEASURES[str(measure)][0]:
            continue
        by_agreement = rows.set_index("agreement")
        row = by_agreement.loc[main]
        # With every cohort's agreement printed, only that one is possible.
        possible = by_agreement.loc[[main, *(by_agreement.index.intersection(["least", "most"]))]]
        yield {
            "cohort_id": f"{cohorts} cohorts",
            "flag_id": row["test"],
            "other_flag_id": row["reference"],
            "measure": measure,
            "kind": kind,
            "estimate": row["estimate"],
            "ci_low": row["ci_low"],
            "ci_high": row["ci_high"],
            "bound_low": possible["ci_low"].min(),
            "bound_high": possible["ci_high"].max(),
            "ci_level": row["ci_level"],
            "probability_better": np.nan,
            "agreement": main,
            "method": row["method"],
        }
