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
    *parts : str or tuple
        What is not clear, piece by piece; an option of :func:`read_tables` with a value that
        would answer is a piece of its own.

    Examples
    --------
    >>> asked = UnclearTablesError("which rows? Choose with ", ("only", {"test": "CT"}))
    >>> print(asked)
    which rows? Choose with only={'test': 'CT'}
    >>> asked.at_command_line()
    'which rows? Choose with --only test=CT'
    """

    def __init__(self, *parts: str | Answer) -> None:
        self.parts = parts
        texts = [one if isinstance(one, str) else f"{one[0]}={one[1]!r}" for one in parts]
        super().__init__("".join(texts))

    def __reduce__(self) -> tuple[type[UnclearTablesError], tuple[str | Answer, ...]]:
        """Pickle by what it was made of."""
        return type(self), self.parts

    def at_command_line(self) -> str:
        """Return the question with its answers as they are typed at the command line."""
        texts = [one if isinstance(one, str) else f"--{one[0]} {_typed(one[1])}"
                 for one in self.parts]  # fmt: skip
        return "".join(texts)


def _typed(value: Sequence[str] | Mapping[str, str] | str) -> str:
    if isinstance(value, str):
        text = value
    elif isinstance(value, Mapping):
        text = ",".join(f"{name}={what}" for name, what in value.items())
    else:
        text = ",".join(value)
    return f"'{text}'" if set(text) & set(" ;&|<>()$`\"'\\*?[]#~!{}") else text
