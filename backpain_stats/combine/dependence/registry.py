"""The dependence models that can be asked for by name, and where each is offered.

The command line, the overview of all patterns, the explorer and calibration
read this list; a new dependence model is its own file and one :func:`register`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from backpain_stats.checks import unknown_name
from backpain_stats.combine.dependence.base import Dependence
from backpain_stats.combine.dependence.bounds import Bounds
from backpain_stats.combine.dependence.independent import Independent
from backpain_stats.combine.dependence.maximum_entropy import MaximumEntropy
from backpain_stats.combine.dependence.mixed_factor import MixedOneFactor
from backpain_stats.combine.dependence.one_factor import OneFactor
from backpain_stats.combine.dependence.shrunken import Shrunken
from backpain_stats.errors import ArgumentError

__all__ = [
    "DEFAULT",
    "REGISTERED",
    "Offer",
    "Place",
    "Registration",
    "dependence_from_words",
    "offers",
    "register",
    "registered",
]

Place = Literal["overview", "explorer", "calibration"]


@dataclass(frozen=True, slots=True)
class Offer:
    """One dependence model, parameters included, as places offer it.

    Parameters
    ----------
    label : str
        Its name in tables.
    dependence : Dependence
        The model.
    places : tuple of {"overview", "explorer", "calibration"}
        Where it is offered.
    key, sentence, caution : str
        For the explorer: a name for its data, its name for readers, and what to say of several
        findings. Without a key or a sentence the label stands in.
    """

    label: str
    dependence: Dependence
    places: tuple[Place, ...]
    key: str = ""
    sentence: str = ""
    caution: str = ""


@dataclass(frozen=True, slots=True)
class Registration:
    """A dependence model by its name at the command line.

    Parameters
    ----------
    name : str
        As after ``--dependence``.
    build : callable
        Makes it from the words of its own options, name to text; without any, the default.
    options : tuple of str
        The options of the command line that it takes, such as ``"rho"``.
    offers : tuple of Offer
        What is offered elsewhere.
    """

    name: str
    build: Callable[[Mapping[str, str]], Dependence]
    options: tuple[str, ...] = ()
    offers: tuple[Offer, ...] = ()


def _one_factor(words: Mapping[str, str]) -> Dependence:
    """Return one-factor dependence from ``--rho``: one number, or two for cases and non-cases."""
    if "rho" not in words:
        return OneFactor()
    try:
        values = [float(one) for one in words["rho"].replace(",", " ").split()]
    except ValueError:
        values = []
    if len(values) not in {1, 2}:
        raise ArgumentError(f"--rho is {words['rho']!r}; give one number, or two: cases,non-cases")
    return OneFactor(values[0], values[-1])


_ASSUMED = (
    "How these findings occur together was not found in print: their correlation is "
    "assumed, and the interval does not vary it. Try the other models."
)
_MULTIPLIED = "Multiplying likelihood ratios was overconfident in patients with low back pain."
_EVERYWHERE: tuple[Place, ...] = ("overview", "explorer", "calibration")


def _one_factor_offer(rho: float, key: str) -> Offer:
    return Offer(
        f"one-factor, rho {rho}",
        OneFactor(rho, rho),
        _EVERYWHERE,
        key,
        f"One shared factor, correlation {rho}",
        _ASSUMED,
    )


_MULTIPLY = Offer(
    "independent",
    Independent(),
    _EVERYWHERE,
    sentence="Independent: the ratios are multiplied",
    caution=_MULTIPLIED,
)
_ENTROPY = Offer(
    "maximum entropy",
    MaximumEntropy(),
    ("overview", "explorer"),
    "maximum_entropy",
    "Maximum entropy, with the published combination",
)
_BOUNDS = Offer("bounds", Bounds(), ("explorer",), sentence="No assumption: the sharp bounds")

_SHRINK = Offer(
    "shrunken product",
    Shrunken(),
    _EVERYWHERE,
    "shrunken",
    "Product of the ratios, shrunk by the effective number of findings",
    "How these findings occur together was not found in print. How much a product is worth was "
    "learned from patients with other conditions.",
)

#: Name of the default, which is shown first where a reader chooses one.
DEFAULT = Shrunken.name

#: By name, in the order in which tables list them.
REGISTERED: dict[str, Registration] = {
    one.name: one
    for one in (
        Registration("independent", lambda words: Independent(), offers=(_MULTIPLY,)),
        Registration(
            "one-factor",
            _one_factor,
            ("rho",),
            (_one_factor_offer(0.2, "one_factor"), _one_factor_offer(0.4, "one_factor_0.4")),
        ),
        Registration("maximum-entropy", lambda words: MaximumEntropy(), offers=(_ENTROPY,)),
        Registration("bounds", lambda words: Bounds(), offers=(_BOUNDS,)),
        Registration("shrunken", lambda words: Shrunken(), offers=(_SHRINK,)),
        Registration("mixed-one-factor", lambda words: MixedOneFactor()),
    )
}


def register(registration: Registration) -> None:
    """Make a dependence model known by its name.

    Raises
    ------
    ArgumentError
        If the name is taken.
    """
    if registration.name in REGISTERED:
        raise ArgumentError(f"a dependence model named {registration.name!r} is registered already")
    REGISTERED[registration.name] = registration


def registered() -> tuple[str, ...]:
    """Return the names of the dependence models, the default first.

    Examples
    --------
    >>> registered()[:3]
    ('shrunken', 'independent', 'one-factor')
    """
    return tuple(sorted(REGISTERED, key=lambda name: name != DEFAULT))


def offers(place: Place, *, default_first: bool = False) -> tuple[Offer, ...]:
    """Return the dependence models offered in a place.

    Examples
    --------
    >>> [one.label for one in offers("calibration")]
    ['independent', 'one-factor, rho 0.2', 'one-factor, rho 0.4', 'shrunken product']
    """
    names = registered() if default_first else tuple(REGISTERED)
    found = [one for name in names for one in REGISTERED[name].offers]
    return tuple(one for one in found if place in one.places)


def dependence_from_words(name: str, words: Mapping[str, str]) -> Dependence:
    """Return the dependence model of a name, built from the options given beside it.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    ArgumentError
        If an option is not one of its own, or cannot be read.

    Examples
    --------
    >>> dependence_from_words("one-factor", {"rho": "0.1,0.3"})
    OneFactor(rho_cases=0.1, rho_noncases=0.3, rho_prior=None)
    """
    if name not in REGISTERED:
        raise unknown_name(name, registered(), "dependence")
    own = REGISTERED[name]
    for option in words:
        if option not in own.options:
            takers = [one.name for one in REGISTERED.values() if option in one.options]
            raise ArgumentError(
                f"--{option} is for {' or '.join(takers)} dependence; {name} has no {option}"
            )
    return own.build(words)
