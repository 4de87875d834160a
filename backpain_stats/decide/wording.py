"""Sentences that follow from the chance behind them; nothing else decides their words."""

from __future__ import annotations

from typing import Literal

import pandas as pd

__all__ = ["Verdict", "answer", "chance_text", "verdict", "without"]

Verdict = Literal["yes", "probably", "open", "probably not", "no"]
# The least chance of each verdict; below the last it is "no".
_VERDICTS: tuple[tuple[float, Verdict], ...] = (
    (0.95, "yes"),
    (0.80, "probably"),
    (0.20, "open"),
    (0.05, "probably not"),
)


def verdict(chance: float) -> Verdict:
    """Return what a chance allows to say.

    Parameters
    ----------
    chance : float
        Share of posterior draws in which it is so.

    Returns
    -------
    {"yes", "probably", "open", "probably not", "no"}
        ``yes`` from 95% on, ``probably`` from 80% on, ``no`` below 5%, ``probably not`` below
        20%, and ``open`` between.

    Examples
    --------
    >>> [verdict(chance) for chance in (0.99, 0.86, 0.46, 0.1, 0.01)]
    ['yes', 'probably', 'open', 'probably not', 'no']
    """
    return next((word for least, word in _VERDICTS if chance >= least), "no")


def answer(chance: float, yes: str, no: str) -> str:
    """Answer whether something is so, as surely as its chance allows, with the chance.

    Parameters
    ----------
    chance : float
        Share of posterior draws in which it is so.
    yes, no : str
        The two answers; the chance is always that of ``yes``.

    Examples
    --------
    >>> answer(0.99, "it decides", "it does not decide")
    'it decides (chance 99%)'
    >>> answer(0.46, "it decides", "it does not decide")
    'open whether it decides (chance 46%)'
    >>> answer(0.1, "it decides", "it does not decide")
    'probably it does not decide (chance that it decides 10%)'
    """
    said, text = verdict(chance), chance_text(chance)
    if said == "open":
        return f"open whether {yes} (chance {text})"
    hedge = "probably " if said.startswith("probably") else ""
    if said in ("yes", "probably"):
        return f"{hedge}{yes} (chance {text})"
    return f"{hedge}{no} (chance that {yes} {text})"


def chance_text(chance: float) -> str:
    """Print a share of posterior draws: whole percents, since they say no more than that.

    Examples
    --------
    >>> chance_text(0.986), chance_text(0.0024), chance_text(1.0)
    ('99%', 'below 1%', 'above 99%')
    """
    if pd.isna(chance):
        return ""
    if chance < 0.01:
        return "below 1%"
    return "above 99%" if chance > 0.99 else f"{chance:.0%}"


def without(action: str) -> str:
    """Return the absence of an action.

    Examples
    --------
    >>> without("MRI"), without("a blood test"), without("an ultrasound scan")
    ('no MRI', 'no blood test', 'no ultrasound scan')
    """
    return f"no {action.removeprefix('a ').removeprefix('an ')}"
