"""What others concluded, recomputed."""

from backpain_stats.claims.ledger import conventions, reproduce, reproduce_claim
from backpain_stats.claims.pairs import reproduce_pairs
from backpain_stats.claims.wording import FINDINGS, Finding

__all__ = [
    "FINDINGS",
    "Finding",
    "conventions",
    "reproduce",
    "reproduce_claim",
    "reproduce_pairs",
]
