"""From identifiers to words: messages of the library as a reader of a page wants them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backpain_stats.evidence import Evidence

__all__ = ["PlainWords", "short_citation"]

# What a curator's note calls a cell or a column.
_CELLS = {
    **{"tp": "true positives", "fp": "false positives"},
    **{"fn": "false negatives", "tn": "true negatives", "n_cases": "the number of cases"},
    **{"lr_positive": "LR+", "lr_negative": "LR−", "claims.csv": "the claims of reviews"},
}
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


def short_citation(citation: str, year: int | None = None) -> str:
    """Return the part of a citation before its title or journal, with the year.

    Examples
    --------
    >>> short_citation("Deyo RA, Diehl AK. Cancer as a cause of back pain. J Gen Intern Med", 1988)
    'Deyo RA, Diehl AK (1988)'
    >>> short_citation("GetTheDiagnosis.org, Spinal Tumor page")
    'GetTheDiagnosis.org, Spinal Tumor page'
    """
    authors = re.match(r".*?\bet al\b", citation)
    first = f"{authors[0]}." if authors else citation.split(". ", maxsplit=1)[0].removesuffix(".")
    return first if year is None or _YEAR.search(first) else f"{first} ({year})"


class PlainWords:
    """Replaces the identifiers in a text by labels and citations.

    Parameters
    ----------
    evidence : Evidence
        Whose identifiers.

    Examples
    --------
    >>> from backpain_stats import load_evidence
    >>> plain = PlainWords(load_evidence())
    >>> plain("deyo1988_malignancy: age_50 and esr_20 are of one family (rest_pain)")
    'Deyo RA, Diehl AK (1988): “Age 50 years or over” and ... are of one family (rest pain).'
    """

    def __init__(self, evidence: Evidence) -> None:
        import pandas as pd

        sources = evidence.sources
        self.citations = {
            str(row.source_id): short_citation(
                str(row.citation), None if pd.isna(row.year) else int(row.year)
            )
            for row in _rows(sources)
        }
        labels = dict(zip(evidence.flags["flag_id"], evidence.flags["label"], strict=True))
        families = evidence.flags["family"].dropna().unique()
        cohorts = evidence.cohorts[["cohort_id", "study_id", "source_id"]]
        # A study that is no source of its own is called by the page where it was read.
        studies = {
            cohort: study if study in self.citations else source
            for cohort, study, source in cohorts.itertuples(index=False)
        }
        self.names = {
            **{str(row.study_id): self.citation(row.source_id) for row in _rows(cohorts)},
            **self.citations,
            **{str(one): str(one).replace("_", " ") for one in families},
            **{str(row.prevalence_id): self.source(row) for row in _rows(evidence.prevalence)},
            **{str(cohort): self.citation(study) for cohort, study in studies.items()},
            **{
                str(row.report_id): self.citation(studies[row.cohort_id])
                for row in _rows(evidence.accuracy)
            },
            **{
                str(row.combination_id): f"“{row.definition}”"
                for row in _rows(evidence.combinations)
                if isinstance(row.definition, str)
            },
            **{str(flag): f"“{label}”" for flag, label in labels.items()},
        }

        self.places: dict[str, str] = {
            **{str(name): label.lower() for name, label in evidence.target_labels.items()},
            **{str(name): label for name, label in evidence.setting_labels.items()},
        }
        # A citation may itself name a page by its identifier.
        self.citations = {name: self.words(said) for name, said in self.citations.items()}
        self.names = {
            name: self.words(said) if "_" in said else said for name, said in self.names.items()
        }

    def citation(self, source_id: object) -> str:
        """Return a short citation of a source or study."""
        return self.citations.get(str(source_id), str(source_id))

    def source(self, row: Any) -> str:
        """Return a short citation of what a row quotes, or of where it was read."""
        return self.citation(row.quotes if isinstance(row.quotes, str) else row.reported_in)

    def words(self, text: str) -> str:
        """Return a text with its identifiers replaced, but for those that are words themselves.

        Examples
        --------
        >>> from backpain_stats import load_evidence
        >>> plain = PlainWords(load_evidence())
        >>> plain.words("fever as in deyo1988_malignancy; tp and n_cases not printed")
        'fever as in Deyo RA, Diehl AK (1988); true positives and the number of cases not printed'
        """

        def replaced(found: re.Match[str]) -> str:
            name = found[0]
            known = self.names.get(name, self.places.get(name))
            if known is not None and re.search(r"[\d_]", name):
                return known
            # What else has an underscore is a column or a method.
            return _CELLS.get(name, name.replace("_", " ") if name.islower() else name)

        return re.sub(r"claims\.csv|\w+", replaced, text)

    def __call__(self, text: str) -> str:
        """Return the text as a sentence, its identifiers replaced."""
        # "age_50 (Age 50 years or over)": the label stands there already.
        for name, label in self.names.items():
            text = text.replace(f"{name} ({label.strip('“”')})", label)
        words = re.sub(r"\w+", lambda found: self.names.get(found[0], found[0]), text)
        words = re.sub(r";(?=\S)", "; ", words)
        return words[:1].upper() + words[1:].removesuffix(".") + "."


def _rows(frame: Any) -> list[Any]:
    return list(frame.itertuples(index=False))
