"""Net benefit and decision curves from summary accuracy and prevalence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backpain_stats.checks import check_fraction, check_level, real_number, real_numbers
from backpain_stats.decide.draws import joint_draws, read_source, with_interval
from backpain_stats.errors import ArgumentError
from backpain_stats.evidence import Setting, Target
from backpain_stats.printed.prevalence import Prevalence, PrevalenceLike, read_prevalence
from backpain_stats.published import LABELS
from backpain_stats.sampling import DEFAULT_SEED, DRAWS, Seed, interval_around
from backpain_stats.tables import posttest_probability

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from backpain_stats.decide.draws import Source

__all__ = ["decision_curve", "decisive_range", "net_benefit"]

IMAGE_ALL, IMAGE_NONE = "image all", "image none"


def decision_curve(
    source: Source,
    prevalence: PrevalenceLike,
    *,
    thresholds: ArrayLike | None = None,
    test_harm: float = 0.0,
    flag: str | Sequence[str] | None = None,
    target: Target | None = None,
    setting: Setting | None = None,
    indirect: bool = False,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: Seed = DEFAULT_SEED,
) -> pd.DataFrame:
    r"""Compute the net benefit of imaging by a flag, over the thresholds a panel may hold.

    Who would image at a probability of disease of :math:`t` or more weighs a
    patient imaged in vain as :math:`t/(1-t)` of a case found. Per patient,

    .. math::

        \mathrm{NB}(t) = \pi s - (1-\pi)(1-c)\,\frac{t}{1-t} - T

    for prevalence :math:`\pi`, sensitivity :math:`s`, specificity :math:`c`
    and harm :math:`T` of asking; to image all is :math:`s = 1, c = 0` and to
    image none is 0.

    Parameters
    ----------
    source : TwoByTwo, DataFrame, Evidence, or a meta-analysis
        As for :func:`~backpain_stats.natural_frequencies`.
    prevalence : float, str or Prevalence
        One prevalence, in any of the forms of ``natural_frequencies``.
    thresholds : array_like, optional
        The probabilities :math:`t`, from 0 to below 1; by default 61 of them,
        from 0 to a quarter beyond the highest post-test probability.
    test_harm : float, default 0
        Harm of asking, in units of a case found.
    flag, target, setting : str, optional
        For evidence: the flags or combinations, the condition and the setting; a frame
        is narrowed by its columns of these names.
    indirect : bool, default False
        For evidence: whether reports on other patients than those asked about, or on
        another target, are used.
    level : float, default 0.95
        Level of the bands (pointwise).
    draws, seed
        Size and seed of the quasi-random sample. All strategies share its
        prevalences, so that their differences are not blurred by it.

    Returns
    -------
    pandas.DataFrame
        One row a strategy and threshold: ``strategy, flag_id, report_id,
        cohort_id, threshold, estimate, ci_low, ci_high, ci_level, prevalence,
        probability_best, method``. ``estimate`` is cases found per patient,
        net of patients imaged in vain; ``probability_best`` the share of draws
        in which no other strategy of the frame has a higher net benefit.

    Raises
    ------
    ArgumentError
        If a threshold is outside [0, 1) or ``test_harm`` is negative.
    PretestError
        If the prevalence is not strictly between 0 and 1.

    Notes
    -----
    Sensitivity and specificity of a yes-or-no flag do not depend on :math:`t`,
    so each curve is a straight line in the odds of :math:`t`.

    References
    ----------
    Vickers AJ, Elkin EB. Decision curve analysis: a novel method for evaluating
    prediction models. Med Decis Making 2006;26:565-74.
    https://doi.org/10.1177/0272989X06295361

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"flag": ["cancer_history"],
    ...                       "tp": [4], "fp": [41], "fn": [9], "tn": [1921]})
    >>> curve = decision_curve(table, prevalence=13 / 1975, thresholds=[0.01])
    >>> curve[["strategy", "threshold", "estimate"]].round(5)
             strategy  threshold  estimate
    0  cancer_history       0.01   0.00182
    1       image all       0.01  -0.00345
    2      image none       0.01   0.00000
    """
    check_level(level)
    if not 0 <= real_number(test_harm) < np.inf:
        raise ArgumentError(f"test_harm is {test_harm!r}; it must be a number, 0 or more")
    accuracies, _ = read_source(
        source, flag=flag, target=target, setting=setting, indirect=indirect
    )
    pi = read_prevalence(prevalence)
    points = np.array([[one.sensitivity, one.specificity] for one in accuracies])
    grid = _grid(thresholds, points, pi.estimate)
    sensitivity, specificity, uniform = joint_draws(accuracies, draws=draws, seed=seed)
    drawn_pi = pi.draws(uniform)
    harms = np.array([*[test_harm] * len(accuracies), 0.0, 0.0])
    # Imaging all is a flag everybody has, imaging none one nobody has.
    always, never = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    all_points = np.vstack([points, always, never])
    estimate = _benefits(all_points[:, 0], all_points[:, 1], pi.estimate, grid, harms)
    fixed = np.ones((2, draws)) * np.array([[1.0], [0.0]])
    sample = _benefits(
        np.vstack([sensitivity, fixed]),
        np.vstack([specificity, 1 - fixed]),
        drawn_pi,
        grid,
        harms,
    )
    low, high = interval_around(estimate, sample, level)
    best = np.mean(sample >= sample.max(axis=1, keepdims=True), axis=-1)
    return _frame(accuracies, grid, (estimate, low, high, best), level, pi)


def net_benefit(
    sensitivity: ArrayLike,
    specificity: ArrayLike,
    prevalence: ArrayLike,
    threshold: ArrayLike,
    *,
    test_harm: ArrayLike = 0.0,
) -> NDArray[np.float64]:
    """Return the net benefit per patient; all arguments broadcast.

    Formula and source as in :func:`decision_curve`.

    Examples
    --------
    >>> float(net_benefit(1.0, 1.0, 0.1, 0.2))
    0.1
    """
    s, c, pi, t, harm = (
        np.asarray(value, dtype=float)
        for value in (sensitivity, specificity, prevalence, threshold, test_harm)
    )
    return np.asarray(pi * s - (1 - pi) * (1 - c) * t / (1 - t) - harm)


def decisive_range(
    source: Source,
    prevalence: PrevalenceLike,
    *,
    flag: str | Sequence[str] | None = None,
    target: Target | None = None,
    setting: Setting | None = None,
    indirect: bool = False,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: Seed = DEFAULT_SEED,
) -> pd.DataFrame:
    r"""Find the imaging thresholds for which a flag decides, at one prevalence.

    A flag that costs nothing to ask about decides for exactly those who would
    image at a probability between the post-test probability without the flag
    and the one with it. Who images at less images everybody; who images at
    more images nobody.

    Parameters
    ----------
    source, prevalence, flag, target, setting, indirect, level, draws, seed
        As for :func:`decision_curve`.

    Returns
    -------
    pandas.DataFrame
        One row a flag: the labels, ``pretest`` (the prevalence),
        ``posttest_absent`` and ``posttest_present`` with ``_low`` and
        ``_high``, and ``ci_level``.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"flag": ["cancer_history"],
    ...                       "tp": [4], "fp": [41], "fn": [9], "tn": [1921]})
    >>> decisive_range(table, 0.003)[["pretest", "posttest_absent", "posttest_present"]].round(4)
       pretest  posttest_absent  posttest_present
    0    0.003           0.0021            0.0424
    """
    check_level(level)
    accuracies, _ = read_source(
        source, flag=flag, target=target, setting=setting, indirect=indirect
    )
    pi = read_prevalence(prevalence)
    sensitivity, specificity, uniform = joint_draws(accuracies, draws=draws, seed=seed)
    drawn_pi = pi.draws(uniform)
    rows = []
    for i, one in enumerate(accuracies):
        row: dict[str, Any] = {**one.labels, "pretest": pi.estimate}
        point = _posttests(one.sensitivity, one.specificity, pi.estimate)
        sample = _posttests(sensitivity[i], specificity[i], drawn_pi)
        for name, estimate, values in zip(("absent", "present"), point, sample, strict=True):
            row |= with_interval(f"posttest_{name}", estimate, values, level)
        rows.append(row | {"ci_level": level})
    return pd.DataFrame(rows)


def _posttests(s: Any, c: Any, pi: Any) -> tuple[Any, Any]:
    """Return the post-test probabilities without and with the flag."""
    with np.errstate(divide="ignore", invalid="ignore"):
        negative, positive = np.divide(1 - s, c), np.divide(s, 1 - c)
    return posttest_probability(pi, negative), posttest_probability(pi, positive)


def _grid(
    thresholds: ArrayLike | None, points: NDArray[np.float64], prevalence: float
) -> NDArray[np.float64]:
    """Return the thresholds asked for, or those over which the flags differ."""
    if thresholds is None:
        present = _posttests(points[:, 0], points[:, 1], prevalence)[1]
        upper = min(0.95, 1.25 * max(prevalence, float(np.nanmax(present, initial=0))))
        return np.linspace(0, upper, 61)
    given = real_numbers(thresholds)
    if given is None or not given.size:
        raise ArgumentError(f"thresholds is {thresholds!r}; give numbers from 0 to below 1")
    grid = np.atleast_1d(given)
    if not np.all((grid >= 0) & (grid < 1)):
        wrong = grid[~((grid >= 0) & (grid < 1))][0]
        check_fraction(float(wrong), "threshold", closed=True)
        raise ArgumentError("threshold is 1: nobody would ever be imaged; give values below 1")
    return grid


def _benefits(
    s: NDArray[np.float64],
    c: NDArray[np.float64],
    pi: Any,
    grid: NDArray[np.float64],
    harms: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return net benefits of shape (thresholds, strategies) or (..., draws)."""
    extra = (1,) * (s.ndim - 1)
    return net_benefit(
        s[None],
        c[None],
        pi,
        grid.reshape(-1, 1, *extra),
        test_harm=harms.reshape(1, -1, *extra),
    )


def _frame(
    accuracies: Sequence[Any],
    grid: NDArray[np.float64],
    values: tuple[NDArray[np.float64], ...],
    level: float,
    prevalence: Prevalence,
) -> pd.DataFrame:
    """Return the long frame, strategy by strategy."""
    estimate, low, high, best = values
    bases = [one.basis for one in accuracies]
    labels = [dict(one.labels) for one in accuracies] + [dict.fromkeys(LABELS, pd.NA)] * 2
    names = [str(one.labels["flag_id"]) for one in accuracies] + [IMAGE_ALL, IMAGE_NONE]
    parts = []
    for i, name in enumerate(names):
        basis = bases[i] if i < len(bases) else "no accuracy needed"
        part = pd.DataFrame(
            {
                "threshold": grid,
                "estimate": estimate[:, i],
                "ci_low": low[:, i],
                "ci_high": high[:, i],
                "ci_level": level,
                "prevalence": prevalence.estimate,
                "probability_best": best[:, i],
                "method": f"{basis}; prevalence {prevalence.kind}",
            }
        )
        for position, (column, value) in enumerate(labels[i].items()):
            part.insert(position, column, pd.Series([value] * len(part), dtype="string"))
        part.insert(0, "strategy", name)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)
