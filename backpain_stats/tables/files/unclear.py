"""What is asked where a file can be read two ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backpain_stats.errors import DataError

__all__ = ["Answer", "UnclearTablesError"]

# The option that answers, and its value: names of columns, or names with what they stand for.
Answer = tuple[str, "Sequence[str] | Mapping[str, str] | str"]


class UnclearTablesError(DataError):
    """A file of 2x2 tables that cannot be read in one way only.

    Parameters
    ----------
    text : str
        What is not clear; ``{0}``, ``{1}``, ... stand for the answers.
    *answers : tuple
        An option of :func:`read_tables` and a value that would answer.

    Examples
    --------
    >>> asked = UnclearTablesError("which rows? Choose with {0}", ("only", {"test": "CT"}))
    >>> print(asked)
    which rows? Choose with only={'test': 'CT'}
    >>> asked.at_command_line()
    'which rows? Choose with --only test=CT'
    """

    def __init__(self, text: str, *answers: Answer) -> None:
        self.text, self.answers = text, answers
        super().__init__(self._filled([f"{name}={value!r}" for name, value in answers]))

    def __reduce__(self) -> tuple[type[UnclearTablesError], tuple[object, ...]]:
        """Pickle by what it was made of."""
        return type(self), (self.text, *self.answers)

    def _filled(self, answers: list[str]) -> str:
        # replaced one by one: names of columns may hold braces
        text = self.text
        for position, answer in enumerate(answers):
            text = text.replace("{" + str(position) + "}", answer)
        return text

    def at_command_line(self) -> str:
        """Return the question with its answers as they are typed at the command line."""
        return self._filled([f"--{name} {_typed(value)}" for name, value in self.answers])


def _typed(value: Sequence[str] | Mapping[str, str] | str) -> str:
    if isinstance(value, str):
        text = value
    elif isinstance(value, Mapping):
        text = ",".join(f"{name}={what}" for name, what in value.items())
    else:
        text = ",".join(value)
    return f"'{text}'" if set(text) & set(" ;&|<>()$`\"'\\*?[]#~!{}") else text
