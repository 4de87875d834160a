"""What a decision rests on: anything that gives draws of sensitivity and specificity.

A table, a frame of tables, the published evidence or a meta-analysis all become
a list of :class:`AccuracyDraws`; nothing above this module asks which it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
import pandas as pd
from scipy.special import expit, ndtri

from backpain_stats.checks import COUNT_COLUMNS, counts_from_frame, require_columns
from backpain_stats.errors import ArgumentError, DataError, NotEstimableError, UnknownNameError
from backpain_stats.evidence.loading import Evidence
from backpain_stats.sampling import Seed, jeffreys_quantile, quasi_uniform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backpain_stats.meta.result import BivariateFit
    from backpain_stats.twobytwo.tables import TwoByTwo

    Source: TypeAlias = TwoByTwo | pd.DataFrame | Evidence | BivariateFit

LABELS = ("flag_id", "report_id", "cohort_id", "study", "target", "setting")
DRAWS = 4096  # a power of two keeps the Sobol sample balanced
UNIFORMS_PER_ACCURACY = 3


class AccuracyDraws(Protocol):
    """Sensitivity and specificity of one flag or rule: a point and a way to draw them."""

    @property
    def labels(self) -> Mapping[str, Any]:
        """What it is: ``flag_id, report_id, cohort_id, study, target, setting``."""
        ...

    @property
    def sensitivity(self) -> float:
        """Point value."""
        ...

    @property
    def specificity(self) -> float:
        """Point value."""
        ...

    @property
    def n_cases(self) -> int | None:
        """Cases behind the sensitivity, if that is known."""
        ...

    @property
    def n(self) -> int | None:
        """Patients behind both, if that is known."""
        ...

    @property
    def studies(self) -> int:
        """How many studies they are."""
        ...

    @property
    def tables(self) -> int:
        """How many tables fit what was printed."""
        ...

    @property
    def basis(self) -> str:
        """How the draws are made, in words."""
        ...

    def draws(self, uniform: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Map uniforms of shape (draws, 3) to draws of sensitivity and specificity."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class TableAccuracy:
    """Accuracy known from one cohort: its table, or every table that fits its report.

    The draws come from the Jeffreys posterior (Beta with 1/2 added to each
    cell) of the two proportions, independent of each other; where several
    tables fit, each of them is equally likely. The point is the observed
    proportion in the middle table.

    Parameters
    ----------
    tables_array : numpy.ndarray
        Shape (tables, 4), ordered tp, fp, fn, tn.
    labels : mapping
        What it is: ``flag_id, report_id, cohort_id, study, target, setting``.
    """

    tables_array: NDArray[np.int64]
    labels: Mapping[str, Any]

    @property
    def middle(self) -> NDArray[np.int64]:
        """Return the middle table: the lower median of them ordered by tp, then fp."""
        order = np.lexsort((self.tables_array[:, 1], self.tables_array[:, 0]))
        middle: NDArray[np.int64] = self.tables_array[order[(len(order) - 1) // 2]]
        return middle

    @property
    def sensitivity(self) -> float:
        """Observed share of the cases with the flag."""
        tp, _, fn, _ = self.middle
        return float(tp / (tp + fn))

    @property
    def specificity(self) -> float:
        """Observed share of the patients without the disease who lack the flag."""
        _, fp, _, tn = self.middle
        return float(tn / (fp + tn))

    @property
    def n_cases(self) -> int | None:
        """Cases behind the sensitivity."""
        return int(self.middle[0] + self.middle[2])

    @property
    def n(self) -> int | None:
        """Patients in the table."""
        return int(self.middle.sum())

    @property
    def studies(self) -> int:
        """One: each table is one cohort."""
        return 1

    @property
    def tables(self) -> int:
        """How many tables fit what was printed."""
        return len(self.tables_array)

    @property
    def basis(self) -> str:
        """How the draws are made."""
        mixed = "" if self.tables == 1 else f", mixed over {self.tables} tables"
        return f"Jeffreys posterior{mixed}"

    def draws(self, uniform: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Map uniforms of shape (draws, 3) to draws of sensitivity and specificity."""
        chosen = self.tables_array[(uniform[:, 0] * self.tables).astype(int)]
        tp, fp, fn, tn = chosen.T
        return jeffreys_quantile(uniform[:, 1], tp, fn), jeffreys_quantile(uniform[:, 2], tn, fp)


@dataclass(frozen=True, slots=True, eq=False)
class FitAccuracy:
    """Accuracy known from a meta-analysis: normal on the logit scale.

    Parameters
    ----------
    mean, covariance : numpy.ndarray
        Of logit sensitivity and logit specificity.
    labels : mapping
        What was pooled.
    studies : int
        How many studies were pooled.
    n, n_cases : int or None
        Patients and cases in all of them together.
    """

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    labels: Mapping[str, Any]
    studies: int = 1
    n: int | None = None
    n_cases: int | None = None
    tables: int = 1
    basis: str = "normal distribution of the summary logits"

    @property
    def sensitivity(self) -> float:
        """Summary sensitivity."""
        return float(expit(self.mean[0]))

    @property
    def specificity(self) -> float:
        """Summary specificity."""
        return float(expit(self.mean[1]))

    def draws(self, uniform: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Map uniforms of shape (draws, 3) to draws of sensitivity and specificity."""
        # A symmetric root also exists where the matrix is singular (a boundary fit).
        values, vectors = np.linalg.eigh(self.covariance)
        root = vectors * np.sqrt(np.clip(values, 0, None))
        logits = self.mean + ndtri(uniform[:, 1:3]) @ root.T
        return expit(logits[:, 0]), expit(logits[:, 1])


def read_source(
    source: Source,
    *,
    flag: str | Sequence[str] | None = None,
    target: str | None = None,
    setting: str | None = None,
) -> tuple[list[AccuracyDraws], pd.DataFrame]:
    """Read what a user hands in as a list of accuracies, and what could not be used.

    Parameters
    ----------
    source : TwoByTwo, DataFrame, Evidence or BivariateFit
        A frame needs the columns ``tp, fp, fn, tn``; a frame of
        ``feasible_tables`` (column ``table``) is grouped by report. Rows whose
        column ``counted`` says False are set aside.
    flag : str or sequence of str, optional
        For evidence or a frame: only these flags, or combinations.
    target, setting : str, optional
        For evidence only.

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
    if isinstance(source, pd.DataFrame):
        frame = _narrow(source, flag)
    elif isinstance(source, Evidence):
        from backpain_stats.decide.published import published_tables

        frame = published_tables(source, flag=flag, target=target, setting=setting)
    elif hasattr(source, "covariance") and hasattr(source, "coefficients"):
        return [_fit_accuracy(source, flag)], _unusable([])
    elif all(hasattr(source, name) for name in COUNT_COLUMNS):
        frame = pd.DataFrame([{name: getattr(source, name) for name in COUNT_COLUMNS}])
        frame["flag_id"] = flag if isinstance(flag, str) else "table"
    else:
        raise DataError(
            f"{type(source).__name__} gives no sensitivity and specificity; hand in a TwoByTwo, "
            f"a frame with tp, fp, fn, tn, the evidence, or a BivariateFit"
        )
    accuracies, unusable = _from_frame(frame)
    if not accuracies:
        reasons = "; ".join(f"{r.flag_id}: {r.reason}" for r in unusable.itertuples())
        raise NotEstimableError(
            f"no row gives both a sensitivity and a specificity ({reasons or 'no rows'})"
        )
    return accuracies, unusable


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
    if draws < 2:
        raise ArgumentError(f"draws is {draws!r}; at least 2 are needed")
    step = UNIFORMS_PER_ACCURACY
    uniforms = quasi_uniform(draws, 1 + step * len(accuracies), seed)
    pairs = [
        accuracy.draws(uniforms[:, 1 + step * i : 1 + step * (i + 1)])
        for i, accuracy in enumerate(accuracies)
    ]
    sensitivity = np.array([pair[0] for pair in pairs])
    specificity = np.array([pair[1] for pair in pairs])
    return sensitivity, specificity, uniforms[:, 0]


def interval_around(
    estimate: Any, draws: NDArray[np.float64], level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the equal-tailed interval of draws (last axis), widened to hold the estimate.

    With no case missed the observed sensitivity is 1 and every draw lies
    below it; the interval then ends at the observed value, as the modified
    Jeffreys interval does.
    """
    tails = [(1 - level) / 2, (1 + level) / 2]
    # "lower"/"higher" neighbours need no arithmetic, so that infinite ratios stay infinite.
    low = np.quantile(draws, tails[0], axis=-1, method="lower")
    high = np.quantile(draws, tails[1], axis=-1, method="higher")
    return np.minimum(low, estimate), np.maximum(high, estimate)


def _narrow(frame: pd.DataFrame, flag: str | Sequence[str] | None) -> pd.DataFrame:
    """Return the rows of the named flags, with the flag's name in ``flag_id``."""
    require_columns(frame, COUNT_COLUMNS)
    frame = frame.copy()
    if "flag_id" not in frame.columns:
        names = frame["flag"] if "flag" in frame.columns else frame.index.astype(str)
        frame["flag_id"] = names
    if flag is None:
        return frame
    wanted = [flag] if isinstance(flag, str) else list(flag)
    missing = sorted(set(wanted) - set(frame["flag_id"]))
    if missing:
        known = ", ".join(sorted(set(frame["flag_id"].astype(str))))
        raise UnknownNameError(f"the frame has no flag {', '.join(missing)}; it has: {known}")
    return frame[frame["flag_id"].isin(wanted)]


def _from_frame(frame: pd.DataFrame) -> tuple[list[AccuracyDraws], pd.DataFrame]:
    """Turn rows of counts into accuracies; rows without them keep their reason."""
    accuracies: list[AccuracyDraws] = []
    unusable: list[dict[str, Any]] = []
    for rows in _reports(frame):
        first = rows.iloc[0]
        labels = {name: first[name] if name in rows.columns else pd.NA for name in LABELS}
        reason = (
            str(first["reason"]) if "reason" in rows.columns and _filled(first["reason"]) else ""
        )
        if "counted" in rows.columns and not first["counted"]:
            unusable.append(labels | {"reason": reason or "set aside: not counted"})
            continue
        if rows[list(COUNT_COLUMNS)].isna().to_numpy().any():
            unusable.append(labels | {"reason": reason or "no 2x2 table is known"})
            continue
        counts = counts_from_frame(rows)
        if (counts[:, 0] + counts[:, 2] == 0).any():
            unusable.append(labels | {"reason": "no cases: the sensitivity cannot be estimated"})
        elif (counts[:, 1] + counts[:, 3] == 0).any():
            unusable.append(labels | {"reason": "no patients without the disease: no specificity"})
        else:
            accuracies.append(TableAccuracy(counts, labels))
    return accuracies, _unusable(unusable)


def _reports(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Split a frame into reports: several rows each only in a frame of feasible tables."""
    if {"table", "report_id"} <= set(frame.columns):
        return [rows for _, rows in frame.groupby("report_id", sort=False)]
    return [frame.iloc[[i]] for i in range(len(frame))]


def _filled(value: Any) -> bool:
    return not pd.isna(value) and value != ""


def _unusable(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[*LABELS, "reason"])


def _fit_accuracy(fit: Any, flag: str | Sequence[str] | None) -> FitAccuracy:
    """Read the summary point of a meta-analysis."""
    labels = dict.fromkeys(LABELS, pd.NA) | {
        "flag_id": flag if isinstance(flag, str) else "pooled flag"
    }
    return FitAccuracy(
        mean=np.asarray(fit.coefficients, dtype=float)[:2],
        covariance=np.asarray(fit.covariance, dtype=float)[:2, :2],
        labels=labels,
    )
