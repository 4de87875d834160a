"""The parts of a patient's risk that a model puts together: draws, shares, frames, warnings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import logit

from backpain_stats.combine.dependence.base import Marginals
from backpain_stats.combine.dependence.independent import Independent
from backpain_stats.combine.dependence.patterns import NOT_ASSESSED, PRESENT
from backpain_stats.combine.inputs.entries import Entries, Entry
from backpain_stats.combine.risk.contributions import alone, assessed_findings, contributions
from backpain_stats.combine.risk.pattern_risks import (
    Known,
    PatternRisks,
    median_log_ratios,
    pattern_risks,
    point_log_ratios,
)
from backpain_stats.combine.risk.posterior import Posterior
from backpain_stats.meta.accuracy import accuracy_row

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

# Shares of this many findings are those of the medians: 128 patterns with all their draws.
LARGEST_DRAWN = 7


def without_combinations(marginals: Marginals) -> Marginals:
    """Return the same marginals with no combination to satisfy."""
    return Marginals(
        marginals.cases,
        marginals.noncases,
        nested=marginals.nested,
        labels=marginals.labels,
        signs=marginals.signs,
    )


def width_shares(known: Known, pattern: NDArray[np.int8], found: PatternRisks) -> dict[str, float]:
    """Share the variance of the post-test log odds in a new practice among its four sources.

    The log odds are the pre-test's plus the log likelihood ratio. In an average practice the
    pre-test is independent of the rest, so its share is its variance; the log ratio depends
    on the accuracies and, where it is drawn, on the dependence: each is frozen at its
    point value in turn, and what it adds is averaged over the two orders
    (Shapley), a negative addition counting as none. What the variance gains in a new
    practice is the share of the difference between practices. The squared width of an
    interval of the log odds is proportional to their variance.

    Parameters
    ----------
    known : Known
        The model.
    pattern : numpy.ndarray
        The patient's findings, shape (flags,).
    found : PatternRisks
        Of that pattern, its draws kept.

    Returns
    -------
    dict
        ``prevalence``, ``accuracy``, ``practice`` and ``dependence``, summing to 1; empty if
        nothing varies or a draw has infinite log odds.
    """
    posterior = known.draws
    if posterior is None or found.drawn is None or found.drawn_new is None:
        return {}
    both = accuracy = _variance(found.drawn[0])
    together = 0.0
    if posterior.dependence is not None:
        accuracy = _variance(known.dependence.log_ratios(posterior.marginals, pattern))
        together = _variance(posterior.dependence.log_ratios(known.marginals, pattern))
    prevalence = _variance(logit(posterior.pretest))
    practice = 0.0
    if known.new_practice is not None:
        new = _variance(found.drawn_new[0]) + _variance(logit(known.new_practice.pretest))
        practice = max(new - both - prevalence, 0.0)
    parts = {
        "prevalence": prevalence,
        "accuracy": (accuracy + max(both - together, 0.0)) / 2,
        "practice": practice,
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
    own = replace(
        known, dependence=Independent(), marginals=without_combinations(point),
        posterior=_uncombined(known.posterior), new_practice=None,
    )  # fmt: skip
    by_itself = pattern_risks(own, alone(point, pattern), level)
    added, method = np.full(len(groups), np.nan), "none: bounds leave no single ratio"
    if not known.dependence.leaves_range:
        added, method = contributions(point, pattern, _log_ratios(known, len(groups)))
    rows = []
    for place, group in enumerate(groups):
        present = [column for column in group if pattern[column] == PRESENT]
        decisive = present[-1] if present else group[0]
        entry, state = entries.entries[decisive], int(pattern[decisive])
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
                **_lr_alone(entry if len(group) == 1 else None, state, by_itself, place, level),
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


def _uncombined(posterior: Posterior | None) -> Posterior | None:
    """Return the same draws with no combination to satisfy and no dependence."""
    if posterior is None:
        return None
    marginals = without_combinations(posterior.marginals)
    return replace(posterior, marginals=marginals, dependence=None)


def _log_ratios(known: Known, findings: int) -> Callable[[NDArray[np.int8]], Array]:
    """Return what gives patterns their log ratio: medians, or for many findings point values."""
    if findings <= LARGEST_DRAWN:
        return lambda patterns: median_log_ratios(known, patterns)
    return lambda patterns: point_log_ratios(known.dependence, known.marginals, patterns)


def _lr_alone(
    entry: Entry | None, state: int, found: PatternRisks, place: int, level: float
) -> dict[str, float]:
    """Return a finding's own ratio: of a single flag as everywhere, of strata (None) from draws."""
    names = ("lr_alone", "lr_alone_low", "lr_alone_high")
    fit = None if entry is None else entry.known.fit
    if fit is None:
        values = [found.lr[place], found.lr_low[place], found.lr_high[place]]
    else:
        name = f"lr_{'positive' if state == PRESENT else 'negative'}"
        one = type(fit).of(fit, level=level).estimate(name)
        values = [one.estimate, one.ci_low, one.ci_high]
    return dict(zip(names, map(float, values), strict=True))


def flag_frame(entries: Entries) -> pd.DataFrame:
    """Return what enters a model, one row a flag; see ``RiskModel.flags``."""
    rows = [
        {
            "flag_id": entry.flag_id,
            "label": entry.label,
            "family": entry.family or pd.NA,
            "cohort_id": entry.cohort_id,
            **accuracy_row(entry.known),
        }
        for entry in entries.entries
    ]
    return pd.DataFrame(rows).astype(dict.fromkeys(("studies", "n_cases", "n", "tables"), "Int64"))


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
            f"no counts of {', '.join(uncounted)}: what was found in its patients is taken as "
            "known, and the interval leaves out how uncertain that is"
        )
    if len(assessed) > 1:
        varied = posterior is not None and posterior.dependence is not None
        texts.append(dependence.caveat(varied=varied, combinations=bool(entries.combinations)))
    return [text for text in texts if text]
