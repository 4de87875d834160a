"""What studies cost, what is left of their worth, and the shares in which it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import isotonic_regression

from backpain_stats.checks import real_number
from backpain_stats.errors import ArgumentError

__all__ = ["Price", "read_price", "share_of", "valued"]


@dataclass(frozen=True, slots=True)
class Price:
    """What a study costs, and to how many patients its result is applied."""

    population: float | None
    cost: float
    fixed_cost: float


def read_price(population: float | None, cost: float, fixed_cost: float) -> Price:
    """Return what a study costs, or say what is not allowed.

    Raises
    ------
    ArgumentError
        If a value is no number of 0 or more, or a cost is given without a population.
    """
    for name, value in (("cost", cost), ("fixed_cost", fixed_cost)):
        if not 0 <= real_number(value) < np.inf:
            raise ArgumentError(f"{name} is {value!r}; it must be a number, 0 or more")
    if population is None:
        if cost or fixed_cost:
            raise ArgumentError(
                "a cost has no counterpart without population, the patients to whom the "
                "recommendation will be applied"
            )
    elif not 0 < real_number(population) < np.inf:
        raise ArgumentError(f"population is {population!r}; it must be a number above 0")
    return Price(population, cost, fixed_cost)


def valued(rows: list[dict[str, Any]], most: float, price: Price) -> list[dict[str, Any]]:
    """Return the studies with their worth rising with n, and what is left of it after cost."""
    rising = isotonic_regression([row["estimate"] for row in rows]).x
    for row, value in zip(rows, rising, strict=True):
        row["estimate"] = float(value)
        row["share"] = share_of(float(value), most)
        row["net_value"] = np.nan
        if price.population is not None:
            paid = price.fixed_cost + price.cost * row["n"]
            row["net_value"] = price.population * row["estimate"] - paid
    best = max((row["net_value"] for row in rows), default=np.nan)
    # None is best where none is worth its cost.
    return [row | {"best": bool(row["net_value"] == best and best > 0)} for row in rows]


def share_of(value: float, most: float) -> float:
    """Return a share of knowing everything, to the digits that draws can show."""
    return round(value / most, 6) if most else np.nan
