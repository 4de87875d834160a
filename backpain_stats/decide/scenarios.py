"""Prevalences as scenarios: a few pre-test probabilities for which a panel wants the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from backpain_stats.estimate import format_percent
from backpain_stats.evidence import Evidence, Setting, Target
from backpain_stats.printed.prevalence import Prevalence, read_prevalence
from backpain_stats.published import prevalence_candidates

if TYPE_CHECKING:
    from backpain_stats.printed.prevalence import PrevalenceLike

__all__ = ["DENOMINATORS", "Scenario", "choose_denominator", "prevalence_scenarios"]

DENOMINATORS = (1_000, 10_000, 100_000)
# Below this many patients with the condition a count hides the difference between flags.
FEWEST_CASES = 10


@dataclass(frozen=True, slots=True)
class Scenario:
    """One pre-test probability with where it comes from.

    Parameters
    ----------
    name : str
        ``the panel's``, ``low``, ``middle``, ``high``, ...
    prevalence : Prevalence
    source : str
        Whose patients, and how many of them, in words.
    sample, reported_in : str
        The sample and the page where it was read, as the evidence names them; empty for the
        panel's own.
    caution : str
        What speaks against it; empty if nothing does.
    """

    name: str
    prevalence: Prevalence
    source: str
    sample: str = ""
    reported_in: str = ""
    caution: str = ""

    @property
    def head(self) -> str:
        """The heading of its column."""
        return f"{format_percent(self.prevalence.estimate)} ({self.name})"


def choose_denominator(prevalences: Sequence[Prevalence]) -> int:
    """Return the smallest of 1,000, 10,000 and 100,000 patients that has ten cases.

    Examples
    --------
    >>> [choose_denominator([Prevalence.exactly(p)]) for p in (0.05, 0.003, 0.0002)]
    [1000, 10000, 100000]
    """
    rarest = min(one.estimate for one in prevalences)
    enough = (per for per in DENOMINATORS if per * rarest >= FEWEST_CASES)
    return next(enough, DENOMINATORS[-1])


def prevalence_scenarios(
    evidence: Evidence,
    target: Target,
    setting: Setting,
    given: Sequence[PrevalenceLike] = (),
) -> tuple[list[Scenario], pd.DataFrame]:
    """Return one to three scenarios, and the samples that are none.

    Parameters
    ----------
    evidence : Evidence
    target, setting : str
        The condition, and where the panel's patients are seen.
    given : sequence of float, str or Prevalence
        The panel's own; they replace those of the evidence.

    Returns
    -------
    scenarios : list of Scenario
        The panel's; else the lowest, the middle and the highest sample of the setting with
        counts and at least one case. A single sample is shown with the ends of its 95%
        interval. Nothing is added up, and nothing is made of a printed range. Where the
        setting has no eligible sample, its selected ones; where it has none, those of other
        settings, with the caution. Perhaps none at all.
    samples : pandas.DataFrame
        Every sample of the setting on file, as in
        :func:`~backpain_stats.prevalence_candidates`.
    """
    samples = prevalence_candidates(evidence, target, setting)
    if given:
        return [
            Scenario("the panel's", read_prevalence(one), "stated by the panel") for one in given
        ], samples
    own = _countable(samples)
    eligible, direct = own[own["eligible"]], own[~own["directness"].str.startswith("indirect")]
    if len(eligible):
        return _three(eligible, ""), samples
    if len(direct):
        return _three(direct, "selected patients, who have the condition more often"), samples
    elsewhere = [
        prevalence_candidates(evidence, target, other).assign(place=label)
        for other, label in evidence.setting_labels.items()
        if other != setting
    ]
    rows = _countable(pd.concat(elsewhere, ignore_index=True))
    rows = rows[rows["eligible"]]
    here = evidence.setting_labels[setting]
    return _three(rows, f"indirect: no sample of {here} has counts"), samples


def _countable(samples: pd.DataFrame) -> pd.DataFrame:
    """Return the samples with counts and at least one case and one other, rarest first."""
    rows = samples[samples["n_cases"].notna() & samples["n"].notna()]
    rows = rows[(rows["n_cases"] > 0) & (rows["n_cases"] < rows["n"])]
    shares = rows["n_cases"].astype(float) / rows["n"].astype(float)
    return rows.assign(share=shares).sort_values("share", kind="stable")


def _three(rows: pd.DataFrame, caution: str) -> list[Scenario]:
    """Return low, middle and high of samples that are sorted by their share."""
    if rows.empty:
        return []
    if len(rows) == 1:
        return _one(rows.iloc[0], caution)
    if len(rows) == 2:
        picks = {"low": 0, "high": 1}
    else:
        picks = {"low": 0, "middle": (len(rows) - 1) // 2, "high": len(rows) - 1}
    return [
        Scenario(
            name,
            Prevalence.exactly(rows["share"].iloc[place]),
            _sample_words(rows.iloc[place]),
            str(rows["prevalence_id"].iloc[place]),
            str(rows["reported_in"].iloc[place]),
            caution,
        )
        for name, place in picks.items()
    ]


def _one(row: pd.Series, caution: str) -> list[Scenario]:
    """Return a single sample between the ends of its interval."""
    low, high = Prevalence.counted(int(row["n_cases"]), int(row["n"])).interval()
    said, names = _sample_words(row), (str(row["prevalence_id"]), str(row["reported_in"]))
    return [
        Scenario(name, Prevalence.exactly(share), f"{where}{said}", *names, caution)
        for name, share, where in (
            ("low", low, "lower end of the 95% interval of "),
            ("middle", float(row["share"]), ""),
            ("high", high, "upper end of the 95% interval of "),
        )
    ]


def _sample_words(row: pd.Series) -> str:
    """Say whose patients a sample was, with its counts."""
    place = f" in {row['place']}" if "place" in row.index else ""
    return f"{row['prevalence_id']}{place}, {int(row['n_cases']):,} of {int(row['n']):,}"
