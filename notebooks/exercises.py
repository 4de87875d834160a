"""Exercises of the course: each solution is computed by the library, never typed in.

In a notebook::

    from exercises import check, worked
    check("01.1", 15.5)
    worked("01.1")

``check`` says right or wrong; a wrong answer gets a hint, and a well-known mistake is
recognised by name. ``worked`` shows the way. The exercises themselves are in
``solutions/``; the rendered pages hold the same answers and judge them alike
(``page/course.js``).
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Solution = Callable[[], Any]
LETTERS = "abcdef"


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that many people give, and what to tell them."""

    answer: Solution
    hint: str


@dataclass(frozen=True)
class Exercise:
    """One question, the way to its solution, a hint and the reason.

    ``hint`` is shown after a wrong answer, ``reason`` after the right one, ``worked`` on
    demand. ``tolerance`` is relative: 0.02 accepts an answer rounded to two digits. With
    ``options`` the answer is a letter.
    """

    question: str
    solve: Solution
    hint: str
    reason: str
    worked: Callable[[], str]
    tolerance: float = 0.02
    probability: bool = False
    mistakes: tuple[Mistake, ...] = field(default=())
    options: tuple[str, ...] = field(default=())


def choice(
    question: str, options: Mapping[str, str], *, right: str, worked: Callable[[], str]
) -> Exercise:
    """Return a question of judgement: every option has its own reply.

    ``options`` maps what can be chosen to what is said of it; ``right`` is the letter of
    the right one.
    """
    replies = dict(zip(LETTERS, options.values(), strict=False))
    return Exercise(
        question,
        solve=lambda: right,
        hint="Answer with one of the letters: " + ", ".join(replies) + ".",
        reason=replies[right],
        worked=worked,
        mistakes=tuple(
            Mistake(lambda letter=letter: letter, reply)
            for letter, reply in replies.items()
            if letter != right
        ),
        options=tuple(options),
    )


@dataclass(frozen=True)
class Reply:
    """What the student reads; the tests read ``state`` and ``correct``."""

    state: str  # "right", "wrong" or "open"
    message: str
    name: str = ""
    options: tuple[str, ...] = ()

    @property
    def correct(self) -> bool:
        return self.state == "right"

    def __repr__(self) -> str:
        listed = [f"\n  {letter}) {text}" for letter, text in zip(LETTERS, self.options)]  # noqa: B905
        return _WORDS[self.state] + self.message + "".join(listed)

    def _repr_html_(self) -> str:
        text = html.escape(self.message)
        if self.state == "open":
            listed = "".join(f"<li>{html.escape(one)}</li>" for one in self.options)
            below = f'<ol type="a">{listed}</ol>' if listed else ""
            name = html.escape(self.name)
            return f'<div class="exercise" data-exercise="{name}"><p>✎ {text}</p>{below}</div>'
        # Both colours are legible on a light page and on a dark one.
        mark, colour = ("✓", "#1f8a5b") if self.correct else ("✗", "#c4571b")
        word = f'<strong style="color:{colour}">{mark} {_WORDS[self.state].strip()}</strong>'
        return f'<p class="exercise">{word} {text}</p>'


_WORDS = {"right": "Right. ", "wrong": "Not yet. ", "open": ""}
IN_PERCENT = "Right in percent; write it as a fraction, 0.09, or with its sign, 9%."
# A number as people write it: 0.22, 22%, 5/2.
_WRITTEN = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?) ?(%|/ ?(\d+\.?\d*))?")


class _WrongKindError(TypeError):
    """The answer is of a kind that cannot be compared with the solution."""


def _number(answer: Any) -> float:
    if hasattr(answer, "item") and getattr(answer, "size", 0) == 1:
        answer = answer.item()  # a cell of a frame, or a series of one
    answer = getattr(answer, "estimate", answer)  # an Estimate of the library
    if isinstance(answer, bool):
        raise _WrongKindError
    if isinstance(answer, str):
        found = _WRITTEN.fullmatch(answer.strip())
        if not found or (found[3] and float(found[3]) == 0):
            raise _WrongKindError
        divisor = 100.0 if found[2] == "%" else float(found[3] or 1)
        return float(found[1]) / divisor
    try:
        return float(answer)
    except (TypeError, ValueError):
        raise _WrongKindError from None


def _letter(answer: Any, options: tuple[str, ...]) -> str:
    letter = answer.strip(" .)").lower() if isinstance(answer, str) else ""
    if len(letter) != 1 or letter not in LETTERS[: len(options)]:
        raise _WrongKindError
    return letter


def _same(answer: Any, solution: Any, exercise: Exercise) -> bool:
    if exercise.options:
        return _letter(answer, exercise.options) == solution
    # The absolute tolerance is for solutions that are 0: an answer of 0 is then exact.
    return math.isclose(_number(answer), float(solution), rel_tol=exercise.tolerance, abs_tol=1e-12)


def check(name: str, answer: Any) -> Reply:
    """Check an answer: right, wrong with a hint, or a message when it cannot be read.

    Parameters
    ----------
    name : str
        The number of the exercise, for example ``"01.2"``.
    answer : float or str
        A number; a probability as 0.09 or "9%"; a letter where options are given. ``...``
        (three dots) shows the question.

    Returns
    -------
    Reply
        Shows itself in a notebook; ``.correct`` is True or False.
    """
    exercises = all_exercises()
    if name not in exercises:
        return Reply("wrong", _unknown(name))
    exercise = exercises[name]
    if answer is None or answer is ...:
        return Reply("open", exercise.question, name, exercise.options)
    try:
        return _judged(exercise, answer)
    except _WrongKindError:
        return Reply("wrong", f"The answer should be {kind(exercise)}, not {answer!r}.")


def kind(exercise: Exercise) -> str:
    """Return in words what kind of answer is wanted."""
    if exercise.options:
        return f"a letter from a to {LETTERS[len(exercise.options) - 1]}, in quotes"
    return "a number"


def worked(name: str) -> Any:
    """Show the worked solution of an exercise."""
    from show import say

    known = all_exercises()
    return say(known[name].worked() if name in known else _unknown(name))


def _unknown(name: str) -> str:
    return f"There is no exercise {name!r}. Exercises: {', '.join(sorted(all_exercises()))}."


def _judged(exercise: Exercise, answer: Any) -> Reply:
    solution = exercise.solve()
    if _same(answer, solution, exercise):
        return Reply("right", exercise.reason)
    for mistake in exercise.mistakes:
        if _same(answer, mistake.answer(), exercise):
            return Reply("wrong", mistake.hint)
    if exercise.probability and _same(answer, 100 * solution, exercise):
        return Reply("wrong", IN_PERCENT)
    return Reply("wrong", exercise.hint)


def page_data(exercise: Exercise) -> dict[str, Any]:
    """Return what a rendered page needs in order to judge without Python."""
    return {
        "solution": exercise.solve(),
        "tolerance": exercise.tolerance,
        "percent": IN_PERCENT if exercise.probability else "",
        "hint": exercise.hint,
        "reason": exercise.reason,
        "kind": kind(exercise).removesuffix(", in quotes"),
        "mistakes": [{"answer": one.answer(), "hint": one.hint} for one in exercise.mistakes],
    }


def all_exercises() -> dict[str, Exercise]:
    """Return every exercise of the course by its number."""
    from solutions import EXERCISES

    return EXERCISES
