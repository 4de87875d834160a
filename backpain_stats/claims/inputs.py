"""What a published claim may have been computed from: tables, printed ratios, pre-tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from backpain_stats.claims.claim import Claim, read_claims
from backpain_stats.claims.pretests import (
    PretestChoice,
    PrintedPrevalence,
    pretest_choices,
    read_prevalences,
)
from backpain_stats.printed import PrintedValue
from backpain_stats.published import Cohort, Report, filled_rows, published_reports, read_cohorts
from backpain_stats.tables import MEASURES

if TYPE_CHECKING:
    from backpain_stats.evidence import Evidence

__all__ = ["Candidate", "Inputs", "PrintedRatio", "collect_inputs"]

LIKELIHOOD_RATIOS = ("lr_positive", "lr_negative")
NO_TABLES: NDArray[np.int64] = np.empty((0, 4), dtype=np.int64)
NO_TABLES.flags.writeable = False


@dataclass(frozen=True, slots=True)
class PrintedRatio:
    """A printed likelihood ratio with the ends of its interval."""

    name: str
    value: PrintedValue
    ends: tuple[PrintedValue | None, PrintedValue | None]

    def __str__(self) -> str:
        """Return the ratio as printed."""
        return f"{MEASURES[self.name].label} {self.value}"

    @property
    def figures(self) -> tuple[float, float, float]:
        """Value, low and high; NaN for none, and for a bound."""
        value, low, high = (
            np.nan if figure is None or figure.point is None else float(figure.point)
            for figure in (self.value, *self.ends)
        )
        return value, low, high


@dataclass(frozen=True, eq=False)
class Candidate:
    """Something a claim may have been computed from.

    Parameters
    ----------
    source : str
        The report, or the claim whose printed ratio is used.
    cohort : Cohort or None
        Its cohort; None for a printed ratio of a review.
    cells : numpy.ndarray
        Tables that fit the report, shape (tables, 4), ordered tp, fp, fn, tn; -1 in
        a group that is not known. No rows for a printed ratio.
    ratios : mapping of str to PrintedRatio
        Printed likelihood ratios.
    read_in : (str, str)
        Where it was read, and the original that is quoted there (or empty).
    reading : {"", "cut_off", "not_assessed"}
        How the report has to be read for these tables, if not plainly.
    missing : numpy.ndarray or None
        Patients of the cohort that each table leaves out.
    same_flag : bool
        Whether it is about the very flag of the claim, not one of its family.
    """

    source: str
    cohort: Cohort | None
    cells: NDArray[np.int64]
    ratios: Mapping[str, PrintedRatio]
    read_in: tuple[str, str]
    reading: str = ""
    missing: NDArray[np.int64] | None = None
    same_flag: bool = True

    @cached_property
    def complete(self) -> NDArray[np.int64]:
        """The tables of which both groups are known."""
        return self.cells[(self.cells >= 0).all(axis=1)]

    @cached_property
    def computed(self) -> dict[tuple[object, ...], tuple[NDArray[np.float64], ...]]:
        """Ratios of the complete tables that several claims ask for, by what was asked."""
        return {}

    @property
    def has_prevalence(self) -> bool:
        """Whether its patients have one; those of a case-control study have none."""
        return self.cohort is not None and self.cohort.sample != "case_control"

    def is_named_by(self, claim: Claim) -> bool:
        """Whether the claim itself says that this went into it.

        It does if it names the cohort, if it is about this very combination of flags
        in this cohort, or if both were read in the same place and quote the same original.
        """
        if self.cohort is not None:
            named = claim.get("cohort_id") == self.cohort.cohort_id
            if named or claim.get("flag_id") == self.source:
                return True
        place = claim.get("reported_in"), claim.get("quotes")
        return self.same_flag and self.read_in == place


@dataclass(frozen=True, eq=False)
class Inputs:
    """Everything of the evidence that can explain claims, found once."""

    reports: Mapping[tuple[str, str], list[tuple[Report, Candidate]]]
    cohorts: Mapping[str, Cohort]
    ratio_claims: tuple[Claim, ...]
    prevalences: tuple[PrintedPrevalence, ...]
    families: Mapping[str, str]
    years: Mapping[str, int]
    _choices: dict[tuple[object, ...], tuple[PretestChoice, ...]] = field(default_factory=dict)

    def candidates(self, claim: Claim) -> list[Candidate]:
        """Return what a claim may have been computed from."""
        if claim.statistic == "odds_ratio_adjusted" or not claim.get("flag_id"):
            return []
        candidates = [
            candidate
            for _, candidate in self.matching_reports(claim)
            if len(candidate.cells) or candidate.ratios
        ]
        if claim.is_posttest:
            candidates += self._of_claims(claim)
        return candidates

    def matching_reports(self, claim: Claim) -> list[tuple[Report, Candidate]]:
        """Return the reports of the same flag and target that were there to be used.

        In the cohort or the setting, if one is named; none published after the claim.
        """
        cohort, setting = claim.get("cohort_id"), _setting(claim)
        year = self._year(claim)
        matching = []
        for report, candidate in self.reports.get((claim.get("target"), claim.get("flag_id")), ()):
            own = report.cohort
            if cohort:
                fits = own.cohort_id == cohort
            else:
                earlier = self.years.get(own.study, 0) <= year
                fits = earlier and (not setting or own.setting == setting)
            if fits:
                matching.append((report, candidate))
        return matching

    def _of_claims(self, claim: Claim) -> Iterator[Candidate]:
        """Yield ratios printed elsewhere: of the same flag, or by the source that is quoted.

        Within the quoted source a flag of the same family counts too: a review
        may print "elevated ESR" where the page that quotes it prints "ESR >= 50".
        """
        family = self.families.get(claim.get("flag_id"), "")
        quoted, year = claim.get("quotes"), self._year(claim)
        for other in self.ratio_claims:
            if other.statistic != claim.measure or other.value is None or other.value.is_bound:
                continue
            if other.get("target") != claim.get("target") or self._read_year(other.row) > year:
                continue
            same_flag = other.get("flag_id") == claim.get("flag_id")
            place = other.get("reported_in"), other.get("quotes")
            relative = self.families.get(other.get("flag_id")) == family
            if same_flag or (quoted and quoted in place and relative):
                ratio = {claim.measure: PrintedRatio(claim.measure, other.value, other.ends)}
                yield Candidate(
                    other.get("claim_id"), None, NO_TABLES, ratio, place, same_flag=same_flag
                )

    def pretests(self, claim: Claim) -> tuple[PretestChoice, ...]:
        """Return the pre-test probabilities a post-test claim may rest on."""
        key = claim.get("target"), _setting(claim), self._year(claim), claim.get("pretest")
        if key not in self._choices:
            self._choices[key] = pretest_choices(claim, self._prevalences(claim))
        return self._choices[key]

    def bounds(self, claim: Claim) -> list[str]:
        """Return the prevalences that are printed as bounds and were therefore not tried."""
        if not claim.is_posttest or claim.exact_pretest is not None:
            return []
        return [text for prevalence in self._prevalences(claim) for text in prevalence.bounds]

    def _prevalences(self, claim: Claim) -> Iterator[PrintedPrevalence]:
        """Yield the prevalences of the target, in the setting if named, not after the claim."""
        setting, year = _setting(claim), self._year(claim)
        for prevalence in self.prevalences:
            row = prevalence.row
            if row["target"] != claim.get("target") or self._read_year(row) > year:
                continue
            if not setting or row.get("setting") == setting:
                yield prevalence

    def _year(self, claim: Claim) -> float:
        """Return the latest year known of a claim, of its page and of what that quotes."""
        sources = claim.get("reported_in"), claim.get("quotes")
        return max((self.years[name] for name in sources if name in self.years), default=np.inf)

    def _read_year(self, row: Mapping[str, Any]) -> int:
        """Return the year in which a figure was published; 0 if it is not known."""
        if row.get("cohort_id") in self.cohorts:
            return self.years.get(self.cohorts[row["cohort_id"]].study, 0)
        if "quotes" in row:
            return self.years.get(row["quotes"], 0)
        read = row.get("status") == "seen_primary"
        return self.years.get(row.get("reported_in", ""), 0) if read else 0


def _setting(claim: Claim) -> str:
    """Return the setting that a claim narrows its inputs to."""
    setting = claim.get("setting")
    return "" if setting == "mixed" else setting


def collect_inputs(evidence: Evidence) -> Inputs:
    """Return what can explain claims; found once per evidence, and from the whole of it."""
    return evidence.derived("claim_inputs", _collect)


def _collect(evidence: Evidence) -> Inputs:
    reports: dict[tuple[str, str], list[tuple[Report, Candidate]]] = {}
    places = _places(evidence.accuracy, "report_id") | _places(
        evidence.combinations, "combination_id"
    )
    for kind in ("flag", "combination"):
        for report in published_reports(evidence, kind).values():
            candidate = Candidate(
                report.report_id, report.cohort, report.cells, _ratios(report),
                places[report.report_id],
            )  # fmt: skip
            key = report.cohort.target, report.flag_id
            reports.setdefault(key, []).append((report, candidate))
    sources = evidence.sources.dropna(subset="year")
    return Inputs(
        reports=reports,
        cohorts=read_cohorts(evidence),
        ratio_claims=tuple(
            claim for claim in read_claims(evidence) if claim.statistic in LIKELIHOOD_RATIOS
        ),
        prevalences=tuple(read_prevalences(filled_rows(evidence.prevalence))),
        families=dict(zip(evidence.flags["flag_id"], evidence.flags["family"], strict=True)),
        years=dict(zip(sources["source_id"], sources["year"].astype(int), strict=True)),
    )


def _places(frame: Any, key: str) -> dict[str, tuple[str, str]]:
    """Return by row where it was read, and the original that is quoted there."""
    columns: Iterable[tuple[str, str, str]] = zip(
        frame[key], frame["reported_in"].fillna(""), frame["quotes"].fillna(""), strict=True
    )
    return {name: (reported_in, quotes) for name, reported_in, quotes in columns}


def _ratios(report: Report) -> dict[str, PrintedRatio]:
    """Return the printed ratios of a report without tables."""
    values = report.printed.values
    return {
        name: PrintedRatio(name, values[name], report.printed.intervals.get(name, (None, None)))
        for name in LIKELIHOOD_RATIOS
        if not len(report.cells) and name in values and values[name].point is not None
    }
