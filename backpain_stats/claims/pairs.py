"""Post-test probabilities of one finding at several pre-tests, and the one ratio behind them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backpain_stats.claims.claim import Claim, exact_odds, read_claims
from backpain_stats.claims.inputs import Inputs, collect_inputs
from backpain_stats.claims.pretests import round_to_two_figures
from backpain_stats.claims.wording import two_figures
from backpain_stats.evidence import require_evidence

if TYPE_CHECKING:
    from backpain_stats.evidence import Evidence

__all__ = ["reproduce_pairs"]

COLUMNS = [
    *(
        "flag_id",
        "target",
        "setting",
        "statistic",
        "reported_in",
        "quotes",
        "claims",
        "pretests",
        "printed",
    ),
    *("lr_low_exact_odds", "lr_high_exact_odds", "lr_low_rounded_odds", "lr_high_rounded_odds"),
    *("verdict", "finding", "lr_one_decimal_exact_odds", "lr_one_decimal_rounded_odds"),
    *("published_lr", "published_in", "explanation"),
]
Band = tuple[Fraction, Fraction | None]


def reproduce_pairs(evidence: Evidence) -> pd.DataFrame:
    r"""Ask of claims about one finding at several pre-tests whether one ratio explains them.

    A printed post-test probability p at pre-test odds o comes from a
    likelihood ratio between

    .. math::
       \frac{p_{low}}{1 - p_{low}} \Big/ o \quad\text{and}\quad
       \frac{p_{high}}{1 - p_{high}} \Big/ o

    where the ends are those of the values that print as p. The bands of one
    finding at several pre-tests must overlap. They are compared as exact
    fractions, with exact pre-test odds, and with odds rounded to two
    significant figures, as in a worked example done by hand.

    Parameters
    ----------
    evidence : Evidence
        The evidence.

    Returns
    -------
    pandas.DataFrame
        One row per finding and source: ``flag_id, target, setting, statistic, reported_in,
        quotes``; ``claims, pretests, printed`` (joined by semicolons); the band
        in which the ratio must lie under either convention
        (``lr_low_exact_odds`` and so on; NaN where there is none);
        ``verdict`` and ``finding`` ("exact_odds", "rounded_odds" or "none");
        ``lr_one_decimal_exact_odds`` and ``lr_one_decimal_rounded_odds``, the
        ratios with one decimal in each band (NA if none); ``published_lr`` and
        ``published_in``, ratios that are printed elsewhere for this finding
        and lie in one of the bands; ``explanation``.

    Examples
    --------
    >>> from backpain_stats import load_evidence
    >>> pairs = reproduce_pairs(load_evidence()).set_index("flag_id")
    >>> row = pairs.loc["cancer_history"]
    >>> row["finding"], row["lr_one_decimal_rounded_odds"], row["published_in"]
    ('rounded_odds', '23.7', 'henschke2007_cancer_history')
    """
    inputs = collect_inputs(require_evidence(evidence))
    groups: dict[tuple[str, ...], list[Claim]] = {}
    for claim in read_claims(evidence):
        if claim.is_posttest and claim.exact_pretest and claim.value and claim.get("flag_id"):
            names = ("flag_id", "target", "statistic", "reported_in", "setting")
            groups.setdefault(tuple(claim.get(name) for name in names), []).append(claim)
    rows = [
        _row(claims, inputs)
        for claims in groups.values()
        if len({claim.exact_pretest for claim in claims}) > 1
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    numbers = [name for name in COLUMNS if name.startswith(("lr_low", "lr_high"))]
    texts = dict.fromkeys(frame.columns.difference(numbers), "string")
    return frame.astype(texts | dict.fromkeys(numbers, "float64"))


def _row(claims: Sequence[Claim], inputs: Inputs) -> dict[str, Any]:
    """Return the row of one finding."""
    first = claims[0]
    exact = _common(_band(claim, _odds(claim)) for claim in claims)
    rounded = _common(_band(claim, round_to_two_figures(_odds(claim))) for claim in claims)
    row: dict[str, Any] = {
        name: first.row.get(name)
        for name in ("flag_id", "target", "setting", "statistic", "reported_in", "quotes")
    }
    row |= {
        "claims": "; ".join(claim.get("claim_id") for claim in claims),
        "pretests": "; ".join(claim.get("pretest") for claim in claims),
        "printed": "; ".join(claim.printed for claim in claims),
    }
    texts = []
    for band, name in ((exact, "exact"), (rounded, "rounded")):
        row[f"lr_low_{name}_odds"] = float(band[0]) if band else np.nan
        row[f"lr_high_{name}_odds"] = _float(band[1]) if band else np.nan
        tenths = "; ".join(_one_decimal(band)) if band else ""
        row[f"lr_one_decimal_{name}_odds"] = tenths or None
        if band:
            span = f"from {float(band[0]):.3f} to {_float(band[1]):.3f}"
            texts.append(f"with {name} odds it lies {span} (with one decimal: {tenths or 'none'})")
    row |= _verdict(claims, exact, rounded)
    published = [
        (source, ratio)
        for source, ratio in _published(first, inputs)
        if any(band and _inside(ratio, band) for band in (exact, rounded))
    ]
    row["published_lr"] = "; ".join(f"{float(ratio):.3g}" for _, ratio in published) or None
    row["published_in"] = "; ".join(source for source, _ in published) or None
    if published:
        texts.append(f"{row['published_lr']} is printed in {row['published_in']}")
    text = f"{row['printed']} at pre-tests {row['pretests']}: {row['verdict']}"
    return row | {"explanation": "; ".join([text, *texts]) + "."}


def _verdict(claims: Sequence[Claim], exact: Band | None, rounded: Band | None) -> dict[str, str]:
    """Return which convention lets one ratio explain all claims."""
    if exact is not None:
        return {"finding": "exact_odds", "verdict": "one ratio explains them"}
    if rounded is None:
        return {"finding": "none", "verdict": "no single ratio explains them"}
    odds = [two_figures(float(round_to_two_figures(_odds(claim)))) for claim in claims]
    verdict = f"one ratio explains them only with pre-test odds rounded to {' and '.join(odds)}"
    return {"finding": "rounded_odds", "verdict": verdict}


def _odds(claim: Claim) -> Fraction:
    assert claim.exact_pretest is not None  # only claims with a pre-test are grouped
    return exact_odds(claim.exact_pretest)


def _band(claim: Claim, odds: Fraction) -> Band:
    """Return the ratios with which pre-test odds give a post-test that prints as the claim."""
    assert claim.value is not None  # only claims with a value are grouped
    low, high = claim.value.low, claim.value.high
    least = Fraction(0) if low is None or low <= 0 else exact_odds(low) / odds
    most = None if high is None or high >= 1 else exact_odds(high) / odds
    return least, most


def _common(bands: Iterable[Band]) -> Band | None:
    """Return the overlap of bands, or None."""
    least, most = Fraction(0), None
    for low, high in bands:
        least = max(least, low)
        if high is not None:
            most = high if most is None else min(most, high)
    return None if most is not None and least > most else (least, most)


def _inside(number: Fraction, band: Band) -> bool:
    return band[0] <= number and (band[1] is None or number <= band[1])


def _one_decimal(band: Band) -> list[str]:
    """Return the numbers with one decimal in a bounded band."""
    if band[1] is None:
        return []
    tenths = range(ceil(band[0] * 10), floor(band[1] * 10) + 1)
    return [f"{tenth // 10}.{tenth % 10}" for tenth in tenths]


def _published(claim: Claim, inputs: Inputs) -> list[tuple[str, Fraction]]:
    """Return the ratios that are printed elsewhere for the finding of a claim."""
    return [
        (candidate.source, ratio)
        for candidate in inputs.candidates(claim)
        if claim.measure in candidate.ratios
        and (ratio := candidate.ratios[claim.measure].value.point) is not None
    ]


def _float(bound: Fraction | None) -> float:
    return np.inf if bound is None else float(bound)
