"""What the sections share: the evidence and the frames computed from it, each once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from backpain_stats.decide.endorsement import Endorsement
    from backpain_stats.evidence import Evidence

__all__ = ["Context"]


@dataclass(frozen=True)
class Context:
    """The evidence, and what several sections read of it."""

    evidence: Evidence

    @cached_property
    def ratios(self) -> pd.DataFrame:
        """Likelihood ratios of the whole evidence, with the flags' labels."""
        from backpain_stats.published import likelihood_ratios

        return self.label_flags(likelihood_ratios(self.evidence))

    @cached_property
    def ledger(self) -> pd.DataFrame:
        """The published claims, recomputed."""
        from backpain_stats.claims.ledger import reproduce

        return reproduce(self.evidence)

    @cached_property
    def endorsement(self) -> Endorsement:
        """Endorsements beside what is known of each flag."""
        from backpain_stats.decide.endorsement import endorsement

        return endorsement(self.evidence)

    def label_flags(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Add the column ``label``: of flags.csv, or the wording of a combination."""
        labels = pd.concat(
            [
                self.evidence.flags.set_index("flag_id")["label"],
                self.evidence.combinations.set_index("combination_id")["definition"],
            ]
        )
        out = frame.copy()
        out["label"] = out["flag_id"].map(labels).fillna(out["flag_id"])
        return out

    def reported_doi(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Add ``reported_in`` and ``doi`` to a frame of reports.

        ``reported_in`` is the page where the figure was read. ``doi`` is that of
        the original it quotes, or of the page itself if it is the original.
        """
        reports = self.evidence.accuracy.set_index("report_id")[["reported_in", "quotes"]]
        doi = self.evidence.sources.set_index("source_id")["doi"]
        out = frame.join(reports, on="report_id")
        original = out["quotes"].fillna(out["reported_in"])
        out["doi"] = original.map(doi)
        return out
