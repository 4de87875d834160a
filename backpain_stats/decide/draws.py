"""What a decision rests on: anything that gives draws of sensitivity and specificity.

A table, a frame of tables, the published evidence or a meta-analysis all become
a list of :class:`AccuracyDraws`; nothing above this module asks which it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

import numpy as np
import pandas as pd

from backpain_stats.checks import (
    COUNT_COLUMNS,
    as_names,
    check_known,
    check_truth,
    refuse_many_rows,
    require_columns,
)
from backpain_stats.decide.frames import nothing_usable, read_frame, unusable_frame
from backpain_stats.decide.published import published_accuracies
from backpain_stats.errors import ArgumentError, DataError, NotEstimableError, UnknownNameError
from backpain_stats.evidence import Evidence, Setting, Target
from backpain_stats.meta.accuracy import pooled_accuracy
from backpain_stats.meta.bayes.result import BayesianFit
from backpain_stats.meta.published.pooling import PooledEvidence
from backpain_stats.meta.result import BivariateFit
from backpain_stats.published import AccuracyDraws
from backpain_stats.sampling import DRAWS, Seed, check_draws, interval_around, quasi_uniform
from backpain_stats.tables.tables import TwoByTwo

if TYPE_CHECKING:
    from numpy.typing import NDArray

Source: TypeAlias = (
    TwoByTwo
    | pd.DataFrame
    | Evidence
    | BivariateFit
    | BayesianFit
    | PooledEvidence
    | AccuracyDraws
    | Sequence[AccuracyDraws]
)
UNIFORMS_PER_ACCURACY = 3


def read_source(
    source: Source,
    *,
    flag: str | Sequence[str] | None = None,
    target: Target | None = None,
    setting: Setting | None = None,
    indirect: bool = False,
) -> tuple[list[AccuracyDraws], pd.DataFrame]:
    """Read what a user hands in as a list of accuracies, and what could not be used.

    Parameters
    ----------
    source : TwoByTwo, DataFrame, Evidence, a fit, PooledEvidence, AccuracyDraws or a list of them
        A frame needs the columns ``tp, fp, fn, tn``; a frame of
        ``feasible_tables`` (column ``table``) is grouped by report. Rows whose
        column ``counted`` says False are set aside.
    flag : str or sequence of str, optional
        For evidence or a frame: only these flags, or combinations.
    target, setting : str, optional
        For evidence, or a frame with the columns of these names.
    indirect : bool, default False
        For evidence: whether reports on other patients than those asked about, or on
        another target, are used.

    Returns
    -------
    accuracies : list of AccuracyDraws
    unusable : DataFrame
        Columns ``flag_id, report_id, cohort_id, study, target, setting, reason``.

    Raises
    ------
    DataError
        If the source is none of these.
    NotEstimableError
        If no row of it gives both a sensitivity and a specificity.
    """
    if not isinstance(source, Evidence):
        _refuse_unused(source, target, setting, indirect)
    if isinstance(source, pd.DataFrame):
        frame = _narrow(source, flag, {"target": target, "setting": setting})
        if "table" not in frame.columns:  # the tables of one report are one flag
            refuse_many_rows(frame)
    elif isinstance(source, Evidence):
        return published_accuracies(
            source, flag=flag, target=target, setting=setting, indirect=indirect
        )
    elif isinstance(source, PooledEvidence):
        return [pooled_accuracy(source.fit, flag=_name(flag, source.name))], unusable_frame([])
    elif isinstance(source, BivariateFit | BayesianFit):
        return [pooled_accuracy(source, flag=_name(flag, "pooled flag"))], unusable_frame([])
    elif isinstance(source, TwoByTwo):
        frame = pd.DataFrame([{name: getattr(source, name) for name in COUNT_COLUMNS}])
        frame["flag_id"] = _name(flag, "table")
    elif _are_accuracies(several := list(source) if isinstance(source, list) else [source]):
        return several, unusable_frame([])
    else:
        raise DataError(
            f"{type(source).__name__} gives no sensitivity and specificity; hand in a TwoByTwo, "
            f"a frame with tp, fp, fn, tn, the evidence, or a meta-analysis"
        )
    accuracies, unusable = read_frame(frame)
    if not accuracies:
        raise NotEstimableError(nothing_usable(unusable))
    return accuracies, unusable


def _are_accuracies(several: list[Any]) -> TypeGuard[list[AccuracyDraws]]:
    """Tell whether all of a list, and at least one, are accuracies."""
    return bool(several) and all(
        hasattr(one, "draws") and hasattr(one, "labels") for one in several
    )


def joint_draws(
    accuracies: Sequence[AccuracyDraws], *, draws: int = DRAWS, seed: Seed
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Draw all accuracies together.

    Returns
    -------
    sensitivity, specificity : numpy.ndarray
        Shape (accuracies, draws).
    uniform : numpy.ndarray
        Shape (draws,): one further, independent uniform a draw, for the prevalence.
    """
    draws = check_draws(draws)
    step = UNIFORMS_PER_ACCURACY
    uniforms = quasi_uniform(draws, 1 + step * len(accuracies), seed)
    pairs = [
        accuracy.draws(uniforms[:, 1 + step * i : 1 + step * (i + 1)])
        for i, accuracy in enumerate(accuracies)
    ]
    sensitivity = np.array([pair[0] for pair in pairs])
    specificity = np.array([pair[1] for pair in pairs])
    return sensitivity, specificity, uniforms[:, 0]


def with_interval(
    name: str, estimate: float, draws: NDArray[np.float64], level: float
) -> dict[str, float]:
    """Return an estimate and the interval of its draws as ``name, name_low, name_high``."""
    low, high = interval_around(estimate, draws, level)
    return {name: float(estimate), f"{name}_low": float(low), f"{name}_high": float(high)}


def _refuse_unused(source: object, target: object, setting: object, indirect: bool) -> None:
    """Refuse what only an evidence, or a frame with such columns, can be asked for."""
    columns = source.columns if isinstance(source, pd.DataFrame) else ()
    for name, value in (("target", target), ("setting", setting)):
        if value is not None and name not in columns:
            raise ArgumentError(
                f"{name} is {value!r}, and a {type(source).__name__} without a column {name} "
                f"cannot be narrowed by it: leave {name} out"
            )
    if check_truth(indirect, "indirect"):
        raise ArgumentError("indirect is for the published evidence: leave it out")


def _narrow(
    frame: pd.DataFrame, flag: str | Sequence[str] | None, about: Mapping[str, str | None]
) -> pd.DataFrame:
    """Return the rows of the named flags, with the flag's name in ``flag_id``."""
    named = [one for one in ("flag", "flag_id", *about) if one in frame.columns]
    require_columns(frame, [*COUNT_COLUMNS, *named])
    for column, value in about.items():
        if value is not None:
            check_known(value, frame[column].dropna().unique(), column)
            frame = frame[frame[column] == value]
    frame = frame.copy()
    if "flag_id" not in frame.columns:
        names = frame["flag"] if "flag" in frame.columns else frame.index.astype(str)
        frame["flag_id"] = names
    # A name that is a number or a date is that text in every result.
    frame["flag_id"] = frame["flag_id"].map(str, na_action="ignore").astype(object)
    if flag is None:
        return frame
    wanted = as_names(flag, "flag")
    missing = [one for one in dict.fromkeys(map(str, wanted)) if one not in set(frame["flag_id"])]
    if missing:
        known = ", ".join(sorted(set(frame["flag_id"].astype(str))))
        raise UnknownNameError(
            f"the frame has no flag {', '.join(map(str, missing))}; it has: {known}"
        )
    return frame[frame["flag_id"].isin(wanted)]


def _name(flag: str | Sequence[str] | None, default: str) -> str:
    """Return what a source without names of its own is called."""
    return flag if isinstance(flag, str) else default
