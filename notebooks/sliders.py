"""A slider: a widget where notebooks run, precomputed pictures on a rendered page."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib.pyplot as plt
from show import say

SPEC = "application/x-course-slider+json"
# Set while a page is rendered: every picture is then drawn.
FRAMES = "COURSE_FRAMES"


def slider(
    draw: Callable[[float], str],
    values: Sequence[float],
    start: float,
    *,
    label: str,
    words: Callable[[float], str] = "{:g}".format,
) -> None:
    """Show ``draw`` at the value of a slider.

    Parameters
    ----------
    draw : callable
        Draws one figure for one value and returns what it shows in a sentence, which is
        also its description for those who do not see it.
    values : sequence of float
        The places of the slider, ascending.
    start : float
        Where it stands first; one of the values.
    label : str
        What is being moved.
    words : callable
        A value as it stands beside the slider.
    """
    values = list(values)
    if start not in values:
        raise ValueError(f"the slider starts at {start}, which is not one of its values")
    from IPython.display import Markdown, display

    if os.environ.get(FRAMES):
        spec = {
            "label": label,
            "start": values.index(start),
            "frames": [frame(draw, value, words) for value in values],
        }
        display({SPEC: spec, "text/plain": label}, raw=True)
        return

    def shown(value: float) -> None:
        sentence = draw(value)
        plt.show()
        display(Markdown(say(sentence).words))

    try:
        import ipywidgets
    except ImportError:
        shown(start)
        print("Sliders need ipywidgets; this is where it starts.")
        return
    widget = ipywidgets.SelectionSlider(
        options=[(words(value), value) for value in values],
        value=start,
        description=label,
        continuous_update=False,
        style={"description_width": "initial"},
        layout={"width": "34rem"},
    )
    display(ipywidgets.interactive(shown, value=widget))


def frame(
    draw: Callable[[float], str], value: float, words: Callable[[float], str]
) -> dict[str, Any]:
    """Return one place of the slider: its words, its sentence and its picture."""
    sentence = say(draw(value)).words
    picture = io.BytesIO()
    plt.savefig(
        picture, format="webp", dpi=90, pil_kwargs={"lossless": True, "quality": 100, "method": 6}
    )
    plt.close()
    image = base64.b64encode(picture.getvalue()).decode("ascii")
    return {"value": words(value), "text": sentence, "image": f"data:image/webp;base64,{image}"}
