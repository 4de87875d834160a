"""What a printed string says: a value, a bound, an interval, a prevalence."""

from backpain_stats.printed.prevalence import (
    Prevalence,
    PrevalenceLike,
    read_prevalence,
    read_prevalences,
)
from backpain_stats.printed.value import PrintedValue, is_absent, parse_printed

__all__ = [
    "Prevalence",
    "PrevalenceLike",
    "PrintedValue",
    "is_absent",
    "parse_printed",
    "read_prevalence",
    "read_prevalences",
]
