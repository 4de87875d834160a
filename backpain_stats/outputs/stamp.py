"""What made a file: package, data, command, seed and date, as every page and document says it."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime

from backpain_stats import __version__
from backpain_stats.errors import ArgumentError

__all__ = ["Stamp", "made_on"]


def made_on() -> date:
    """Return the day that files of this run are dated with, in UTC.

    It is today, unless the environment variable ``SOURCE_DATE_EPOCH`` gives the seconds since
    1970 [1]_: then a run of another day writes the same bytes.

    Raises
    ------
    ArgumentError
        If ``SOURCE_DATE_EPOCH`` is no such number.

    References
    ----------
    .. [1] https://reproducible-builds.org/specs/source-date-epoch/

    Examples
    --------
    >>> import os
    >>> from unittest import mock
    >>> with mock.patch.dict(os.environ, SOURCE_DATE_EPOCH="1763942400"):
    ...     print(made_on())
    2025-11-24
    """
    seconds = os.environ.get("SOURCE_DATE_EPOCH")
    if seconds is None:
        return datetime.now(UTC).date()
    try:
        return datetime.fromtimestamp(int(seconds), UTC).date()
    except (ValueError, OverflowError, OSError) as error:
        raise ArgumentError(
            f"SOURCE_DATE_EPOCH is {seconds!r}; it is a whole number of seconds since 1970"
        ) from error


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is needed to make a file again.

    Parameters
    ----------
    command : str
        The command line without the place it writes to; empty when called from Python.
    data_version : str
        :attr:`Evidence.version <backpain_stats.Evidence.version>` of the evidence; empty if
        none was read.
    seed : int, optional
        That of everything drawn at random.
    version : str
        That of the package.
    date : str
        Of the run, in UTC: year-month-day (see :func:`made_on`).

    Examples
    --------
    >>> print(Stamp("backpain-stats report", "3f2a90c1d4e7", 20131, "0.1.0", "2026-11-22"))
    backpain_stats 0.1.0; data 3f2a90c1d4e7; backpain-stats report; seed 20131; 2026-11-22
    """

    command: str = ""
    data_version: str = ""
    seed: int | None = None
    version: str = __version__
    date: str = field(default_factory=lambda: made_on().isoformat())

    def __str__(self) -> str:
        """Return it as one line."""
        parts = [
            f"backpain_stats {self.version}",
            f"data {self.data_version}" if self.data_version else "",
            self.command,
            "" if self.seed is None else f"seed {self.seed}",
            self.date,
        ]
        return "; ".join(filter(None, parts))

    def to_dict(self) -> dict[str, str | int | None]:
        """Return it as JSON holds it."""
        return asdict(self)
