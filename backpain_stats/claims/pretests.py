"""The pre-test probabilities from which a published post-test may have been computed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from backpain_stats.claims.claim import Claim, exact_odds
from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.printed import Prevalence, parse_printed

__all__ = ["PretestChoice", "PrintedPrevalence", "pretest_choices", "read_prevalences"]


@dataclass(frozen=True, slots=True)
class PretestChoice:
    """A pre-test probability that may have been used, and how.

    Parameters
    ----------
    pretest : Prevalence or None
        The probability with its source; None is the prevalence of each table.
    plain : bool
        Whether it is the one a reader would expect: the printed one, else the
        cohort's own.
    rounded_odds : Fraction or None
        Its odds, if they were rounded to two significant figures.
    """

    pretest: Prevalence | None
    plain: bool
    rounded_odds: Fraction | None = None

    @property
    def odds(self) -> Fraction | None:
        """The odds that go in; None is those of each table."""
        if self.rounded_odds is not None or self.pretest is None:
            return self.rounded_odds
        return None if self.pretest.exact is None else exact_odds(self.pretest.exact)

    @property
    def label(self) -> str:
        """Where it comes from."""
        return "of the table's own cohort" if self.pretest is None else self.pretest.source


@dataclass(frozen=True, slots=True)
class PrintedPrevalence:
    """The figures of one row of prevalence.csv that can be a pre-test probability.

    Parameters
    ----------
    row : mapping
        The row, empty cells left out.
    figures : tuple of Prevalence
        Its counts, then its printed value and ends, each strictly between 0 and 1.
    printed : Fraction or None
        The printed value; None for a bound.
    bounds : tuple of str
        What is printed as a bound only, and therefore is no pre-test.
    """

    row: Mapping[str, Any]
    figures: tuple[Prevalence, ...]
    printed: Fraction | None
    bounds: tuple[str, ...]


def read_prevalences(rows: Iterable[Mapping[str, Any]]) -> Iterator[PrintedPrevalence]:
    """Read rows of prevalence.csv; a case-control study has no prevalence.

    Raises
    ------
    DataError
        If a figure is none; the message names its row.
    """
    for row in rows:
        if row.get("sample") == "case_control":
            continue
        name = row["prevalence_id"]
        figures, bounds, printed = [], [], None
        cases, n = row.get("n_cases", 0), row.get("n", 0)
        if 0 < cases < n:
            figures.append(Prevalence.counted(cases, n, f"{cases} of {n} ({name})"))
        for column in ("prevalence", "low", "high"):
            if column not in row:
                continue
            try:
                # A normal approximation may print an end below 0 or above 1.
                figure = parse_printed(row[column], column, signed=column != "prevalence")
            except ArgumentError as error:
                raise DataError(f"prevalence.csv, prevalence_id {name}: {error}") from error
            if figure.is_bound:
                bounds.append(f"{figure} ({name})")
            elif figure.point is not None and 0 < float(figure.point) < 1:
                figures.append(Prevalence.exactly(figure.point, f"{figure} ({name})"))
            if column == "prevalence":
                printed = figure.point
        yield PrintedPrevalence(row, tuple(figures), printed, tuple(bounds))


def pretest_choices(
    claim: Claim, prevalences: Iterable[PrintedPrevalence]
) -> tuple[PretestChoice, ...]:
    """Return the pre-test probabilities a post-test claim may rest on.

    The printed one, and the counts that print so; or, where none is printed, the
    prevalence of each table's own cohort and every prevalence given. Each with exact
    odds, and with odds rounded to two significant figures.
    """
    exact = claim.exact_pretest
    if exact is not None:
        own = PretestChoice(Prevalence.exactly(exact, f"{claim.pretest} as printed"), plain=True)
        others = [
            replace(figure, source=f"{figure.source}, printed as {claim.pretest}")
            for prevalence in prevalences
            for figure in prevalence.figures
            if figure.kind == "counts" and prevalence.printed == exact
        ]
    else:
        own = PretestChoice(None, plain=True)
        others = [figure for prevalence in prevalences for figure in prevalence.figures]
    distinct = {own.odds: own}
    for figure in others:
        choice = PretestChoice(figure, plain=False)
        distinct.setdefault(choice.odds, choice)
    return tuple(variant for choice in distinct.values() for variant in _with_rounded_odds(choice))


def _with_rounded_odds(choice: PretestChoice) -> Iterator[PretestChoice]:
    """Yield a choice, and again with its odds rounded where that changes them."""
    yield choice
    odds = choice.odds
    if odds is not None and (rounded := round_to_two_figures(odds)) != odds:
        yield replace(choice, rounded_odds=rounded)


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
