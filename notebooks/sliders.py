"""A slider where widgets run; elsewhere the static picture above it has to do."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np


def slider(
    draw: Callable[[float], None], start: float, low: float, high: float, *, label: str
) -> None:
    """Call ``draw`` with the value of a slider from ``low`` to ``high``.

    Parameters
    ----------
    draw : callable
        Draws one picture for one value; its only argument may have any name.
    start, low, high : float
        Where the slider stands first, and its ends. If the ends are far apart
        (a factor of 20 or more) its steps are equal ratios, else equal differences.
    label : str
        What is being moved.
    """
    try:
        import ipywidgets
        from IPython.display import display
    except ImportError:
        print("Sliders need ipywidgets; the picture above shows the same.")
        return
    if low > 0 and high / low >= 20:
        values = np.geomspace(low, high, 41)
    else:
        values = np.linspace(low, high, 41)
    # Three digits are what a reader can place; the start is among the choices.
    choices = sorted({float(f"{value:.3g}") for value in values} | {start})
    widget = ipywidgets.SelectionSlider(
        options=[(f"{value:.3g}", value) for value in choices],
        value=start,
        description=label,
        continuous_update=False,
        style={"description_width": "initial"},
        layout={"width": "34rem"},
    )
    (name,) = inspect.signature(draw).parameters
    display(ipywidgets.interactive(draw, **{name: widget}))
