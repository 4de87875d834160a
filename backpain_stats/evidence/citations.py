"""The sources for a reference manager: BibTeX, RIS and CSL-JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from backpain_stats.checks import check_choice, optional_import
from backpain_stats.evidence.evidence import require_evidence

if TYPE_CHECKING:
    from backpain_stats.evidence.evidence import Evidence

__all__ = ["CITATION_FORMATS", "CitationFormat", "cite_sources"]

CitationFormat = Literal["bibtex", "ris", "csl"]
CITATION_FORMATS: tuple[CitationFormat, ...] = get_args(CitationFormat)
# Kind of source -> type of CSL 1.0.2, and type of RIS.
_TYPES = {
    "primary study": ("article-journal", "JOUR"),
    "systematic review": ("article-journal", "JOUR"),
    "guideline": ("report", "RPRT"),
    "teaching material": ("document", "GEN"),
    "news or blog": ("webpage", "ELEC"),
    "conference abstract": ("paper-conference", "CPAPER"),
}


class _Source(NamedTuple):
    """What is known of one source; the reference stays whole, as it is in the evidence."""

    name: str
    kind: str
    citation: str
    year: str
    doi: str
    note: str


def cite_sources(evidence: Evidence, form: CitationFormat = "bibtex") -> str:
    r"""Write the sources of an evidence for a reference manager.

    The evidence keeps each reference as one text. It is not taken apart, since a guess at
    authors and journal could be wrong: it stands whole in the title, with year and DOI
    beside it, from which a reference manager fetches the rest. The note says what was read,
    and where.

    Parameters
    ----------
    evidence : Evidence
        The evidence; of a part of it, its ``sources``.
    form : {"bibtex", "ris", "csl"}
        BibTeX (needs the extra ``citations``), RIS (the same) or CSL-JSON.

    Returns
    -------
    str
        The file's text, one entry per source, under its ``source_id``.

    Raises
    ------
    ArgumentError
        If the form is not one of the three.
    MissingExtraError
        If the extra is not installed.

    Examples
    --------
    >>> import json
    >>> from backpain_stats import load_evidence
    >>> entries = json.loads(cite_sources(load_evidence(), "csl"))
    >>> entry = next(one for one in entries if one["id"] == "deyo1988")
    >>> entry["DOI"], entry["issued"]
    ('10.1007/BF02596337', {'date-parts': [[1988]]})
    >>> print(entry["note"])
    primary study; read: abstract, abstract of the article; abstract only; its table ...
    """
    check_choice(form, "form", CITATION_FORMATS)
    sources = list(_sources(require_evidence(evidence)))
    return {"bibtex": _bibtex, "ris": _ris, "csl": _csl}[form](sources)


def _sources(evidence: Evidence) -> Iterator[_Source]:
    for row in evidence.sources.astype("object").fillna("").to_dict("records"):
        read = ", ".join(filter(None, (row["what_was_read"], row["read_where"])))
        note = "; ".join(filter(None, (row["kind"], f"read: {read}", row["note"])))
        texts = (row["citation"], str(row["year"]), row["doi"], note)
        # A line end would end the entry's field.
        yield _Source(row["source_id"], row["kind"], *(" ".join(text.split()) for text in texts))


def _bibtex(sources: list[_Source]) -> str:
    encode = optional_import("pylatexenc.latexencode", "citations", "writing BibTeX")
    # BibTeX counts braces, escaped ones too.
    braces = {ord("{"): r"\textbraceleft", ord("}"): r"\textbraceright"}
    rule = encode.UnicodeToLatexConversionRule(encode.RULE_DICT, braces)
    latex = encode.UnicodeToLatexEncoder(
        conversion_rules=[rule, "defaults"], unknown_char_policy="keep", unknown_char_warning=False
    ).unicode_to_latex
    entries = []
    for source in sources:
        fields = {
            "title": f"{{{latex(source.citation)}}}",  # twice in braces: no style changes its case
            "year": source.year,
            "doi": source.doi if not {"{", "}"} & set(source.doi) else "",
            "note": latex(source.note),
        }
        lines = [f"  {name} = {{{text}}}" for name, text in fields.items() if text]
        entries.append(f"@misc{{{source.name},\n" + ",\n".join(lines) + "\n}\n")
    return "\n".join(entries)


def _ris(sources: list[_Source]) -> str:
    rispy = optional_import("rispy", "citations", "writing RIS")
    entries = []
    for source in sources:
        entry: dict[str, Any] = {
            "type_of_reference": _TYPES[source.kind][1],
            "id": source.name,
            "title": source.citation,
            "year": source.year,
            "doi": source.doi,
            "notes": [source.note],
        }
        entries.append({name: value for name, value in entry.items() if value})
    return str(rispy.dumps(entries))


def _csl(sources: list[_Source]) -> str:
    entries = []
    for source in sources:
        entry: dict[str, Any] = {
            "id": source.name,
            "type": _TYPES[source.kind][0],
            "title": source.citation,
            "note": source.note,
        }
        if source.year:
            entry["issued"] = {"date-parts": [[int(source.year)]]}
        if source.doi:
            entry["DOI"] = source.doi
        entries.append(entry)
    return json.dumps(entries, indent=1, ensure_ascii=False) + "\n"
