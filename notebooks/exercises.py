"""Exercises of the course: each solution is computed by the library, never typed in.

In a notebook::

    from exercises import check
    check("01.1", 15.5)

The reply says right or wrong; a wrong answer gets a hint, and a well-known
mistake is recognised by name. The exercises themselves are in ``solutions/``;
reading there is not cheating, only less instructive.
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
    """What the student reads; the tests read ``state`` and ``correct``."""

    state: str  # "right", "wrong" or "open"
    message: str

    @property
    def correct(self) -> bool:
        return self.state == "right"

    def __repr__(self) -> str:
        return _WORDS[self.state] + self.message

    def _repr_html_(self) -> str:
        text = html.escape(self.message)
        if self.state == "open":
            return f'<p class="exercise">✎ {text}</p>'
        # Both colours are legible on a light page and on a dark one.
        mark, colour = ("✓", "#1f8a5b") if self.correct else ("✗", "#c4571b")
        word = f'<strong style="color:{colour}">{mark} {_WORDS[self.state].strip()}</strong>'
        return f'<p class="exercise">{word} {text}</p>'


_WORDS = {"right": "Right. ", "wrong": "Not yet. ", "open": ""}


class _WrongKindError(TypeError):
    """The answer is of a kind that cannot be compared with the solution."""


def _number(answer: Any) -> float:
    if hasattr(answer, "item") and getattr(answer, "size", 0) == 1:
        answer = answer.item()  # a cell of a frame, or a series of one
    answer = getattr(answer, "estimate", answer)  # an Estimate of the library
    if isinstance(answer, bool):
        raise _WrongKindError
    try:
        return float(answer)
    except (TypeError, ValueError):
        raise _WrongKindError from None


def _word(answer: Any) -> str:
    if not isinstance(answer, str):
        raise _WrongKindError
    return answer.strip().lower()


def _parts(answer: Any) -> list[Any]:
    if isinstance(answer, str) or not hasattr(answer, "__iter__"):
        raise _WrongKindError
    return list(answer)


def _same(answer: Any, solution: Any, tolerance: float) -> bool:
    if isinstance(solution, str):
        return _word(answer) == solution.lower()
    if isinstance(solution, frozenset):
        return {_word(one) for one in _parts(answer)} == {str(one).lower() for one in solution}
    if isinstance(solution, tuple):
        given = _parts(answer)
        return len(given) == len(solution) and all(
            _same(one, other, tolerance) for one, other in zip(given, solution, strict=True)
        )
    # The absolute tolerance is for solutions that are 0: an answer of 0 is then exact.
    return math.isclose(_number(answer), float(solution), rel_tol=tolerance, abs_tol=1e-12)


def _kind(solution: Any) -> str:
    if isinstance(solution, str):
        return 'a word in quotes, for example "yes"'
    if isinstance(solution, frozenset):
        return 'names in braces, for example {"age_50", "cancer_history"}'
    if isinstance(solution, tuple):
        return f"{len(solution)} numbers in brackets, separated by commas"
    return "a number"


def check(name: str, answer: Any) -> Reply:
    """Check an answer: right, wrong with a hint, or a message when it cannot be read.

    Parameters
    ----------
    name : str
        The number of the exercise, for example ``"01.2"``.
    answer : float, str, set or tuple
        Probabilities are fractions: 0.09, not 9. ``...`` (three dots) shows the
        question.

    Returns
    -------
    Reply
        Shows itself in a notebook; ``.correct`` is True or False.
    """
    exercises = all_exercises()
    if name not in exercises:
        known = ", ".join(sorted(exercises))
        return Reply("wrong", f"There is no exercise {name!r}. Exercises: {known}.")
    exercise = exercises[name]
    if answer is None or answer is ...:
        return Reply("open", f"{exercise.question} Put your answer in place of the dots.")
    try:
        return _judged(exercise, answer)
    except _WrongKindError:
        kind = _kind(exercise.solve())
        return Reply("wrong", f"The answer should be {kind}, not {answer!r}.")


def _judged(exercise: Exercise, answer: Any) -> Reply:
    solution = exercise.solve()
    if _same(answer, solution, exercise.tolerance):
        return Reply("right", exercise.reason)
    for mistake in exercise.mistakes:
        if _same(answer, mistake.answer(), exercise.tolerance):
            return Reply("wrong", mistake.hint)
    fraction = isinstance(solution, float) and 0 < solution < 1
    if fraction and _same(answer, 100 * solution, exercise.tolerance):
        return Reply("wrong", "Right in percent; write it as a fraction, for example 0.09 for 9%.")
    return Reply("wrong", exercise.hint)


def all_exercises() -> dict[str, Exercise]:
    """Return every exercise of the course by its number."""
    from solutions import EXERCISES

    return EXERCISES
