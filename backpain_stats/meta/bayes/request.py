"""What is asked of a posterior, and whether it was got: the same rules for every model."""

from __future__ import annotations

from backpain_stats.checks import check_count
from backpain_stats.errors import ArgumentError, FitError
from backpain_stats.meta.bayes.importance import WORST_K_HAT, WeightedSample
from backpain_stats.meta.bayes.priors import Priors
from backpain_stats.sampling import DEFAULT_SEED, Seed

__all__ = [
    "EFFECTIVE_SIZE",
    "FEWEST_EFFECTIVE_DRAWS",
    "check_effective_size",
    "check_priors",
    "refuse_bayes_options",
    "require_effective",
    "round_size",
]

EFFECTIVE_SIZE = 4000
# Below this a 95% interval's ends are blurred by the sampling itself
# (Vehtari et al. 2021, https://doi.org/10.1214/20-BA1221: 100 for each of four chains).
FEWEST_EFFECTIVE_DRAWS = 400


def check_effective_size(effective_size: int) -> int:
    """Return the effective draws asked for, 400 or more, or raise ArgumentError."""
    size = check_count(effective_size, "effective_size")
    if size < FEWEST_EFFECTIVE_DRAWS:
        raise ArgumentError(
            f"effective_size is {effective_size}; it must be {FEWEST_EFFECTIVE_DRAWS} or more"
        )
    return size


def check_priors(priors: Priors | None) -> Priors:
    """Return the priors, by default those of ``Priors()``, or raise ArgumentError."""
    if priors is None:
        return Priors()
    if not isinstance(priors, Priors):
        raise ArgumentError(f"priors must be a Priors object, not {type(priors).__name__}")
    return priors


def refuse_bayes_options(priors: Priors | None, effective_size: int, seed: Seed) -> None:
    """Refuse options of a posterior where the likelihood alone is asked for."""
    defaults = {"priors": None, "effective_size": EFFECTIVE_SIZE, "seed": DEFAULT_SEED}
    given = {"priors": priors, "effective_size": effective_size, "seed": seed}
    if moved := [name for name, value in given.items() if not _is_same(value, defaults[name])]:
        raise ArgumentError(f"{', '.join(moved)}: only inference='bayes' takes such options")


def _is_same(value: object, default: object) -> bool:
    """Whether an option was left alone; a frame or an array in its place has no truth value."""
    return value is default or (isinstance(value, int) and value == default)


def round_size(effective_size: int) -> int:
    """Return the draws of a round, the next power of two: about two rounds reach the size.

    Examples
    --------
    >>> round_size(4000)
    4096
    """
    return 1 << (effective_size - 1).bit_length()


def require_effective(found: WeightedSample, advice: str) -> WeightedSample:
    """Return a sample whose diagnostics are good enough; else refuse it, with an advice."""
    if found.k_hat < WORST_K_HAT and found.effective_size >= FEWEST_EFFECTIVE_DRAWS:
        return found
    raise FitError(
        f"importance sampling failed: k-hat {found.k_hat:.2f} (must be below {WORST_K_HAT}), "
        f"{found.effective_size:.0f} effective draws (at least {FEWEST_EFFECTIVE_DRAWS})"
        f"{advice}"
    )
