"""A measured value as findings: each threshold of its quantity in the model is met or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.checks import as_names, real_number, unknown_name
from backpain_stats.combine.dependence.patterns import ABSENT, NOT_ASSESSED, PRESENT
from backpain_stats.combine.inputs.entries import Entries
from backpain_stats.combine.inputs.findings import Threshold
from backpain_stats.errors import ArgumentError, NotEstimableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def is_quantity(entries: Entries, name: str) -> bool:
    """Return whether a name is a quantity that is cut somewhere, and no flag."""
    if name in entries.flags or name in entries.vocabulary:
        return False
    own = {entry.threshold.quantity for entry in entries.entries if entry.threshold}
    return name in own or any(name == cut.quantity for cut in entries.cut_offs.values())


def value_states(entries: Entries, quantity: str, values: Floats) -> dict[str, NDArray[np.int8]]:
    """Return what values of a quantity say of its thresholds in the model.

    Parameters
    ----------
    entries : Entries
        Of the model.
    quantity : str
        As in the vocabulary of flags.
    values : numpy.ndarray
        Values in the unit of the thresholds; NaN for not measured.

    Returns
    -------
    dict of str to numpy.ndarray
        By flag: present, absent or not assessed, shape of ``values``.

    Raises
    ------
    NotEstimableError
        If no threshold of the quantity is in the model; the message has its cut-offs.
    ArgumentError
        If the thresholds in the model contradict each other.
    """
    cuts = {
        entry.flag_id: entry.threshold
        for entry in entries.entries
        if entry.threshold and entry.threshold.quantity == quantity
    }
    if not cuts:
        raise _no_threshold(entries, quantity)
    ordered = {flag for chain in entries.nested for flag in chain}
    if len(cuts) > 1 and not cuts.keys() & ordered:
        raise ArgumentError(
            f"a value of {quantity} meets {_listed(cuts)}, which are not ordered: the more "
            "demanding is reported more often than the less demanding, or they cut in two "
            "directions; name the flag that you mean"
        )
    # A threshold that reverses the order stays outside the chain, and is not assessed.
    used = {flag: cut for flag, cut in cuts.items() if len(cuts) == 1 or flag in ordered}
    missing = np.isnan(values)
    return {
        flag: np.where(missing, NOT_ASSESSED, np.where(cut.met_by(values), PRESENT, ABSENT)).astype(
            np.int8
        )
        for flag, cut in used.items()
    }


def named_findings(
    entries: Entries, present: Iterable[str] | Mapping[str, float], absent: Iterable[str]
) -> tuple[list[str], list[str]]:
    """Return the flags present and absent; a value counts as its thresholds, met or not.

    Raises
    ------
    UnknownNameError
        If a value is given for what is neither flag nor quantity.
    ArgumentError
        If a value is no finite number, a flag is given with one, or a threshold is named beside
        the value that decides it; and as in :func:`value_states`.
    """
    if isinstance(absent, Mapping):
        raise ArgumentError(
            "absent has values; give a value in present, where it also says which thresholds "
            "are absent"
        )
    missing = as_names(absent, "absent")
    if not isinstance(present, Mapping):
        return as_names(present, "present"), missing
    found = [name for name, value in present.items() if value is True]
    named = {*found, *missing}
    for name, value in present.items():
        if value is True:
            continue
        number = _read_value(entries, str(name), value)
        states = value_states(entries, str(name), np.array(number))
        if twice := sorted(named & states.keys()):
            raise ArgumentError(
                f"{twice[0]} is named beside a value of {name}, which decides it; give one of them"
            )
        found += [flag for flag, state in states.items() if state == PRESENT]
        missing += [flag for flag, state in states.items() if state == ABSENT]
    return found, missing


def _read_value(entries: Entries, name: str, value: object) -> float:
    """Return a finite number given for a quantity."""
    if not is_quantity(entries, name):
        flags = {*entries.flags, *entries.vocabulary}
        if name not in flags:
            known = flags | {cut.quantity for cut in entries.cut_offs.values()}
            raise unknown_name(name, known, "flag or quantity")
        raise ArgumentError(
            f"present has {name}: {value!r}; {name} is a flag, so its value is True (a flag that "
            "was looked for and not found is in absent)"
        )
    try:
        number = real_number(value)
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise ArgumentError(f"present has {name}: {value!r}; the value must be a finite number")
    return number


def _no_threshold(entries: Entries, quantity: str) -> NotEstimableError:
    """Return the error for a quantity of which the model has no threshold."""
    cuts = {flag: cut for flag, cut in entries.cut_offs.items() if cut.quantity == quantity}
    about = f" for {entries.target} in {entries.setting}" if entries.target else ""
    return NotEstimableError(
        f"a value of {quantity} cannot enter: of its thresholds ({_listed(cuts)}) none is in "
        f"the model{about}"
    )


def _listed(cuts: Mapping[str, Threshold]) -> str:
    ordered = sorted(cuts.items(), key=lambda item: item[1].demand)
    return ", ".join(f"{flag} at {cut.value:g}" for flag, cut in ordered)
