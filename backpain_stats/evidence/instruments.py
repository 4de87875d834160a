"""The instruments of study quality: what each asks, read from ``data/instruments.csv``.

Nothing here knows an instrument by itself, save which one an empty cell means.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass

from backpain_stats.evidence.packaged import packaged_folder

__all__ = ["ASPECTS", "DEFAULT_INSTRUMENT", "INSTRUMENTS", "INSTRUMENTS_FILE", "Domain",
           "Instrument", "all_domains", "all_judgements"]  # fmt: skip

INSTRUMENTS_FILE = "instruments.csv"
# What may be judged in a domain: columns of the table, and of a quality.csv.
ASPECTS = ("risk_of_bias", "applicability")
# Folders written before the column existed hold judgements by this one.
DEFAULT_INSTRUMENT = "QUADAS-2"


@dataclass(frozen=True, slots=True)
class Domain:
    """One domain of an instrument: its name, its label and which aspects are judged in it."""

    name: str
    label: str
    aspects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Instrument:
    """One instrument of study quality.

    Parameters
    ----------
    name : str
        As it is cited, such as ``QUADAS-2``.
    domains : tuple of Domain
        In the instrument's own order.
    judgements : tuple of str
        The words a judgement may be, from the best to the worst.
    """

    name: str
    domains: tuple[Domain, ...]
    judgements: tuple[str, ...]

    @property
    def domain_names(self) -> tuple[str, ...]:
        """The names of the domains, in order."""
        return tuple(domain.name for domain in self.domains)

    def aspects_of(self, domain: str) -> tuple[str, ...]:
        """Return what is judged in a domain; nothing, if the instrument has no such domain."""
        return next((one.aspects for one in self.domains if one.name == domain), ())


def _read() -> dict[str, Instrument]:
    """Return the instruments of the packaged table."""
    path = packaged_folder() / INSTRUMENTS_FILE
    with path.open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: (row["instrument"], int(row["place"])))
    found: dict[str, Instrument] = {}
    for name in dict.fromkeys(row["instrument"] for row in rows):
        own = [row for row in rows if row["instrument"] == name]
        domains = tuple(
            Domain(row["domain"], row["domain_label"],
                   tuple(aspect for aspect in ASPECTS if row[aspect] == "yes"))
            for row in own
        )  # fmt: skip
        found[name] = Instrument(name, domains, tuple(own[0]["judgements"].split(";")))
    return found


INSTRUMENTS = _read()


def all_domains() -> tuple[str, ...]:
    """Return the domains of all instruments; what stands first in one stands before later ones.

    Examples
    --------
    >>> all_domains()[-2:]
    ('flow_and_timing', 'analysis')
    """
    return _merged(instrument.domain_names for instrument in INSTRUMENTS.values())


def all_judgements() -> tuple[str, ...]:
    """Return the judgements of all instruments, from the best to the worst.

    Examples
    --------
    >>> all_judgements()
    ('low', 'unclear', 'insufficient_information', 'high')
    """
    return _merged(instrument.judgements for instrument in INSTRUMENTS.values())


def _merged(lists: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the words of several lists, each at its place in the first list that has it."""
    places: dict[str, float] = {}
    for words in lists:
        for place, word in enumerate(words):
            places.setdefault(word, place / max(len(words) - 1, 1))
    return tuple(sorted(places, key=lambda word: places[word]))
