"""What a reader of the course sees: sentences and tables, not the faces of objects."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from backpain_stats import Evidence
from backpain_stats.estimate import format_number, format_percent


@dataclass(frozen=True)
class Text:
    """A sentence with computed numbers in it; Markdown in a notebook."""

    words: str

    def __repr__(self) -> str:
        return self.words

    def _repr_markdown_(self) -> str:
        return self.words


@dataclass(frozen=True)
class Table:
    """A table for reading: every cell is shown as it is, nothing is cut."""

    frame: pd.DataFrame

    def __repr__(self) -> str:
        return self.frame.to_string(index=False)

    def _repr_html_(self) -> str:
        with pd.option_context("display.max_colwidth", None):
            text = self.frame.to_html(index=False, border=0, justify="left")
        # A page of the course allows no style inside an element.
        return text.replace(' style="text-align: left;"', "")


def say(words: str) -> Text:
    """Return a sentence that shows itself."""
    return Text(" ".join(words.split()))


def table(rows: list[dict[str, object]]) -> Table:
    """Return a table of one dict a row; its keys are the heads of the columns."""
    return Table(pd.DataFrame(rows).fillna(""))


def ratio(estimate: float, low: float, high: float) -> str:
    """Return a ratio with its interval, three digits each."""
    return f"{format_number(estimate)} ({format_number(low)} to {format_number(high)})"


def percent(estimate: float, low: float | None = None, high: float | None = None) -> str:
    """Return a probability in percent, with its interval if there is one."""
    if low is None or high is None:
        return format_percent(estimate)
    return f"{format_percent(estimate)} ({format_percent(low)} to {format_percent(high)})"


def labels(evidence: Evidence) -> dict[str, str]:
    """Return the names of flags and published combinations by their ids."""
    flags = evidence.flags.set_index("flag_id")["label"]
    combined = evidence.combinations.set_index("combination_id")["definition"]
    return flags.to_dict() | combined.to_dict()


def studies(evidence: Evidence) -> dict[str, str]:
    """Return the short citation of every source by its id."""
    from backpain_stats.report.page.plain import short_citation

    rows = evidence.sources[["source_id", "citation", "year"]].itertuples(index=False)
    return {
        one: short_citation(citation, None if pd.isna(year) else int(year))
        for one, citation, year in rows
    }
