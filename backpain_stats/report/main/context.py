"""What the sections share: the evidence and the frames computed from it, each once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from backpain_stats.claims import reproduce
from backpain_stats.decide.endorsement import Endorsement, endorsement
from backpain_stats.published import likelihood_ratios

if TYPE_CHECKING:
    from backpain_stats.evidence import Evidence

__all__ = ["Context", "LeftOut"]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A section that has nothing to say about this evidence.

    Parameters
    ----------
    title : str
        Its title.
    reason : str
        Why, as a clause.
    """

    title: str
    reason: str


@dataclass(frozen=True)
class Context:
    """The evidence, and what several sections read of it."""

    evidence: Evidence

    @cached_property
    def ratios(self) -> pd.DataFrame:
        """Likelihood ratios of the whole evidence, with the flags' labels."""
        return self.label_flags(likelihood_ratios(self.evidence))

    @cached_property
    def ledger(self) -> pd.DataFrame:
        """The published claims, recomputed."""
        return reproduce(self.evidence)

    @cached_property
    def endorsement(self) -> Endorsement:
        """Endorsements beside what is known of each flag."""
        return endorsement(self.evidence)

    def without(self, name: str) -> str:
        """Say that there is no row of a table of the evidence, empty if there is one."""
        return "" if len(getattr(self.evidence, name)) else f"the evidence has no row of {name}.csv"

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
