"""Rows: their cells agree with each other, and with the cohort the row is about."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

from backpain_stats.evidence.check_cells import cell_problem
from backpain_stats.evidence.columns import LIMIT_BOUNDS, count, figure, is_share
from backpain_stats.evidence.files import RawTable
from backpain_stats.evidence.instruments import (
    ASPECTS,
    DEFAULT_INSTRUMENT,
    INSTRUMENTS,
    all_domains,
    all_judgements,
)
from backpain_stats.evidence.problems import Problem
from backpain_stats.evidence.vocabulary import RATIO_STATISTICS

__all__ = ["Record", "row_problems"]

Record = Mapping[str, str]
RowCheck = Callable[[RawTable, int, Record, Record], Iterator[Problem]]
_NO_COHORT: Record = {}


def row_problems(raw: RawTable, cohorts: Mapping[str, Record]) -> Iterator[Problem]:
    """Yield what is contradictory within the rows of one file.

    Parameters
    ----------
    raw : RawTable
        The file.
    cohorts : mapping of str to record
        The known cohorts, as text by column name.
    """
    for row, record in enumerate(raw.records()):
        cohort = cohorts.get(record.get("cohort_id", ""), _NO_COHORT)
        for check in (_intervals, *_CHECKS.get(raw.table.name, ())):
            yield from check(raw, row, record, cohort)


def _value(text: str) -> Fraction | float | None:
    """Return the number a figure spells, a bound's too: for order checks only."""
    printed = figure(text, signed=True)
    if printed is None:
        return None
    return math.inf if printed.value is None else printed.value


def _intervals(raw: RawTable, row: int, record: Record, cohort: Record) -> Iterator[Problem]:
    """Compare interval ends with each other, with their estimate and with [0, 1]."""
    for point_name, low_name, high_name in raw.table.intervals:
        point, low, high = (_value(record[name]) for name in (point_name, low_name, high_name))
        if low is not None and high is not None:
            if low > high:
                what = f"{low_name} {record[low_name]} is above {high_name} {record[high_name]}"
                yield cell_problem(
                    raw, row, low_name, ("contradiction", what, "the lower end first")
                )
            elif point is not None and not low <= point <= high:
                what = f"{record[low_name]} to {record[high_name]} does not contain the estimate"
                yield cell_problem(
                    raw, row, point_name, ("contradiction", what, "kept as printed"), "warning"
                )
        for name in (low_name, high_name):
            if raw.table.column(name).kind == "proportion_limit":
                yield from _beyond_0_and_1(raw, row, name, record[name])


def _beyond_0_and_1(raw: RawTable, row: int, name: str, text: str) -> Iterator[Problem]:
    value = _value(text)
    if value is not None and not 0 <= value <= 1 and LIMIT_BOUNDS[0] <= value <= LIMIT_BOUNDS[1]:
        what = "an interval end of a proportion lies outside 0 to 1"
        allowed = "kept as printed: normal-approximation intervals do this"
        yield cell_problem(raw, row, name, ("bounds", what, allowed), "warning")


def _table_counts(raw: RawTable, row: int, record: Record, cohort: Record) -> Iterator[Problem]:
    """Compare the cells of a 2x2 table with n and n_cases of its cohort."""
    tp, fp, fn, tn = counts = [count(record[name]) for name in ("tp", "fp", "fn", "tn")]
    n, cases = count(cohort.get("n", "")), count(cohort.get("n_cases", ""))
    with_target = (tp or 0) + (fn or 0)
    without = (fp or 0) + (tn or 0)
    if cases is not None and tp is not None and fn is not None and with_target != cases:
        what = f"tp + fn = {with_target}, the cohort has {cases} cases"
        allowed = "tp + fn equal to n_cases of the cohort"
        yield cell_problem(raw, row, "tp", ("contradiction", what, allowed))
    elif cases is not None and with_target > cases:
        column = "tp" if tp is not None else "fn"
        what = f"the cohort has only {cases} cases"
        yield cell_problem(raw, row, column, ("contradiction", what, "at most n_cases"))
    if n is None:
        return
    if with_target + without > n:
        what = f"the table holds {with_target + without} patients, the cohort has {n}"
        yield cell_problem(raw, row, "fp", ("contradiction", what, "no more than the cohort has"))
    elif cases is not None and cases <= n and without > n - cases:
        what = f"{without} non-cases, the cohort has {n - cases}"
        yield cell_problem(raw, row, "fp", ("contradiction", what, "no more than the cohort has"))
    elif None not in counts and with_target + without < n and with_target == (cases or with_target):
        what = f"the table holds {with_target + without} of the cohort's {n} patients"
        allowed = "used as it is: some were not assessed"
        yield cell_problem(raw, row, "tp", ("contradiction", what, allowed), "warning")


def _no_figure(raw: RawTable, row: int, record: Record, cohort: Record) -> Iterator[Problem]:
    """Warn of a row that holds no figure at all."""
    figures = [column.name for column in raw.table.columns if column.printed]
    if not any(record[name] for name in ("tp", "fp", "fn", "tn", *figures)):
        name = raw.table.key[0]
        yield cell_problem(raw, row, name, ("empty", "the row holds no figure", ""), "warning")


def _part_of_whole(part: str, whole: str) -> RowCheck:
    """Return the check that a count is not larger than the one it is part of."""

    def check(raw: RawTable, row: int, record: Record, cohort: Record) -> Iterator[Problem]:
        few, many = count(record[part]), count(record[whole])
        if few is not None and many is not None and few > many:
            what = f"{part} is larger than {whole}, {many}"
            yield cell_problem(raw, row, part, ("contradiction", what, f"{part} at most {whole}"))

    return check


def _same_as_cohort(raw: RawTable, row: int, record: Record, cohort: Record) -> Iterator[Problem]:
    """Say where a row gives its cohort another target, setting or size."""
    for column in ("target", "setting", "n", "n_cases"):
        own, of_cohort = record.get(column), cohort.get(column)
        if own and of_cohort and own != of_cohort:
            what = f"cohorts.csv says {of_cohort} for this cohort"
            if column in ("n", "n_cases"):
                yield cell_problem(
                    raw, row, column, ("contradiction", what, "kept as printed"), "warning"
                )
            else:
                yield cell_problem(
                    raw, row, column, ("contradiction", what, "the same in both files")
                )


def _sampled_apart(raw: RawTable, row: int, record: Record, cohort: Record) -> Iterator[Problem]:
    """Check what a case-control study can give: no prevalence and no predictive value."""
    if cohort.get("case_control") != "yes":
        return
    what = "cases and others were sampled apart in this cohort: the figure has no meaning beyond it"
    for column in ("ppv", "npv", "prevalence"):
        if record.get(column):
            yield cell_problem(
                raw, row, column, ("contradiction", what, "kept as printed, never used"), "warning"
            )
    if record.get("sample", "") not in ("", "case_control", "unknown"):
        what = "cohorts.csv says case_control for this cohort"
        yield cell_problem(raw, row, "sample", ("contradiction", what, "case_control"))


def _case_control(raw: RawTable, row: int, record: Record, cohort: Record) -> Iterator[Problem]:
    """Compare case_control with sample: yes exactly where the sample is case_control."""
    if (record["case_control"] == "yes") == (record["sample"] == "case_control"):
        return
    what = f"sample is {record['sample'] or 'empty'}"
    allowed = "case_control is yes exactly where sample is case_control"
    column = "case_control" if "case_control" in raw.header else "sample"
    yield cell_problem(raw, row, column, ("contradiction", what, allowed))


def _reading(raw: RawTable, row: int, record: Record, cohort: Record) -> Iterator[Problem]:
    """Compare reading with status: printed in the source itself, quoted elsewhere."""
    reading, status = record["reading"], record["status"]
    if {reading, status} in ({"printed", "seen_secondary"}, {"quoted", "seen_primary"}):
        allowed = "printed with seen_primary, quoted with seen_secondary"
        yield cell_problem(raw, row, "reading", ("contradiction", f"status is {status}", allowed))


def _number_of_flags(raw: RawTable, row: int, record: Record, cohort: Record) -> Iterator[Problem]:
    k, listed = count(record["k"]), len(record["flags"].split(";"))
    if k is not None and record["flags"] and k > listed and record["rule"] != "score":
        what = f"only {listed} flags are listed"
        yield cell_problem(raw, row, "k", ("contradiction", what, "at most the number of flags"))


def _claim_values(raw: RawTable, row: int, record: Record, cohort: Record) -> Iterator[Problem]:
    """Check that a claimed proportion lies in [0, 1]; ratios may be anything from 0."""
    statistic = record["statistic"]
    for column in ("value", "low", "high"):
        value = _value(record[column])
        if value is None:
            continue
        if statistic in RATIO_STATISTICS:
            if value < 0 or is_share(record[column]):
                what, allowed = f"{statistic} is a ratio", "0 or more, as printed"
                yield cell_problem(raw, row, column, ("bounds", what, allowed))
        elif 0 <= value <= 1:
            continue
        elif column == "value" or not LIMIT_BOUNDS[0] <= value <= LIMIT_BOUNDS[1]:
            what = f"a {statistic} is a proportion"
            yield cell_problem(raw, row, column, ("bounds", what, "0 to 1, or a percentage with %"))
        else:
            yield from _beyond_0_and_1(raw, row, column, record[column])


def _measured_quantity(
    raw: RawTable, row: int, record: Record, cohort: Record
) -> Iterator[Problem]:
    """Check that a threshold cuts a quantity, and that a band of one has no threshold."""
    for column in ("threshold", "direction"):
        if record[column] and not record["quantity"]:
            what = "the row names no quantity that is cut"
            yield cell_problem(raw, row, column, ("contradiction", what, "with quantity, or empty"))
    if record["level_of"] and (record["quantity"] or record["threshold"]):
        what = "the flag is a band and has a threshold"
        allowed = "quantity and threshold empty where level_of is filled in"
        yield cell_problem(raw, row, "level_of", ("contradiction", what, allowed))


def _instrument(raw: RawTable, row: int, record: Record, cohort: Record) -> Iterator[Problem]:
    """Compare domain and judgements with what the instrument has: not all have the same."""
    instrument = INSTRUMENTS.get(record["instrument"] or DEFAULT_INSTRUMENT)
    domain = record["domain"]
    if instrument is None or domain not in all_domains():
        return  # the vocabulary of the column has said so
    if domain not in instrument.domain_names:
        what, allowed = f"is no domain of {instrument.name}", ", ".join(instrument.domain_names)
        yield cell_problem(raw, row, "domain", ("vocabulary", what, allowed))
        return
    allowed = ", ".join(instrument.judgements)
    for aspect in ASPECTS:
        judgement = record[aspect]
        asked = aspect in instrument.aspects_of(domain)
        if judgement and not asked:
            what = f"{domain} has none in {instrument.name}"
            yield cell_problem(raw, row, aspect, ("contradiction", what, "leave it empty"))
        elif judgement in all_judgements() and judgement not in instrument.judgements:
            what = f"is no judgement of {instrument.name}"
            yield cell_problem(raw, row, aspect, ("vocabulary", what, allowed))
        elif asked and not judgement and not raw.table.column(aspect).required:
            yield cell_problem(raw, row, aspect, ("empty", "cell is empty", allowed))


_CHECKS: dict[str, tuple[RowCheck, ...]] = {
    "flags": (_measured_quantity,),
    "cohorts": (_part_of_whole("n_cases", "n"), _case_control),
    "accuracy": (_table_counts, _no_figure, _reading, _sampled_apart),
    "combinations": (
        _table_counts,
        _no_figure,
        _same_as_cohort,
        _sampled_apart,
        _number_of_flags,
    ),
    "claims": (_same_as_cohort, _claim_values),
    "prevalence": (_part_of_whole("n_cases", "n"), _same_as_cohort, _sampled_apart),
    "endorsement_counts": (_part_of_whole("k", "of"),),
    "quality": (_instrument,),
}
