"""How common a condition is in a setting: which published figure is the pre-test."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
from scipy.special import expit, logit

from backpain_stats.checks import check_choice, check_known, check_level
from backpain_stats.errors import NotEstimableError
from backpain_stats.estimate import Estimate, format_percent
from backpain_stats.evidence import SETTINGS, TARGETS
from backpain_stats.tables.intervals import proportion_interval

if TYPE_CHECKING:
    from backpain_stats.evidence import Evidence

__all__ = ["SettingPrevalence", "prevalence_candidates", "setting_prevalence"]

# Words by which the curators' notes mark a sample that is not the patients who
# come to that setting with back pain, but those already picked out by someone.
SELECTED = re.compile(
    r"suspect|selected sample|radiograph|\bfilm\b|not a base rate|not low back pain|"
    r"case-control|cases only",
    re.IGNORECASE,
)
_NOTES = ("setting_note", "design_note", "population_note")


@dataclass(frozen=True, slots=True)
class SettingPrevalence(Estimate):
    """The prevalence of a condition in a setting, with where it comes from.

    Parameters
    ----------
    target, setting : str
        The condition, and where the patients were seen.
    prevalence_id : str
        The row or rows of the evidence (joined by semicolons) it was read from.
    kind : str
        ``"counts"`` (``n_cases`` of ``n``), ``"point"`` (a printed share without
        its counts) or ``"range"`` (only a printed range, or several sources
        that disagree).
    n, n_cases : int, optional
        The counts, for kind ``"counts"``.
    reported_in : str
        The source or sources.
    warning : str
        What speaks against using it; empty if nothing does.

    Other Parameters
    ----------------
    estimate, ci_low, ci_high, ci_level, method, measure
        As in :class:`~backpain_stats.Estimate`. For counts the interval is
        Jeffreys'. A share printed without counts has no interval (NaN). A range
        is no confidence interval: its ends are as printed, its level is NaN,
        and the estimate is its middle on the log-odds scale, an end printed as
        0 read for this as the largest value that prints so.
    """

    target: str = ""
    setting: str = ""
    prevalence_id: str = ""
    kind: str = "counts"
    n: int | None = None
    n_cases: int | None = None
    reported_in: str = ""
    warning: str = ""

    @property
    def source(self) -> str:
        """Where the figure comes from, as one printed phrase."""
        if self.kind == "counts":
            return f"{self.prevalence_id}: {self.n_cases} of {self.n}"
        if self.kind == "point":
            return f"{self.prevalence_id}: printed {format_percent(self.estimate)}"
        low, high = format_percent(self.ci_low), format_percent(self.ci_high)
        return f"{self.prevalence_id}: printed range {low} to {high}"

    def __str__(self) -> str:
        """Return the prevalence with its source as one printed phrase."""
        interval = (
            "no interval"
            if self.kind == "point"
            else f"{format_percent(self.ci_low)} to {format_percent(self.ci_high)}"
        )
        return f"{format_percent(self.estimate)} ({interval}; {self.method}) [{self.source}]"


def prevalence_candidates(evidence: Evidence, target: str, setting: str) -> pd.DataFrame:
    """List every published figure for the prevalence of a condition in a setting.

    Parameters
    ----------
    evidence : Evidence
        The evidence.
    target, setting : str
        Words of the vocabulary.

    Returns
    -------
    pandas.DataFrame
        ``prevalence_id, n, n_cases, prevalence, low, high, range_kind,
        reported_in, kind, selected, caution``: the rows of ``prevalence`` and
        the cohorts whose counts are printed but stand in no such row.
        ``selected`` is True where the cohort's ``low_back_pain_only`` is no, or
        where a note says that the patients were suspected of the condition,
        sent for a radiograph, or sampled otherwise; ``caution`` says which.
        Best first: not selected before selected, counts before printed figures,
        larger before smaller.

    Raises
    ------
    ArgumentError
        If the target or the setting is not in the vocabulary.

    Examples
    --------
    >>> from backpain_stats import load_evidence
    >>> found = prevalence_candidates(load_evidence(), "malignancy", "emergency")
    >>> found[["prevalence_id", "n", "n_cases", "kind", "selected"]]
              prevalence_id     n  n_cases    kind  selected
    0   thiru2014_malignancy   329        4  counts     False
    1  galliker2020_malignancy  <NA>     <NA>   range     False
    2  reinus1998_malignancy   482        7  counts      True
    """
    check_choice(target, "target", TARGETS)
    check_choice(setting, "setting", SETTINGS)
    rows = _all_rows(evidence)
    rows = rows[(rows["target"] == target) & (rows["setting"] == setting)]
    rows = rows.sort_values(
        ["selected", "kind", "n", "prevalence_id"],
        ascending=[True, True, False, True],
        na_position="last",
    )
    columns = [
        *("prevalence_id", "n", "n_cases", "prevalence", "low", "high", "range_kind"),
        *("reported_in", "kind", "selected", "caution"),
    ]
    return rows[columns].reset_index(drop=True)


def setting_prevalence(
    evidence: Evidence,
    target: str,
    setting: str,
    *,
    prevalence_id: str | None = None,
    level: float = 0.95,
) -> SettingPrevalence:
    """Return the prevalence of a condition in a setting, from one published source.

    The rule, in this order:

    1. among the samples that stand for the patients of the setting, the one with
       the most patients whose counts are printed;
    2. without such counts, the printed figures of those samples: one share, or
       the range from the lowest to the highest of them;
    3. only if nothing else exists, counts and then printed figures of a selected
       sample (patients already suspected, sent for a radiograph, or a wider
       population than back pain), with a warning.

    Samples are never added up: reviews contain the cohorts that are listed
    beside them, so a sum would count patients twice.

    Parameters
    ----------
    evidence : Evidence
        The evidence.
    target, setting : str
        Words of the vocabulary.
    prevalence_id : str, optional
        The row of ``prevalence`` to use instead; any row about the target will
        do, with a warning if it is from another setting.
    level : float, default 0.95
        Level of the interval.

    Returns
    -------
    SettingPrevalence

    Raises
    ------
    NotEstimableError
        If nothing is published; the message names the settings that have figures.
    UnknownNameError
        If there is no such ``prevalence_id`` for the target.
    ArgumentError
        If the target, the setting or the level is not allowed.

    Examples
    --------
    >>> from backpain_stats import load_evidence
    >>> evidence = load_evidence()
    >>> print(setting_prevalence(evidence, "malignancy", "primary_care"))
    0.32% (0.20% to 0.48%; jeffreys) [henschke2013_malignancy: 21 of 6622]
    >>> print(setting_prevalence(evidence, "cauda_equina", "emergency"))
    0.44% (0.10% to 1.9%; printed range) [galliker2020_cauda_equina: printed range 0.10% to 1.9%]
    """
    level = check_level(level)
    if prevalence_id is not None:
        return _named(evidence, target, setting, prevalence_id, level)
    candidates = prevalence_candidates(evidence, target, setting)
    if candidates.empty:
        rows = _all_rows(evidence)
        known = sorted(set(rows.loc[rows["target"] == target, "setting"].dropna()))
        raise NotEstimableError(
            f"no prevalence of {target} in {setting} is published in this evidence; "
            f"there is one for: {', '.join(known) or 'no setting'}; give a pre-test probability"
        )
    group = candidates[candidates["selected"] == candidates["selected"].iloc[0]]
    counted = group[group["kind"] == "counts"]
    used = counted.head(1) if len(counted) else group
    warning = "; ".join(dict.fromkeys(used["caution"][used["selected"]]))
    return _read(used, target, setting, level, warning)


def _named(
    evidence: Evidence, target: str, setting: str, prevalence_id: str, level: float
) -> SettingPrevalence:
    """Return the figure a user asked for by name, with a warning where one is due."""
    check_choice(target, "target", TARGETS)
    check_choice(setting, "setting", SETTINGS)
    rows = _all_rows(evidence)
    rows = rows[rows["target"] == target]
    check_known(prevalence_id, rows["prevalence_id"], f"prevalence of {target}")
    row = rows[rows["prevalence_id"] == prevalence_id].iloc[0]
    warnings = []
    if row["setting"] is pd.NA or row["setting"] != setting:
        origin = "a setting that is not stated" if pd.isna(row["setting"]) else row["setting"]
        warnings.append(f"from {origin}, used for {setting}")
    if row["selected"]:
        warnings.append(row["caution"])
    return _read(
        rows[rows["prevalence_id"] == prevalence_id], target, setting, level, "; ".join(warnings)
    )


def _read(
    rows: pd.DataFrame, target: str, setting: str, level: float, warning: str
) -> SettingPrevalence:
    """Turn the chosen row, or the printed figures of several, into a prevalence."""
    if rows["kind"].iloc[0] == "counts":
        return _from_counts(rows.iloc[0], target, setting, level, warning)
    return _from_printed(rows, target, setting, warning)


def _all_rows(evidence: Evidence) -> pd.DataFrame:
    """Return the prevalence rows, the cohorts beside them, and what kind each is."""
    cohorts = evidence.cohorts.set_index("cohort_id")
    known = set(evidence.prevalence["cohort_id"].dropna())
    own = evidence.cohorts[
        evidence.cohorts["n"].notna()
        & evidence.cohorts["n_cases"].notna()
        & evidence.cohorts["same_patients_as"].isna()
        & ~evidence.cohorts["cohort_id"].isin(known)
        & ~evidence.cohorts["cohort_id"].isin(set(evidence.prevalence["prevalence_id"]))
    ].rename(columns={"source_id": "reported_in"})
    own = own.assign(prevalence_id=own["cohort_id"])
    rows = pd.concat([evidence.prevalence, own.reindex(columns=evidence.prevalence.columns)])
    rows = rows.astype(evidence.prevalence.dtypes.to_dict()).reset_index(drop=True)
    counted = rows["n"].notna() & rows["n_cases"].notna()
    point = rows["prevalence"].notna()
    rows = rows[counted | point | (rows["low"].notna() & rows["high"].notna())].copy()
    rows["kind"] = [
        "counts" if counts else "point" if one else "range"
        for counts, one in zip(counted[rows.index], point[rows.index], strict=True)
    ]
    beside = cohorts.reindex(rows["cohort_id"])
    texts = [rows["note"].fillna("").to_numpy(), *(beside[name].fillna("") for name in _NOTES)]
    populations = beside["low_back_pain_only"].fillna("")
    rows["caution"] = [
        _caution(population, list(notes))
        for population, notes in zip(populations, zip(*texts, strict=True), strict=True)
    ]
    rows["selected"] = rows["caution"] != ""
    return rows


def _caution(population: str, notes: list[str]) -> str:
    """Say why a sample does not stand for the patients of its setting; empty if it does."""
    marked = [note for note in notes if SELECTED.search(note)]
    if population == "no" and not marked:
        marked = ["; ".join(filter(None, notes)) or "not only patients with low back pain"]
    return f"a selected or wider sample: {marked[0]}" if marked else ""


def _from_counts(
    row: pd.Series, target: str, setting: str, level: float, warning: str
) -> SettingPrevalence:
    n, cases = int(row["n"]), int(row["n_cases"])
    low, high = proportion_interval(cases, n, "jeffreys", level)
    return SettingPrevalence(
        estimate=cases / n,
        ci_low=float(low),
        ci_high=float(high),
        ci_level=level,
        method="jeffreys",
        measure="prevalence",
        target=target,
        setting=setting,
        prevalence_id=row["prevalence_id"],
        kind="counts",
        n=n,
        n_cases=cases,
        reported_in=row["reported_in"],
        warning=warning,
    )


def _from_printed(rows: pd.DataFrame, target: str, setting: str, warning: str) -> SettingPrevalence:
    """Return one printed share, or the range over all that several rows print."""
    lows = [_first(row, "low", "prevalence") for _, row in rows.iterrows()]
    highs = [_first(row, "high", "prevalence") for _, row in rows.iterrows()]
    low, high = min(lows, key=float), max(highs, key=float)
    one = low == high
    return SettingPrevalence(
        estimate=float(low) if one else _middle(low, high),
        ci_low=math.nan if one else float(low),
        ci_high=math.nan if one else float(high),
        ci_level=math.nan,
        method="printed without counts" if one else "printed range",
        measure="prevalence",
        target=target,
        setting=setting,
        prevalence_id=";".join(rows["prevalence_id"]),
        kind="point" if one else "range",
        reported_in=";".join(dict.fromkeys(rows["reported_in"])),
        warning=warning,
    )


def _first(row: pd.Series, *names: str) -> str:
    """Return the first of the columns that is filled, without its inequality sign."""
    return next(str(row[name]) for name in names if not pd.isna(row[name])).lstrip("<>")


def _middle(low: str, high: str) -> float:
    """Return the middle of a printed range on the log-odds scale.

    An end printed as 0.000 stands for values up to 0.0005, and that is what
    enters; the middle of a range that starts at exactly 0 would be 0.
    """
    ends = []
    for printed in (low, high):
        value = float(printed)
        half_a_unit = 0.5 * 10.0 ** -len(printed.partition(".")[2])
        ends.append(min(max(value, half_a_unit), 1 - half_a_unit))
    return float(expit(logit(ends).mean()))
