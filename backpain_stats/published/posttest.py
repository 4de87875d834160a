"""What a flag makes of a pre-test probability, report by report."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backpain_stats.checks import check_choice, check_level
from backpain_stats.errors import NotEstimableError, PretestError
from backpain_stats.evidence import Evidence, Names, Setting, Target, require_evidence
from backpain_stats.printed import Prevalence, PrevalenceLike, read_prevalence
from backpain_stats.published.prevalence import SettingPrevalence, setting_prevalence
from backpain_stats.published.ratios import ratio_rows
from backpain_stats.published.reading import published_reports
from backpain_stats.published.remarks import REMARKS, codes, sentences
from backpain_stats.published.report import Remark, Report
from backpain_stats.sampling import (
    DEFAULT_SEED,
    Seed,
    check_draws,
    interval_around,
    quasi_uniform,
    table_draws,
)
from backpain_stats.tables import bayes_rule

__all__ = ["posttest"]

Result = Literal["positive", "negative"]
Interval = Literal["full", "published", "pretest_range"]
COLUMNS = [
    *("flag_id", "report_id", "cohort_id", "study", "target", "setting", "result"),
    *("sample", "directness"),
    *("pretest", "pretest_low", "pretest_high", "pretest_source"),
    *("lr", "lr_low", "lr_high", "tables"),
    *("estimate", "ci_low", "ci_high", "ci_level", "method", "ratio_method", "correction"),
    *("interval", "bound_low", "bound_high", "usable", "counted", "displaced_by"),
    *("reason_code", "reason"),
]
_FLOATS = ["pretest", "pretest_low", "pretest_high", "lr", "lr_low", "lr_high", "estimate"]
_FLOATS += ["ci_low", "ci_high", "ci_level", "bound_low", "bound_high"]

Row = dict[str, Any]
# A pre-test, or None where there is none, and what to keep in mind of it.
Known = tuple[Prevalence | None, tuple[Remark, ...]]


def posttest(
    evidence: Evidence,
    flag: Names,
    target: Target = "malignancy",
    setting: Setting | None = None,
    *,
    pretest: PrevalenceLike | Literal["cohort"] | None = None,
    result: Literal["both", "positive", "negative"] = "both",
    interval: Interval = "full",
    level: float = 0.95,
    method: str = "score",
    correction: str = "none",
    prevalence_id: str | None = None,
    carry_over: bool = False,
    indirect: bool = False,
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
        :func:`~backpain_stats.setting_prevalence`; ``"cohort"`` that of the
        report's own cohort. A number (``0.01``) is taken as known;
        ``"13/1975"`` brings the uncertainty of its counts; ``(0.001, 0.007)``
        or ``"0.1% to 0.7%"`` is a range.
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
    indirect : bool, default False
        Whether a ratio measured in other patients than those asked about, or
        for another target, is applied. Such reports are always listed, and say
        so; their post-test probability is computed only on request.
    draws : int
        Size of the quasi-random sample of ``"full"``.
    seed : int or numpy.random.Generator
        Its seed. The same seed gives the same numbers.

    Returns
    -------
    pandas.DataFrame
        One row per report and result: ``flag_id, report_id, cohort_id, study,
        target, setting`` (of the report), ``result, sample, directness``;
        ``pretest, pretest_low, pretest_high, pretest_source``; ``lr, lr_low,
        lr_high, tables``; ``estimate, ci_low, ci_high`` (the post-test
        probability), ``ci_level, method, ratio_method, correction, interval``;
        ``bound_low, bound_high``: the post-test probabilities between which a
        printed bound leaves the answer, where it has no point value; ``usable,
        counted, displaced_by, reason_code, reason``. The estimate applies
        the middle table's LR to the pre-test's point value, whatever the
        interval. What cannot be estimated is NaN, and ``reason`` says why.

    Raises
    ------
    NotEstimableError
        If no report of the flag fits, or the setting has no prevalence to use.
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
    >>> after = posttest(load_evidence(), "cancer_history", pretest="13 of 1975")
    >>> after = after[after["report_id"] == "deyo1988_cancer_history"]
    >>> after[["result", "pretest", "estimate", "ci_low", "ci_high"]].round(4)
         result  pretest  estimate  ci_low  ci_high
    0  positive   0.0066    0.0909  0.0300   0.2097
    1  negative   0.0066    0.0047  0.0022   0.0082
    """
    check_choice(result, "result", ("both", *get_args(Result)))
    check_choice(interval, "interval", get_args(Interval))
    check_choice(target, "target", list(require_evidence(evidence).targets["target"]))
    check_level(level)
    uniform = quasi_uniform(check_draws(draws), 4, seed) if interval == "full" else None
    place = None if carry_over else setting
    names = evidence.select(target, place, flag).accuracy["report_id"]
    if names.empty:
        raise NotEstimableError(_no_report(evidence, flag, target, place))
    every = published_reports(evidence)
    reports = [every[name] for name in names]
    pretest_of = _pretests(
        evidence, target, setting, pretest=pretest, prevalence_id=prevalence_id, level=level
    )
    ratios = ratio_rows(reports, level=level, method=method, correction=correction, ratios=True)
    shares: dict[Prevalence, NDArray[np.float64]] = {}
    rows = []
    for report, estimates in zip(reports, ratios, strict=True):
        before, noted = pretest_of(report)
        noted = (*estimates["remarks"], *noted)
        if setting is not None and report.cohort.setting != setting:
            own = report.cohort.setting or "a setting not stated"
            noted = (*noted, Remark("other_setting", (own, setting)))
        if report.cohort.is_indirect and not indirect:
            noted = (*noted, Remark("indirect_left_out"))
        drawn = None
        if uniform is not None and before is not None and report.uses.has_groups:
            if before not in shares:  # most reports share their pre-test
                shares[before] = before.draws(uniform[:, 3])
            drawn = (shares[before], *table_draws(report.cells, uniform))
        for side in get_args(Result) if result == "both" else (result,):
            row = _row(report, estimates, side, before, level)
            remarks = noted
            if report.cohort.is_indirect and not indirect:
                row["estimate"] = math.nan
            elif before is not None and not math.isnan(row["estimate"]):
                remarks += _fill_interval(
                    row, report, before, interval=interval, drawn=drawn, level=level
                )
            if interval == "pretest_range" and before is not None and before.kind != "range":
                raise PretestError(
                    "interval='pretest_range' needs a range: pretest=(0.001, 0.007) or "
                    "'0.1% to 0.7%'"
                )
            reason = sentences(remarks) if remarks else ""
            rows.append(row | {"reason_code": codes(remarks) if remarks else "", "reason": reason})
    frame = pd.DataFrame(rows, columns=COLUMNS)
    texts = [name for name in COLUMNS if name not in (*_FLOATS, "tables", "usable", "counted")]
    return frame.astype(dict.fromkeys(_FLOATS, "float64") | dict.fromkeys(texts, "string"))


def _no_report(evidence: Evidence, flag: Names, target: Target, setting: Setting | None) -> str:
    """Say where else there are reports of a flag."""
    reports = published_reports(evidence)
    listed = {
        f"{reports[name].cohort.target} in {reports[name].cohort.setting or 'a setting not stated'}"
        for name in evidence.select(flag=flag).accuracy["report_id"]
    }
    named = flag if isinstance(flag, str) or flag is None else ", ".join(flag)
    where = f" in {setting}" if setting else ""
    hint = (
        "; carry_over=True (--carry-over) applies them to this setting"
        if setting and listed
        else ""
    )
    return (
        f"there is no report of {named} for {target}{where}; there are reports for: "
        f"{'; '.join(sorted(listed)) or 'nothing'}{hint}"
    )


def _pretests(
    evidence: Evidence,
    target: Target,
    setting: Setting | None,
    *,
    pretest: PrevalenceLike | Literal["cohort"] | None,
    prevalence_id: str | None,
    level: float,
) -> Callable[[Report], Known]:
    """Return what gives each report its pre-test: one for all, or its own."""
    if prevalence_id is not None:
        if pretest is not None:
            raise PretestError("give either pretest or prevalence_id, not both")
        own = evidence.whole.prevalence.set_index("prevalence_id")["setting"].get(prevalence_id)
        place = setting or ("mixed" if pd.isna(own) else own)
        pretest = setting_prevalence(
            evidence, target, place, prevalence_id=prevalence_id, level=level
        )
    if pretest is None and setting is None:
        return partial(_of_its_setting, cache(partial(setting_prevalence, evidence, level=level)))
    if pretest is None and setting is not None:
        pretest = setting_prevalence(evidence, target, setting, level=level)
    if isinstance(pretest, str) and pretest == "cohort":
        return _of_its_cohort
    assert pretest is not None  # what is not stated was looked up above
    published = isinstance(pretest, SettingPrevalence)
    known = pretest.pretest if published else read_prevalence(pretest)  # type: ignore[union-attr]
    if not known.source:
        known = replace(known, source="stated by the user")
    warning = getattr(pretest, "warning", "")
    remarks = (Remark("pretest", (warning,)),) if warning else ()
    return lambda _: (known, remarks)


def _of_its_setting(
    prevalence: Callable[[Target, Setting], SettingPrevalence], report: Report
) -> Known:
    """Return the prevalence of the report's own setting."""
    cohort = report.cohort
    if not cohort.setting:
        return None, (Remark("no_pretest", ("the setting is not stated",)),)
    try:
        found = prevalence(cohort.target, cohort.setting)
        warnings = (Remark("pretest", (found.warning,)),) if found.warning else ()
        return found.pretest, warnings
    except (NotEstimableError, PretestError) as error:
        return None, (Remark("no_pretest", (str(error),)),)


def _of_its_cohort(report: Report) -> Known:
    """Return the prevalence of the report's own cohort."""
    cohort = report.cohort
    if cohort.sample == "case_control":
        return None, (Remark("no_pretest", (REMARKS["case_control"](),)),)
    if cohort.n is None or cohort.n_cases is None:
        return None, (Remark("no_pretest", ("n and n_cases of the cohort are not printed",)),)
    source = f"{cohort.cohort_id}: {cohort.n_cases} of {cohort.n}"
    try:
        return Prevalence.counted(cohort.n_cases, cohort.n, source), ()
    except PretestError as error:
        return None, (Remark("no_pretest", (str(error),)),)


def _row(
    report: Report, estimates: Row, result: str, before: Prevalence | None, level: float
) -> Row:
    """Return one row without its interval: pre-test, likelihood ratio, post-test probability."""
    name = f"lr_{result}"
    row: Row = dict.fromkeys(_FLOATS, math.nan) | {
        "flag_id": report.flag_id,
        "report_id": report.report_id,
        "cohort_id": report.cohort.cohort_id,
        "study": report.cohort.study,
        "target": report.cohort.target,
        "setting": report.cohort.setting or None,
        "sample": report.cohort.sample,
        "directness": report.cohort.directness,
        "usable": report.uses.usable,
        "counted": report.uses.usable and not report.displaced_by,
        "displaced_by": report.displaced_by,
        "result": result,
        "lr": estimates[name],
        "lr_low": estimates[f"{name}_low"],
        "lr_high": estimates[f"{name}_high"],
        "tables": estimates["tables"],
        "method": "none",
        "ratio_method": estimates["method"],
        "correction": estimates["correction"],
        "interval": "none",
    }
    if before is None:
        return row
    low, high = before.interval(level)
    row |= {"pretest": before.estimate, "pretest_low": low, "pretest_high": high}
    row["pretest_source"] = before.source
    if not math.isnan(row["lr"]):
        row["estimate"] = float(bayes_rule(before.estimate, row["lr"]))
        return row
    for end in ("low", "high"):
        bound = estimates.get(f"{name}_rounding_{end}", math.nan)
        if not math.isnan(bound):
            row[f"bound_{end}"] = float(bayes_rule(before.estimate, bound))
    return row


def _fill_interval(
    row: Row,
    report: Report,
    before: Prevalence,
    *,
    interval: Interval,
    drawn: tuple[NDArray[np.float64], ...] | None,
    level: float,
) -> tuple[Remark, ...]:
    """Put the interval asked for into a row, or the nearest the report allows; say which."""
    remarks: tuple[Remark, ...] = ()
    if drawn is not None:
        share, sensitivity, specificity = drawn
        positive = row["result"] == "positive"
        case = sensitivity if positive else 1 - sensitivity
        other = 1 - specificity if positive else specificity
        ends = interval_around(row["estimate"], bayes_rule(share, case, other), level)
        row |= {"ci_low": float(ends[0]), "ci_high": float(ends[1]), "ci_level": level}
        row |= {"method": "jeffreys", "interval": "full"}
        return remarks
    if interval == "full":
        interval = "published"
        remarks = (Remark("no_full_interval"),)
    ranged = interval == "pretest_range"
    low, high = row["lr_low"], row["lr_high"]
    row |= {"method": row["ratio_method"], "interval": interval}
    if math.isnan(low):
        remarks = (*remarks, Remark("ratio_without_interval"))
        if not ranged:
            return remarks
        low = high = row["lr"]
    least, most = before.interval() if ranged else (before.estimate, before.estimate)
    row |= {"ci_low": float(bayes_rule(least, low)), "ci_high": float(bayes_rule(most, high))}
    if not ranged:
        stated = level if report.uses.has_groups else report.level
        row["ci_level"] = math.nan if stated is None else stated
    return remarks
