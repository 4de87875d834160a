"""The published evidence as data frames: the packaged one, a user's own, or both."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from hashlib import sha256
from html import escape
from os import PathLike
from typing import Any, TypeVar, cast

import pandas as pd

from backpain_stats.checks import as_names, check_choice, check_known
from backpain_stats.errors import ArgumentError, EvidenceError
from backpain_stats.evidence.check import check_folder, packaged_files
from backpain_stats.evidence.files import typed_frame
from backpain_stats.evidence.problems import list_problems
from backpain_stats.evidence.schema import TABLES
from backpain_stats.evidence.vocabulary import (
    SETTING_LABELS,
    TARGET_LABELS,
    Setting,
    Target,
)

__all__ = ["Evidence", "check_evidence", "load_evidence"]

Names = str | Sequence[str] | None
# The words that the package knows, in front of a folder's own.
WORDS = {
    "targets": pd.DataFrame(TARGET_LABELS.items(), columns=["target", "label"], dtype="string"),
    "settings": pd.DataFrame(SETTING_LABELS.items(), columns=["setting", "label"], dtype="string"),
}
Derived = TypeVar("Derived")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Evidence:
    """What has been published, as it was printed.

    Statistics are the strings that were printed (dtype ``string``, empty =
    ``pd.NA``); counts and years are nullable integers. Empty means "not
    printed or not seen", never zero.

    Parameters
    ----------
    sources, flags, cohorts, accuracy, combinations, claims, prevalence : pandas.DataFrame
        One frame per file of the same name; the columns are described in
        ``data/datapackage.json``.
    endorsements, endorsement_counts : pandas.DataFrame
        What guidelines say, flag by flag and in counts of guidelines.
    quality : pandas.DataFrame
        QUADAS-2 judgements; empty unless a folder brings a ``quality.csv``.
    targets, settings : pandas.DataFrame
        Every condition and setting with its label: those that the package knows, and those
        of a folder's ``targets.csv`` and ``settings.csv``. Selecting keeps them all.

    Examples
    --------
    >>> from backpain_stats import load_evidence
    >>> evidence = load_evidence()
    >>> selected = evidence.select(target="malignancy", flag="cancer_history")
    >>> set(selected.accuracy["flag_id"]), selected.whole is evidence
    ({'cancer_history'}, True)
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
    targets: pd.DataFrame
    settings: pd.DataFrame
    # A new evidence, also one made with dataclasses.replace, is whole and has nothing derived.
    _whole: Evidence | None = field(init=False, default=None)
    _derived: dict[str, Any] = field(init=False, default_factory=dict)

    @property
    def whole(self) -> Evidence:
        """The evidence this one was selected from; itself, if nothing was left out.

        What one row means may depend on others: whose patients it shares, how
        many cases its cohort has. That is read from the whole, so that
        selecting narrows what is shown and never what is known.
        """
        return self if self._whole is None else self._whole

    @property
    def version(self) -> str:
        """Which data these are: the first 12 hexadecimal digits of a hash (SHA-256) of all rows.

        The same figures in the same order have the same version, wherever they were read. A
        selection has that of the whole evidence.
        """
        return self.derived("version", _version)

    @property
    def target_labels(self) -> dict[Target, str]:
        """The conditions of this evidence with their labels: the package's, then its own."""
        # Own words are checked when the folder is read; the type lists only the package's.
        words = dict(zip(self.targets["target"], self.targets["label"], strict=True))
        return cast("dict[Target, str]", words)

    @property
    def setting_labels(self) -> dict[Setting, str]:
        """The settings of this evidence with their labels: the package's, then its own."""
        words = dict(zip(self.settings["setting"], self.settings["label"], strict=True))
        return cast("dict[Setting, str]", words)

    def derived(self, name: str, build: Callable[[Evidence], Derived]) -> Derived:
        """Return what ``build`` makes of the whole evidence, made once and kept with it.

        Parameters
        ----------
        name : str
            Under which it is kept.
        build : callable
            Called with the whole evidence the first time.
        """
        whole = self if self._whole is None else self._whole
        kept = whole._derived
        if name not in kept:
            kept[name] = build(whole)
        value: Derived = kept[name]
        return value

    def select(
        self,
        target: Target | None = None,
        setting: Setting | None = None,
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
            ``malignancy``, ``fracture``, ``infection``, ``cauda_equina``, ``any_serious`` or
            one of the evidence's own.
        setting : str, optional
            ``primary_care``, ``emergency``, ``secondary_care``, ``tertiary_care``,
            ``mixed`` or one of the evidence's own.
        flag, family : str or sequence of str, optional
            One or several flags, or families of flags.

        Returns
        -------
        Evidence
            A new object that remembers its ``whole``; this one is unchanged.

        Raises
        ------
        ArgumentError
            If the target or the setting is not in the vocabulary.
        UnknownNameError
            If a flag or a family does not exist; the message suggests the nearest.

        Examples
        --------
        >>> from backpain_stats import load_evidence
        >>> part = load_evidence().select(target="malignancy", setting="emergency")
        >>> part.accuracy["cohort_id"].tolist().count("reinus1998_malignancy")
        1
        """

        def where(frame: pd.DataFrame, column: str, values: Iterable[str]) -> pd.DataFrame:
            """Keep the rows whose ``column`` is one of ``values``; all, without the column."""
            if column not in frame.columns:
                return frame
            return frame[frame[column].isin(list(values))].reset_index(drop=True)

        chosen = {name: getattr(self, name) for name in TABLES if name not in WORDS}
        if target is not None:
            check_choice(target, "target", list(self.targets["target"]))
            chosen = {name: where(frame, "target", [target]) for name, frame in chosen.items()}
        if setting is not None:
            check_choice(setting, "setting", list(self.settings["setting"]))
            chosen = {name: where(frame, "setting", [setting]) for name, frame in chosen.items()}
        for name in ("accuracy", "combinations", "quality"):
            chosen[name] = where(chosen[name], "cohort_id", chosen["cohorts"]["cohort_id"])
        if flag is not None or family is not None:
            kept = set(self.flags["flag_id"])
            if flag is not None:
                kept &= {check_known(name, kept, "flag") for name in as_names(flag, "flag")}
            if family is not None:
                families = set(self.flags["family"])
                named = as_names(family, "family")
                wanted = [check_known(name, families, "family of flags") for name in named]
                kept &= set(where(self.flags, "family", wanted)["flag_id"])
            chosen["flags"] = where(chosen["flags"], "flag_id", kept)
            combinations = chosen["combinations"]
            contains = (
                combinations["flags"]
                .fillna("")
                .map(lambda listed: not kept.isdisjoint(listed.split(";")))
            )
            chosen["combinations"] = combinations[contains.astype(bool)].reset_index(drop=True)
            for name in ("accuracy", "endorsements"):
                chosen[name] = where(chosen[name], "flag_id", kept)
            chosen["claims"] = where(
                chosen["claims"], "flag_id", kept | set(chosen["combinations"]["combination_id"])
            )
        selected = replace(self, **chosen)
        object.__setattr__(selected, "_whole", self if self._whole is None else self._whole)
        return selected

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


def _version(evidence: Evidence) -> str:
    frames = (getattr(evidence, one.name) for one in fields(evidence) if one.init)
    text = "\n".join(frame.to_csv(index=False, lineterminator="\n") for frame in frames)
    return sha256(text.encode("utf-8")).hexdigest()[:12]


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
        problem, allowed, severity, code``.
    DataError
        If the folder does not exist, cannot be read or holds no evidence file.
    ArgumentError
        If ``add`` is given without a folder, or the path is none.

    Warns
    -----
    UserWarning
        If something is odd but kept as printed; :func:`check_evidence` lists it.

    Examples
    --------
    >>> from backpain_stats import load_evidence
    >>> report = load_evidence().accuracy.set_index("report_id").loc["deyo1988_age_50"]
    >>> report["sensitivity"], report["specificity"]
    ('0.77', '0.71')
    """
    if path is None and not add:
        return Evidence(**_with_words(_packaged_frames()))
    checked = check_folder(path, add=add)
    if len(checked.errors):
        number = len(checked.errors)
        raise EvidenceError(
            f"the evidence in {str(path)!r} is not valid ({number} problem"
            f"{'s' if number > 1 else ''}):\n{list_problems(checked.errors)}",
            checked.problems,
        )
    odd = checked.problems[checked.problems["severity"] == "warning"]
    if len(odd):
        warnings.warn(
            f"the evidence in {str(path)!r} was read with remarks:\n{list_problems(odd)}",
            stacklevel=2,
        )
    frames = checked.frames()
    if add:
        packaged = _packaged_frames()
        frames = {
            name: pd.concat([packaged[name], frame], ignore_index=True)
            for name, frame in frames.items()
        }
    return Evidence(**_with_words(frames))


def check_evidence(path: str | PathLike[str] | None = None, *, add: bool = False) -> pd.DataFrame:
    """List every problem of a folder of evidence files: errors, warnings and notes.

    Parameters
    ----------
    path, add
        As for :func:`load_evidence`; without a path the packaged evidence is checked.

    Returns
    -------
    pandas.DataFrame
        ``file, line, column, value, problem, allowed, severity, code``, one row
        per problem; empty if all is well. ``line`` is the physical line of the
        cell, the header being line 1; ``code`` says which kind of problem it is
        (``"form"``, ``"bounds"``, ``"reference"``, ...).

    Raises
    ------
    DataError
        If the folder does not exist, cannot be read or holds no evidence file.

    Examples
    --------
    >>> set(check_evidence()["severity"])
    {'warning'}
    """
    return check_folder(path, add=add).problems


def _with_words(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return frames with the words of the package in front of a folder's own."""
    both = {
        name: pd.concat([words, frames[name]], ignore_index=True) for name, words in WORDS.items()
    }
    return frames | both


def _packaged_frames() -> dict[str, pd.DataFrame]:
    files = packaged_files()
    return {name: typed_frame(files.get(name), table) for name, table in TABLES.items()}
