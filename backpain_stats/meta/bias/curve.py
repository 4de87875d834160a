"""BiasCurve: accuracy against what is not known of a bias."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from backpain_stats.checks import check_known, real_numbers
from backpain_stats.errors import ArgumentError
from backpain_stats.meta.bias.plain import CURVE_MEASURES, Plain
from backpain_stats.meta.point import MEASURE_TABLE
from backpain_stats.result import Grid, Result, Shown, format_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["Bias", "BiasCurve", "curve_of", "grid_of_numbers"]

Bias = Literal["verification", "reference", "spectrum", "publication"]
_TITLES = {
    "verification": "Partial verification",
    "reference": "Imperfect reference standard",
    "spectrum": "Case-control sampling (spectrum)",
    "publication": "Selective publication",
}
_ENDS = ("estimate", "ci_low", "ci_high")
# Points of a curve that are printed.
_SHOWN = 7


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BiasCurve(Result):
    """Sensitivity, specificity, LR+ and LR- against the parameter of one bias.

    Parameters
    ----------
    bias : {"verification", "reference", "spectrum", "publication"}
    parameter : str
        The column of ``frame`` that the curve runs along.
    neutral : float
        The value of the parameter at which there is no bias: the curve passes through ``plain``.
    frame : pandas.DataFrame
        One row per point and measure: the parameters of the bias, ``measure, estimate, ci_low,
        ci_high, ci_level, method, feasible, reason_code``. ``feasible`` is the share of draws
        that the data admit (of a fit without draws: 0 or 1). ``reason_code`` is ``infeasible``
        where the data contradict the parameters, ``undefined`` where a ratio is 0/0; the estimate
        is then NaN.
    plain : pandas.DataFrame
        The result as it stands: ``measure, estimate, ci_low, ci_high, ci_level, method``.
    bounds : pandas.DataFrame or None
        Between what values the measures lie whatever the rest of the mechanism is: the
        parameter, ``measure, low, high``.
    notes : tuple of str
        What is assumed.
    """

    bias: Bias
    parameter: str
    neutral: float
    frame: pd.DataFrame
    plain: pd.DataFrame
    bounds: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The bias in words."""
        return _TITLES[self.bias]

    @property
    def held(self) -> tuple[str, ...]:
        """The parameters beside the one that the curve runs along."""
        place = list(self.frame.columns).index("measure")
        return tuple(name for name in self.frame.columns[:place] if name != self.parameter)

    def measure(self, name: str) -> pd.DataFrame:
        """Return the points of one measure.

        Raises
        ------
        UnknownNameError
            If it is none of sensitivity, specificity, lr_positive, lr_negative.
        """
        check_known(name, CURVE_MEASURES, "measure")
        return self.frame.loc[self.frame["measure"] == name].reset_index(drop=True)

    def to_frame(self) -> pd.DataFrame:
        """Return ``frame``."""
        return self.frame

    def _shown(self) -> Shown:
        names = [*self.held, self.parameter]
        points = self.frame[names].drop_duplicates()
        chosen = np.unique(np.linspace(0, len(points) - 1, _SHOWN).round().astype(int))
        rows = [self._row("as it stands", self.plain, len(names))]
        for values in points.iloc[chosen].itertuples(index=False):
            at = self.frame[names].eq(list(values)).all(axis=1)
            rows.append(self._row([f"{one:.3g}" for one in values], self.frame.loc[at], len(names)))
        head = [name.replace("_", " ") for name in names]
        labels = [MEASURE_TABLE[name].label for name in CURVE_MEASURES]
        return Shown(self.title, (Grid(rows, (*head, *labels)),), self.notes)

    def _row(self, first: str | list[str], frame: pd.DataFrame, width: int) -> list[str]:
        cells = first if isinstance(first, list) else [first, *[""] * (width - 1)]
        by_name = frame.set_index("measure")
        for name in CURVE_MEASURES:
            values = by_name.loc[name, list(_ENDS)].to_numpy(dtype=np.float64)
            write = MEASURE_TABLE[name].write
            middle, low, high = (write(float(one)) for one in values)
            cells = [*cells, middle if np.isnan(values[0]) else f"{middle} ({low} to {high})"]
        return cells


def grid_of_numbers(
    values: ArrayLike, name: str, low: float, high: float, *, closed: str = "both"
) -> Floats:
    """Return a number or several as an array, all within the limits.

    ``closed`` says which limits belong to it: "both", "high" or "neither".

    Raises
    ------
    ArgumentError
        If one is not.
    """
    numbers = real_numbers(np.atleast_1d(np.asarray(values)))
    if numbers is None or numbers.ndim != 1 or not len(numbers):
        raise ArgumentError(f"{name} is {values!r}; give a number or several")
    above = numbers >= low if closed == "both" else numbers > low
    below = numbers < high if closed == "neither" else numbers <= high
    if not (above & below).all():
        wrong = numbers[~(above & below)][0]
        left, right = "[" if closed == "both" else "(", ")" if closed == "neither" else "]"
        raise ArgumentError(
            f"{name} is {wrong:g}; it must lie in {left}{format_number(low)}, "
            f"{format_number(high)}{right}"
        )
    return numbers


def curve_of(
    bias: Bias,
    plain: Plain,
    points: pd.DataFrame,
    parameters: Mapping[str, Floats],
    *,
    parameter: str,
    neutral: float,
    bounds: pd.DataFrame | None = None,
    notes: tuple[str, ...] = (),
) -> BiasCurve:
    """Put a curve together from what ``Plain.through`` returned at the points of its parameters."""
    place = points["point"].to_numpy()
    columns = {name: values[place] for name, values in parameters.items()}
    frame = points.drop(columns="point")
    for position, (name, values) in enumerate(columns.items()):
        frame.insert(position, name, values)
    missing = frame["estimate"].isna()
    frame["reason_code"] = np.select(
        [missing & (frame["feasible"] < 1), missing], ["infeasible", "undefined"], ""
    )
    unchanged = plain.through(lambda sensitivity, specificity, _: (sensitivity, specificity))
    kept = ["measure", *_ENDS, "ci_level", "method"]
    return BiasCurve(bias, parameter, neutral, frame, unchanged[kept], bounds, notes)
