"""What a flag makes of a pre-test probability, report by report."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from backpain_stats.checks import check_choice, check_level
from backpain_stats.errors import NotEstimableError, PretestError
from backpain_stats.evidence import TARGETS
from backpain_stats.printed.prevalence import Prevalence, PrevalenceLike, read_prevalence
from backpain_stats.published.accuracy_draws import TableAccuracy
from backpain_stats.published.feasible import report_tables
from backpain_stats.published.likelihood import likelihood_ratios
from backpain_stats.published.prevalence import SettingPrevalence, setting_prevalence
from backpain_stats.sampling import DEFAULT_SEED, Seed, check_draws, interval_around, quasi_uniform
from backpain_stats.tables.bayes_rule import posttest_probability

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backpain_stats.evidence import Evidence, Names

__all__ = ["posttest"]

RESULTS = ("positive", "negative")
INTERVALS = ("full", "published", "pretest_range")
COLUMNS = [
    *("flag_id", "report_id", "cohort_id", "study", "target", "setting", "result"),
    *("pretest", "pretest_low", "pretest_high", "pretest_source"),
    *("lr", "lr_low", "lr_high", "tables"),
    *("estimate", "ci_low", "ci_high", "ci_level", "method", "interval"),
    *("usable", "counted", "reason"),
]
Pretest = PrevalenceLike | tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class _Pretest:
    """A pre-test probability with its source, or the reason why there is none."""

    prevalence: Prevalence | None
    source: str
    remark: str = ""


def posttest(
    evidence: Evidence,
    flag: Names,
    target: str = "malignancy",
    setting: str | None = None,
    *,
    pretest: Pretest | Literal["cohort"] = None,
    result: str = "both",
    interval: str = "full",
    level: float = 0.95,
    method: str = "score",
    correction: str = "none",
    prevalence_id: str | None = None,
    carry_over: bool = False,
    draws: int = 2**14,
    seed: Seed = DEFAULT_SEED,
) -> pd.DataFrame:
    r"""Return the probability of a condition after a flag, with its pre-test.

    .. math::
       \text{post-test odds} = \text{pre-test odds} \times LR^{\pm}

    Parameters
    ----------
    evidence : Evidence
        The evidence.
    flag : str or sequence of str
        One or several flags.
    target : str, default "malignancy"
        The condition.
    setting : str, optional
        Where the patient is seen. The pre-test probability is that of the
        setting, and the reports are those from it. Without it every report is
        shown in its own setting.
    pretest : optional
        None (default) takes the prevalence of the setting by the rule of
        :func:`~backpain_stats.published.prevalence.setting_prevalence`;
        ``"cohort"`` that of the report's own cohort. A number (``0.01``) is
        taken as known; ``"13/1975"`` brings the uncertainty of its counts;
        ``(0.001, 0.007)`` or ``"0.1% to 0.7%"`` is a range.
    result : {"both", "positive", "negative"}
        Whether the flag is present or absent.
    interval : {"full", "published", "pretest_range"}
        * ``"full"``: the joint posterior of sensitivity, specificity and
          prevalence, each a Beta distribution with 1/2 added to its counts
          (Jeffreys), mixed over the tables that fit the report; a range for the
          pre-test is spread evenly over the log-odds.
        * ``"published"``: the ends of the LR interval at a fixed pre-test, as
          most papers print it: too narrow, since the pre-test is not known.
        * ``"pretest_range"``: the ends of the LR interval at the ends of a
          pre-test range.
    level : float, default 0.95
        Level of the intervals.
    method, correction : str
        Of the LR intervals; see :func:`~backpain_stats.likelihood_ratios`.
    prevalence_id : str, optional
        The row of ``prevalence`` to take the pre-test from.
    carry_over : bool, default False
        Whether reports from other settings are shown as well, at the pre-test
        of ``setting``; each says where it comes from.
    draws : int
        Size of the quasi-random sample of ``"full"``.
    seed : int or numpy.random.Generator
        Its seed. The same seed gives the same numbers.

    Returns
    -------
    pandas.DataFrame
        One row a report and result: ``flag_id, report_id, cohort_id, study,
        target, setting`` (of the report), ``result``; ``pretest, pretest_low,
        pretest_high, pretest_source``; ``lr, lr_low, lr_high, tables``;
        ``estimate, ci_low, ci_high`` (the post-test probability), ``ci_level,
        method, interval``; ``usable, counted, reason``. The estimate applies
        the middle table's LR to the pre-test's point value, whatever the
        interval. What cannot be estimated is NaN, and ``reason`` says why.

    Raises
    ------
    NotEstimableError
        If no report of the flag fits, or the setting has no published prevalence.
    PretestError
        If the pre-test is not between 0 and 1, or ``"pretest_range"`` is asked
        for without a range.
    ArgumentError, UnknownNameError
        If a name or an option is not known.

    Notes
    -----
    For one flag at a time. The post-test probability after one flag is not the
    pre-test of the next: flags of one patient are not independent.

    Examples
    --------
    >>> from backpain_stats import load_evidence, posttest
    >>> after = posttest(load_evidence(), "cancer_history", setting="primary_care")
    >>> after[["study", "result", "pretest", "estimate", "ci_low", "ci_high"]].round(4)
              study    result  pretest  estimate  ci_low  ci_high
    0      deyo1988  positive   0.0032    0.0458  0.0154   0.1071
    1      deyo1988  negative   0.0032    0.0022  0.0012   0.0036
    2  henschke2009  positive   0.0032       NaN     NaN      NaN
    3  henschke2009  negative   0.0032       NaN     NaN      NaN
    >>> after["pretest_source"][0]
    'henschke2013_malignancy: 21 of 6622'
    """
    check_choice(result, "result", ("both", *RESULTS))
    check_choice(interval, "interval", INTERVALS)
    check_choice(target, "target", TARGETS)
    check_level(level)
    draws = check_draws(draws)
    place = None if carry_over else setting
    ratios = likelihood_ratios(
        evidence, target, place, flag, level=level, method=method, correction=correction
    )
    if ratios.empty:
        raise _no_report(evidence, flag, target, place)
    if prevalence_id is None:
        stated = _stated_pretest(evidence, target, setting, pretest, level=level)
    else:
        stated = _named_pretest(evidence, target, setting, pretest, prevalence_id, level=level)

    @cache  # most reports share their setting
    def of_setting(condition: str, where: str) -> _Pretest:
        return _of_setting(setting_prevalence(evidence, condition, where, level=level))

    sample = _Sample(draws, seed) if interval == "full" else None
    tables = report_tables(evidence)
    rows = []
    for _, report in ratios.iterrows():
        before = stated or _own_pretest(report, pretest, of_setting)
        cells = tables[report["report_id"]].cells
        for one in RESULTS if result == "both" else (result,):
            row = _row(report, one, before, interval=interval, level=level)
            if before.prevalence is not None and not math.isnan(row["estimate"]):
                row |= _interval(row, report, before.prevalence, cells, sample, level=level)
            if setting is not None and _words(report["setting"]) != setting:
                origin = _words(report["setting"])
                remark = f"the report is from {origin}, the pre-test from {setting}"
                row["reason"] = _joined(row["reason"], remark)
            rows.append(row)
    frame = pd.DataFrame(rows, columns=COLUMNS)
    floats = ["pretest", "pretest_low", "pretest_high", "lr", "lr_low", "lr_high"]
    floats += ["estimate", "ci_low", "ci_high", "ci_level"]
    texts = [name for name in COLUMNS if name not in (*floats, "tables", "usable", "counted")]
    return frame.astype(dict.fromkeys(floats, "float64") | dict.fromkeys(texts, "string"))


def _words(setting: object) -> str:
    """Name a setting that may be missing."""
    return setting if isinstance(setting, str) else "a setting not stated"


def _no_report(
    evidence: Evidence, flag: Names, target: str, setting: str | None
) -> NotEstimableError:
    """Say where else there are reports of a flag."""
    places = evidence.select(flag=flag).accuracy.join(
        evidence.cohorts.set_index("cohort_id")[["target", "setting"]], on="cohort_id"
    )
    listed = {
        f"{condition} in {_words(place)}"
        for condition, place in zip(places["target"], places["setting"], strict=True)
    }
    named = flag if isinstance(flag, str) or flag is None else ", ".join(flag)
    where = f" in {setting}" if setting else ""
    hint = (
        "; carry_over=True (--carry-over) applies them to this setting"
        if setting and listed
        else ""
    )
    return NotEstimableError(
        f"there is no report of {named} for {target}{where}; there are reports for: "
        f"{'; '.join(sorted(listed)) or 'nothing'}{hint}"
    )


def _stated_pretest(
    evidence: Evidence,
    target: str,
    setting: str | None,
    pretest: Pretest | Literal["cohort"],
    *,
    level: float,
) -> _Pretest | None:
    """Return the one pre-test of all rows; None if each report has its own."""
    if isinstance(pretest, str) and pretest == "cohort":
        return None
    if pretest is not None:
        return _given(pretest)
    if setting is None:
        return None
    return _of_setting(setting_prevalence(evidence, target, setting, level=level))


def _named_pretest(
    evidence: Evidence,
    target: str,
    setting: str | None,
    pretest: object,
    prevalence_id: str,
    *,
    level: float,
) -> _Pretest:
    """Return the published figure a user asks for by its name."""
    if pretest is not None:
        raise PretestError("give either pretest or prevalence_id, not both")
    own = evidence.prevalence.set_index("prevalence_id")["setting"].get(prevalence_id)
    place = setting or (own if isinstance(own, str) else "mixed")
    return _of_setting(
        setting_prevalence(evidence, target, place, prevalence_id=prevalence_id, level=level)
    )


def _given(pretest: PrevalenceLike | tuple[float, float]) -> _Pretest:
    """Read what the user states."""
    if isinstance(pretest, SettingPrevalence):
        return _of_setting(pretest)
    if isinstance(pretest, Sequence) and not isinstance(pretest, str):
        if len(pretest) != 2:
            raise PretestError(f"pretest is {pretest!r}; a range has two ends, (low, high)")
        return _Pretest(Prevalence.between(*pretest), "stated by the user")
    return _Pretest(read_prevalence(pretest), "stated by the user")


def _of_setting(found: SettingPrevalence) -> _Pretest:
    return _Pretest(read_prevalence(found), found.source, found.warning)


def _own_pretest(
    report: pd.Series, pretest: object, of_setting: Callable[[str, str], _Pretest]
) -> _Pretest:
    """Return the pre-test of one report: of its cohort, or of its setting."""
    try:
        if pretest == "cohort":
            n, cases = report["n"], report["n_cases"]
            if pd.isna(n) or pd.isna(cases):
                return _Pretest(None, "", "n and n_cases of the cohort are not printed")
            source = f"{report['cohort_id']}: {cases} of {n}"
            return _Pretest(Prevalence.counted(cases, n), source)
        if pd.isna(report["setting"]):
            return _Pretest(None, "", "the setting is not stated; give a pre-test probability")
        return of_setting(report["target"], report["setting"])
    except (NotEstimableError, PretestError) as error:
        return _Pretest(None, "", str(error))


def _row(
    report: pd.Series, result: str, before: _Pretest, *, interval: str, level: float
) -> dict[str, Any]:
    """Return one row: pre-test, likelihood ratio and post-test probability."""
    ends = {name: report[f"lr_{result}{name[2:]}"] for name in ("lr", "lr_low", "lr_high")}
    row: dict[str, Any] = (
        {str(name): value for name, value in report.items()}
        | ends
        | {
            "result": result,
            "pretest_source": before.source,
            "interval": interval,
            "method": "none",
            "ci_level": math.nan,
            "estimate": math.nan,
            "reason": _joined(report["reason"], before.remark),
        }
    )
    if before.prevalence is None:
        return row | {"reason": _joined("no pre-test", row["reason"])}
    low, high = before.prevalence.interval(level)
    row |= {"pretest": before.prevalence.estimate, "pretest_low": low, "pretest_high": high}
    if not math.isnan(row["lr"]):
        row["estimate"] = float(posttest_probability(before.prevalence.estimate, row["lr"]))
    return row


def _interval(
    row: dict[str, Any],
    report: pd.Series,
    prevalence: Prevalence,
    cells: NDArray[np.int64],
    sample: _Sample | None,
    *,
    level: float,
) -> dict[str, Any]:
    """Return the interval of the kind asked for, or the nearest the report allows."""
    if sample is None:
        return _from_ends(row, prevalence, report)
    if len(cells):
        after, basis = sample.posttest(row, prevalence, cells)
        low, high = interval_around(row["estimate"], after, level)
        return {"ci_low": float(low), "ci_high": float(high), "ci_level": level, "method": basis}
    reason = _joined(row["reason"], "no table: the full interval cannot be computed")
    published = row | {"interval": "published", "reason": reason}
    return published | _from_ends(published, prevalence, report)


class _Sample:
    """Draws of the post-test probability; what rows have in common is drawn once."""

    def __init__(self, draws: int, seed: Seed) -> None:
        uniform = quasi_uniform(draws, 4, seed)
        self._uniform = uniform[:, :3]
        self._pretest = cache(lambda prevalence: prevalence.draws(uniform[:, 3]))
        self._accuracy: dict[str, tuple[NDArray[np.float64], ...]] = {}

    def posttest(
        self, row: dict[str, Any], prevalence: Prevalence, cells: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], str]:
        """Return draws from the joint posterior, and how they are made."""
        accuracy = TableAccuracy(cells, {})
        if row["report_id"] not in self._accuracy:
            self._accuracy[row["report_id"]] = accuracy.draws(self._uniform)
        sensitivity, specificity = self._accuracy[row["report_id"]]
        p = self._pretest(prevalence)
        positive = row["result"] == "positive"
        case = sensitivity if positive else 1 - sensitivity
        other = 1 - specificity if positive else specificity
        return p * case / (p * case + (1 - p) * other), accuracy.basis


def _from_ends(row: dict[str, Any], prevalence: Prevalence, report: pd.Series) -> dict[str, Any]:
    """Return the interval from the ends of the LR, at one pre-test or at the ends of a range."""
    ranged = row["interval"] == "pretest_range"
    if ranged and prevalence.kind != "range":
        raise PretestError(
            "interval='pretest_range' needs a range: pretest=(0.001, 0.007) or '0.1% to 0.7%'"
        )
    low, high = (prevalence.low, prevalence.high) if ranged else (prevalence.estimate,) * 2
    lr_low, lr_high = row["lr_low"], row["lr_high"]
    place = "both ends of the pre-test range" if ranged else "a fixed pre-test"
    method = f"LR interval ({report['method']}) at {place}"
    if math.isnan(lr_low):
        if not ranged:
            reason = _joined(row["reason"], "the LR has no interval")
            return {"method": "LR without interval at a fixed pre-test", "reason": reason}
        lr_low = lr_high = row["lr"]
        method = f"LR without interval at {place}"
    return {
        "ci_low": float(posttest_probability(low, lr_low)),
        "ci_high": float(posttest_probability(high, lr_high)),
        "method": method,
        "ci_level": report["ci_level"] if not ranged else math.nan,
    }


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
