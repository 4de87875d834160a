"""The references of a notebook, read from the evidence and not typed in."""

from __future__ import annotations

from dataclasses import dataclass

import backpain_stats as bps


@dataclass(frozen=True)
class References:
    """A list of sources that shows itself as text or, in a notebook, with links."""

    entries: tuple[tuple[str, str], ...]  # citation, DOI (empty if none is printed)

    def __repr__(self) -> str:
        return "\n".join(f"- {citation} {doi}".rstrip() for citation, doi in self.entries)

    def _repr_markdown_(self) -> str:
        lines = []
        for citation, doi in self.entries:
            link = f" <https://doi.org/{doi}>" if doi else ""
            lines.append(f"- {citation}.{link}")
        return "\n".join(lines)


def references(evidence: bps.Evidence, *source_ids: str) -> References:
    """Return the citations of these sources, in this order.

    Raises
    ------
    UnknownNameError
        If the evidence has no such source.
    """
    known = evidence.sources.set_index("source_id")
    missing = [one for one in source_ids if one not in known.index]
    if missing:
        raise bps.UnknownNameError(f"no such source: {missing}")
    chosen = known.loc[list(source_ids), ["citation", "doi"]].fillna("")
    return References(tuple(chosen.itertuples(index=False, name=None)))
