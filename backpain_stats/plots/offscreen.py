"""Figures for a file: the same whatever the user's settings and screen."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["load_matplotlib", "new_figure", "off_screen"]

_OFF_SCREEN: ContextVar[bool] = ContextVar("off_screen", default=False)


def load_matplotlib() -> None:
    """Load matplotlib, whatever backend the environment asks for.

    matplotlib cannot be imported while MPLBACKEND names a backend it does not know. A figure
    for a file needs none, so the variable is looked at afterwards, and one that means nothing
    is passed over.
    """
    if "matplotlib" in sys.modules:
        return
    wanted = os.environ.pop("MPLBACKEND", None)
    try:
        import matplotlib as mpl
    finally:
        if wanted is not None:
            os.environ["MPLBACKEND"] = wanted
    if wanted:
        with suppress(ValueError):
            mpl.rcParams["backend"] = wanted


@contextmanager
def off_screen(settings: Mapping[Any, Any] | None = None) -> Iterator[None]:
    """Draw by matplotlib's own defaults, without a screen and without pyplot.

    A matplotlibrc, a style in use and the chosen backend have no say inside, and are as they
    were afterwards.

    Parameters
    ----------
    settings : mapping, optional
        Settings of matplotlib on top of its defaults.

    Examples
    --------
    >>> import matplotlib as mpl
    >>> with off_screen({"font.size": 9.0}):
    ...     mpl.rcParams["font.size"], mpl.rcParams["axes.facecolor"]
    (9.0, 'white')
    """
    load_matplotlib()
    import matplotlib as mpl

    token = _OFF_SCREEN.set(True)
    try:
        with mpl.rc_context():
            mpl.rcdefaults()
            mpl.rcParams.update(dict(settings or {}))
            yield
    finally:
        _OFF_SCREEN.reset(token)


def new_figure(width: float, height: float) -> Figure:
    """Return a figure of that size in inches: pyplot's, or one for a file inside off_screen."""
    if _OFF_SCREEN.get():
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        return figure
    import matplotlib.pyplot as plt

    return plt.figure(figsize=(width, height), layout="constrained")
