"""Flags compared: which is best, how sure that is, and which have no usable figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backpain_stats.checks import check_choice, check_level
from backpain_stats.decide.draws import joint_draws, read_source
from backpain_stats.decide.endorsement import NOT_FOUND, endorsement
from backpain_stats.decide.paired_flags import (
    PAIR_COLUMNS,
    measured,
    pair_rows,
    printed_agreement,
)
from backpain_stats.decide.paired_studies import pooled_rows
from backpain_stats.decide.published import has_ratio, published_tables, settings_with_ratios
from backpain_stats.errors import NotEstimableError
from backpain_stats.evidence import Setting, Target, require_evidence
from backpain_stats.meta.published.accuracy import accuracy_table
from backpain_stats.published import likelihood_ratios
from backpain_stats.result import Grid, Result, Shown, format_number, grid_of
from backpain_stats.sampling import DEFAULT_SEED, DRAWS, Seed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from backpain_stats.evidence import Evidence
    from backpain_stats.published import AccuracyDraws

    Floats = NDArray[np.float64]

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
        One row a pair of flags of one cohort, measure and kind: ``cohort_id, flag_id,
        other_flag_id``, ``measure`` (sensitivity, specificity, lr_positive, lr_negative),
        ``kind`` (the first less the second is their difference, the first divided by the second
        their ratio), ``estimate, ci_low, ci_high``, ``bound_low, bound_high`` (the interval's
        ends under the least and the most favourable agreement of the two flags within patients;
        the interval itself where the agreement is printed), ``ci_level, probability_better``,
        ``agreement`` ("printed" where a combination of the two flags is published with its
        counts, else "independent"), ``method``.
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
        if len(self.pairs):
            paired = self.pairs.drop_duplicates(["cohort_id", "flag_id", "other_flag_id"])
            known = int((paired["agreement"] == "printed").sum())
            notes.append(
                f"{len(paired)} pairs of flags of the same patients: how they agree is printed for "
                f"{known}; the others are taken as independent, with bounds beside"
            )
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
    sensitivities and specificities, mixed over all tables that fit. Two flags of the
    same patients are paired: where a combination of both is published with its counts, their
    proportions vary together as the findings do (a Gaussian copula with the correlation of the
    two findings). Where none is, they are drawn independently, and ``bound_low`` and
    ``bound_high`` are the ends when as few or as many patients as the counts allow have both:
    flags that go together have narrower pairwise intervals, flags that exclude each other wider
    ones. Two flags that four cohorts or more asked of the same patients are also compared by
    :func:`~backpain_stats.compare_tests` (``cohort_id`` then says how many cohorts).
    The chances to be best take the flags as independent. Where
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
    pairs: list[dict[str, Any]] = []
    printed = printed_agreement(evidence)
    sets = _sets(evidence, flags[known])
    for _, accuracies in sets:
        drawn = joint_draws(accuracies, draws=draws, seed=seed)[:2]
        pairs += pair_rows(accuracies, drawn, printed, level)
        for task, values in _chances_best(accuracies, drawn).items():
            flags.loc[flags["report_id"].isin(values), f"probability_best_{task}"] = flags[
                "report_id"
            ].map(values)
        members = [str(one.labels["report_id"]) for one in accuracies]
        flags.loc[flags["report_id"].isin(members), "set_size"] = len(members)
    pairs += pooled_rows(sets, printed, level)
    for column in ("set_size", "probability_best_rule_in", "probability_best_rule_out"):
        if column not in flags.columns:
            flags[column] = np.nan
    order = flags.sort_values(["usable", "lr_positive"], ascending=False, ignore_index=True)
    return Comparison(
        accuracy_table(evidence, target, setting, indirect=indirect, level=level),
        order.astype({"set_size": "Int64"}),
        pd.DataFrame(pairs, columns=PAIR_COLUMNS),
        _unmeasured(evidence, target, setting, ratios, known),
        target,
        setting,
    )


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


def _chances_best(
    accuracies: Sequence[AccuracyDraws], drawn: tuple[Floats, Floats]
) -> dict[str, dict[str, float]]:
    """Return the chances of the flags of one cohort to be the best at each task."""
    chances: dict[str, dict[str, float]] = {}
    for measure, (task, larger) in TASKS.items():
        sample = measured(measure, *drawn)
        best = sample.argmax(axis=0) if larger else sample.argmin(axis=0)
        chances[task] = {
            str(one.labels["report_id"]): float(np.mean(best == i))
            for i, one in enumerate(accuracies)
        }
    return chances


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
