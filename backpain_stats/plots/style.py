"""Colours and small helpers every figure shares; importing this sets no style.

The colours are those of Okabe & Ito: distinct to the colour-blind and, in the
order given, distinct in grey.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from unicodedata import category

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.special import logit

from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.estimate import format_number, format_percent, format_ratios
from backpain_stats.plots.offscreen import new_figure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from numpy.typing import ArrayLike, NDArray

BLACK = "#000000"
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILION = "#D55E00"
PURPLE = "#CC79A7"
GREY = "#767676"
LIGHT_GREY = "#D9D9D9"
PALETTE = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK)
# Control characters, halves of characters, what is none, and separators of lines.
UNPRINTABLE = ("Cc", "Cs", "Cn", "Zl", "Zp")
# Points of the text beside a figure.
FONT = 8.0
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
# Rows of one figure: more take longer than ten seconds, and nobody can read them.
MOST_ROWS = 2_000


def axes_or_new(ax: Axes | None, width: float = 6.4, height: float = 4.8) -> Axes:
    """Return ``ax``, or the Axes of a new figure of that size in inches."""
    if ax is not None:
        if not hasattr(ax, "transAxes"):
            raise ArgumentError(
                f"ax is {type(ax).__name__}; give a matplotlib Axes, or leave it out"
            )
        return ax
    return new_figure(width, height).add_subplot()


def tidy(ax: Axes, *, grid: str | None = None, **labels: Any) -> Axes:
    """Remove the upper and right spines, draw a faint grid if asked, set labels."""
    ax.spines[["top", "right"]].set_visible(False)
    if grid in ("x", "y", "both"):
        ax.grid(True, axis=grid, color=LIGHT_GREY, linewidth=0.6)  # type: ignore[arg-type]
        ax.set_axisbelow(True)
    ax.set(**labels)
    return ax


# Short name and axis label of each ratio.
RATIOS = {
    "lr_positive": ("LR+", "Likelihood ratio of a positive result (LR+)"),
    "lr_negative": ("LR−", "Likelihood ratio of a negative result (LR−)"),
    "odds_ratio": ("DOR", "Diagnostic odds ratio"),
}


def colour_of(measure: str) -> str:
    """Return the colour of a measure, the same in every figure."""
    return {"lr_positive": BLUE, "lr_negative": VERMILION}.get(measure, GREEN)


# Graduations of a ratio's logarithmic axis and of a probability's log-odds axis.
_STEPS = {1: (1.0,), 2: (1.0, 3.0), 3: (1.0, 2.0, 5.0), 6: (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)}
PERCENTS = (1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2,
            0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995,
            0.9998, 0.9999, 0.99995, 0.99998, 0.99999)  # fmt: skip


def ratio_limits(
    values: ArrayLike, widest: tuple[float, float] = (0.01, 1000), *, around: bool = True
) -> tuple[float, float]:
    """Return the limits of a logarithmic axis for ratios: 1-2-5 steps around the values.

    The limits hold 0.2 to 5 (unless ``around`` is False: then they span a factor of three or
    more), never pass ``widest``, and ignore zero, infinity and NaN, which are drawn as arrows.

    Examples
    --------
    >>> ratio_limits([0, 0.07, 42.5, float("inf")])
    (0.05, 50.0)
    """
    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite) & (finite > 0)]
    steps = np.array([step * 10.0**power for power in range(-6, 7) for step in (1, 2, 5)])
    if around or not finite.size:
        finite = np.append(finite, [0.2, 5.0])
    low, high = float(finite.min()), float(finite.max())
    if high / low < 3:
        low, high = low / 1.5, high * 1.5
    below = steps[steps <= low * (1 + 1e-9)].max(initial=steps[0])
    above = steps[steps >= high * (1 - 1e-9)].min(initial=steps[-1])
    return float(max(below, widest[0])), float(min(above, widest[1]))


def ratio_ticks(low: float, high: float, most: int = 7) -> list[float]:
    """Return at most about ``most`` round graduations from ``low`` to ``high``.

    Examples
    --------
    >>> ratio_ticks(0.05, 50)
    [0.1, 0.3, 1.0, 3.0, 10.0, 30.0]
    """
    ticks: list[float] = []
    # Six steps a decade only where three would give no scale to read from.
    for count in (6, 3, 2, 1) if high < 12 * low else (3, 2, 1):
        ticks = [
            float(f"{step * 10.0**power:.6g}") for power in range(-6, 7) for step in _STEPS[count]
        ]
        ticks = [tick for tick in ticks if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)]
        if len(ticks) <= most:
            break
    return ticks


def ratio_text(value: float) -> str:
    """Print a ratio to two digits, with the sign for infinity.

    Near 1 a third digit shows on which side of 1 the ratio lies.

    Examples
    --------
    >>> ratio_text(14.82), ratio_text(0.0849), ratio_text(float("inf")), ratio_text(0)
    ('15', '0.085', '∞', '0')
    >>> ratio_text(1.02), ratio_text(0.997)
    ('1.02', '0.997')
    """
    if math.isinf(value):
        return "∞"
    return format_number(value, 3 if 0.99 < value < 1.05 and value != 1 else 2)


def interval_text(value: float, low: float, high: float) -> str:
    """Print a ratio with its interval, or say that there is none.

    Examples
    --------
    >>> interval_text(15.09, 4.897, 42.47), interval_text(2.4, float("nan"), float("nan"))
    ('15.1 (4.9 to 42.5)', '2.4 (no interval)')
    """
    point, *ends = (text.replace("infinity", "∞") for text in format_ratios(value, low, high))
    return f"{point} ({'no interval' if math.isnan(low) else ' to '.join(ends)})"


def percent_ticks(low: float, high: float, most: int = 9) -> list[float]:
    """Return round probabilities from ``low`` to ``high``, thinned to about ``most``.

    Examples
    --------
    >>> percent_ticks(0.001, 0.5)
    [0.001, 0.005, 0.02, 0.1, 0.3, 0.5]
    """
    inside = [tick for tick in PERCENTS if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)]
    return inside[:: -(-len(inside) // most)] if inside else []


def percent_text(value: float) -> str:
    """Print a probability as percent; see :func:`backpain_stats.estimate.format_percent`.

    Examples
    --------
    >>> percent_text(0.001), percent_text(0.02), percent_text(0.995)
    ('0.1%', '2%', '99.5%')
    """
    text = format_percent(value)[:-1]
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}%"


def ratio_axis(ax: Axes) -> None:
    """Make the horizontal axis logarithmic, with as many round ratios as have room at its ticks."""
    ax.set_xscale("log")
    figure = ax.get_figure(root=True)
    assert figure is not None
    inches = ax.get_window_extent().width / figure.dpi
    ticks = ratio_ticks(*ax.get_xlim(), most=max(3, min(9, int(inches / 0.36))))
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()


def percent_axis(axis: Axis, ticks: Iterable[float]) -> None:
    """Put ticks at probabilities, printed as percent, and none between them."""
    places = list(ticks)
    axis.set_ticks(places, [percent_text(tick) for tick in places])
    axis.set_ticks([], minor=True)


def spaced_ticks(ticks: Iterable[float], start: float, stop: float, gap: float) -> list[float]:
    """Return those of the probabilities whose labels would not overlap.

    The log-odds axis runs from ``start`` to ``stop``; neighbours lie more than
    the share ``gap`` of it apart.

    Examples
    --------
    >>> spaced_ticks([0.01, 0.1, 0.11, 0.5, 0.999], -5.0, 5.0, gap=0.1)
    [0.01, 0.1, 0.5]
    """
    kept: list[float] = []
    last = -math.inf
    for tick in ticks:
        place = float(logit(tick))
        if start <= place <= stop and place - last > gap * (stop - start):
            kept.append(tick)
            last = place
    return kept


def printable(text: object) -> str:
    r"""Return a text without the control characters that no font can draw.

    Examples
    --------
    >>> printable("two\x0blines"), printable("Night sweats")
    ('two lines', 'Night sweats')
    """
    return "".join(c if c == "\n" or category(c) not in UNPRINTABLE else " " for c in str(text))


def text_width(text: str, size: float = FONT, *, bold: bool = False) -> float:
    """Return the width of a text of the current font in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    if not text:
        return 0.0
    font = FontProperties(size=size, weight="bold" if bold else "normal")
    return float(
        max(
            text_to_path.get_text_width_height_descent(line, font, False)[0]
            for line in printable(text).split("\n")
        )
    )


def words(value: object) -> str:
    """Return an identifier as words; nothing for a missing one.

    Examples
    --------
    >>> words("primary_care"), words(None)
    ('primary care', '')
    """
    return printable(value.replace("_", " ")) if isinstance(value, str) else ""


def flag_names(frame: pd.DataFrame) -> list[str]:
    """Return what each row is about: its ``label``, or its ``flag_id`` or ``flag`` as words."""
    for column in ("label", "flag_id", "flag"):
        if column in frame.columns:
            return [words(name) if column != "label" else printable(name) for name in frame[column]]
    return [""] * len(frame)


def flag_and_study(rows: pd.DataFrame) -> list[str]:
    """Return what each row is about, with the study if there is one."""
    return [
        ", ".join(filter(None, (flag, words(row.get("study")))))
        for flag, row in zip(flag_names(rows), rows.to_dict("records"), strict=True)
    ]


def spread_out(places: ArrayLike, gap: float) -> NDArray[np.float64]:
    """Move labels apart until neighbours are ``gap`` from each other, as little as possible.

    Examples
    --------
    >>> spread_out([1.0, 1.1, 5.0], gap=0.5)
    array([0.8, 1.3, 5. ])
    """
    wanted = np.asarray(places, dtype=float)
    order = np.argsort(wanted, kind="stable")
    # Least squares under a minimal gap is a monotone regression of what is left
    # after the gaps are taken out: neighbours that collide share their mean.
    steps = gap * np.arange(wanted.size)
    moved = isotonic_regression(wanted[order] - steps).x if wanted.size else steps
    result = np.empty_like(wanted)
    result[order] = moved + steps
    return result


def require_result(result: object, attributes: Iterable[str], made_by: str) -> None:
    """Raise DataError if the object is not the result that ``made_by`` returns."""
    if not all(hasattr(result, name) for name in attributes):
        raise DataError(
            f"{type(result).__name__} cannot be drawn here; give what {made_by} returns"
        )


def refuse_empty(frame: pd.DataFrame, where: str) -> None:
    """Raise DataError if there is nothing to draw."""
    if frame.empty:
        raise DataError(f"{where} has no rows: there is nothing to draw")


def refuse_many(frame: pd.DataFrame, where: str) -> None:
    """Raise DataError for more rows than a figure with a line for each can show."""
    if len(frame) > MOST_ROWS:
        raise DataError(
            f"{where} has {len(frame):,} rows; a figure shows up to {MOST_ROWS:,}: select some"
        )
