"""What a printed figure says: a value, a bound, an interval, a prevalence."""

from backpain_stats.printed.prevalence import (
    HasPretest,
    Prevalence,
    PrevalenceLike,
    read_prevalence,
    read_prevalences,
)
from backpain_stats.printed.value import (
    ROUNDINGS,
    PrintedValue,
    Rounding,
    as_numbers,
    is_absent,
    parse_count_range,
    parse_printed,
    spell,
    split_interval,
)

__all__ = [
    "ROUNDINGS",
    "HasPretest",
    "Prevalence",
    "PrevalenceLike",
    "PrintedValue",
    "Rounding",
    "as_numbers",
    "is_absent",
    "parse_count_range",
    "parse_printed",
    "read_prevalence",
    "read_prevalences",
    "spell",
    "split_interval",
]
