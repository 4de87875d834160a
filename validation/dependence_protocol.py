"""Patients, subsets of findings, folds and scores: the protocol of validation/dependence.py."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from math import comb
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from backpain_stats import load_patients
from backpain_stats.evidence.patients import PAIN_TYPES

Array = NDArray[np.float64]

SIZES = (2, 3, 4, 6, 8)
SUBSETS = 8
FOLDS = 5
CORRECTION = 0.5
LEAST_RECORDED = 0.7
LEAST_IN_RARER_STATE = 10
LEAST_PER_GROUP = 40


@dataclass(frozen=True, slots=True, eq=False)
class PatientSet:
    """The complete rows of one data set.

    Parameters
    ----------
    name : str
        The set.
    findings : tuple of str
        Findings recorded and frequent enough.
    present : numpy.ndarray
        Which of them each patient has, (patients, findings).
    outcome : numpy.ndarray
        Who is a case.
    recorded : int
        Patients before rows with a missing finding were dropped.
    """

    name: str
    findings: tuple[str, ...]
    present: NDArray[np.bool_]
    outcome: NDArray[np.bool_]
    recorded: int

    @property
    def usable(self) -> bool:
        """Whether each group has 40 patients or more."""
        return min(self.outcome.sum(), (~self.outcome).sum()) >= LEAST_PER_GROUP


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One set and one subset of k findings, every patient predicted from the other folds.

    Parameters
    ----------
    name : str
        The set.
    size : int
        k, the number of findings.
    outcome : numpy.ndarray
        Whether each patient is a case.
    prior : numpy.ndarray
        Log odds of a case in the training folds, one per patient.
    log_ratios : numpy.ndarray
        Log likelihood ratio of each finding as it is in the patient, (patients, k).
    typical : numpy.ndarray
        Root mean square of each finding's log ratio over the training patients, (patients, k).
    present : numpy.ndarray
        The findings, (patients, k).
    fold : numpy.ndarray
        Fold of each patient.
    cases, noncases : numpy.ndarray
        P(present) in the training folds, (folds, k).
    """

    name: str
    size: int
    outcome: NDArray[np.bool_]
    prior: Array
    log_ratios: Array
    typical: Array
    present: NDArray[np.bool_]
    fold: NDArray[np.intp]
    cases: Array
    noncases: Array


def read_sets(folder: Path) -> list[PatientSet]:
    """Read every set of the folder: findings recorded and frequent enough, complete rows."""
    sets = []
    for path in sorted((folder / "patients").glob("*.csv")):
        frame = pd.read_csv(path)
        sets.append(patient_set(path.stem, frame.drop(columns="outcome"), frame["outcome"] == 1))
    return sets


def patient_set(name: str, findings: pd.DataFrame, outcome: pd.Series) -> PatientSet:
    """Keep findings with 70% recorded and 10 patients in the rarer state; complete rows."""
    recorded = findings.notna().mean() >= LEAST_RECORDED
    rarer = pd.concat([(findings == 1).sum(), (findings == 0).sum()], axis=1).min(axis=1)
    kept = findings.loc[:, recorded & (rarer >= LEAST_IN_RARER_STATE)]
    complete = kept.notna().all(axis=1)
    present = (kept[complete] == 1).to_numpy(dtype=bool)
    is_case = outcome[complete].to_numpy(dtype=bool)
    return PatientSet(name, tuple(kept.columns), present, is_case, len(findings))


def back_pain_sets() -> list[PatientSet]:
    """Return the package's back-pain patients, one set per pain type against the others."""
    patients = load_patients()
    findings = patients.drop(columns=["patient", "pain_type"])
    return [patient_set(one, findings, patients["pain_type"] == one) for one in PAIN_TYPES]


def shuffled(patients: PatientSet, random: np.random.Generator) -> PatientSet:
    """Permute each finding within cases and within non-cases: same marginals, no dependence."""
    present = patients.present.copy()
    for group in (patients.outcome, ~patients.outcome):
        present[group] = random.permuted(present[group], axis=0)
    return replace(patients, present=present)


def subsets(
    findings: int, size: int, random: np.random.Generator, refused: NDArray[np.bool_]
) -> list[tuple[int, ...]]:
    """Return up to 8 different random subsets in which no pair is refused."""
    if comb(findings, size) <= 4 * SUBSETS:
        every = [np.array(one) for one in combinations(range(findings), size)]
        every = [every[place] for place in random.permutation(len(every))]
    else:
        every = [np.sort(random.choice(findings, size, replace=False)) for _ in range(40 * SUBSETS)]
    chosen: dict[tuple[int, ...], None] = {}
    for one in every:
        if len(chosen) < SUBSETS and not refused[np.ix_(one, one)].any():
            chosen[tuple(one.tolist())] = None
    return list(chosen)


def excluding_pairs(present: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which pairs of findings have an empty cell: one contains or excludes the other."""
    inside, outside = present.astype(int), (~present).astype(int)
    cells = [inside.T @ inside, inside.T @ outside, outside.T @ inside, outside.T @ outside]
    empty = np.min(cells, axis=0) == 0
    np.fill_diagonal(empty, False)
    return np.asarray(empty)


def folds_of(outcome: NDArray[np.bool_], random: np.random.Generator) -> NDArray[np.intp]:
    """Return the fold of each patient; each fold has the same share of cases."""
    fold = np.empty(len(outcome), dtype=np.intp)
    start = 0
    for group in (outcome, ~outcome):
        members = random.permutation(np.flatnonzero(group))
        fold[members] = (start + np.arange(len(members))) % FOLDS
        start += len(members)
    return fold


def cells_of(
    patients: PatientSet, seed: int, *, exclude: bool = False, every: bool = False
) -> Iterator[Cell]:
    """Yield every cell of a set: up to 8 subsets of each size, 5-fold cross-validated.

    With ``exclude``, no subset holds two findings of which one contains or
    excludes the other in these patients. With ``every``, there is one cell: all
    findings.
    """
    # The name makes the streams of two sets differ, whatever sets there are beside them.
    random = np.random.default_rng([seed, *patients.name.encode()])
    fold = folds_of(patients.outcome, random)
    count = patients.present.shape[1]
    refused = excluding_pairs(patients.present) if exclude else np.zeros((count, count), dtype=bool)
    for size in (count,) if every else SIZES:
        if size > count:
            continue
        for columns in subsets(count, size, random, refused):
            yield cell_of(patients.name, patients.present[:, list(columns)], patients.outcome, fold)


def cell_of(
    name: str, present: NDArray[np.bool_], outcome: NDArray[np.bool_], fold: NDArray[np.intp]
) -> Cell:
    """Learn the marginals of each fold's training patients and apply them to its own."""
    shape = present.shape
    prior, ratios, typical = np.empty(shape[0]), np.empty(shape), np.empty(shape)
    positive = np.empty((2, FOLDS, shape[1]))
    for number in range(FOLDS):
        own, training = fold == number, fold != number
        for place, group in enumerate((training & outcome, training & ~outcome)):
            counts = present[group].sum(axis=0)
            positive[place, number] = (counts + CORRECTION) / (group.sum() + 2 * CORRECTION)
        case, other = positive[:, number]
        found, missed = np.log(case / other), np.log((1 - case) / (1 - other))
        share = outcome[training].mean()
        frequency = share * case + (1 - share) * other
        prior[own] = logit(share)
        ratios[own] = np.where(present[own], found, missed)
        typical[own] = np.sqrt(frequency * found**2 + (1 - frequency) * missed**2)
    return Cell(
        name, shape[1], outcome, prior, ratios, typical, present, fold, positive[0], positive[1]
    )


def log_losses(cell: Cell, log_ratio: Array) -> Array:
    """Return the mean log loss of each column of log ratios (patients, values)."""
    odds = cell.prior[:, None] + log_ratio
    return np.asarray((np.logaddexp(0, odds) - cell.outcome[:, None] * odds).mean(axis=0))


def calibration_lines(cell: Cell, log_ratio: Array) -> tuple[Array, Array]:
    """Return calibration slope and intercept of each column of log ratios (patients, values).

    The slope is b of the logistic regression a + b * odds; the intercept is a
    of a + odds. NaN where Newton's method does not end in 50 steps (the
    predictions separate the outcomes).
    """
    odds = cell.prior[:, None] + log_ratio
    outcome = cell.outcome[:, None].astype(float)
    slope, shift = np.ones(odds.shape[1]), np.zeros(odds.shape[1])
    for _ in range(50):
        risk = expit(shift + slope * odds)
        weight, residual = risk * (1 - risk), outcome - risk
        s0, s1, s2 = (np.sum(weight * odds**power, axis=0) for power in (0, 1, 2))
        g0, g1 = residual.sum(axis=0), (residual * odds).sum(axis=0)
        determinant = s0 * s2 - s1**2
        steps = np.array([s2 * g0 - s1 * g1, s0 * g1 - s1 * g0]) / determinant
        steps /= np.maximum(1.0, np.abs(steps).max(axis=0))
        shift, slope = shift + steps[0], slope + steps[1]
        # 1e-7: five digits more than are printed.
        if np.abs(steps).max() < 1e-7:
            break
    slope = np.where(np.abs(steps).max(axis=0) < 1e-7, slope, np.nan)
    intercept = np.zeros(odds.shape[1])
    for _ in range(50):
        risk = expit(intercept + odds)
        step = (outcome - risk).sum(axis=0) / (risk * (1 - risk)).sum(axis=0)
        step /= np.maximum(1.0, np.abs(step))
        intercept = intercept + step
        if np.abs(step).max() < 1e-7:
            break
    return slope, intercept
