r"""Two flags of the same patients: differences and ratios, and what their agreement does to them.

Of ``n`` patients of a group ``x`` have one flag, ``y`` the other and ``b`` both. Two sample
proportions of the same patients have the correlation of the two findings,

.. math:: \phi = \frac{b/n - (x/n)(y/n)}{\sqrt{(x/n)(1 - x/n)\,(y/n)(1 - y/n)}},

which enters by the ranks of the draws (a Gaussian copula of the two Beta posteriors). ``b`` is
what a published combination of the two flags prints. Where none does it lies between
:math:`\max(0, x + y - n)` and :math:`\min(x, y)`, and with it every interval.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.special import ndtri

from backpain_stats.published import TableAccuracy, published_reports
from backpain_stats.sampling import interval_around

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backpain_stats.evidence import Evidence
    from backpain_stats.published import AccuracyDraws

    Floats = NDArray[np.float64]

#: Measure -> (how two of them are compared, whether larger is better).
MEASURES: dict[str, tuple[tuple[str, ...], bool]] = {
    "sensitivity": (("difference", "ratio"), True),
    "specificity": (("difference", "ratio"), True),
    "lr_positive": (("ratio",), True),
    "lr_negative": (("ratio",), False),
}
PAIR_COLUMNS = [
    *("cohort_id", "flag_id", "other_flag_id", "measure", "kind", "estimate", "ci_low", "ci_high"),
    *("bound_low", "bound_high", "ci_level", "probability_better", "agreement", "method"),
]


class Printed(NamedTuple):
    """What a published combination of two flags counts: those with both, or with any of them."""

    cases: float
    noncases: float
    any_of: bool
    report_id: str


def printed_agreement(evidence: Evidence) -> dict[tuple[str, frozenset[str]], Printed]:
    """Return what is printed of two flags together, by cohort and pair.

    A combination of two flags with its counts prints it: of "all" (or two at least) how many have
    both, of "any" (or one at least) how many have one or both.
    """
    reports = published_reports(evidence, "combination")
    found: dict[tuple[str, frozenset[str]], Printed] = {}
    for row in evidence.whole.combinations.dropna(subset=["flags"]).to_dict("records"):
        flags = frozenset(str(row["flags"]).split(";"))
        needed = {"all": "2", "any": "1"}.get(row["rule"], str(row["k"]))
        if len(flags) != 2 or needed not in ("1", "2"):
            continue
        margins = reports[row["combination_id"]].printed.margins
        (tp, most_tp), (fp, most_fp) = margins.tp, margins.fp
        if tp == most_tp and fp == most_fp:
            found[str(row["cohort_id"]), flags] = Printed(
                float(tp), float(fp), needed == "1", str(row["combination_id"])
            )
    return found


def pair_rows(
    accuracies: Sequence[AccuracyDraws],
    drawn: tuple[Floats, Floats],
    printed: Mapping[tuple[str, frozenset[str]], Printed],
    level: float,
) -> Iterator[dict[str, Any]]:
    """Yield one row a pair, measure and kind; the columns are ``PAIR_COLUMNS``.

    Parameters
    ----------
    accuracies : sequence of AccuracyDraws
        The flags of one cohort.
    drawn : tuple of numpy.ndarray
        Their sensitivities and specificities, independent of each other, (flags, draws).
    printed : mapping
        As of :func:`printed_agreement`.
    level : float
        Level of the intervals.
    """
    points = np.array([[one.sensitivity, one.specificity] for one in accuracies])
    scores = [np.array([_scores(one) for one in group]) for group in drawn]
    for i, j in combinations(range(len(accuracies)), 2):
        one, other = accuracies[i], accuracies[j]
        both = printed.get(
            (
                str(one.labels["cohort_id"]),
                frozenset((str(one.labels["flag_id"]), str(other.labels["flag_id"]))),
            )
        )
        levels = _correlations(one, other, both)
        samples = {
            name: (
                np.array([group[i] for group in drawn]),
                np.array(
                    [
                        _coupled(group[j], score[i], score[j], rho)
                        for group, score, rho in zip(drawn, scores, rhos, strict=True)
                    ]
                ),
            )
            for name, rhos in levels.items()
        }
        labels = {
            "cohort_id": one.labels["cohort_id"],
            "flag_id": one.labels["flag_id"],
            "other_flag_id": other.labels["flag_id"],
            "ci_level": level,
        }
        for measure in MEASURES:
            for row in _measure_rows(measure, points[[i, j]], samples, level):
                yield labels | row | {"method": _method(one, both)}


def _method(one: AccuracyDraws, both: Printed | None) -> str:
    if both is None:
        return f"{one.basis}; flags independent"
    return f"{one.basis}; agreement printed ({both.report_id})"


def _correlations(
    one: AccuracyDraws, other: AccuracyDraws, both: Printed | None
) -> dict[str, tuple[float, float]]:
    """Return the correlations among cases and among non-cases, by how the flags agree."""
    if not (isinstance(one, TableAccuracy) and isinstance(other, TableAccuracy)):
        return {"independent": (0.0, 0.0)}
    margins = []
    for positive, negative in ((0, 2), (1, 3)):
        x, y = float(one.middle[positive]), float(other.middle[positive])
        n, m = x + float(one.middle[negative]), y + float(other.middle[negative])
        margins.append((x, y, n, m))
    least = tuple(_phi(*margin, 0.0) for margin in margins)
    most = tuple(_phi(*margin, np.inf) for margin in margins)
    if both is not None:
        counts = [
            x + y - given if both.any_of else given
            for given, (x, y, _, _) in zip(both[:2], margins, strict=True)
        ]
        known = [_phi(*margin, count) for margin, count in zip(margins, counts, strict=True)]
        return {"printed": (known[0], known[1])}
    return {
        "independent": (0.0, 0.0),
        "least": (least[0], least[1]),
        "most": (most[0], most[1]),
    }


def _phi(x: float, y: float, n: float, m: float, both: float) -> float:
    """Return the correlation of two sample proportions x/n and y/m.

    ``both``, held within its bounds, counts among the patients that can be the same: as many as
    possible.
    """
    p, q = x / n, y / m
    spread = np.sqrt(p * (1 - p) * q * (1 - q))
    if spread == 0:
        return 0.0
    same = min(n, m)
    share = min(max(both / same, p + q - 1, 0.0), p, q)
    return float((share - p * q) / spread * same / np.sqrt(n * m))


def _scores(values: Floats) -> Floats:
    """Return the normal scores of the ranks of some values."""
    ranks = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return np.asarray(ndtri((ranks + 0.5) / len(values)))


def _coupled(values: Floats, first: Floats, own: Floats, rho: float) -> Floats:
    """Return draws in the order that gives them the correlation with the scores ``first``."""
    if rho == 0:
        return values
    # Rounding may take a correlation of 1 a little beyond it.
    mixed = rho * first + np.sqrt(max(1 - rho**2, 0.0)) * own
    ordered = np.empty_like(values)
    ordered[np.argsort(mixed, kind="stable")] = np.sort(values)
    return ordered


def _measure_rows(
    measure: str,
    points: Floats,
    samples: Mapping[str, tuple[Floats, Floats]],
    level: float,
) -> Iterator[dict[str, Any]]:
    """Yield the rows of one measure, one a kind, with the bounds over the agreement."""
    kinds, larger = MEASURES[measure]
    main = next(iter(samples))
    first, second = (measured(measure, *sample) for sample in samples[main])
    better = first > second if larger else first < second
    point = [measured(measure, *pair) for pair in points]
    for kind in kinds:
        estimate = float(_compared(kind, point[0], point[1]))
        ends = {
            name: interval_around(
                estimate, _compared(kind, *(measured(measure, *one) for one in pair)), level
            )
            for name, pair in samples.items()
        }
        low, high = ends[main]
        yield {
            "measure": measure,
            "kind": kind,
            "estimate": estimate,
            "ci_low": float(low),
            "ci_high": float(high),
            "bound_low": float(min(end[0] for end in ends.values())),
            "bound_high": float(max(end[1] for end in ends.values())),
            "probability_better": float(np.mean(better)),
            "agreement": main,
        }


def measured(measure: str, sensitivity: Any, specificity: Any) -> Floats:
    """Return a measure of accuracy of some sensitivities and specificities."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "lr_positive":
            return np.asarray(sensitivity / (1 - specificity))
        if measure == "lr_negative":
            return np.asarray((1 - sensitivity) / specificity)
    return np.asarray(sensitivity if measure == "sensitivity" else specificity)


def _compared(kind: str, first: Floats, second: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(first - second if kind == "difference" else first / second)
