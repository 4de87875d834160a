"""The risk of one patient, with everything it rests on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import pandas as pd

from backpain_stats.estimate import (
    Estimate,
    PosttestEstimate,
    format_level,
    format_number,
    format_percent,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Risk"]

LINE = 100  # width of the printed result
# Where the width of an interval comes from, in words.
SOURCES = {
    "prevalence": "prevalence",
    "accuracy": "accuracy of the flags",
    "practice": "difference between practices",
    "dependence": "dependence of the findings",
}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Risk:
    """The risk of one patient after several findings; made by :meth:`RiskModel.risk`.

    Parameters
    ----------
    posttest : PosttestEstimate
        Post-test probability in an average practice, with its interval. Under
        :class:`Bounds` there is no point estimate (NaN); the ends are the sharp bounds,
        and the level is NaN because they are no confidence interval.
    new_practice : PosttestEstimate
        The same in a practice that was not studied, such as the patient's own: the
        interval has the difference between practices in it.
    pretest : float
        Pre-test probability.
    pretest_source : str
        Where it came from.
    lr : Estimate
        Combined likelihood ratio of the pattern, with its interval.
    contributions : pandas.DataFrame
        One row a finding: ``flag_id, label, finding, cohort_id, sensitivity,
        specificity, lr_alone, lr_alone_low, lr_alone_high, log_odds, factor,
        method``. ``lr_alone`` is the ratio it would have by itself;
        ``log_odds`` what it adds to the log odds among the others (these sum to
        the log of ``lr``); ``factor`` its exponential.
    dependence : str
        What is assumed about the findings together, in one sentence.
    cohorts : pandas.DataFrame
        ``cohort_id, n_cases, n, flags, studies``: what the sensitivities and
        specificities rest on; ``studies`` is above 1 where cohorts were pooled.
    bounds : tuple of float
        Lowest and highest risk over every dependence that fits the figures
        used, at their point estimates (no sampling error); never without ``posttest``.
    width_shares : mapping
        Share of the width of the interval in a new practice due to ``prevalence``,
        ``accuracy``, the difference between practices (``practice``) and
        ``dependence``; empty without an interval.
    warnings : tuple of str
        What a reader must know.
    present, absent, not_assessed : tuple of str
        The flags.
    target, setting : str
        What it is the risk of, and where; empty for a user's own frame.
    draws : numpy.ndarray
        Draws of the post-test probability in an average practice; None without an interval.
    seed : int, optional
        The seed of the draws; None where there are none or a generator was handed in.
    practices_alike : bool
        Whether one accuracy and one pre-test probability are taken to hold in every
        practice; ``new_practice`` is then ``posttest``.
    """

    posttest: PosttestEstimate
    new_practice: PosttestEstimate
    pretest: float
    pretest_source: str
    lr: Estimate
    contributions: pd.DataFrame
    dependence: str
    cohorts: pd.DataFrame
    bounds: tuple[float, float]
    width_shares: Mapping[str, float]
    warnings: tuple[str, ...]
    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    not_assessed: tuple[str, ...] = ()
    target: str = ""
    setting: str = ""
    draws: NDArray | None = field(default=None)
    seed: int | None = None
    practices_alike: bool = False

    def to_frame(self) -> pd.DataFrame:
        """Return the result as one row, with the column names every frame of the package uses."""
        return pd.DataFrame(
            [
                {
                    "target": self.target or pd.NA,
                    "setting": self.setting or pd.NA,
                    "present": ";".join(self.present),
                    "absent": ";".join(self.absent),
                    "pretest": self.pretest,
                    "pretest_source": self.pretest_source,
                    "lr": self.lr.estimate,
                    "lr_low": self.lr.ci_low,
                    "lr_high": self.lr.ci_high,
                    "estimate": self.posttest.estimate,
                    "ci_low": self.posttest.ci_low,
                    "ci_high": self.posttest.ci_high,
                    "new_practice_low": self.new_practice.ci_low,
                    "new_practice_high": self.new_practice.ci_high,
                    "ci_level": self.posttest.ci_level,
                    "bound_low": self.bounds[0],
                    "bound_high": self.bounds[1],
                    "method": self.posttest.method,
                    "dependence": self.dependence,
                }
            ]
        )

    def _title(self) -> str:
        about = f" of {self.target.replace('_', ' ')}" if self.target else ""
        where = f" in {self.setting.replace('_', ' ')}" if self.setting else ""
        return f"Risk{about}{where}"

    def _steps(self) -> list[tuple[str, str]]:
        """Return the calculation, step by step: what, and how much."""
        steps = [("pre-test", f"{format_percent(self.pretest)} [{self.pretest_source}]")]
        row: Any
        for row in self.contributions.itertuples(index=False):
            alone = f"LR {format_number(row.lr_alone)}"
            if not math.isnan(row.lr_alone_low):
                low, high = format_number(row.lr_alone_low), format_number(row.lr_alone_high)
                alone += f" ({low} to {high})"
            here = "" if math.isnan(row.factor) else f"odds x {format_number(row.factor):<6}  "
            steps.append((str(row.finding), f"{here}by itself {alone}"))
        if len(self.contributions):
            steps.append(("all together", "LR " + _interval(self.lr, format_number)))
        after = _interval(self.posttest, format_percent)
        if self.practices_alike or math.isnan(self.posttest.estimate):
            return [*steps, ("post-test", after)]
        new = _interval(self.new_practice, format_percent)
        return [*steps, ("post-test, average practice", after), ("in a new practice", new)]

    def _notes(self) -> list[tuple[str, list[str]]]:
        """Return what the result assumes and rests on, by heading."""
        notes = [("Assumes", [self.dependence])]
        if self.not_assessed:
            notes.append(("Not assessed, integrated out", [", ".join(self.not_assessed)]))
        low, high = self.bounds
        if len(self.contributions) > 1 and not math.isnan(self.posttest.estimate):
            span = f"{format_percent(low)} to {format_percent(high)}"
            notes.append(("Every dependence that fits these figures", [span]))
        notes.append(("Rests on", [_cohort_text(row) for row in self.cohorts.to_dict("records")]))
        if self.width_shares:
            shares = ", ".join(
                "dependence held fixed"
                if name == "dependence" and not share
                else f"{SOURCES[name]} {100 * share:.0f}%"
                for name, share in self.width_shares.items()
            )
            notes.append(("Width of the interval", [shares]))
        if self.warnings:
            notes.append(("Mind", list(self.warnings)))
        return [(heading, lines) for heading, lines in notes if lines]

    def __str__(self) -> str:
        """Return the calculation step by step, then what it rests on."""
        steps = self._steps()
        width = max(len(name) for name, _ in steps)
        lines = [self._title(), *(f"  {name:<{width}}  {text}" for name, text in steps)]
        for heading, texts in self._notes():
            lines.append(f"{heading}:")
            for text in texts:
                lines += _wrapped(text)
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the same as a table and a list for notebooks."""
        left = "style='text-align:left'"
        rows = "".join(
            f"<tr><th scope='row' {left}>{escape(name)}</th><td {left}>{escape(text)}</td></tr>"
            for name, text in self._steps()
        )
        notes = "".join(
            f"<dt>{escape(heading)}</dt>" + "".join(f"<dd>{escape(text)}</dd>" for text in texts)
            for heading, texts in self._notes()
        )
        return (
            f"<table><caption>{escape(self._title())}</caption>"
            f"<tbody>{rows}</tbody></table><dl>{notes}</dl>"
        )


def _wrapped(text: str) -> list[str]:
    return wrap(text, LINE, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)


def _interval(one: Estimate, write: Callable[[float], str]) -> str:
    """Write an estimate with its interval, or bounds without an estimate."""
    ends = f"{write(one.ci_low)} to {write(one.ci_high)}"
    if math.isnan(one.estimate):
        return f"{ends} ({one.method})"
    if math.isnan(one.ci_low):
        return f"{write(one.estimate)} (no interval: {one.method})"
    return f"{write(one.estimate)} ({format_level(one.ci_level)} interval {ends})"


def _cohort_text(row: Mapping[Any, Any]) -> str:
    """Say what a cohort contributes, and how little one case is."""
    name, cases, total = row["cohort_id"], row["n_cases"], row["n"]
    if pd.isna(cases) or pd.isna(total):
        return f"{name}: sensitivity and specificity taken as known, no counts"
    counts = f"{name}: {cases} cases among {total} patients"
    if row["studies"] > 1:
        return counts
    return (
        f"{counts}; one case more or less with a finding moves its sensitivity by "
        f"{100 / cases:.2g} percentage points"
    )
