"""What a published claim may have been computed from: tables, printed ratios, pre-tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from backpain_stats.printed.value import PrintedValue, is_absent, parse_printed
from backpain_stats.published import Cohort, Report, published_reports, read_cohorts

if TYPE_CHECKING:
    from backpain_stats.evidence import Evidence

__all__ = ["Candidate", "Claim", "Inputs", "Pretest", "collect_inputs", "read_claims"]

Ends = tuple[PrintedValue | None, PrintedValue | None]
# Levels of the intervals by how the source labels them; unlabelled ones are
# nearly always 95%.
LEVELS = {"ci95": 0.95, "ci975": 0.975, "interval_unlabelled": 0.95}
RATIOS = ("lr_positive", "lr_negative")


@dataclass(frozen=True, slots=True)
class Claim:
    """One row of claims.csv, its figures read.

    Parameters
    ----------
    row : mapping
        The row, empty cells left out.
    value : PrintedValue or None
        The printed point or bound.
    ends : pair of PrintedValue or None
        The printed interval or range.
    pretest : Fraction or None
        The printed pre-test probability, taken as exact.
    """

    row: dict[str, Any]
    value: PrintedValue | None
    ends: Ends
    pretest: Fraction | None

    def get(self, column: str) -> str:
        """Return a cell as text, empty if nothing is printed."""
        return str(self.row.get(column, ""))

    @property
    def statistic(self) -> str:
        """The statistic; a frequency among the cases is a sensitivity."""
        name = self.get("statistic")
        aliases = {"frequency_in_cases": "sensitivity", "diagnostic_accuracy": "accuracy"}
        return aliases.get(name, name)

    @property
    def has_interval(self) -> bool:
        """Whether a confidence interval is printed (a range over studies is none)."""
        return self.get("range_kind") in LEVELS and any(end is not None for end in self.ends)

    @property
    def has_range(self) -> bool:
        """Whether a range of point estimates is printed."""
        return not self.has_interval and any(end is not None for end in self.ends)

    @property
    def level(self) -> float:
        """Level of the interval."""
        return LEVELS.get(self.get("range_kind"), 0.95)

    @property
    def is_posttest(self) -> bool:
        """Whether a pre-test probability goes into it."""
        return self.statistic in ("posttest", "posttest_negative")

    @property
    def decimals(self) -> int:
        """Digits after the point of what is printed."""
        return max((one.decimals for one in (self.value, *self.ends) if one is not None), default=0)

    @property
    def printed(self) -> str:
        """The figures as printed."""
        low, high = ("?" if end is None else end.text for end in self.ends)
        if not self.has_interval and not self.has_range:
            return "" if self.value is None else self.value.text
        ends = f"{low} to {high}"
        return ends if self.value is None else f"{self.value.text} ({ends})"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something a claim may have been computed from.

    Parameters
    ----------
    source : str
        The report, or the claim whose printed ratio is used.
    cohort_id : str
        Its cohort; empty for a printed ratio of a review.
    cells : numpy.ndarray
        Tables that fit the report, shape (tables, 4), ordered tp, fp, fn, tn; -1 in
        a group that is not known. No rows for a printed ratio.
    ratios : mapping of str to (value, low, high)
        Printed likelihood ratios; NaN where no interval is printed.
    reading : str
        How the report has to be read for these tables, if not plainly.
    missing : numpy.ndarray or None
        Patients of the cohort that each table leaves out.
    same_flag : bool
        Whether it is about the very flag of the claim, not one of its family.
    """

    source: str
    cohort_id: str
    cells: np.ndarray
    ratios: dict[str, tuple[float, float, float]]
    reading: str = ""
    missing: np.ndarray | None = None
    same_flag: bool = True


@dataclass(frozen=True, slots=True)
class Pretest:
    """A pre-test probability that may have been used.

    Parameters
    ----------
    odds : Fraction or None
        Its odds; None is the prevalence of each table.
    label : str
        Where it comes from.
    plain : bool
        Whether it is the one a reader would expect: the printed one, else the
        cohort's own.
    rounded : bool
        Whether the odds were rounded to two significant figures.
    """

    odds: Fraction | None
    label: str
    plain: bool
    rounded: bool = False


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything of the evidence that can explain claims, found once."""

    evidence: Evidence
    reports: dict[str, Report]
    cohorts: dict[str, Cohort]
    ratio_claims: tuple[Claim, ...]

    def candidates(self, claim: Claim) -> list[Candidate]:
        """Return what a claim may have been computed from."""
        if claim.statistic == "odds_ratio_adjusted" or not claim.get("flag_id"):
            return []
        found = [
            candidate
            for report in self.matching_reports(claim)
            if (candidate := self._of_report(report)) is not None
        ]
        if claim.is_posttest:
            found += self._of_claims(claim)
        return found

    def matching_reports(self, claim: Claim) -> list[Report]:
        """Return the reports of the same flag and condition, in the setting if one is named."""
        setting = claim.get("setting")
        where = setting if setting != "mixed" else ""
        return [
            report
            for report in self.reports.values()
            if report.flag_id == claim.get("flag_id")
            and report.cohort.target == claim.get("target")
            and (
                report.cohort.cohort_id == claim.get("cohort_id")
                if claim.get("cohort_id")
                else not where or report.cohort.setting == where
            )
        ]

    def _of_report(self, report: Report) -> Candidate | None:
        """Return the tables of a report and its printed ratios; None if it has neither."""
        ratios = {}
        if not len(report.cells):
            for name in RATIOS:
                value = report.printed.values.get(name)
                if value is not None and value.point is not None:
                    ends = report.printed.intervals.get(name, (None, None))
                    ratios[name] = (_number(value), _number(ends[0]), _number(ends[1]))
        if not len(report.cells) and not ratios:
            return None
        return Candidate(report.report_id, report.cohort.cohort_id, report.cells, ratios)

    def _of_claims(self, claim: Claim) -> Iterator[Candidate]:
        """Yield ratios printed elsewhere: of the same flag, or by the source that is quoted.

        Within the quoted source a flag of the same family counts too: a review
        may print "elevated ESR" where the page that quotes it prints "ESR >= 50".
        """
        wanted = "lr_positive" if claim.statistic == "posttest" else "lr_negative"
        families = self.evidence.flags.set_index("flag_id")["family"]
        family = families.get(claim.get("flag_id"), "")
        for other in self.ratio_claims:
            if other.statistic != wanted or other.value is None or other.value.is_bound:
                continue
            if other.get("target") != claim.get("target"):
                continue
            same_flag = other.get("flag_id") == claim.get("flag_id")
            quoted = bool(claim.get("quotes")) and claim.get("quotes") in (
                other.get("reported_in"),
                other.get("quotes"),
            )
            if same_flag or (quoted and families.get(other.get("flag_id"), None) == family):
                ratio = (_number(other.value), _number(other.ends[0]), _number(other.ends[1]))
                nothing = np.empty((0, 4), dtype=np.int64)
                yield Candidate(
                    other.get("claim_id"), "", nothing, {wanted: ratio}, same_flag=same_flag
                )

    def pretests(self, claim: Claim) -> list[Pretest]:
        """Return the pre-test probabilities a post-test claim may rest on."""
        if claim.pretest is not None:
            printed = claim.get("pretest")
            plain = [Pretest(_odds(claim.pretest), f"{printed} as printed", plain=True)]
            rows = self._prevalences(claim)
            behind = [
                Pretest(_odds(share), f"{cases} of {n} ({row}), printed as {printed}", plain=False)
                for row, text, cases, n, share in rows
                if n and 0 < share < 1 and not is_absent(text)
                if parse_printed(text, row).point == claim.pretest
            ]
            options = plain + behind
        else:
            options = [Pretest(None, "the prevalence of the table's own cohort", plain=True)]
            for row, text, cases, n, share in self._prevalences(claim):
                label = f"{cases} of {n} ({row})" if n else f"{text} ({row})"
                if 0 < share < 1:
                    options.append(Pretest(_odds(share), label, plain=False))
        return [one for option in _distinct(options) for one in _with_rounded_odds(option)]

    def _prevalences(self, claim: Claim) -> Iterator[tuple[str, Any, int, int, Fraction]]:
        """Yield (row, printed text, cases, n, share) of the target, in the setting if named."""
        rows = self.evidence.prevalence
        same = rows["target"] == claim.get("target")
        setting = claim.get("setting")
        if setting and setting != "mixed":
            same &= (rows["setting"] == setting).fillna(value=False)
        for raw in rows[same].to_dict("records"):
            row = _present(raw)
            name = str(row["prevalence_id"])
            n, cases = int(row.get("n", 0)), int(row.get("n_cases", 0))
            if n and "n_cases" in row:
                yield name, row.get("prevalence"), cases, n, Fraction(cases, n)
            for column in ("prevalence", "low", "high"):
                text = row.get(column)
                point = None if is_absent(text) else parse_printed(text, name, signed=True).point
                if point is not None:  # a bound is no prevalence to compute with
                    yield name, text, 0, 0, point


def collect_inputs(evidence: Evidence) -> Inputs:
    """Find the tables of all reports and combinations, and the ratios printed in claims."""
    reports = dict(published_reports(evidence)) | dict(published_reports(evidence, "combination"))
    ratios = tuple(claim for claim in read_claims(evidence.whole) if claim.statistic in RATIOS)
    return Inputs(evidence.whole, reports, read_cohorts(evidence.whole), ratios)


def read_claims(evidence: Evidence) -> Iterator[Claim]:
    """Yield the claims of the evidence with their figures read."""
    for raw in evidence.claims.to_dict("records"):
        row = _present(raw)
        name = str(row["claim_id"])
        figures = [
            parse_printed(row[column], f"{name}: {column}", signed=column != "value")
            if column in row
            else None
            for column in ("value", "low", "high")
        ]
        pretest = parse_printed(row["pretest"], name).point if "pretest" in row else None
        yield Claim(row, figures[0], (figures[1], figures[2]), pretest)


def round_to_two_figures(number: Fraction) -> Fraction:
    """Round half up to two significant figures.

    Examples
    --------
    >>> round_to_two_figures(Fraction(5, 95)), round_to_two_figures(Fraction(1, 99))
    (Fraction(53, 1000), Fraction(1, 100))
    """
    exponent = 0
    while number * 10**exponent < 10:
        exponent += 1
    while number * Fraction(10) ** exponent >= 100:
        exponent -= 1
    unit = Fraction(10) ** -exponent
    return (number / unit + Fraction(1, 2)).__floor__() * unit


def _with_rounded_odds(pretest: Pretest) -> Iterator[Pretest]:
    """Yield a pre-test, and again with its odds rounded where that changes them."""
    yield pretest
    if pretest.odds is not None and round_to_two_figures(pretest.odds) != pretest.odds:
        yield replace(pretest, odds=round_to_two_figures(pretest.odds), rounded=True)


def _distinct(options: list[Pretest]) -> list[Pretest]:
    """Keep the first of several pre-tests with the same odds."""
    seen: dict[Fraction | None, Pretest] = {}
    for option in options:
        seen.setdefault(option.odds, option)
    return list(seen.values())


def _present(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in row.items() if not is_absent(value)}


def _number(figure: PrintedValue | None) -> float:
    """Return the number a figure prints; NaN for none, and for a bound."""
    return np.nan if figure is None or figure.point is None else float(figure.point)


def _odds(probability: Fraction) -> Fraction:
    return probability / (1 - probability)
