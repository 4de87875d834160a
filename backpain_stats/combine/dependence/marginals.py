"""What is published of each flag, and of flags together: what dependence models work on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from backpain_stats.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Combination", "Group", "GroupName", "LogProbabilities", "Marginals"]

GroupName = Literal["cases", "noncases"]


class LogProbabilities(NamedTuple):
    """Natural logarithms of pattern probabilities, each of shape (draws, patterns)."""

    cases: NDArray[np.float64]
    noncases: NDArray[np.float64]

    @property
    def log_ratio(self) -> NDArray[np.float64]:
        """Log likelihood ratio of each pattern; NaN where it is impossible in both groups."""
        with np.errstate(invalid="ignore"):
            return self.cases - self.noncases


@dataclass(frozen=True, slots=True, eq=False)
class Combination:
    """A published result of several flags together.

    Parameters
    ----------
    label : str
        Its name in messages, for example ``"deyo1988_any_of_4"``.
    flags : tuple of int
        The columns of the marginals that are counted.
    at_least : int
        The rule: at least this many of them present ("any" is 1, "all" is
        their number).
    cases, noncases : numpy.ndarray
        Its probability in either group, one a draw; NaN where not published.
    """

    label: str
    flags: tuple[int, ...]
    at_least: int
    cases: NDArray[np.float64]
    noncases: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Refuse a rule that cannot be met or is always met."""
        if not 1 <= self.at_least <= len(self.flags):
            raise ArgumentError(
                f"combination {self.label}: at least {self.at_least} of {len(self.flags)} "
                "findings; the rule must ask for 1 to all of them"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """What is known of one disease group; what a dependence model works on.

    Parameters
    ----------
    name : {"cases", "noncases"}
        Which group.
    present : numpy.ndarray
        P(flag present) in this group, shape (draws, flags).
    findings : tuple of tuple of int
        The columns of each finding, least demanding exceedance first.
    signs : numpy.ndarray
        +1 or -1 for each finding: the direction in which it points to disease.
    labels : tuple of str
        The names of the flags.
    combinations : tuple of (Combination, numpy.ndarray)
        Each combination published for this group, with its probability, one a draw.
    """

    name: GroupName
    present: NDArray[np.float64]
    findings: tuple[tuple[int, ...], ...]
    signs: NDArray[np.float64]
    labels: tuple[str, ...]
    combinations: tuple[tuple[Combination, NDArray[np.float64]], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Marginals:
    """What is published of each flag alone, and of flags together.

    Parameters
    ----------
    cases, noncases : array_like
        P(flag present | case) (the sensitivity) and P(flag present | non-case)
        (the false-positive fraction), fractions of shape (draws, flags) or
        (flags,).
    nested : iterable of sequence of int, optional
        Columns that are exceedances of one quantity, least demanding first.
    combinations : iterable of Combination, optional
        Published results of flags together.
    labels : sequence of str, optional
        The names of the flags, for messages.
    signs : array_like, optional
        The direction of each finding, +1 or -1; by default that of the mean
        sensitivity minus the mean false-positive fraction, summed over the
        exceedances of a nested finding.

    Raises
    ------
    ArgumentError
        If the shapes differ, a value is not a probability, or an exceedance is
        more frequent than a less demanding one of the same quantity.

    Examples
    --------
    >>> marginals = Marginals(cases=[0.31, 0.77], noncases=[0.02, 0.29])
    >>> marginals.draws, marginals.flags, marginals.signs.tolist()
    (1, 2, [1.0, 1.0])
    """

    cases: NDArray[np.float64]
    noncases: NDArray[np.float64]
    nested: tuple[tuple[int, ...], ...] = ()
    combinations: tuple[Combination, ...] = ()
    labels: tuple[str, ...] = ()
    signs: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    findings: tuple[tuple[int, ...], ...] = field(init=False)

    def __init__(
        self,
        cases: ArrayLike,
        noncases: ArrayLike,
        *,
        nested: Iterable[Sequence[int]] = (),
        combinations: Iterable[Combination] = (),
        labels: Sequence[str] = (),
        signs: ArrayLike | None = None,
    ) -> None:
        """Check the shapes and values, and sort the flags into findings."""
        present = [np.atleast_2d(np.asarray(group, dtype=float)) for group in (cases, noncases)]
        if present[0].shape != present[1].shape or present[0].ndim != 2:
            raise ArgumentError(
                f"marginals of cases have shape {present[0].shape} and of non-cases "
                f"{present[1].shape}; both must be (draws, flags)"
            )
        flags = present[0].shape[1]
        names = tuple(labels) or tuple(f"flag {column}" for column in range(flags))
        chains = tuple(tuple(chain) for chain in nested)
        for group, name in zip(present, ("cases", "non-cases"), strict=True):
            _check_marginals(group, chains, names, name)
        chained = {column for chain in chains for column in chain}
        findings = sorted(
            [*chains, *((column,) for column in range(flags) if column not in chained)]
        )
        if signs is None:
            difference = present[0].mean(axis=0) - present[1].mean(axis=0)
            signs = [1.0 if difference[list(one)].sum() >= 0 else -1.0 for one in findings]
        values = {
            "cases": present[0],
            "noncases": present[1],
            "nested": chains,
            "combinations": tuple(combinations),
            "labels": names,
            "findings": tuple(findings),
            "signs": np.asarray(signs, dtype=float),
        }
        for attribute, value in values.items():
            object.__setattr__(self, attribute, value)

    @property
    def draws(self) -> int:
        """Number of draws (1 for point estimates)."""
        return int(self.cases.shape[0])

    @property
    def flags(self) -> int:
        """Number of flags (columns)."""
        return int(self.cases.shape[1])

    def group(self, name: GroupName) -> Group:
        """Return one disease group, with the combinations published for it."""
        published = tuple(
            (one, np.broadcast_to(np.asarray(getattr(one, name), dtype=float), (self.draws,)))
            for one in self.combinations
        )
        kept = tuple((one, value) for one, value in published if not np.isnan(value).any())
        return Group(
            name, getattr(self, name), self.findings, self.signs, self.labels, combinations=kept
        )


def _check_marginals(
    present: NDArray[np.float64], nested: Sequence[Sequence[int]], labels: Sequence[str], group: str
) -> None:
    """Raise ArgumentError unless every value is a probability and nested ones do not rise."""
    if not np.all((present >= 0) & (present <= 1)):
        column = int(np.flatnonzero(~((present >= 0) & (present <= 1)).all(axis=0))[0])
        raise ArgumentError(
            f"{labels[column]}: a probability among {group} is not between 0 and 1 "
            f"({present[:, column].min():g} to {present[:, column].max():g})"
        )
    for chain in nested:
        if np.any(np.diff(present[:, list(chain)], axis=1) > 0):
            raise ArgumentError(
                f"{', '.join(labels[column] for column in chain)} are exceedances of one "
                f"quantity, but among {group} a more demanding one is more frequent"
            )
