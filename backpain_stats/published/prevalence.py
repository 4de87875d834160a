"""How common a condition is in a setting: every sample, and which one is the pre-test."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from backpain_stats.checks import check_choice, check_known, check_level
from backpain_stats.errors import ArgumentError, DataError, NotEstimableError, PretestError
from backpain_stats.estimate import Estimate
from backpain_stats.evidence import Evidence, Setting, Target, require_evidence
from backpain_stats.printed import Prevalence, PrintedValue, parse_printed
from backpain_stats.published.reading import filled_rows, read_cohorts
from backpain_stats.result import Shown, format_percent

__all__ = ["SettingPrevalence", "prevalence_candidates", "setting_prevalence"]

# How good a sample is as the patients of its setting who present with back pain: 0 and 1
# may be the default, whatever is not named here never.
PREFERENCE = {"unselected": 0, "review": 0, "general_population": 0, "unknown": 1}
Row = dict[str, Any]
COLUMNS = [
    *("prevalence_id", "n", "n_cases", "prevalence", "low", "high", "range_kind"),
    *("reported_in", "kind", "sample", "directness", "eligible", "reason_code", "reason"),
]
REASONS = {
    "indirect_population": "other patients than those who present with back pain",
    "indirect_target": "a part of the target, or another one",
    "indirect_both": "other patients than those who present with back pain, and another target",
    "directness_unknown": "what was read does not say whether the patients had back pain",
    "case_control": "a case-control study has no prevalence",
    "suspected": "the patients were already suspected of the condition",
    "known_disease": "the patients were already known to be ill, or are cases only",
    "trauma": "the patients were injured",
    "imaged": "only patients who had the imaging or the reference test",
    "no_counts": "printed without its counts",
    "one_group": "its counts hold no case, or only cases",
    "sample_unknown": "what was read does not say how the patients were sampled",
}


@dataclass(frozen=True, slots=True, repr=False)
class SettingPrevalence(Estimate):
    """The prevalence of a condition in a setting, with where it comes from.

    Parameters
    ----------
    target, setting : str
        The condition, and where the patients are seen.
    prevalence_id : str
        The row of the evidence it was read from.
    kind : str
        ``"counts"`` (``n_cases`` of ``n``), ``"point"`` (a printed share without
        its counts) or ``"range"`` (only a printed range).
    n, n_cases : int, optional
        The counts, for kind ``"counts"``.
    reported_in : str
        The source.
    sample, directness : str
        Who was sampled, and whether that is the question; as in ``prevalence.csv``.
    source : str
        Where the figure comes from, as one printed phrase.
    warning : str
        What speaks against using it; empty if nothing does.

    Other Parameters
    ----------------
    estimate, ci_low, ci_high, ci_level, method, measure
        As in :class:`~backpain_stats.Estimate`. For counts the interval is
        Jeffreys'. A share printed without counts has no interval (NaN). A range
        is no confidence interval: its ends are as printed, its level is NaN,
        and its estimate is computed, the middle on the log-odds scale.
    """

    target: str = ""
    setting: str = ""
    prevalence_id: str = ""
    kind: str = "counts"
    n: int | None = None
    n_cases: int | None = None
    reported_in: str = ""
    sample: str = "unknown"
    directness: str = "unknown"
    source: str = ""
    warning: str = ""
    _samples: tuple[Row, ...] = field(default=(), repr=False, compare=False)

    @property
    def samples(self) -> pd.DataFrame:
        """Every sample on file for this condition and setting, as in ``prevalence_candidates``."""
        return _frame(self._samples)

    @property
    def pretest(self) -> Prevalence:
        """The same as a pre-test probability, with its source."""
        if self.n is not None and self.n_cases is not None:
            return Prevalence.counted(self.n_cases, self.n, self.source)
        if self.kind == "range":
            return Prevalence.between(self.ci_low, self.ci_high, self.source)
        return Prevalence.exactly(self.estimate, self.source)

    def _shown(self) -> Shown:
        """Return the prevalence with its source as one printed phrase."""
        interval = (
            "no interval"
            if self.kind == "point"
            else f"{format_percent(self.ci_low)} to {format_percent(self.ci_high)}"
        )
        return Shown(f"{format_percent(self.estimate)} ({interval}; {self.method}) [{self.source}]")


def prevalence_candidates(evidence: Evidence, target: Target, setting: Setting) -> pd.DataFrame:
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
        reported_in, kind, sample, directness, eligible, reason_code, reason``: the rows
        of ``prevalence`` and the cohorts whose counts are printed but stand in no such
        row. ``eligible`` is True where the sample may be the default of
        :func:`setting_prevalence`; ``reason_code`` says why not, or what to keep in
        mind, and ``reason`` says it in words. Best first: eligible before others, a known
        way of sampling before an unknown one, counts before printed figures, larger before
        smaller.

    Raises
    ------
    ArgumentError
        If the target or the setting is not in the vocabulary.

    Examples
    --------
    >>> from backpain_stats import load_evidence
    >>> found = prevalence_candidates(load_evidence(), "malignancy", "emergency")
    >>> found = found.set_index("prevalence_id")
    >>> found.loc[["thiru2014_malignancy", "reinus1998_malignancy"],
    ...           ["n", "n_cases", "sample", "eligible", "reason_code"]]
                             n  n_cases      sample  eligible         reason_code
    prevalence_id
    thiru2014_malignancy   329        4  unselected      True
    reinus1998_malignancy  482        7      imaged     False  directness_unknown
    """
    check_choice(target, "target", list(require_evidence(evidence).targets["target"]))
    check_choice(setting, "setting", list(evidence.settings["setting"]))
    samples = evidence.derived("samples", _samples).get(target, [])
    return _frame(row for row in samples if row["setting"] == setting)


def setting_prevalence(
    evidence: Evidence,
    target: Target,
    setting: Setting,
    *,
    prevalence_id: str | None = None,
    level: float = 0.95,
) -> SettingPrevalence:
    """Return the prevalence of a condition in a setting, from one published sample.

    The rule: among the samples of patients who present with back pain and were not
    selected by suspicion, by a test, by injury or by a known disease (``directness`` is
    ``direct``, ``sample`` is ``unselected``, ``review`` or ``general_population``), with
    cases and patients printed as counts, the one with the most patients. Only where there
    is none, the largest such sample of which the words read do not say how it was taken
    (``sample`` is ``unknown``), with a warning. Where there is neither, nothing is chosen:
    the error lists the candidates, and one of them can be named.

    Samples are never added up: reviews contain the cohorts that are listed beside them,
    so a sum would count patients twice. Nothing is computed from a printed range unless
    the range is named.

    Parameters
    ----------
    evidence : Evidence
        The evidence.
    target, setting : str
        Words of the vocabulary.
    prevalence_id : str, optional
        The sample to use instead; any row about the target will do, with a warning if
        it is from another setting or not eligible as a default.
    level : float, default 0.95
        Level of the interval.

    Returns
    -------
    SettingPrevalence

    Raises
    ------
    NotEstimableError
        If no sample is eligible; the message lists the candidates with their sources.
    PretestError
        If the row that was named is a bound or a range that starts at 0, so that it gives
        no single number.
    UnknownNameError
        If there is no such ``prevalence_id`` for the target.
    ArgumentError
        If the target, the setting or the level is not allowed.

    Examples
    --------
    >>> from backpain_stats import load_evidence
    >>> evidence = load_evidence()
    >>> print(setting_prevalence(evidence, "malignancy", "primary_care",
    ...                          prevalence_id="deyo1988_malignancy"))
    0.66% (0.37% to 1.1%; jeffreys) [deyo1988_malignancy: 13 of 1975]
    """
    level = check_level(level)
    check_choice(target, "target", list(require_evidence(evidence).targets["target"]))
    check_choice(setting, "setting", list(evidence.settings["setting"]))
    every = evidence.derived("samples", _samples).get(target, [])
    here = tuple(row for row in every if row["setting"] == setting)
    if prevalence_id is not None:
        named = {row["prevalence_id"]: row for row in every}
        check_known(prevalence_id, named, f"prevalence of {target}")
        return _read(named[prevalence_id], target, setting, level, here)
    if not here or not here[0]["eligible"]:
        raise NotEstimableError(_refusal(here, every, target, setting))
    return _read(here[0], target, setting, level, here)


def _refusal(here: Sequence[Row], every: Sequence[Row], target: str, setting: str) -> str:
    """Say what there is instead of a prevalence that can be used by itself."""
    if not here:
        known = sorted({row["setting"] for row in every if row["setting"]})
        return (
            f"no prevalence of {target} in {setting} was read in the sources of this evidence; "
            f"there is one for: {', '.join(known) or 'no setting'}; give a pre-test probability"
        )
    listed = "; ".join(f"{row['prevalence_id']} ({row['figure']}; {row['reason']})" for row in here)
    return (
        f"no sample gives the prevalence of {target} in {setting} by itself: {listed}; "
        "name one of them (prevalence_id) or give a pre-test probability"
    )


def _frame(rows: Iterable[Row]) -> pd.DataFrame:
    """Return samples as a frame."""
    frame = pd.DataFrame(list(rows), columns=COLUMNS)
    whole = dict.fromkeys(("n", "n_cases"), "Int64")
    texts = [name for name in COLUMNS if name not in (*whole, "eligible")]
    return frame.astype(whole | dict.fromkeys(texts, "string") | {"eligible": "bool"})


def _samples(evidence: Evidence) -> dict[str, list[Row]]:
    """Return every sample by target, the best first.

    They are the rows of ``prevalence``, and the cohorts with counts that stand in none.
    """
    rows = filled_rows(evidence.prevalence)
    taken = {row.get("cohort_id", "") for row in rows} | {row["prevalence_id"] for row in rows}
    cohorts = read_cohorts(evidence)
    sources = zip(evidence.cohorts["cohort_id"], evidence.cohorts["source_id"], strict=True)
    for name, source in sources:
        cohort = cohorts[name]
        if name not in taken and not cohort.steps:
            about = {
                name: getattr(cohort, name)
                for name in ("target", "setting", "n", "n_cases", "sample", "directness")
            }
            rows.append(about | {"prevalence_id": name, "reported_in": source})
    samples: dict[str, list[Row]] = {}
    for row in rows:
        counted = row.get("n") is not None and row.get("n_cases") is not None
        point, ranged = "prevalence" in row, "low" in row and "high" in row
        if counted or point or ranged:
            kind = "counts" if counted else "point" if point else "range"
            samples.setdefault(row["target"], []).append(_judged(row | {"kind": kind}))
    for several in samples.values():
        several.sort(
            key=lambda row: (
                not row["eligible"],
                row["place"],
                row["kind"],
                -(row.get("n") or 0),
                row["prevalence_id"],
            )
        )
    return samples


def _judged(row: Row) -> Row:
    """Return a sample with whether it may be the default, and why not."""
    sample, directness = row.get("sample", "unknown"), row.get("directness", "unknown")
    code = ""
    if directness.startswith("indirect"):
        code = directness
    elif directness != "direct":
        code = "directness_unknown"
    elif sample not in PREFERENCE:
        code = sample
    elif row["kind"] != "counts":
        code = "no_counts"
    elif not 0 < row["n_cases"] < row["n"]:
        code = "one_group"
    place = PREFERENCE.get(sample, len(PREFERENCE))
    eligible = code == ""
    if eligible and place:
        code = "sample_unknown"
    # Facts only: no text of a curator travels further.
    kept = {name: row[name] for name in COLUMNS if name in row}
    return kept | {
        "setting": row.get("setting", ""),
        "sample": sample,
        "directness": directness,
        "place": place,
        "eligible": eligible,
        "figure": {
            "counts": f"{row.get('n_cases')} of {row.get('n')}",
            "point": str(row.get("prevalence")),
            "range": f"{row.get('low')} to {row.get('high')}",
        }[row["kind"]],
        "reason_code": code,
        "reason": REASONS.get(code, ""),
    }


def _read(
    row: Row, target: str, setting: str, level: float, samples: tuple[Row, ...]
) -> SettingPrevalence:
    """Turn the chosen row into a prevalence."""
    name = row["prevalence_id"]
    if row["sample"] == "case_control":
        raise PretestError(f"{name}: {REASONS['case_control']}")
    warnings = [row["reason"]] if row["reason_code"] not in ("", "no_counts") else []
    if row["setting"] != setting:
        warnings.insert(
            0, f"from {row['setting'] or 'a setting that is not stated'}, used for {setting}"
        )
    about = {
        "measure": "prevalence",
        "target": target,
        "setting": setting,
        "prevalence_id": name,
        "kind": row["kind"],
        "reported_in": row["reported_in"],
        "sample": row["sample"],
        "directness": row["directness"],
        "source": f"{name}: {'' if row['kind'] == 'counts' else 'printed '}{row['figure']}",
        "warning": "; ".join(warnings),
        "_samples": samples,
    }
    if row["kind"] == "counts":
        n, cases = row["n"], row["n_cases"]
        low, high = (
            Prevalence.counted(cases, n).interval(level) if 0 < cases < n else (math.nan, math.nan)
        )
        return SettingPrevalence(
            cases / n, low, high, level, "jeffreys", n=n, n_cases=cases, **about
        )
    if row["kind"] == "point":
        share, ends = _point(row, "prevalence"), (math.nan, math.nan, math.nan)
        method = "printed without counts"
        if row.get("range_kind") == "ci95":
            ends, method = (_point(row, "low"), _point(row, "high"), 0.95), "as printed"
            warnings.append("its printed interval enters no result")
            about["warning"] = "; ".join(warnings)
        return SettingPrevalence(share, *ends, method, **about)
    low, high = _point(row, "low"), _point(row, "high")
    if not 0 < low < high:
        raise PretestError(
            f"{name} prints the range {row['low']} to {row['high']}: a range that "
            "starts at 0 gives no single number; give a pre-test probability"
        )
    middle = Prevalence.between(low, high).estimate
    return SettingPrevalence(middle, low, high, math.nan, "middle of a printed range", **about)


def _point(row: Row, column: str) -> float:
    """Return a printed figure as a number; a bound is refused."""
    where = f"prevalence.csv, {row['prevalence_id']}: {column}"
    try:
        figure: PrintedValue = parse_printed(row[column], where)
    except ArgumentError as error:
        raise DataError(str(error)) from error
    if figure.point is None:
        raise PretestError(
            f"{where} is {figure.text!r}, a bound and not a value; give a pre-test probability"
        )
    return float(figure.point)
