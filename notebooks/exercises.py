"""Exercises of the course: each solution is computed by the library, never typed in.

In a notebook::

    from exercises import check
    check("01.1", 15.5)

The reply says right or wrong; a wrong answer gets a hint, and a well-known
mistake is recognised by name.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Solution = Callable[[], Any]


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that many people give, and what to tell them."""

    answer: Solution
    hint: str


@dataclass(frozen=True)
class Exercise:
    """One question, the way to its solution, a hint and the reason.

    ``hint`` is shown after a wrong answer, ``reason`` after the right one.
    ``tolerance`` is relative: 0.02 accepts an answer rounded to two digits.
    """

    question: str
    solve: Solution
    hint: str
    reason: str
    tolerance: float = 0.02
    mistakes: tuple[Mistake, ...] = field(default=())


@dataclass(frozen=True)
class Reply:
    """What the student reads; ``correct`` is what the tests read."""

    correct: bool
    message: str

    def __repr__(self) -> str:
        return ("Right. " if self.correct else "Not yet. ") + self.message

    def _repr_html_(self) -> str:
        mark, colour = ("✓ Right.", "#00664b") if self.correct else ("✗ Not yet.", "#a03c00")
        text = html.escape(self.message)
        return f'<p><strong style="color:{colour}">{mark}</strong> {text}</p>'


def _same(answer: Any, solution: Any, tolerance: float) -> bool:
    if isinstance(solution, bool | str):
        return str(answer).strip().lower() == str(solution).strip().lower()
    if isinstance(solution, set | frozenset):
        return {str(one) for one in answer} == {str(one) for one in solution}
    if isinstance(solution, tuple | list):
        return len(answer) == len(solution) and all(
            _same(a, b, tolerance) for a, b in zip(answer, solution, strict=True)
        )
    return math.isclose(float(answer), float(solution), rel_tol=tolerance, abs_tol=1e-12)


def check(name: str, answer: Any) -> Reply:
    """Check an answer: right, wrong with a hint, or a message when it cannot be read.

    Parameters
    ----------
    name : str
        The number of the exercise, for example ``"01.2"``.
    answer : float, str, bool, set or tuple
        Probabilities are fractions: 0.09, not 9.

    Returns
    -------
    Reply
        Shows itself in a notebook; ``.correct`` is True or False.
    """
    exercises = all_exercises()
    if name not in exercises:
        known = ", ".join(sorted(exercises))
        return Reply(False, f"There is no exercise {name!r}. Exercises: {known}.")
    exercise = exercises[name]
    if answer is None or answer is ...:
        return Reply(False, f"Put your answer in place of the dots. {exercise.question}")
    solution = exercise.solve()
    try:
        if _same(answer, solution, exercise.tolerance):
            return Reply(True, exercise.reason)
        for mistake in exercise.mistakes:
            if _same(answer, mistake.answer(), exercise.tolerance):
                return Reply(False, mistake.hint)
    except (TypeError, ValueError):
        kind = type(solution).__name__
        return Reply(False, f"The answer should be a {kind}, not {answer!r}.")
    percent = isinstance(solution, float) and 0 < solution < 1
    if percent and _same(answer, 100 * solution, exercise.tolerance):
        return Reply(False, "Right in percent; write it as a fraction, for example 0.09 for 9%.")
    return Reply(False, exercise.hint)


def all_exercises() -> dict[str, Exercise]:
    """Return every exercise of the course by its number."""
    from solutions import EXERCISES

    return EXERCISES
