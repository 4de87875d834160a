"""Which row a user's words mean: a source, a flag, a cohort that is there, or a new one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from backpain_stats.evidence.check_names import Known

__all__ = ["doi_in", "flag_meant", "row_name", "source_meant", "source_name", "year_in"]

_DOI = re.compile(r"10\.[0-9]{4,9}/\S+")
_YEAR = re.compile(r"(?<![0-9./-])(?:19|20)[0-9]{2}(?![0-9/-])")


def row_name(words: str) -> str:
    """Return words as the name of a row: small letters, digits and underscores.

    Examples
    --------
    >>> row_name("Deyo & Diehl 1988"), row_name("Age ≥ 50"), row_name("Müller, 2001")
    ('deyo_diehl1988', 'age_50', 'muller2001')
    """
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
    name = "_".join(re.findall("[a-z0-9]+", plain))
    # A study is named as in the packaged evidence: the year stands beside the name.
    return re.sub(r"_((?:19|20)[0-9]{2})$", r"\1", name)


def doi_in(words: str) -> str:
    """Return the DOI in a text, without what ends the sentence; empty if there is none."""
    found = _DOI.search(words)
    return found[0].rstrip(".,;)") if found else ""


def year_in(words: str) -> str:
    """Return the one year that a reference names; empty if it names none or several."""
    years = set(_YEAR.findall(words.replace(doi_in(words) or "\0", "")))
    return years.pop() if len(years) == 1 else ""


def source_meant(words: str, known: Known) -> str:
    """Return the name of the source that words name, by name, DOI or citation; or nothing."""
    sources = known["sources"]
    if words in sources:
        return words
    doi = doi_in(words).lower()
    if doi:
        return next((name for name, row in sources.items() if row["doi"].lower() == doi), "")
    wanted = row_name(words)
    return next((name for name, row in sources.items() if row_name(row["citation"]) == wanted), "")


def source_name(words: str) -> str:
    """Return a name for a new source: first author and year, or its DOI.

    Examples
    --------
    >>> source_name("Downie A et al. Red flags to screen for malignancy. BMJ 2013;347:f7095")
    'downie2013'
    >>> source_name("https://doi.org/10.1136/bmj.f7095")
    'doi_10_1136_bmj_f7095'
    """
    doi = doi_in(words)
    if doi and not re.search("[A-Za-z]", re.sub(r"https?://\S*|doi:?", "", words.replace(doi, ""))):
        return row_name(f"doi {doi}")
    first = re.match(r"[^\W\d_][^\s,.;:]*", words.strip())
    return row_name(f"{first[0] if first else words} {year_in(words)}")


def flag_meant(words: str, known: Known) -> list[str]:
    """Return the flags that words name: by name, else by label, else by a wording met before."""
    flags = known["flags"]
    if words in flags:
        return [words]
    wanted = words.strip().casefold()
    for column in ("label", "synonyms"):
        found = [name for name, row in flags.items() if wanted in _wordings(row[column])]
        if found:
            return found
    return [name for name in flags if name == row_name(words)]


def _wordings(cell: str) -> Iterable[str]:
    return {one.strip().casefold() for one in cell.split(";")}
