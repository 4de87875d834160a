"""What a panel asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.checks import check_count, check_level, check_path, real_number
from backpain_stats.decide.findings import MOST_PREVALENCES
from backpain_stats.decide.thresholds import check_values
from backpain_stats.errors import ArgumentError
from backpain_stats.evidence import Setting, Target
from backpain_stats.printed.prevalence import read_prevalence

if TYPE_CHECKING:
    from backpain_stats.printed.prevalence import PrevalenceLike

__all__ = ["PanelQuestion"]


@dataclass(frozen=True)
class PanelQuestion:
    """What a panel asks.

    Parameters
    ----------
    target, setting : str
        The condition, and where the patients are seen.
    prevalences : sequence of float, str or Prevalence
        One to three scenarios; the first leads. Without any, the lowest, the middle and the
        highest sample of the evidence; the middle (of two the lower) leads.
    per : int, optional
        The number of patients in the tables; by default the smallest of 1,000, 10,000 and
        100,000 in which the rarest scenario has ten cases.
    flags, families, rules : sequence of str
        What it asks about, in its own order; everything measured by default.
    action : str, default "imaging"
        What is done where a flag is present, as a noun: ``"MRI"``, ``"referral"``.
    benefit, harm : float, optional
        The panel's own values, for the testing thresholds; both or neither.
    test_harm : float, default 0
        Harm of asking about a flag, in the same unit.
    judgements : path, optional
        The panel's GRADE judgements as CSV.
    level : float, default 0.95
        Level of the intervals.

    Raises
    ------
    ArgumentError
        If a value is not allowed.
    PretestError
        If a prevalence is not strictly between 0 and 1, or not understood.
    """

    target: Target
    setting: Setting
    prevalences: Sequence[PrevalenceLike] = ()
    per: int | None = None
    flags: Sequence[str] = ()
    families: Sequence[str] = ()
    rules: Sequence[str] = ()
    action: str = "imaging"
    benefit: float | None = None
    harm: float | None = None
    test_harm: float = 0.0
    judgements: str | PathLike[str] | None = None
    level: float = 0.95

    def __post_init__(self) -> None:
        """Refuse what cannot be answered before anything is computed."""
        check_level(self.level)
        if isinstance(self.prevalences, str) or not isinstance(self.prevalences, Sequence):
            raise ArgumentError(
                f"prevalences is {self.prevalences!r}; give a list, such as [{self.prevalences!r}]"
            )
        for one in self.prevalences:
            read_prevalence(one)
        for name in ("benefit", "harm", "test_harm"):
            value = getattr(self, name)
            if value is not None and not np.isfinite(real_number(value)):
                raise ArgumentError(f"{name} is {value!r}; it must be a number")
        if self.judgements is not None:
            check_path(self.judgements, "judgements")
        if len(self.prevalences) > MOST_PREVALENCES:
            raise ArgumentError(
                f"{len(self.prevalences)} prevalences were given; the GRADE layout shows one to "
                f"{MOST_PREVALENCES}"
            )
        if self.per is not None and check_count(self.per, "per") < 1:
            raise ArgumentError(f"per is {self.per!r}; at least 1 patient is needed")
        if not self.action.strip():
            raise ArgumentError("action is empty; give a noun such as 'MRI' or 'referral'")
        if self.benefit is None or self.harm is None:
            if not (self.benefit is None and self.harm is None):
                raise ArgumentError("give both benefit and harm, or neither")
        else:
            check_values(self.benefit, self.harm, self.test_harm)

    @property
    def chosen(self) -> bool:
        """Whether the panel named what it asks about."""
        return bool(self.flags or self.families or self.rules)
