"""From the findings of a patient to a pattern, and what may not be said together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.checks import unknown_name
from backpain_stats.combine.dependence.patterns import ABSENT, NOT_ASSESSED, PRESENT
from backpain_stats.combine.inputs.entries import Entries, Entry, no_report
from backpain_stats.combine.risk.values import is_quantity, named_findings
from backpain_stats.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def patient_pattern(
    entries: Entries, present: Iterable[str] | Mapping[str, float], absent: Iterable[str]
) -> NDArray[np.int8]:
    """Return the pattern of a patient; flags in neither list were not assessed.

    Raises
    ------
    UnknownNameError
        If a name is no flag; the message suggests the nearest.
    NotEstimableError
        If a flag has no usable report; the message says which failed and why.
    ArgumentError
        If a flag is both present and absent, thresholds contradict each other,
        two wordings of one history are given, or a flag beside one that it contains.
    """
    lists = named_findings(entries, present, absent)
    for name in [*lists[0], *lists[1]]:
        check_flag(entries, name)
    both = sorted(set(lists[0]) & set(lists[1]))
    if both:
        raise ArgumentError(
            f"{', '.join(both)} is given both as present and as absent; a finding is one of them, "
            "or was not assessed and is in neither list"
        )
    check_together(entries, [*lists[0], *lists[1]])
    state = dict.fromkeys(lists[0], PRESENT) | dict.fromkeys(lists[1], ABSENT)
    _check_nested(entries, state)
    return np.array([state.get(flag, NOT_ASSESSED) for flag in entries.flags], dtype=np.int8)


def check_flag(entries: Entries, name: str) -> None:
    """Refuse a name that is no flag of the model, saying why."""
    if name in entries.flags:
        return
    if name in entries.unusable or name in entries.vocabulary:
        raise no_report(name, entries.unusable, entries.target, entries.setting)
    if is_quantity(entries, name):
        raise ArgumentError(
            f"{name} is a quantity; give its value: present={{{name!r}: 62}}, at the command "
            f"line --present {name}=62"
        )
    raise unknown_name(name, {*entries.flags, *entries.vocabulary}, "flag")


def _check_nested(entries: Entries, state: Mapping[str, int]) -> None:
    """Refuse a demanding threshold that is met while a less demanding one is not."""
    for chain in entries.nested:
        for easier, harder in combinations(chain, 2):
            if state.get(harder) == PRESENT and state.get(easier) == ABSENT:
                raise ArgumentError(
                    f"{harder} cannot be present while {easier} is absent: they are thresholds "
                    "of one quantity"
                )


def check_together(entries: Entries, names: Sequence[str]) -> None:
    """Refuse flags that are one finding in two wordings, or of which one contains the other.

    Raises
    ------
    ArgumentError
        If two of the names may not be assessed together.
    """
    by_name = {entry.flag_id: entry for entry in entries.entries}
    for first, second in combinations(dict.fromkeys(names), 2):
        if _one_finding(entries, by_name[first], by_name[second]):
            raise ArgumentError(_refusal(entries, by_name[first], by_name[second]))


def _one_finding(entries: Entries, one: Entry, other: Entry) -> bool:
    """Return whether two flags are one finding in two wordings, or one contains the other."""
    if _whole_and_part(entries, one, other):
        return True
    if not one.family or one.family != other.family:
        return False
    pair = frozenset((one.flag_id, other.flag_id))
    nested = any(pair <= set(chain) for chain in entries.nested)
    return not nested and pair not in entries.separate


def _whole_and_part(entries: Entries, one: Entry, other: Entry) -> tuple[Entry, Entry] | None:
    """Return two flags as the one that contains the other and the other, if it does."""
    for whole, part in ((one, other), (other, one)):
        if (whole.flag_id, part.flag_id) in entries.contained:
            return whole, part
    return None


def refused_patterns(entries: Entries, patterns: NDArray[np.int8]) -> dict[int, str]:
    """Return which patterns a patient cannot have, with the message of ``RiskModel.risk``."""
    assessed = patterns != NOT_ASSESSED
    refused = np.zeros(len(patterns), dtype=bool)
    for (first, one), (second, other) in combinations(enumerate(entries.entries), 2):
        if _one_finding(entries, one, other):
            refused |= assessed[:, first] & assessed[:, second]
    column = {flag: place for place, flag in enumerate(entries.flags)}
    for chain in entries.nested:
        for easier, harder in combinations([column[flag] for flag in chain], 2):
            refused |= (patterns[:, harder] == PRESENT) & (patterns[:, easier] == ABSENT)
    return {int(row): _why(entries, patterns[row]) for row in np.flatnonzero(refused)}


def _why(entries: Entries, pattern: NDArray[np.int8]) -> str:
    """Return the message with which a pattern is refused."""
    flags = np.array(entries.flags)
    try:
        patient_pattern(entries, flags[pattern == PRESENT], flags[pattern == ABSENT])
    except ArgumentError as error:
        return str(error)
    raise AssertionError("a pattern is refused without a reason")  # pragma: no cover


def _refusal(entries: Entries, one: Entry, other: Entry) -> str:
    if found := _whole_and_part(entries, one, other):
        whole, part = found
        return (
            f"{whole.flag_id} ({whole.label}) contains {part.flag_id} ({part.label}): whoever has "
            "the second has the first by definition, so it would count twice; give one of them"
        )
    names = f"{one.flag_id} ({one.label}) and {other.flag_id} ({other.label})"
    cuts = [(cut.quantity, cut.rising) for entry in (one, other) if (cut := entry.threshold)]
    if len(cuts) == 2 and cuts[0] == cuts[1]:
        return (
            f"{names} are thresholds of one quantity (family {one.family}) reported by different "
            "cohorts, so what lies between them has no likelihood ratio; give one of them"
        )
    return (
        f"{names} are of one family ({one.family}), and no study published them as separate "
        "findings of the same patients: as two wordings of one finding they would count twice; "
        "give one of them"
    )
