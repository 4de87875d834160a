r"""What agreement of two tests in the same patient does to the intervals of their differences.

The model of :func:`~backpain_stats.meta.designs.compare_tests` takes the results of two tests in
one patient as independent given the study. Its estimates stay consistent where they are not (it
is then a composite likelihood), its standard errors do not: with :math:`n_{11}` patients positive
in both of ``n``, the two counts of a study have the covariance

.. math:: \kappa = n_{11} - y_1 y_2 / n.

With the linear approximation of the model, :math:`V_i = W_i^{-1} + G` (``W`` the binomial weights
of a study's rows, ``G`` the between-study covariance of their logits) and
:math:`A = \sum X' V_i^{-1} X`, the covariance of the coefficients becomes

.. math:: V + A^{-1} \Big\{\sum X' V_i^{-1} W_i^{-1} K_i W_i^{-1} V_i^{-1} X\Big\} A^{-1},

``K`` holding :math:`\kappa` for cases and for non-cases (Godambe's information, in short).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.checks import require_columns
from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.meta.designs.compared_tests import ComparedTests

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["agreement_sensitivity"]

_BOTH = ("tp_both", "fp_both")


def agreement_sensitivity(
    compared: ComparedTests, joint: pd.DataFrame | None = None
) -> pd.DataFrame:
    r"""Return the differences of two tests under more and less agreement within patients.

    Parameters
    ----------
    compared : ComparedTests
        Of two tests, with any covariance but ``"scaled"``.
    joint : pandas.DataFrame, optional
        One row per study that prints how the tests agree: ``study``, and how many cases
        (``tp_both``) and non-cases (``fp_both``) were positive in both. With the counts of each
        test, these make the two 2 x 2 tables of agreement.

    Returns
    -------
    pandas.DataFrame
        The columns of :meth:`ComparedTests.differences`, with ``agreement`` in front:
        ``"independent"`` (the model as fitted); ``"printed"`` (as in ``joint``, independent where
        a study prints nothing; only with ``joint``); ``"least"`` and ``"most"`` (the bounds that
        the counts of the two tests allow where a study prints nothing; absent if all print).
        Estimates are the same throughout, intervals are not.

    Raises
    ------
    ArgumentError
        If there are not two tests, or the covariance is ``"scaled"``.
    DataError
        If ``joint`` lacks a column, names an unknown study or one twice, or its counts do not fit
        those of the tests.

    Notes
    -----
    If two tests were given to different numbers of a study's patients, the bounds take as many as
    possible to be the same.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats.meta.designs import compare_tests
    >>> data = pd.DataFrame(
    ...     {"study": list("AABBCCDD"), "test": ["ESR", "CRP"] * 4,
    ...      "tp": [18, 15, 25, 22, 12, 9, 30, 24], "fp": [20, 15, 31, 20, 9, 6, 41, 30],
    ...      "fn": [4, 7, 6, 9, 3, 6, 5, 11], "tn": [80, 85, 120, 131, 51, 54, 99, 110]})
    >>> compared = compare_tests(data, nodes=1, intervals="normal")
    >>> frame = agreement_sensitivity(compared)
    >>> frame = frame.query("measure == 'sensitivity' and kind == 'difference'")
    >>> frame.set_index("agreement")[["estimate", "ci_low", "ci_high"]].round(3)
                 estimate  ci_low  ci_high
    agreement
    independent     0.147   0.030    0.264
    least           0.147   0.013    0.280
    most            0.147   0.074    0.219
    """
    import pandas as pd

    if len(compared.tests) != 2:
        raise ArgumentError(f"{len(compared.tests)} tests were compared; agreement is of two")
    if compared.covariance_model == "scaled":
        raise ArgumentError("covariance='scaled' is not supported; use 'common' or 'arm_based'")
    printed = np.full((len(compared.studies.studies), 2), np.nan)
    if joint is not None:
        printed = _read_joint(compared, joint)
    least, most, independent = _bounds(compared)
    levels = {"independent": independent}
    if joint is not None:
        levels["printed"] = np.where(np.isnan(printed), independent, printed)
    if np.isnan(printed[compared.studies.given.all(axis=1)]).any():
        levels["least"] = np.where(np.isnan(printed), least, printed)
        levels["most"] = np.where(np.isnan(printed), most, printed)
    frames = []
    for name, both in levels.items():
        addition = _addition(compared, both - independent)
        inference = replace(compared.inference, addition=addition)
        frame = replace(compared, inference=inference).differences()
        frame.insert(0, "agreement", name)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def _margins(compared: ComparedTests) -> tuple[Floats, Floats]:
    """Return positives and totals, shape (studies, tests, 2): of cases, then of non-cases."""
    counts = compared.studies.counts.astype(np.float64)
    return counts[:, :, :2], counts[:, :, :2] + counts[:, :, 2:]


def _bounds(compared: ComparedTests) -> tuple[Floats, Floats, Floats]:
    """Return the least, the most and the expected number positive in both, shape (studies, 2)."""
    positives, totals = _margins(compared)
    share = positives / np.maximum(totals, 1)
    first, second = share[:, 0], share[:, 1]
    same = totals.min(axis=1)
    least, most = np.maximum(first + second - 1, 0), np.minimum(first, second)
    return same * least, same * most, same * first * second


def _read_joint(compared: ComparedTests, joint: pd.DataFrame) -> Floats:
    """Return the numbers positive in both, NaN where a study prints none, shape (studies, 2)."""
    require_columns(joint, ("study", *_BOTH), "joint")
    names = [str(name).strip() for name in joint["study"]]
    unknown = [name for name in names if name not in compared.studies.studies]
    if unknown:
        raise DataError(f"joint names studies that were not compared: {', '.join(unknown[:5])}")
    if len(set(names)) < len(names):
        raise DataError("joint names a study more than once")
    positives, totals = _margins(compared)
    printed = np.full((len(compared.studies.studies), 2), np.nan)
    for name, row in zip(names, joint[list(_BOTH)].to_numpy(dtype=np.float64), strict=True):
        study = compared.studies.studies.index(name)
        for column in np.flatnonzero(~np.isnan(row)):
            (first, second), (n, other) = positives[study, :, column], totals[study, :, column]
            low, high = max(first + second - n, 0.0), min(first, second)
            if n != other or not low <= row[column] <= high:
                raise DataError(
                    f"joint has {_BOTH[column]} = {row[column]:g} of {name!r}, where the tests "
                    f"were positive in {first:g} of {n:g} and {second:g} of {other:g}; it must "
                    f"be of the same patients and from {low:g} to {high:g}"
                )
            printed[study, column] = row[column]
    return printed


def _addition(compared: ComparedTests, excess: Floats) -> Floats:
    """Return what covariances ``excess`` of the counts add to that of the coefficients."""
    positives, totals = _margins(compared)
    share = (positives + 0.5) / (totals + 1)
    weights = (totals * share * (1 - share)).reshape(-1, 4)
    shared = compared.between_covariances
    zero = np.zeros((2, 2))
    across = zero if compared.covariance_model == "separate" else shared[0]
    between = np.block([[shared[0], across], [across, shared[1]]])
    if compared.own_sds.size:
        between = between + np.diag(np.tile(compared.own_sds**2, 2))
    information, change = np.zeros((4, 4)), np.zeros((4, 4))
    for weight, extra in zip(weights, excess, strict=True):
        rows = np.flatnonzero(weight)
        spread = np.diag(1 / weight[rows])
        inverse = np.linalg.inv(spread + between[np.ix_(rows, rows)])
        kappa = np.zeros((4, 4))
        for outcome in range(2):
            kappa[outcome, 2 + outcome] = kappa[2 + outcome, outcome] = extra[outcome]
        pull = inverse @ spread
        information[np.ix_(rows, rows)] += inverse
        change[np.ix_(rows, rows)] += pull @ kappa[np.ix_(rows, rows)] @ pull.T
    solved = np.linalg.inv(information)
    addition: Floats = solved @ change @ solved
    return addition
