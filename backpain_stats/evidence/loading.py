"""The published evidence as data frames: the packaged one, a user's own, or both."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from html import escape
from os import PathLike

import pandas as pd

from backpain_stats.checks import as_names, check_choice, check_known
from backpain_stats.errors import ArgumentError, EvidenceError
from backpain_stats.evidence.folders import packaged_folder
from backpain_stats.evidence.problems import list_problems, problem_frame
from backpain_stats.evidence.reading import read_table, typed_frame
from backpain_stats.evidence.schema import SETTINGS, TABLES, TARGETS

__all__ = ["Evidence", "check_evidence", "load_evidence"]

Names = str | Sequence[str] | None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Evidence:
    """What has been published, as it was printed.

    Statistics are the strings that were printed (dtype ``string``, empty =
    ``pd.NA``); counts and years are nullable integers. Empty means "not
    printed or not seen", never zero.

    Parameters
    ----------
    sources, flags, cohorts, accuracy, combinations, claims, prevalence : pandas.DataFrame
        One frame a file of the same name; the columns are described in
        ``data/datapackage.json``.
    endorsements, endorsement_counts : pandas.DataFrame
        What guidelines say, flag by flag and in counts of guidelines.
    quality : pandas.DataFrame
        QUADAS-2 judgements; empty unless a folder brings a ``quality.csv``.

    Examples
    --------
    >>> from backpain_stats import load_evidence
    >>> evidence = load_evidence()
    >>> evidence.select(target="malignancy", setting="emergency").accuracy[
    ...     ["report_id", "tp", "fn", "test_positive_rate"]]
                      report_id  tp  fn test_positive_rate
    0  reinus1998_cancer_history   7   0               0.04
    """

    sources: pd.DataFrame
    flags: pd.DataFrame
    cohorts: pd.DataFrame
    accuracy: pd.DataFrame
    combinations: pd.DataFrame
    claims: pd.DataFrame
    prevalence: pd.DataFrame
    endorsements: pd.DataFrame
    endorsement_counts: pd.DataFrame
    quality: pd.DataFrame

    def select(
        self,
        target: str | None = None,
        setting: str | None = None,
        flag: Names = None,
        family: Names = None,
    ) -> Evidence:
        """Return the part of the evidence about a condition, a setting, or some flags.

        Each frame keeps the rows whose own target, setting and flag match;
        reports and combinations follow the target and setting of their cohort.
        Sources and cohorts are not narrowed by flag, so that prevalences and
        shared patients stay known. A row whose setting is not stated belongs
        to no setting.

        Parameters
        ----------
        target : str, optional
            ``malignancy``, ``fracture``, ``infection``, ``cauda_equina`` or ``any_serious``.
        setting : str, optional
            ``primary_care``, ``emergency``, ``secondary_care``, ``tertiary_care`` or ``mixed``.
        flag, family : str or sequence of str, optional
            One or several flags, or families of flags.

        Returns
        -------
        Evidence
            A new object; this one is unchanged.

        Raises
        ------
        ArgumentError
            If the target or the setting is not in the vocabulary.
        UnknownNameError
            If a flag or a family does not exist; the message suggests the nearest.

        Examples
        --------
        >>> from backpain_stats import load_evidence
        >>> load_evidence().select(target="malignancy", flag="cancer_history").accuracy.shape[0]
        6
        """
        chosen = {field.name: getattr(self, field.name) for field in fields(self)}
        if target is not None:
            check_choice(target, "target", TARGETS)
            chosen = {name: _where(frame, "target", [target]) for name, frame in chosen.items()}
        if setting is not None:
            check_choice(setting, "setting", SETTINGS)
            chosen = {name: _where(frame, "setting", [setting]) for name, frame in chosen.items()}
        for name in ("accuracy", "combinations", "quality"):
            chosen[name] = _where(chosen[name], "cohort_id", chosen["cohorts"]["cohort_id"])
        if flag is not None or family is not None:
            kept = self._flags_named(flag, family)
            chosen["flags"] = _where(chosen["flags"], "flag_id", kept)
            combinations = chosen["combinations"]
            contains = (
                combinations["flags"]
                .fillna("")
                .map(lambda listed: not kept.isdisjoint(listed.split(";")))
            )
            chosen["combinations"] = combinations[contains.astype(bool)].reset_index(drop=True)
            for name in ("accuracy", "endorsements"):
                chosen[name] = _where(chosen[name], "flag_id", kept)
            chosen["claims"] = _where(
                chosen["claims"], "flag_id", kept | set(chosen["combinations"]["combination_id"])
            )
        return replace(self, **chosen)

    def _flags_named(self, flag: Names, family: Names) -> set[str]:
        """Return the flags that carry one of the given names, of flags and of families."""
        kept = set(self.flags["flag_id"])
        if flag is not None:
            kept &= {check_known(one, kept, "flag") for one in as_names(flag, "flag")}
        if family is not None:
            families = set(self.flags["family"])
            named = as_names(family, "family")
            wanted = [check_known(one, families, "family of flags") for one in named]
            kept &= set(_where(self.flags, "family", wanted)["flag_id"])
        return kept

    def _row_counts(self) -> dict[str, int]:
        return {name: len(getattr(self, name)) for name in TABLES}

    def __repr__(self) -> str:
        """Return the number of rows of each frame."""
        counts = self._row_counts()
        width = max(map(len, counts))
        lines = [f"  {name:<{width}}  {rows:>5}" for name, rows in counts.items()]
        return "\n".join(["Evidence, rows of each frame:", *lines])

    def _repr_html_(self) -> str:
        """Return the same as a table for notebooks."""
        rows = "".join(
            f"<tr><th scope='row' style='text-align:left'>{escape(name)}</th><td>{rows}</td>"
            f"<td style='text-align:left'>{escape(TABLES[name].description)}</td></tr>"
            for name, rows in self._row_counts().items()
        )
        return (
            "<table><caption>Evidence</caption><thead><tr><th style='text-align:left'>frame</th>"
            "<th>rows</th><th style='text-align:left'>holds</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )


def require_evidence(evidence: object) -> Evidence:
    """Return the evidence, or raise ArgumentError for anything else, such as a path."""
    if not isinstance(evidence, Evidence):
        raise ArgumentError(
            f"evidence is {type(evidence).__name__}; give what load_evidence() returns"
        )
    return evidence


def load_evidence(path: str | PathLike[str] | None = None, *, add: bool = False) -> Evidence:
    """Load the packaged evidence, a folder of your own, or both together.

    Parameters
    ----------
    path : path-like, optional
        A folder of CSV files in the format of the packaged evidence; it needs
        only the files it has something to say in. Without it the packaged
        evidence is loaded.
    add : bool, default False
        Whether the folder is added to the packaged evidence. Its rows may then
        refer to packaged flags, cohorts and sources. A name that both use is
        an error: nothing is overwritten.

    Returns
    -------
    Evidence
        The frames.

    Raises
    ------
    EvidenceError
        If a file is not valid. The message lists every problem of every file,
        and ``problems`` holds them as a frame: ``file, line, column, value,
        problem, allowed, severity``.
    DataError
        If the folder does not exist or holds no evidence file.
    ArgumentError
        If ``add`` is given without a folder.

    Warns
    -----
    UserWarning
        If something is odd but kept as printed; :func:`check_evidence` lists it.

    Examples
    --------
    >>> from backpain_stats import load_evidence
    >>> load_evidence()
    Evidence, rows of each frame:
      sources                90
      flags                 129
      cohorts                44
      accuracy               68
      combinations           17
      claims                104
      prevalence             47
      endorsements          210
      endorsement_counts     17
      quality                 0
    """
    if path is None:
        if add:
            raise ArgumentError("add=True needs the path of a folder to add")
        return Evidence(**_packaged_frames())
    packaged = _packaged_frames() if add else {}
    frames, problems = _read_and_check(path, packaged)
    errors = problems[problems["severity"] == "error"]
    if len(errors):
        count = f"{len(errors)} problem" + "s" * (len(errors) > 1)
        raise EvidenceError(
            f"the evidence in {str(path)!r} is not valid ({count}):\n{list_problems(errors)}",
            problems,
        )
    odd = problems[problems["severity"] == "warning"]
    if len(odd):
        warnings.warn(
            f"the evidence in {str(path)!r} was read with remarks:\n{list_problems(odd)}",
            stacklevel=2,
        )
    return Evidence(
        **{
            name: pd.concat([packaged[name], frame], ignore_index=True) if packaged else frame
            for name, frame in frames.items()
        }
    )


def check_evidence(path: str | PathLike[str] | None = None, *, add: bool = False) -> pd.DataFrame:
    """List every problem of a folder of evidence files: errors, warnings and notes.

    Parameters
    ----------
    path, add
        As for :func:`load_evidence`; without a path the packaged evidence is checked.

    Returns
    -------
    pandas.DataFrame
        ``file, line, column, value, problem, allowed, severity``, one row a
        problem; empty if all is well. ``line`` is the physical line of the
        cell, the header being line 1.

    Raises
    ------
    DataError
        If the folder does not exist or holds no evidence file.

    Examples
    --------
    >>> check_evidence()[["file", "line", "column", "value", "severity"]]
                   file  line            column  value severity
    0      accuracy.csv    24  sensitivity_high   1.01  warning
    1  combinations.csv    10          auc_high  1.014  warning
    """
    packaged = _packaged_frames() if add and path is not None else {}
    return _read_and_check(packaged_folder() if path is None else path, packaged)[1]


def _read_and_check(
    path: str | PathLike[str], packaged: dict[str, pd.DataFrame]
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Read a folder; pandera is imported only here, when files of a user are read."""
    from backpain_stats.evidence.validation import read_folder

    frames, problems = read_folder(path, packaged)
    return frames, problem_frame(problems)


def _packaged_frames() -> dict[str, pd.DataFrame]:
    """Read the packaged files; that they are valid is a test of the package."""
    folder = packaged_folder()
    return {
        name: typed_frame(
            read_table(folder / table.file, table)[0] if not table.optional else None, table
        )
        for name, table in TABLES.items()
    }


def _where(frame: pd.DataFrame, column: str, values: Iterable[str]) -> pd.DataFrame:
    """Return the rows whose ``column`` is one of ``values``; all, if there is no such column."""
    if column not in frame.columns:
        return frame
    return frame[frame[column].isin(list(values))].reset_index(drop=True)
