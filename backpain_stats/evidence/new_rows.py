"""The rows that a user's 2x2 tables need: what is known is used, what is missing is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

import pandas as pd

from backpain_stats.errors import ArgumentError
from backpain_stats.evidence.check_names import Known
from backpain_stats.evidence.identify import (
    doi_in,
    flag_meant,
    row_name,
    source_meant,
    source_name,
    year_in,
)
from backpain_stats.evidence.schema import TABLES
from backpain_stats.evidence.vocabulary import (
    CATEGORIES,
    READ_FORMS,
    SETTINGS,
    SOURCE_KINDS,
    TARGETS,
)

__all__ = ["FIELDS", "NewRows", "Wanted"]

# What a row of each file takes from a column of the user's table, or from an option.
_OF_FILE = {
    "sources": {"kind", "citation", "what_was_read", "read_where"},
    "flags": set(TABLES["flags"].names) - {"flag_id"},
    "cohorts": set(TABLES["cohorts"].names)
    - {"cohort_id", "study_id", "source_id", "status", "note"},
    "accuracy": set(TABLES["accuracy"].names)
    - {"report_id", "cohort_id", "flag_id", "reported_in", "quotes", "status", "reading"},
}
_NAMES = {"flag", "study", "year", "doi", "author", "cohort_id", "report_id", "source_id"}
FIELDS = set().union(*_OF_FILE.values()) | _NAMES
# Left so where nobody says more; every other required column is asked for.
_UNKNOWN = ("low_back_pain_only", "sample", "case_control", "verification", "directness")
Row = dict[str, str]


@dataclass(frozen=True)
class Wanted:
    """What the user says of all rows."""

    source: str
    fields: Mapping[str, str]


@dataclass
class NewRows:
    """The rows to write, built row by row; ``read`` raises once for everything that is missing.

    Parameters
    ----------
    known : mapping
        The rows that are there, by file and name.
    wanted : Wanted
        What is said of all rows.
    """

    known: Known
    wanted: Wanted
    new: dict[str, list[Row]] = field(
        default_factory=lambda: {name: [] for name in ("sources", "flags", "cohorts", "accuracy")}
    )
    notes: list[str] = field(default_factory=list)
    _asked: dict[str, None] = field(default_factory=dict)

    def read(self, records: list[Row]) -> None:
        """Build the rows of a whole table.

        Raises
        ------
        ArgumentError
            With everything that is missing, or that could be read in two ways.
        """
        source = self._source()
        for number, record in enumerate(records, start=1):
            self._report(_Line(record, self.wanted.fields, f"row {number}"), source)
        if self._asked:
            listed = "\n".join(f"  {question}" for question in self._asked)
            raise ArgumentError(f"nothing was written; more has to be known:\n{listed}")
        self._note(records)

    def frame(self) -> pd.DataFrame:
        """Return what is new as a frame: ``file, name, about``."""
        about = {"sources": "citation", "flags": "label", "cohorts": "target"}
        rows = [
            {
                "file": TABLES[name].file,
                "name": row[TABLES[name].key[0]],
                "about": row[about[name]] if name in about else _counts(row),
            }
            for name, several in self.new.items()
            for row in several
        ]
        return pd.DataFrame(rows, columns=["file", "name", "about"], dtype="string")

    def _ask(self, question: str) -> str:
        self._asked[question] = None
        return ""

    def _rows(self, name: str) -> dict[str, Mapping[str, str]]:
        """Return the rows of one file by name, the new ones among them."""
        key = TABLES[name].key[0]
        return {**self.known[name], **{row[key]: row for row in self.new[name]}}

    def _put(self, name: str, row: Row) -> str:
        self.new[name].append({**dict.fromkeys(TABLES[name].names, ""), **row})
        return row[TABLES[name].key[0]]

    def _source(self) -> str:
        """Return the name of the source of the whole table, with a row if it is new."""
        words, given = self.wanted.source.strip(), self.wanted.fields
        if not words:
            return self._ask("source: a citation, a DOI or the name of a source (--source)")
        if found := source_meant(words, self.known):
            return found
        name = given.get("source_id") or source_name(words)
        if not name:
            return self._ask(f"source {words!r}: a name for it (--set source_id=NAME)")
        if name in self.known["sources"]:
            return self._ask(
                f"source: {name!r} is there already, as {self.known['sources'][name]['citation']!r}"
                f": if it is that one, name it (--source {name}); if not, give another name "
                "(--set source_id=NAME)"
            )
        for column, option, words_allowed in (
            ("kind", "--kind", SOURCE_KINDS),
            ("what_was_read", "--read", READ_FORMS),
        ):
            if not given.get(column):
                self._ask(f"{column} of the source: {option}, one of {', '.join(words_allowed)}")
        doi = doi_in(words)
        citation = given.get("citation") or (f"doi:{doi}" if source_is_doi(words) else words)
        return self._put(
            "sources",
            {
                "source_id": name,
                "kind": given.get("kind", ""),
                "citation": citation,
                "year": year_in(citation),
                "doi": doi,
                "what_was_read": given.get("what_was_read", ""),
                "read_where": given.get("read_where", ""),
            },
        )

    def _report(self, line: _Line, source: str) -> None:
        """Add the row of one 2x2 table, and the rows it refers to."""
        target = line.asked(self, "target", "--target", (*TARGETS, *self.known["targets"]))
        flag = self._flag(line)
        if target and source:
            cohort = self._cohort(line, target, source)
        else:  # which cohort it is cannot be told yet; the setting may be needed
            cohort = (
                line.asked(self, "setting", "--setting", SETTINGS, empty_is="not stated") and ""
            )
        if not (flag and cohort):
            return
        study = self._rows("cohorts")[cohort]["study_id"]
        own = study == source
        row = {name: text for name in _OF_FILE["accuracy"] if (text := line.get(name))}
        row |= {
            "cohort_id": cohort,
            "flag_id": flag,
            "reported_in": source,
            "quotes": "" if own else study,
            "status": "seen_primary" if own else "seen_secondary",
            "reading": "printed" if own else "quoted",
        }
        row.setdefault("definition", line.get("flag"))
        self._put("accuracy", {"report_id": self._report_name(line, row), **row})

    def _report_name(self, line: _Line, row: Row) -> str:
        """Return a free name for a row of accuracy; ask if the row itself is there already."""
        rows = self._rows("accuracy")
        compared = ("cohort_id", "flag_id", "reported_in", "tp", "fp", "fn", "tn", "definition")
        for name, other in rows.items():
            if all(other.get(column, "") == row.get(column, "") for column in compared):
                return self._ask(f"{line.place}: it is there already, as {name}; leave it out")
        stem = row["cohort_id"].removesuffix(
            f"_{self._rows('cohorts')[row['cohort_id']]['target']}"
        )
        name = f"{stem}_{row['flag_id']}"
        free = [line.get("report_id"), name, f"{name}_{row['reported_in']}"]
        found = next((one for one in free if one and one not in rows), "")
        if not found or line.get("report_id") in rows:
            return self._ask(
                f"{line.place}: {line.get('report_id') or free[-1]!r} is the name of another row; "
                "give this one a name in a column report_id"
            )
        return found

    def _flag(self, line: _Line) -> str:
        """Return the flag of a line, with a row if it is new."""
        words = line.asked(self, "flag", "--flag")
        if not words:
            return ""
        found = flag_meant(words, {**self.known, "flags": self._rows("flags")})
        if len(found) > 1:
            return self._ask(f"flag {words!r}: {' or '.join(found)}? Name one of them")
        if found:
            return found[0]
        if not (name := row_name(words)):
            return self._ask(f"flag {words!r}: a name with letters a to z or digits")
        row = {column: text for column in _OF_FILE["flags"] if (text := line.get(column))}
        if not row.get("category"):
            close = _alike(name, self.known["flags"])
            meant = f"; did you mean {' or '.join(close)}?" if close else ""
            self._ask(
                f"category of the new flag {words!r}: --category or a column category, one of "
                f"{', '.join(CATEGORIES)}{meant}"
            )
        return self._put(
            "flags", {"flag_id": name, "family": name, "category": "", "label": words, **row}
        )

    def _cohort(self, line: _Line, target: str, source: str) -> str:
        """Return the cohort of a line, with a row if it is new."""
        cohorts = self._rows("cohorts")
        if named := line.get("cohort_id"):
            if named in cohorts:
                return self._agrees(line, named, target)
            close = _alike(named, cohorts)
            return self._ask(
                f"{line.place}: there is no cohort {named!r}"
                + (f"; did you mean {close[0]}?" if close else "; leave cohort_id out if it is new")
            )
        study = self._study(line, source)
        if not study:
            return ""
        found = [
            name
            for name, row in cohorts.items()
            if row["study_id"] == study and row["target"] == target
        ]
        if len(found) > 1:
            return self._ask(
                f"{line.place}: {study} has the cohorts {', '.join(found)}; name one in a column "
                "cohort_id"
            )
        if found:
            return self._agrees(line, found[0], target)
        setting = line.asked(self, "setting", "--setting", SETTINGS, empty_is="not stated")
        row = {name: text for name in _OF_FILE["cohorts"] if (text := line.get(name))}
        row |= {"study_id": study, "source_id": source, "target": target, "setting": setting}
        row["status"] = "seen_primary" if study == source else "seen_secondary"
        row.setdefault("low_back_pain_only", "unknown")
        if row.get("sample") == "case_control":
            row.setdefault("case_control", "yes")
        return self._put("cohorts", {"cohort_id": f"{study}_{target}", **row})

    def _agrees(self, line: _Line, cohort: str, target: str) -> str:
        """Return a cohort that is there, if the line says nothing else of it."""
        row = self._rows("cohorts")[cohort]
        for name in _OF_FILE["cohorts"]:
            said, there = line.get(name), row.get(name, "")
            if not said or said == there:
                continue
            if there in ("", "unknown"):
                self.notes.append(f"{cohort} is there already; its {name} was not changed")
            else:
                self._ask(
                    f"{line.place}: {name} is {said!r}, but the cohort {cohort} has {there!r}; one "
                    "cohort has one: leave it out, or name another cohort or study"
                )
        return cohort

    def _study(self, line: _Line, source: str) -> str:
        """Return the study of a line, with a source row if it is new."""
        sources = self._rows("sources")
        words = line.get("study") or line.get("author")
        if not words:
            kind = sources[source]["kind"]
            if kind == "primary study":
                return source
            what = f"a {kind}" if kind else "perhaps a review"
            return self._ask(
                f"study: the source is {what}; --study or a column study says whose patients these "
                "are"
            )
        year = line.get("year")
        if year and year not in words:
            words = f"{words} {year}"
        if words in sources:
            return words
        name = row_name(words)
        if not name:
            return self._ask(f"study {words!r}: a name with letters a to z or digits")
        if name in sources:
            return name
        citation = sources[source]["citation"]
        row = {
            "source_id": name,
            "kind": "primary study",
            "citation": words,
            "doi": line.get("doi"),
        }
        row |= {"year": year or year_in(words), "what_was_read": "quotation only"}
        return self._put("sources", {**row, "read_where": f"quoted in: {citation}"})

    def _note(self, records: list[Row]) -> None:
        """Say what was taken as unknown, what was not used, and what looks like something known."""
        unused = sorted({name for record in records for name in record} - FIELDS - {"flag_id"})
        if unused:
            self.notes.append(f"not used: the column(s) {', '.join(unused)}")
        for name in ("flags", "sources"):
            for row in self.new[name]:
                own = row[TABLES[name].key[0]]
                if close := _alike(own, self.known[name]):
                    self.notes.append(
                        f"{own} is new in {TABLES[name].file}; if it is {' or '.join(close)}, take "
                        "these rows out again and name it so"
                    )
        for row in self.new["cohorts"]:
            open_ = [name for name in _UNKNOWN if row.get(name, "unknown") == "unknown"]
            if open_:
                self.notes.append(f"{row['cohort_id']}: not said, so unknown: {', '.join(open_)}")


@dataclass(frozen=True)
class _Line:
    """One row of the user's table, with what is said of all rows."""

    cells: Row
    fields: Mapping[str, str]
    place: str

    def get(self, name: str) -> str:
        """Return what is said of a column: in the row itself, else for all rows."""
        own = self.cells.get(name) or (self.cells.get("flag_id", "") if name == "flag" else "")
        return own or self.fields.get(name, "")

    def asked(
        self,
        rows: NewRows,
        name: str,
        option: str,
        allowed: tuple[str, ...] = (),
        empty_is: str = "",
    ) -> str:
        """Return what is said of a column, and ask for it if nothing is."""
        said = self.get(name)
        if not said and not (empty_is and name in self.fields):
            words = f", one of {', '.join(allowed)}" if allowed else ""
            empty = f", or {option} '' if it is {empty_is}" if empty_is else ""
            rows._ask(f"{name}: {option} or a column {name}{words}{empty}")
        return said


def source_is_doi(words: str) -> bool:
    """Say whether a source is given by its DOI alone."""
    return source_name(words).startswith("doi_10_")


def _alike(name: str, known: Iterable[str]) -> list[str]:
    """Return names so like another that it may be a slip of the pen."""
    return get_close_matches(name, list(known), n=3, cutoff=0.85)


def _counts(row: Row) -> str:
    return "/".join(row.get(cell, "") or "?" for cell in ("tp", "fp", "fn", "tn"))
