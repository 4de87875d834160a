"""The 2x2 tables behind each report of the evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backpain_stats.checks import COUNT_COLUMNS
from backpain_stats.errors import ArgumentError
from backpain_stats.evidence.schema import TABLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backpain_stats.evidence.loading import Evidence, Names
    from backpain_stats.reconstruction.reconstruct import Reconstruction

__all__ = ["VERDICTS", "ReportTables", "feasible_tables", "report_tables"]

# What is known of a report's 2x2 table.
VERDICTS = {
    "unique": "one table prints all its figures",
    "several": "several tables print all its figures",
    "impossible": "no table prints all its figures",
    "one_group": "nothing is printed about the cases, or about the non-cases",
    "proportions_printed": "sensitivity and specificity are printed, the group sizes are not",
    "ratio_printed": "only likelihood ratios are printed",
    "nothing_printed": "no figure from which a table or a ratio follows is printed",
}
_FIGURES = tuple(
    column.name
    for column in TABLES["accuracy"].columns
    if column.printed and column.name != "ci_level"
)
_PRINTED = ("ci_level", *COUNT_COLUMNS, *_FIGURES)
_SIZES = ("cohort_id", "n", "n_cases")
_RATIOS = ("lr_positive", "lr_negative")
# A printed interval fixes the size of its group. Groups are looked for up to the
# first of these sizes, and up to the second if the first does not hold them all.
LARGEST_GROUPS = (1_000, 5_000)
# More tables than this say no more than that the group sizes are not known.
MOST_TABLES = 100_000

Figures = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class ReportTables:
    """The tables that fit one report.

    Parameters
    ----------
    verdict : str
        One of :data:`VERDICTS`.
    cells : numpy.ndarray
        Shape (tables, 4), ordered tp, fp, fn, tn; -1 in the cells of a group
        about which nothing is printed.
    reason : str
        Why the verdict is what it is, for a reader; empty where nothing needs saying.
    """

    verdict: str
    cells: NDArray[np.int64]
    reason: str = ""

    @property
    def complete(self) -> bool:
        """Whether there is at least one table, and all four cells of it are known."""
        return len(self.cells) > 0 and bool((self.cells >= 0).all())

    @property
    def group_sizes(self) -> set[tuple[int, int]]:
        """Numbers of cases and non-cases of the tables."""
        tp, fp, fn, tn = self.cells.T
        return set(zip((tp + fn).tolist(), (fp + tn).tolist(), strict=True))

    def of_sizes(self, sizes: Iterable[tuple[int, int]]) -> NDArray[np.int64]:
        """Return the tables with one of these numbers of cases and non-cases."""
        wanted = set(sizes)
        tp, fp, fn, tn = self.cells.T
        found = zip((tp + fn).tolist(), (fp + tn).tolist(), strict=True)
        return self.cells[[pair in wanted for pair in found]]


def feasible_tables(
    evidence: Evidence,
    target: str | None = None,
    setting: str | None = None,
    flag: Names = None,
) -> pd.DataFrame:
    """List every 2x2 table that agrees with what each report prints.

    Counts that are printed are used as they are. Everything else is
    reconstructed: see :func:`~backpain_stats.reconstruct` for the rounding
    rule. Three things besides the report's own row are used. Where a cohort's
    n_cases is not printed but its prevalence is, the prevalence is a printed
    figure of each of its tables. Where n_cases is not printed at all, the
    flags of one cohort share it: only tables whose group sizes suit every
    report of the cohort are kept, if there are any. And where no number of
    patients is printed, the printed intervals of sensitivity and specificity
    fix the two group sizes.

    Parameters
    ----------
    evidence : Evidence
        The evidence.
    target, setting, flag : str, optional
        As in :meth:`~backpain_stats.Evidence.select`.

    Returns
    -------
    pandas.DataFrame
        One row a table: ``report_id, cohort_id, flag_id, target, setting, table``
        (counted from 0), ``tables`` (how many the report has), ``tp, fp, fn,
        tn``. Reports without a complete table (impossible, or not enough
        printed) have no row here; :func:`~backpain_stats.likelihood_ratios`
        says why. A cohort without cases has ``tp = fn = 0``.

    Raises
    ------
    ArgumentError, UnknownNameError
        If a name is not known.

    Examples
    --------
    >>> from backpain_stats import feasible_tables, load_evidence
    >>> feasible_tables(load_evidence(), "malignancy", "emergency")[
    ...     ["report_id", "table", "tables", "tp", "fp", "fn", "tn"]]
                      report_id  table  tables  tp  fp  fn   tn
    0  reinus1998_cancer_history      0       5   7  10   0  465
    1  reinus1998_cancer_history      1       5   7  11   0  464
    2  reinus1998_cancer_history      2       5   7  12   0  463
    3  reinus1998_cancer_history      3       5   7  13   0  462
    4  reinus1998_cancer_history      4       5   7  14   0  461
    """
    found = report_tables(evidence)
    reports = evidence.select(target, setting, flag).accuracy
    complete = [found[report].complete for report in reports["report_id"]]
    reports = reports[np.array(complete, dtype=bool)]  # a plain empty list would drop the columns
    sizes = [len(found[report].cells) for report in reports["report_id"]]
    cohorts = evidence.cohorts.set_index("cohort_id")[["target", "setting"]]
    rows = reports[["report_id", "cohort_id", "flag_id"]].join(cohorts, on="cohort_id")
    frame = rows.loc[rows.index.repeat(sizes)].reset_index(drop=True)
    frame["table"] = np.concatenate([np.arange(size) for size in sizes]) if sizes else []
    frame["tables"] = np.repeat(sizes, sizes) if sizes else []
    cells = [found[report].cells for report in reports["report_id"]]
    stacked = np.concatenate(cells) if cells else np.empty((0, 4), dtype=np.int64)
    return frame.assign(**dict(zip(COUNT_COLUMNS, stacked.T, strict=True))).astype(
        dict.fromkeys(["table", "tables", *COUNT_COLUMNS], "int64")
    )


def report_tables(evidence: Evidence) -> dict[str, ReportTables]:
    """Return the tables of every report of the evidence, by ``report_id``.

    What a report prints is reconstructed once and remembered, by its printed
    figures: a changed figure is a new reconstruction, whatever frame it is in.
    """
    from backpain_stats.evidence.loading import require_evidence

    require_evidence(evidence)
    found: dict[str, ReportTables] = {}
    shared: dict[str, list[str]] = {}
    for row in _printed_rows(evidence):
        figures = _figures(row)
        found[row["report_id"]] = _reconstructed(figures)
        if "n" in dict(figures) and "n_cases" not in dict(figures):
            shared.setdefault(row["cohort_id"], []).append(row["report_id"])
    for reports in shared.values():
        found |= _with_shared_cases({report: found[report] for report in reports})
    return found


def _printed_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """Return each report with the size of its cohort and, if that needs it, its prevalence."""
    sizes = {row["cohort_id"]: row for row in _filled_cells(evidence.cohorts, _SIZES)}
    printed = evidence.prevalence
    shares: dict[str, dict[str, Any]] = {}
    points = printed[(printed["range_kind"] == "point").fillna(value=False)]
    for share in _filled_cells(points, ("cohort_id", "n", "prevalence")):
        if "cohort_id" in share and "prevalence" in share:
            shares.setdefault(share["cohort_id"], share)
    rows = []
    for row in _filled_cells(evidence.accuracy, ("report_id", "cohort_id", *_PRINTED)):
        size = sizes.get(row["cohort_id"], {})
        share = shares.get(row["cohort_id"], {})
        # The share is a figure of the same patients only if it has the same denominator.
        if "n_cases" not in size and share and share.get("n", size.get("n")) == size.get("n"):
            size = size | {"prevalence": share["prevalence"]}
        rows.append(size | row)
    return rows


def _filled_cells(frame: pd.DataFrame, columns: Iterable[str]) -> list[dict[str, Any]]:
    """Return some columns of a frame row by row, empty cells left out."""
    kept = [name for name in columns if name in frame.columns]
    return [
        {str(name): value for name, value in row.items() if not pd.isna(value)}
        for row in frame[kept].to_dict("records")
    ]


def _figures(row: Mapping[str, Any]) -> Figures:
    """Return the figures of a report, in an order that does not depend on its file."""
    names = ("n", "n_cases", "prevalence", *_PRINTED)
    return tuple((name, str(row[name])) for name in names if name in row)


@lru_cache(maxsize=8192)
def _reconstructed(figures: Figures) -> ReportTables:
    """Return the tables behind printed figures."""
    printed = dict(figures)
    statistics = {name for name in _FIGURES if name in printed}
    cells = {name for name in COUNT_COLUMNS if name in printed}
    points = {name for name in statistics if not name.endswith(("_low", "_high"))}
    if not statistics and not cells:
        return _without_table("nothing_printed", "no figure is printed")
    if not cells and points <= set(_RATIOS):
        return _without_table(
            "ratio_printed", "only the likelihood ratio is printed; it is used as printed"
        )
    sized = "n" in printed or {"tp", "fn"} <= cells or {"fp", "tn"} <= cells
    if not sized and "n_cases" not in printed:
        return _from_intervals(printed) or _proportions_only(printed)
    try:
        return _from_reconstruction(_reconstruct(printed))
    except ArgumentError as error:
        # Raised where so little is printed that the tables cannot be listed.
        return _contradiction(printed) or _proportions_only(printed, str(error))


def _reconstruct(printed: Mapping[str, str]) -> Reconstruction:
    """Hand the printed figures to :func:`reconstruct`, counts as numbers."""
    from backpain_stats.reconstruction.reconstruct import reconstruct

    arguments: dict[str, Any] = {name: text for name, text in printed.items() if name != "ci_level"}
    for name in ("n", "n_cases", *COUNT_COLUMNS):
        if name in arguments:
            arguments[name] = int(arguments[name])
    return reconstruct(**arguments, level=float(printed.get("ci_level", 0.95)))


def _contradiction(printed: Mapping[str, str]) -> ReportTables | None:
    """Say whether one group alone contradicts itself, the other being unknown."""
    for names in (
        ("n_cases", "tp", "fn", "sensitivity", "sensitivity_low", "sensitivity_high"),
        ("fp", "tn", "specificity", "specificity_low", "specificity_high", "false_positive_rate"),
    ):
        try:
            found = _reconstruct({name: printed[name] for name in names if name in printed})
        except ArgumentError:
            continue  # the size of this group is not known either
        if found.verdict == "impossible":
            return _from_reconstruction(found)
    return None


def _from_reconstruction(found: Reconstruction) -> ReportTables:
    """Read the answer of :func:`reconstruct` for use in calculations."""
    explanation = " ".join(found.explanation.split())
    if found.verdict == "impossible":
        return _without_table("impossible", explanation)
    if found.count > MOST_TABLES:
        raise ArgumentError(f"{found.count:,} tables print these figures: too little is printed")
    frame = found.tables[list(COUNT_COLUMNS)]
    cells = frame.fillna(-1).to_numpy(dtype=np.int64)
    remarks = [explanation] if found.set_aside else list(found.warnings)
    cells, remark = _one_group_only(cells)
    if remark:
        return ReportTables("one_group", cells, " ".join([remark, *remarks]))
    return ReportTables(found.verdict, cells, " ".join(remarks))


def _one_group_only(cells: NDArray[np.int64]) -> tuple[NDArray[np.int64], str]:
    """Find a group in which every number of positives fits: nothing is printed about it.

    Returns the tables of the other group alone, or all tables and no remark.
    """
    for positive, negative, name, other in (
        (1, 3, "without the condition", "sensitivity"),
        (0, 2, "with the condition", "specificity"),
    ):
        totals = cells[:, positive] + cells[:, negative]
        pairs = {*zip(totals.tolist(), cells[:, positive].tolist(), strict=True)}
        sizes = {total for total, _ in pairs}
        unknown = (cells[:, positive] < 0).all()
        if unknown or (max(sizes) > 0 and len(pairs) == sum(total + 1 for total in sizes)):
            kept = cells.copy()
            kept[:, [positive, negative]] = -1
            remark = f"nothing is printed about the patients {name}: only the {other} is known"
            return np.unique(kept, axis=0), remark
    return cells, ""


def _from_intervals(printed: Mapping[str, str]) -> ReportTables | None:
    """Find both group sizes from the intervals of sensitivity and specificity.

    Each interval fixes the size of its group; every pair of groups is a table.
    None if an interval is not printed, or no usual method reproduces it.
    """
    groups = []
    for name in ("sensitivity", "specificity"):
        ends = [printed.get(f"{name}{end}") for end in ("", "_low", "_high")]
        group = _group_of_interval(*ends, printed.get("ci_level", "0.95"))
        if group is None:
            return None
        groups.append(group)
    cases, others = groups
    if len(cases) * len(others) > MOST_TABLES:
        return None
    first, second = np.divmod(np.arange(len(cases) * len(others)), len(others))
    cells = np.column_stack(
        [cases[first, 0], others[second, 1], cases[first, 1], others[second, 0]]
    )
    reason = (
        "the group sizes are not printed; they were found from the printed intervals: "
        f"{_span(cases)} cases and {_span(others)} non-cases"
    )
    return ReportTables("unique" if len(cells) == 1 else "several", cells, reason)


@lru_cache(maxsize=1024)
def _group_of_interval(
    value: str | None, low: str | None, high: str | None, level: str
) -> NDArray[np.int64] | None:
    """Return every (positives, negatives) that prints a proportion and its interval."""
    from backpain_stats.reconstruction.reconstruct import reconstruct

    if value is None or low is None or high is None:
        return None
    for largest in LARGEST_GROUPS:
        # The specificity is to the non-cases what the sensitivity is to the cases.
        found = reconstruct(
            n_cases=(1, largest),
            level=float(level),
            sensitivity=value,
            sensitivity_low=low,
            sensitivity_high=high,
        )
        if found.set_aside or not found.count:
            continue
        group = found.tables[["tp", "fn"]].to_numpy(dtype=np.int64)
        # Larger groups have narrower intervals: well below the limit, none is missed.
        if group.sum(axis=1).max() < 0.9 * largest:
            return np.unique(group, axis=0)
    return None


def _span(group: NDArray[np.int64]) -> str:
    """Write the sizes of a group as one number or as a range."""
    sizes = group.sum(axis=1)
    return str(sizes.min()) if sizes.min() == sizes.max() else f"{sizes.min()} to {sizes.max()}"


def _proportions_only(printed: Mapping[str, str], why: str = "") -> ReportTables:
    """Return what is known where no table can be found."""
    specific = {"specificity", "false_positive_rate"} & set(printed)
    if "sensitivity" in printed and specific:
        return _without_table(
            "proportions_printed", "the denominators are not printed: no sampling interval"
        )
    return _without_table("nothing_printed", why or "too little is printed to find a table")


def _without_table(verdict: str, reason: str) -> ReportTables:
    return ReportTables(verdict, np.empty((0, 4), dtype=np.int64), reason)


def _with_shared_cases(reports: dict[str, ReportTables]) -> dict[str, ReportTables]:
    """Keep the tables whose group sizes suit every report of one cohort.

    Where no sizes suit all of them (items with missing values have
    denominators of their own), every report keeps its tables and says so.
    """
    complete = {name: found for name, found in reports.items() if found.complete}
    if len(complete) < 2:
        return {}
    common = set.intersection(*(found.group_sizes for found in complete.values()))
    narrowed = {}
    for name, found in complete.items():
        others = ", ".join(sorted(set(complete) - {name}))
        if not common:
            remark = f"no number of cases suits this report and {others} together"
            narrowed[name] = replace(found, reason=" ".join(filter(None, [found.reason, remark])))
            continue
        cells = found.of_sizes(common)
        if len(cells) < len(found.cells):
            remark = f"n_cases is not printed; only tables that share it with {others} are kept"
            reason = " ".join(filter(None, [found.reason, remark]))
            narrowed[name] = ReportTables("unique" if len(cells) == 1 else "several", cells, reason)
    return narrowed
