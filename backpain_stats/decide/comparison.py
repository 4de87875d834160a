"""Flags compared: which is best, how sure that is, and which have no usable figure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backpain_stats.checks import check_choice, check_level
from backpain_stats.decide.draws import joint_draws, read_source
from backpain_stats.decide.endorsement import NOT_FOUND, endorsement
from backpain_stats.decide.published import has_ratio, published_tables, settings_with_ratios
from backpain_stats.errors import NotEstimableError
from backpain_stats.evidence import Setting, Target, require_evidence
from backpain_stats.meta.published.accuracy import accuracy_table
from backpain_stats.published import likelihood_ratios
from backpain_stats.result import Grid, Result, Shown, format_number, grid_of
from backpain_stats.sampling import DEFAULT_SEED, DRAWS, Seed, interval_around

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from backpain_stats.evidence import Evidence
    from backpain_stats.published import AccuracyDraws

__all__ = ["Comparison", "compare_flags"]

# Measure -> (its task, whether larger is better).
TASKS = {"lr_positive": ("rule_in", True), "lr_negative": ("rule_out", False)}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Comparison(Result):
    """The flags of a condition in a setting, compared.

    Made by :func:`compare_flags`.

    Parameters
    ----------
    accuracy : pandas.DataFrame
        One row a flag: what all its direct cohorts say together, in an average practice and
        in a new one; as in :func:`~backpain_stats.accuracy_table`.
    flags : pandas.DataFrame
        One row a report, each study by itself: its labels, ``n_cases`` (as printed, else
        of the middle table), ``tables``, ``lr_positive`` and ``lr_negative`` with ``_low``
        and ``_high``, ``set_size`` (flags of
        the same cohort), ``probability_best_rule_in`` and
        ``probability_best_rule_out``, ``usable``, ``reason``.
    pairs : pandas.DataFrame
        One row a pair of flags of one cohort and measure: ``cohort_id,
        flag_id, other_flag_id, measure, estimate`` (the first ratio divided by
        the second), ``ci_low, ci_high, ci_level, probability_better, method``.
    unmeasured : pandas.DataFrame
        Flags that are endorsed, claimed or measured elsewhere for this
        condition, but of which no usable ratio is known here: ``flag_id, label,
        guidelines, status, measured_in_family, reason``.
    target, setting : str
        What it is about.
    """

    accuracy: pd.DataFrame
    flags: pd.DataFrame
    pairs: pd.DataFrame
    unmeasured: pd.DataFrame
    target: Target
    setting: Setting

    def to_frame(self) -> pd.DataFrame:
        """Return one row a flag, as in :func:`~backpain_stats.accuracy_table`."""
        return self.accuracy

    def _shown(self) -> Shown:
        """Show what is known of each flag, each study by itself, and what has no ratio."""
        usable = self.accuracy[self.accuracy["usable"]]
        pooled = [
            (
                str(row["label"]),
                *(
                    f"{format_number(row[name])} ({format_number(row[f'{name}_low'])} to "
                    f"{format_number(row[f'{name}_high'])}), in a new practice "
                    f"{format_number(row[f'{name}_new_practice_low'])} to "
                    f"{format_number(row[f'{name}_new_practice_high'])}"
                    for name in TASKS
                ),
            )
            for row in usable.to_dict("records")
        ]
        columns = ["flag_id", "study", "n_cases", "lr_positive", "lr_negative"]
        columns += ["probability_best_rule_in", "probability_best_rule_out"]
        grids = [
            Grid(pooled, ("flag, all cohorts together", "LR+", "LR-")),
            grid_of(self.flags, columns),
        ]
        notes = [f"{len(self.unmeasured)} further flags have no usable ratio here"]
        return Shown(f"{self.target} in {self.setting}", grids, notes)


def compare_flags(
    evidence: Evidence,
    *,
    target: Target,
    setting: Setting,
    indirect: bool = False,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: Seed = DEFAULT_SEED,
) -> Comparison:
    """Compare the flags of a condition in a setting, to rule in and to rule out.

    Flags are compared within their cohort: the same patients, the same way of
    asking. Across cohorts the likelihood ratios stand side by side, without a
    verdict which is better.

    Parameters
    ----------
    evidence : Evidence
        The published evidence.
    target, setting : str
        The condition, and where the patients were seen.
    indirect : bool, default False
        Whether reports on other patients than those asked about, or on another target,
        are compared too.
    level : float, default 0.95
        Level of the intervals.
    draws, seed
        Size and seed of the quasi-random sample.

    Returns
    -------
    Comparison

    Raises
    ------
    NotEstimableError
        If no flag has a usable ratio there; the message names the settings
        where some have.

    Notes
    -----
    ``accuracy`` is :func:`~backpain_stats.accuracy_table`, the numbers of every other room.
    The ratios of a single study are those of
    :func:`~backpain_stats.likelihood_ratios` (score intervals). The probabilities and the
    pairwise ratios come from draws of the Jeffreys posteriors of the
    sensitivities and specificities, mixed over all tables that fit. How the
    findings of one patient hang together is not published, so the flags are
    drawn independently of each other; flags that go together would have
    narrower pairwise intervals, flags that exclude each other wider ones. Where
    no case or no other patient carries a flag the prior decides the rank, and
    with a dozen cases it still matters.

    Examples
    --------
    >>> from backpain_stats import load_evidence
    >>> found = compare_flags(load_evidence(), target="malignancy", setting="primary_care")
    >>> found.flags.set_index("flag_id")["probability_best_rule_in"].idxmax()
    'cancer_history'
    """
    check_level(level)
    check_choice(target, "target", list(require_evidence(evidence).targets["target"]))
    check_choice(setting, "setting", list(evidence.settings["setting"]))
    ratios = likelihood_ratios(evidence, target=target, setting=setting, level=level)
    known = has_ratio(ratios, indirect=indirect)
    if not known.any():
        raise NotEstimableError(
            f"no flag has a usable likelihood ratio for {target} in {setting}; settings with "
            f"usable reports: {settings_with_ratios(evidence, target)}"
        )
    # Where the number of cases is not printed, the table that fits knows it.
    cases = ratios["n_cases"].fillna(ratios["tp"] + ratios["fn"])
    flags = ratios.assign(usable=known, n_cases=cases)
    pairs = []
    for _, accuracies in _sets(evidence, flags[known]):
        chances, rows = _compare_set(accuracies, level, draws, seed)
        pairs += rows
        for task, values in chances.items():
            flags.loc[flags["report_id"].isin(values), f"probability_best_{task}"] = flags[
                "report_id"
            ].map(values)
        members = [str(one.labels["report_id"]) for one in accuracies]
        flags.loc[flags["report_id"].isin(members), "set_size"] = len(members)
    for column in ("set_size", "probability_best_rule_in", "probability_best_rule_out"):
        if column not in flags.columns:
            flags[column] = np.nan
    order = flags.sort_values(["usable", "lr_positive"], ascending=False, ignore_index=True)
    return Comparison(
        accuracy_table(evidence, target, setting, indirect=indirect, level=level),
        order.astype({"set_size": "Int64"}),
        pd.DataFrame(pairs, columns=_PAIR_COLUMNS),
        _unmeasured(evidence, target, setting, ratios, known),
        target,
        setting,
    )


_PAIR_COLUMNS = [
    *("cohort_id", "flag_id", "other_flag_id", "measure", "estimate", "ci_low", "ci_high"),
    *("ci_level", "probability_better", "method"),
]


def _sets(evidence: Evidence, flags: pd.DataFrame) -> list[tuple[str, list[AccuracyDraws]]]:
    """Return the accuracies of each cohort that has tables for two flags or more."""
    tables = published_tables(evidence, flag=sorted(set(flags["flag_id"])), indirect=True)
    tables = tables[tables["report_id"].isin(flags["report_id"]) & tables["tp"].notna()]
    sets = []
    for cohort, rows in tables.groupby("cohort_id"):
        accuracies, _ = read_source(rows)
        if len(accuracies) > 1:
            sets.append((str(cohort), accuracies))
    return sets


def _compare_set(
    accuracies: Sequence[AccuracyDraws], level: float, draws: int, seed: Seed
) -> tuple[dict[str, dict[str, float]], list[dict[str, Any]]]:
    """Return the chances to be best and the pairwise ratios of the flags of one cohort."""
    sensitivity, specificity, _ = joint_draws(accuracies, draws=draws, seed=seed)
    points = np.array([[one.sensitivity, one.specificity] for one in accuracies])
    chances: dict[str, dict[str, float]] = {}
    rows: list[dict[str, Any]] = []
    for measure, (task, larger) in TASKS.items():
        sample = _ratio(measure, sensitivity, specificity)
        point = _ratio(measure, points[:, 0], points[:, 1])
        best = sample.argmax(axis=0) if larger else sample.argmin(axis=0)
        chances[task] = {
            str(one.labels["report_id"]): float(np.mean(best == i))
            for i, one in enumerate(accuracies)
        }
        for i, j in combinations(range(len(accuracies)), 2):
            one, other = accuracies[i].labels, accuracies[j].labels
            with np.errstate(divide="ignore", invalid="ignore"):
                estimate = float(point[i] / point[j])
            low, high = interval_around(estimate, sample[i] / sample[j], level)
            better = sample[i] > sample[j] if larger else sample[i] < sample[j]
            rows.append(
                {
                    "cohort_id": one["cohort_id"],
                    "flag_id": one["flag_id"],
                    "other_flag_id": other["flag_id"],
                    "measure": measure,
                    "estimate": estimate,
                    "ci_low": float(low),
                    "ci_high": float(high),
                    "ci_level": level,
                    "probability_better": float(np.mean(better)),
                    "method": f"{accuracies[i].basis}; flags independent",
                }
            )
    return chances, rows


def _ratio(
    measure: str, sensitivity: NDArray[np.float64], specificity: NDArray[np.float64]
) -> NDArray[np.float64]:
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "lr_positive":
            return np.asarray(sensitivity / (1 - specificity))
        return np.asarray((1 - sensitivity) / specificity)


def _unmeasured(
    evidence: Evidence, target: Target, setting: Setting, ratios: pd.DataFrame, known: pd.Series
) -> pd.DataFrame:
    """List the flags of the condition without a usable ratio in this setting, and why."""
    everywhere = likelihood_ratios(evidence, target=target)
    usable = everywhere[has_ratio(everywhere)]
    here = (
        ratios[~known].groupby("flag_id")["reason"].agg(lambda all_: "; ".join(dict.fromkeys(all_)))
    )
    rows = []
    for row in endorsement(evidence, target=target).flags.to_dict("records"):
        flag = row["flag_id"]
        if flag in set(ratios.loc[known, "flag_id"]):
            continue
        elsewhere = usable.loc[usable["flag_id"] == flag, "setting"].fillna("not stated")
        if flag in here.index:
            status, reason = "reported here, not usable", here[flag]
        elif len(elsewhere):
            status, reason = "measured elsewhere", ", ".join(sorted(set(elsewhere)))
        elif row["evidence"] == NOT_FOUND:
            status, reason = NOT_FOUND, ""
        else:
            status, reason = "reported elsewhere, not usable", row["reason"]
        rows.append(row | {"status": status, "reason": reason})
    columns = ["flag_id", "label", "guidelines", "status", "measured_in_family", "reason"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values(["guidelines", "flag_id"], ascending=[False, True], ignore_index=True)
