"""Text that a spreadsheet would take for a formula, and back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["spreadsheet_restored", "spreadsheet_safe"]

# The first letters that open a formula, their full-width forms included.
_OPENS = "=+\\-@\t\r\n＝＋－＠"
_FORMULA = re.compile(f"'*[{_OPENS}]")
_ESCAPED = re.compile(f"'+[{_OPENS}]")
# A negative number, or an interval of numbers, as this package prints them.
_NEGATIVE = re.compile(r"-\d[\d.,]*(e[+-]?\d+)?%?( to -?\d[\d.,]*(e[+-]?\d+)?%?)?")


def spreadsheet_safe(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose texts no spreadsheet takes for a formula.

    A text that begins with ``= + - @``, a tab or a line break gets an apostrophe before it, as
    OWASP advises [1]_; so does one that begins with apostrophes and then such a letter, so that
    :func:`spreadsheet_restored` gives every text back. Numbers stay numbers, and so do texts
    that are a negative number or an interval of numbers.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any frame; it is not changed.

    References
    ----------
    .. [1] https://owasp.org/www-community/attacks/CSV_Injection

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"note": ["=1+1", "-0.5 to 0.5", "LR+ 2"], "change": [-1, 2, 3]})
    >>> spreadsheet_safe(frame)["note"].to_list()
    ["'=1+1", '-0.5 to 0.5', 'LR+ 2']
    """
    return _texts(frame, _safe)


def spreadsheet_restored(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the texts that :func:`spreadsheet_safe` was given.

    Parameters
    ----------
    frame : pandas.DataFrame
        What was read from a file that this package wrote.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"note": ["=1+1", "'=2", "'quoted'", "-0.5"]})
    >>> spreadsheet_restored(spreadsheet_safe(frame)).equals(frame)
    True
    """
    return _texts(frame, lambda text: text[1:] if _ESCAPED.match(text) else text)


def _safe(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) and not _NEGATIVE.fullmatch(text) else text


def _texts(frame: pd.DataFrame, change: Callable[[str], str]) -> pd.DataFrame:
    """Change every text of a frame, the names of the columns included; numbers are not touched."""
    import pandas as pd

    changed = frame.copy()
    for place, kind in enumerate(frame.dtypes):
        grouped = isinstance(kind, pd.CategoricalDtype)
        if grouped or pd.api.types.is_object_dtype(kind) or pd.api.types.is_string_dtype(kind):
            cells = frame.iloc[:, place]
            texts = [change(cell) if isinstance(cell, str) else cell for cell in cells]
            changed.isetitem(place, pd.Series(texts, dtype=object if grouped else kind).array)
    return changed.rename(columns=lambda name: change(name) if isinstance(name, str) else name)
