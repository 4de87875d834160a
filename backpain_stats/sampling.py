"""Seeded random and quasi-random numbers, and the posterior draws made from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.checks import check_count
from backpain_stats.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Seed = int | np.random.Generator | None
DEFAULT_SEED = 20131
# A sample of this size takes seconds and a tenth of a gigabyte for each dimension.
MOST_DRAWS = 2**22
DRAWS = 4096  # a power of two keeps the Sobol sample balanced


def generator(seed: Seed) -> np.random.Generator:
    """Return a Generator: the one given, or a new one from an integer seed.

    Raises
    ------
    ArgumentError
        If the seed is neither, nor None.
    """
    if isinstance(seed, np.random.Generator):
        return seed
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError) as error:
        raise ArgumentError(
            f"seed is {seed!r}; give a whole number of 0 or more, a numpy Generator, or None"
        ) from error


def check_draws(draws: int) -> int:
    """Return the number of draws, 2 to ``MOST_DRAWS``, or raise ArgumentError."""
    if check_count(draws, "draws") < 2:
        raise ArgumentError(f"draws is {draws!r}; at least 2 are needed")
    if draws > MOST_DRAWS:
        raise ArgumentError(f"draws is {draws!r}; at most {MOST_DRAWS:,} are made")
    return int(draws)


def quasi_uniform(draws: int, dimensions: int, seed: Seed = DEFAULT_SEED) -> NDArray[np.float64]:
    """Return a scrambled Sobol sample of shape (draws, dimensions), strictly inside (0, 1).

    The sample keeps the balance of the sequence only when ``draws`` is a power
    of two; other sizes are cut from the next power of two.
    """
    from scipy.stats import qmc

    sequence = qmc.Sobol(d=dimensions, scramble=True, rng=generator(seed))
    exponent = max(0, int(np.ceil(np.log2(max(draws, 1)))))
    points = sequence.random_base2(exponent)[:draws]
    tiny = np.finfo(float).eps
    return np.asarray(np.clip(points, tiny, 1 - tiny), dtype=np.float64)


def jeffreys_quantile(
    uniform: ArrayLike, successes: ArrayLike, failures: ArrayLike
) -> NDArray[np.float64]:
    """Map uniforms to draws of Beta(successes + 1/2, failures + 1/2), broadcasting."""
    from scipy.special import betaincinv

    draws = betaincinv(
        np.asarray(successes, dtype=float) + 0.5,
        np.asarray(failures, dtype=float) + 0.5,
        np.asarray(uniform, dtype=float),
    )
    return np.asarray(draws, dtype=np.float64)


def table_draws(
    cells: NDArray[np.int64], uniform: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Map uniforms of shape (draws, 3) to draws of sensitivity and specificity.

    Each is drawn from its Jeffreys posterior, Beta with 1/2 added to both counts,
    independent of the other; of several tables (shape (tables, 4), ordered tp, fp, fn,
    tn) each is equally likely.
    """
    tp, fp, fn, tn = cells[(uniform[:, 0] * len(cells)).astype(int)].T
    return jeffreys_quantile(uniform[:, 1], tp, fn), jeffreys_quantile(uniform[:, 2], tn, fp)


def interval_around(
    estimate: ArrayLike, draws: NDArray[np.float64], level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the equal-tailed interval of draws (last axis), widened to hold the estimate.

    With no case missed the observed sensitivity is 1 and every draw lies
    below it; the interval then ends at the observed value, as the modified
    Jeffreys interval does.
    """
    tails = [(1 - level) / 2, (1 + level) / 2]
    # "lower"/"higher" neighbours need no arithmetic, so that infinite ratios stay infinite.
    low = np.quantile(draws, tails[0], axis=-1, method="lower")
    high = np.quantile(draws, tails[1], axis=-1, method="higher")
    return np.minimum(low, estimate), np.maximum(high, estimate)
