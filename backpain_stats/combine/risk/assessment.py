"""The parts of a patient's risk that a model puts together: draws, shares, frames, warnings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import logit

from backpain_stats.combine.dependence.base import Marginals
from backpain_stats.combine.dependence.independent import Independent
from backpain_stats.combine.dependence.patterns import NOT_ASSESSED, PRESENT
from backpain_stats.combine.inputs.entries import Entries, Entry
from backpain_stats.combine.risk.contributions import (
    assessed_findings,
    contributions,
    log_ratios_alone,
)
from backpain_stats.combine.risk.pattern_risks import Known, log_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def without_combinations(marginals: Marginals) -> Marginals:
    """Return the same marginals with no combination to satisfy."""
    return Marginals(
        marginals.cases,
        marginals.noncases,
        nested=marginals.nested,
        labels=marginals.labels,
        signs=marginals.signs,
    )


def width_shares(known: Known, pattern: NDArray[np.int8], drawn: Array) -> dict[str, float]:
    """Share the variance of the post-test log odds among its three sources.

    The log odds are the pre-test's plus the log likelihood ratio. The pre-test
    is independent of the rest, so its share is its variance. The log ratio
    depends on the accuracies and, where it is drawn, on the dependence: each is frozen at its
    point value in turn, and what it adds is averaged over the two orders
    (Shapley), a negative addition counting as none. The squared width of an
    interval of the log odds is proportional to their variance.
    ``drawn`` are the draws of the log ratio, everything varying.

    Returns
    -------
    dict
        ``prevalence``, ``accuracy`` and ``dependence``, summing to 1; empty if
        nothing varies or a draw has infinite log odds.
    """
    posterior = known.draws
    if posterior is None:
        return {}
    both = accuracy = _variance(drawn)
    together = 0.0
    if posterior.dependence is not None:
        accuracy = _variance(known.dependence.log_ratios(posterior.marginals, pattern))
        together = _variance(posterior.dependence.log_ratios(known.marginals, pattern))
    parts = {
        "prevalence": _variance(logit(posterior.pretest)),
        "accuracy": (accuracy + max(both - together, 0.0)) / 2,
        "dependence": (together + max(both - accuracy, 0.0)) / 2,
    }
    total = sum(parts.values())
    if not (np.isfinite(total) and total > 0):
        return {}
    return {name: float(part / total) for name, part in parts.items()}


def _variance(values: Array) -> float:
    return float(np.var(values)) if np.isfinite(values).all() else float("nan")


def contribution_frame(
    entries: Entries, known: Known, pattern: NDArray[np.int8], level: float
) -> pd.DataFrame:
    """Return what each assessed finding says by itself and adds in this patient."""
    point = known.marginals
    groups = assessed_findings(point, pattern)
    # Every model keeps the marginals, so a finding's own ratio does not depend on it.
    alone = log_ratios_alone(Independent(), without_combinations(point), pattern)[0]
    low = high = np.full(len(groups), np.nan)
    if known.draws is not None and groups:
        marginals = without_combinations(known.draws.marginals)
        drawn = log_ratios_alone(Independent(), marginals, pattern)
        low, high = log_interval(alone, np.ascontiguousarray(drawn.T), level)
    alone, low, high = np.exp(alone), np.exp(low), np.exp(high)
    added, method = np.full(len(groups), np.nan), "none: bounds leave no single ratio"
    if not known.dependence.leaves_range:
        added, method = contributions(known.dependence, point, pattern)
    rows = []
    for place, group in enumerate(groups):
        present = [column for column in group if pattern[column] == PRESENT]
        decisive = present[-1] if present else group[0]
        entry = entries.entries[decisive]
        rows.append(
            {
                "flag_id": entry.flag_id,
                "label": entry.label,
                "finding": ", ".join(
                    f"{entries.flags[column]} {'present' if pattern[column] else 'absent'}"
                    for column in group
                ),
                "cohort_id": entry.cohort_id,
                "sensitivity": point.cases[0, decisive],
                "specificity": 1 - point.noncases[0, decisive],
                "lr_alone": alone[place],
                "lr_alone_low": low[place],
                "lr_alone_high": high[place],
                "log_odds": added[place],
                "factor": np.exp(added[place]),
                "method": method,
            }
        )
    columns = [
        *("flag_id", "label", "finding", "cohort_id", "sensitivity", "specificity"),
        *("lr_alone", "lr_alone_low", "lr_alone_high", "log_odds", "factor", "method"),
    ]
    return pd.DataFrame(rows, columns=columns)


def flag_frame(entries: Entries) -> pd.DataFrame:
    """Return what enters a model, one row a flag; see ``RiskModel.flags``."""
    rows = []
    for entry in entries.entries:
        accuracy = entry.accuracy
        with np.errstate(divide="ignore", invalid="ignore"):
            positive = np.float64(accuracy.sensitivity) / (1 - accuracy.specificity)
            negative = np.float64(1 - accuracy.sensitivity) / accuracy.specificity
        rows.append(
            {
                "flag_id": entry.flag_id,
                "label": entry.label,
                "family": entry.family or pd.NA,
                "cohort_id": entry.cohort_id,
                "n_cases": accuracy.n_cases,
                "n": accuracy.n,
                "tables": accuracy.tables,
                "sensitivity": accuracy.sensitivity,
                "specificity": accuracy.specificity,
                "lr_positive": positive,
                "lr_negative": negative,
                "basis": accuracy.basis,
            }
        )
    return pd.DataFrame(rows).astype({"n_cases": "Int64", "n": "Int64"})


def cohort_frame(entries: Entries, pattern: NDArray[np.int8]) -> pd.DataFrame:
    """Return the cohorts behind the assessed flags, with their numbers of cases."""
    cohorts: dict[str, list[Entry]] = {}
    for entry, state in zip(entries.entries, pattern, strict=True):
        if state != NOT_ASSESSED:
            cohorts.setdefault(entry.cohort_id, []).append(entry)
    rows = [
        {
            "cohort_id": cohort,
            "n_cases": _largest(one.accuracy.n_cases for one in own),
            "n": _largest(one.accuracy.n for one in own),
            "flags": ";".join(one.flag_id for one in own),
            "studies": own[-1].accuracy.studies,
        }
        for cohort, own in cohorts.items()
    ]
    frame = pd.DataFrame(rows, columns=["cohort_id", "n_cases", "n", "flags", "studies"])
    return frame.astype({"n_cases": "Int64", "n": "Int64"})


def _largest(counts: Iterable[int | None]) -> Any:
    """Return the largest count; NA if one of them is not known."""
    known = list(counts)
    return pd.NA if None in known else max(one for one in known if one is not None)


def remarks(entries: Entries, known: Known, pattern: NDArray[np.int8]) -> list[str]:
    """Return what a reader must know of this patient's risk."""
    dependence, posterior = known.dependence, known.draws
    assessed = [flag for flag, state in zip(entries.flags, pattern, strict=True) if state >= 0]
    texts = [
        f"{note.about}: {note.text}".replace("pretest:", "pre-test:")
        for note in entries.notes
        if note.about in assessed
        or note.about == "pretest"
        or (note.about == "combinations" and dependence.uses_combinations)
    ]
    uncounted = [
        entry.flag_id
        for entry in entries.entries
        if entry.flag_id in assessed and not entry.accuracy.tables
    ]
    if uncounted and posterior is not None:
        texts.append(
            f"no counts of {', '.join(uncounted)}: taken as known, the interval leaves out how "
            "uncertain they are"
        )
    if len(assessed) > 1:
        varied = posterior is not None and posterior.dependence is not None
        texts.append(dependence.caveat(varied=varied, combinations=bool(entries.combinations)))
    return [text for text in texts if text]
