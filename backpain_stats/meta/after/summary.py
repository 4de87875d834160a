"""The summary of a fit: what it says in text, in HTML and as a frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from backpain_stats.estimate import format_level, format_number
from backpain_stats.meta.after.parts import described
from backpain_stats.meta.after.regression import coefficient_table
from backpain_stats.meta.fitted import FittedModel
from backpain_stats.meta.point import MEASURE_TABLE
from backpain_stats.meta.studies import Studies
from backpain_stats.result import Grid, Result, Shown

if TYPE_CHECKING:
    import pandas as pd

    from backpain_stats.estimate import Estimate

__all__ = ["Summary", "measure_rows", "remarks", "study_count", "summarise"]


@dataclass(frozen=True, slots=True, repr=False)
class Summary(Result):
    """What a fit says, ready to be read.

    Parameters
    ----------
    title : str
    frame : pandas.DataFrame
        Summary measures with intervals, or the coefficients of a meta-regression.
    table : tuple of tuples of str
        The same, printed; the first row is the header.
    facts : tuple of (str, str)
        Label and value.
    notes : tuple of str
    """

    title: str
    frame: pd.DataFrame
    table: tuple[tuple[str, ...], ...]
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    def _shown(self) -> Shown:
        header, *body = self.table
        grids = (Grid(body, header), Grid(self.facts))
        return Shown(self.title, grids, [f"Note: {note}" for note in self.notes])

    def to_frame(self) -> pd.DataFrame:
        """Return the summary measures, or the coefficients of a meta-regression."""
        return self.frame


def summarise(fit: FittedModel) -> Summary:
    """Return the summary of a fit."""
    if fit.design.covariates:
        frame = coefficient_table(fit)
        table = _coefficient_rows(frame, fit.level)
    else:
        frame = fit.point.frame()
        table = measure_rows([fit.estimate(name) for name in MEASURE_TABLE], fit.level)
    tp, fp, fn, tn = fit.studies.used_counts.sum(axis=0)
    where = f", at {described(fit)}" if fit.values else ""
    title = f"Bivariate meta-analysis, {study_count(fit.k)}{where}: {fit.method}"
    facts = [
        ("Cases, non-cases", f"{tp + fn}, {fp + tn}"),
        *_variation(fit),
        ("Log likelihood", f"{fit.log_likelihood:.4f}"),
        ("AIC, BIC", f"{fit.aic:.2f}, {fit.bic:.2f}"),
    ]
    if fit.nodes:
        facts.append(("Quadrature nodes", f"{fit.nodes} x {fit.nodes}"))
    return Summary(title, frame, table, tuple(facts), _notes(fit))


def study_count(k: int) -> str:
    """Return "1 study", "2 studies"."""
    return f"{k} studies" if k != 1 else "1 study"


def measure_rows(estimates: Sequence[Estimate], level: float) -> tuple[tuple[str, ...], ...]:
    """Return the printed rows of the five measures, the header first."""
    rows = [("", "Estimate", f"{format_level(level)} interval")]
    for one in estimates:
        measure = MEASURE_TABLE[one.measure]
        interval = f"{measure.write(one.ci_low)} to {measure.write(one.ci_high)}"
        rows.append((measure.label, measure.write(one.estimate), interval))
    return tuple(rows)


def _coefficient_rows(frame: pd.DataFrame, level: float) -> tuple[tuple[str, ...], ...]:
    rows = [("Coefficient", "Estimate", "SE", f"{format_level(level)} interval", "p")]
    for row in frame.to_dict("records"):
        interval = f"{_signed(row['ci_low'])} to {_signed(row['ci_high'])}"
        rows.append(
            (
                str(row["coefficient"]),
                _signed(row["estimate"]),
                format_number(row["standard_error"]),
                interval,
                _p_value(row["p_value"]),
            )
        )
    return tuple(rows)


def _signed(value: Any) -> str:
    return "not estimable" if np.isnan(value) else f"{value:.3f}"


def _p_value(value: float) -> str:
    return "not estimable" if np.isnan(value) else "<0.001" if value < 0.001 else f"{value:.3f}"


def _variation(fit: FittedModel) -> list[tuple[str, str]]:
    """Return the lines about between-study variation."""
    if fit.is_common:
        return [("Between-study variation", "assumed to be none")]
    sd1, sd2 = fit.between_study_sd
    correlation = fit.correlation
    rho = "not defined" if np.isnan(correlation) else f"{correlation:.3f}"
    return [
        ("Between-study SD (logit)", f"sensitivity {sd1:.3f}, specificity {sd2:.3f}"),
        ("Between-study correlation", f"{rho} (logit sensitivity with logit specificity)"),
    ]


def _notes(fit: FittedModel) -> tuple[str, ...]:
    """Return what a reader has to know, studies left out included."""
    notes = list(fit.notes)
    if fit.boundary:
        notes.insert(
            0,
            f"At the boundary: {fit.boundary_reason}. It was taken as given for the standard "
            "errors; with so little information about the variation, compare inference='bayes'.",
        )
    if not fit.is_common and not fit.boundary and fit.correlation > 0:
        notes.append(
            "Sensitivity and specificity rise together between studies: no trade-off by "
            "threshold, so a summary ROC curve does not describe them."
        )
    return (*notes, *remarks(fit.studies))


def remarks(studies: Studies) -> tuple[str, ...]:
    """Return what was read, and what there is to say of single studies, those left out included."""
    origin = (f"Read from {studies.origin}.",) if studies.origin else ()
    alike: dict[str, list[str]] = {}
    for name, used, reason in zip(studies.names, studies.used, studies.reasons, strict=True):
        if reason:
            alike.setdefault(f"{reason}{'' if used else ' (not used)'}", []).append(str(name))
    return origin + tuple(f"{', '.join(names)}: {reason}." for reason, names in alike.items())
