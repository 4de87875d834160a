"""Where the packaged data are."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from backpain_stats.errors import DataError

__all__ = ["packaged_folder"]


@cache
def packaged_folder() -> Path:
    """Return the folder of the packaged data: inside the wheel, or beside the package.

    Raises
    ------
    DataError
        If neither place has them: the installation is incomplete.
    """
    package = Path(__file__).resolve().parents[1]
    places = (package / "data", package.parent / "data")
    for place in places:
        if (place / "sources.csv").is_file():
            return place
    raise DataError(f"the packaged evidence is missing; looked in {' and '.join(map(str, places))}")
