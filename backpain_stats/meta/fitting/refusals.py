"""What the bivariate model cannot learn from some data, said before it is tried.

Nothing is fitted silently in its place: every message names the ways out.
"""

from __future__ import annotations

import numpy as np

from backpain_stats.checks import COUNT_COLUMNS, listed
from backpain_stats.errors import DataError, NotEstimableError
from backpain_stats.meta.arrays import Booleans, Counts, Floats
from backpain_stats.meta.design import Design
from backpain_stats.meta.fitting.structure import Structure
from backpain_stats.meta.likelihood.parameters import sds_from_root
from backpain_stats.meta.studies import OUTCOMES, PATIENTS, Studies

OTHER_WAYS = (
    "use inference='bayes', whose priors carry what the studies do not, or effects='common', "
    "which assumes one sensitivity and one specificity for all studies"
)
# A mean needs one study and a spread at least three more.
_SPARE_STUDIES = 3
# A mean logit or an SD this large means that the likelihood has no maximum.
_LARGEST_LOGIT, _LARGEST_SD = 15.0, 15.0


def refuse_too_few(studies: Studies, design: Design, structure: Structure) -> None:
    """Refuse what the random-effects model cannot learn from these studies."""
    informed = studies.arms.sum(axis=0)
    for outcome, count, width, patients in zip(
        OUTCOMES, informed, design.widths, PATIENTS, strict=True
    ):
        if not count:
            raise NotEstimableError(
                f"no study has any {patients}: {outcome} cannot be estimated from these data"
            )
        spread = f"sd_{outcome}" in structure.measures
        needed = width + (_SPARE_STUDIES if spread else 0)
        if count < needed:
            many = f"{count} stud{'y has' if count == 1 else 'ies have'}"
            coefficients = "mean" if width == 1 else f"{width} coefficients"
            variance = " and the between-study variance" if spread else ""
            raise NotEstimableError(
                f"{many} {patients}, too few for the {coefficients}{variance} "
                f"of {outcome} (at least {needed} are needed): {OTHER_WAYS}"
            )


def refuse_perfect(counts: Counts, structure: Structure) -> None:
    """Refuse data whose exact likelihood has no maximum, where that is plain to see.

    A proportion that is 0 or 1 throughout pulls the mean to infinity; studies that are
    each all or nothing pull the variance there, unless it is held at 0.
    """
    totals = dict(zip(COUNT_COLUMNS, counts.sum(axis=0), strict=True))
    for cell, outcome, value in (
        ("fn", "sensitivity", 1),
        ("tp", "sensitivity", 0),
        ("fp", "specificity", 1),
        ("tn", "specificity", 0),
    ):
        if totals[cell] == 0:
            raise NotEstimableError(
                f"{cell} is 0 in every study: the likelihood is largest at a {outcome} of exactly "
                f"{value}, where a random-effects model has no standard errors; {OTHER_WAYS}"
            )
    tp, fp, fn, tn = counts.T
    for outcome, events, others in (("sensitivity", tp, fn), ("specificity", tn, fp)):
        spread = f"sd_{outcome}" in structure.measures
        if spread and np.all((events == 0) | (others == 0)):
            raise NotEstimableError(_all_or_nothing(outcome))


def _all_or_nothing(outcome: str) -> str:
    return (
        f"the likelihood has no maximum: the {outcome} of (some of) the studies is all or nothing, "
        f"and its mean or variance grows without bound; {OTHER_WAYS}"
    )


def refuse_zero_cells(studies: Studies, correction: str) -> None:
    """Refuse zero cells without a correction: their logits are infinite."""
    if correction != "none":
        return
    counts, arms = studies.used_counts, studies.arms
    bad = (arms[:, 0] & ((counts[:, 0] == 0) | (counts[:, 2] == 0))) | (
        arms[:, 1] & ((counts[:, 1] == 0) | (counts[:, 3] == 0))
    )
    if np.any(bad):
        names = [name for name, one in zip(studies.used_names, bad, strict=True) if one]
        raise DataError(
            f"zero cells in {listed(map(repr, names), 3)}: the normal likelihood has no "
            "logit for them; choose correction='zero_cells' or 'all', or likelihood='binomial', "
            "which needs none"
        )


def diverged(
    coefficients: Floats, root: Floats, designs: tuple[Floats, Floats], arms: Booleans
) -> Booleans:
    """Return for each outcome whether its means or its SD have run off, shape (2,).

    ``arms`` says which studies inform which outcome, shape (studies, 2).
    """
    first, second = designs
    width = first.shape[1]
    means = (first @ coefficients[:width], second @ coefficients[width:])
    sds = sds_from_root(root)[:2]
    largest = [
        np.abs(mean[some]).max(initial=0.0) for mean, some in zip(means, arms.T, strict=True)
    ]
    return (sds > _LARGEST_SD) | (np.array(largest) > _LARGEST_LOGIT)


def refuse_divergence(run_off: Booleans) -> None:
    """Refuse a likelihood without a maximum: studies that are all or nothing."""
    for outcome, one in zip(OUTCOMES, run_off, strict=True):
        if one:
            raise NotEstimableError(_all_or_nothing(outcome))
