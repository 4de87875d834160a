"""Testing and test-treatment thresholds: where a flag changes the decision at all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backpain_stats.checks import check_level
from backpain_stats.decide.draws import joint_draws, read_source, with_interval
from backpain_stats.decide.wording import answer, verdict
from backpain_stats.errors import ArgumentError
from backpain_stats.estimate import format_percent
from backpain_stats.evidence import Setting, Target
from backpain_stats.printed.prevalence import PrevalenceLike, read_prevalence
from backpain_stats.sampling import DEFAULT_SEED, DRAWS, Seed

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from backpain_stats.decide.draws import Source
    from backpain_stats.published import AccuracyDraws

__all__ = ["action_threshold", "decision_thresholds", "thresholds"]


def thresholds(
    source: Source,
    *,
    benefit: float,
    harm: float,
    test_harm: float = 0.0,
    pretest: PrevalenceLike | None = None,
    flag: str | Sequence[str] | None = None,
    target: Target | None = None,
    setting: Setting | None = None,
    indirect: bool = False,
    action: str = "imaging",
    level: float = 0.95,
    draws: int = DRAWS,
    seed: Seed = DEFAULT_SEED,
) -> pd.DataFrame:
    r"""Find the pre-test probabilities between which asking about a flag changes what is done.

    Three strategies are compared: act on nobody, act on those with the flag,
    act on everybody ("act" is to image, refer or treat). With benefit
    :math:`B` of acting on a patient with the disease, harm :math:`H` of acting
    on one without it, and harm :math:`T` of asking or testing itself, all in
    one unit, sensitivity :math:`s` and specificity :math:`c`:

    .. math::

        p_\text{act} = \frac{H}{B + H}, \quad
        p_\text{testing} = \frac{(1-c) H + T}{(1-c) H + s B}, \quad
        p_\text{test-treatment} = \frac{c H - T}{c H + (1-s) B}

    A flag that is rarer in patients with the disease (:math:`s + c < 1`) changes what is done
    by its absence: then "act on those without the flag" is the strategy, and :math:`1-s` and
    :math:`1-c` take the places of :math:`s` and :math:`c`.

    Below the testing threshold nobody is acted on, whether or not the flag is
    present; above the test-treatment threshold everybody is. Only between them
    does the flag decide.

    Parameters
    ----------
    source : TwoByTwo, DataFrame, Evidence, or a meta-analysis
        As for :func:`~backpain_stats.natural_frequencies`.
    benefit, harm : float
        The panel's own :math:`B` and :math:`H`, both above 0. Only their ratio
        to each other (and to ``test_harm``) matters.
    test_harm : float, default 0
        The panel's own :math:`T`; a question costs little, a scan does not.
    pretest : float, str or Prevalence, optional
        The panel's prevalence; the answer then also says what happens there.
    flag, target, setting : str, optional
        For evidence: the flags or combinations, the condition and the setting; a frame
        is narrowed by its columns of these names.
    indirect : bool, default False
        For evidence: whether reports on other patients than those asked about, or on
        another target, are used.
    action : str, default "imaging"
        What is done, as a noun (``"MRI"``, ``"referral"``); used in the statement only.
    level : float, default 0.95
        Level of the intervals.
    draws, seed
        Size and seed of the quasi-random sample.

    Returns
    -------
    pandas.DataFrame
        One row a flag: ``acts_if`` (``"present"`` or ``"absent"``); ``action_threshold``;
        ``testing_threshold`` and ``test_action_threshold`` with ``_low`` and ``_high``;
        ``changes_decision`` (whether there is any range at the point
        estimates); ``probability_of_range``, the share of the posterior draws
        with one; ``statement``, the same in a sentence that says no more than
        these shares allow. With ``pretest`` also
        ``pretest``, ``changes_at_pretest``, and ``probability_at_pretest``, the
        share of draws in which the pre-test probability lies in the range.

    Raises
    ------
    ArgumentError
        If ``benefit`` or ``harm`` is not above 0 or ``test_harm`` is negative.
    PretestError
        If ``pretest`` is not strictly between 0 and 1.

    References
    ----------
    Pauker SG, Kassirer JP. The threshold approach to clinical decision making.
    N Engl J Med 1980;302:1109-17. https://doi.org/10.1056/NEJM198005153022003

    Examples
    --------
    A panel that would image up to 99 patients in vain to find one cancer:

    >>> import pandas as pd
    >>> table = pd.DataFrame({"flag": ["cancer_history"],
    ...                       "tp": [4], "fp": [41], "fn": [9], "tn": [1921]})
    >>> row = thresholds(table, benefit=99, harm=1, pretest=0.003).iloc[0]
    >>> print(row["statement"])
    Between 0.069% and 1.4% the flag decides: imaging if present, none if absent. At 0.30%: it
    decides (chance above 99%).
    """
    check_level(level)
    benefit, harm, test_harm = check_values(benefit, harm, test_harm)
    accuracies, unusable = read_source(
        source, flag=flag, target=target, setting=setting, indirect=indirect
    )
    sensitivity, specificity, uniform = joint_draws(accuracies, draws=draws, seed=seed)
    prevalence = None if pretest is None else read_prevalence(pretest)
    rows = []
    for i, accuracy in enumerate(accuracies):
        drawn_here = (sensitivity[i], specificity[i])
        row, (low, high) = _row(accuracy, drawn_here, (benefit, harm, test_harm), level)
        if prevalence is not None:
            drawn = prevalence.draws(uniform)
            point = row["testing_threshold"] < prevalence.estimate < row["test_action_threshold"]
            row["pretest"] = prevalence.estimate
            row["changes_at_pretest"] = point
            row["probability_at_pretest"] = float(np.mean((low < drawn) & (drawn < high)))
        rows.append(row | {"statement": _statement(row, action), "ci_level": level})
    frame = pd.DataFrame(rows).assign(usable=True, reason="")
    if not unusable.empty:
        frame = pd.concat([frame, unusable.assign(usable=False)], ignore_index=True)
    return frame.astype({"n_cases": "Int64"})


def action_threshold(*, benefit: ArrayLike, harm: ArrayLike) -> NDArray[np.float64]:
    """Return the probability of disease at which acting is as good as not acting.

    Examples
    --------
    >>> float(action_threshold(benefit=99, harm=1))
    0.01
    """
    gain, loss = np.asarray(benefit, dtype=float), np.asarray(harm, dtype=float)
    return np.asarray(loss / (gain + loss))


def decision_thresholds(
    sensitivity: ArrayLike,
    specificity: ArrayLike,
    *,
    benefit: ArrayLike,
    harm: ArrayLike,
    test_harm: ArrayLike = 0.0,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the testing and the test-treatment threshold; all arguments broadcast.

    The flag decides between the two; where the first is not below the second
    there is no such range. Formulas and source as in :func:`thresholds`.

    Examples
    --------
    >>> low, high = decision_thresholds(0.8, 0.9, benefit=9, harm=1)
    >>> round(float(low), 4), round(float(high), 4)
    (0.0137, 0.3333)
    """
    s, c = np.asarray(sensitivity, dtype=float), np.asarray(specificity, dtype=float)
    gain, loss, cost = (np.asarray(v, dtype=float) for v in (benefit, harm, test_harm))
    with np.errstate(divide="ignore", invalid="ignore"):
        testing = ((1 - c) * loss + cost) / ((1 - c) * loss + s * gain)
        treating = (c * loss - cost) / (c * loss + (1 - s) * gain)
    return np.asarray(testing), np.asarray(treating)


def check_values(benefit: float, harm: float, test_harm: float) -> tuple[float, float, float]:
    """Return the panel's values as numbers, or say which is not allowed."""
    numbers = []
    for name, value in (("benefit", benefit), ("harm", harm), ("test_harm", test_harm)):
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        allowed = number >= 0 if name == "test_harm" else number > 0
        if not (math.isfinite(number) and allowed):
            bound = "0 or more" if name == "test_harm" else "above 0"
            raise ArgumentError(
                f"{name} is {value!r}; it must be a number {bound}: "
                f"benefit, harm and test_harm are sizes in one common unit"
            )
        numbers.append(number)
    return numbers[0], numbers[1], numbers[2]


def _row(
    accuracy: AccuracyDraws,
    drawn: tuple[NDArray[np.float64], NDArray[np.float64]],
    values: tuple[float, float, float],
    level: float,
) -> tuple[dict[str, Any], tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return the thresholds of one flag with their intervals, and their draws."""
    benefit, harm, test_harm = values
    costs = {"benefit": benefit, "harm": harm, "test_harm": test_harm}
    shares = (accuracy.sensitivity, accuracy.specificity)
    absent = sum(shares) < 1
    if absent:
        shares, drawn = (1 - shares[0], 1 - shares[1]), (1 - drawn[0], 1 - drawn[1])
    point = decision_thresholds(*shares, **costs)
    low, high = decision_thresholds(*drawn, **costs)
    row: dict[str, Any] = {
        **accuracy.labels,
        "n_cases": pd.NA if accuracy.n_cases is None else accuracy.n_cases,
        **costs,
        "acts_if": "absent" if absent else "present",
        "action_threshold": float(action_threshold(benefit=benefit, harm=harm)),
    }
    pairs = (("testing_threshold", point[0], low), ("test_action_threshold", point[1], high))
    for name, estimate, sample in pairs:
        row |= with_interval(name, float(estimate), sample, level)
    row["changes_decision"] = bool(point[0] < point[1])
    row["probability_of_range"] = float(np.mean(low < high))
    return row, (low, high)


def _statement(row: dict[str, Any], action: str) -> str:
    """Say what the thresholds mean, as surely as the chances behind them allow."""
    threshold = format_percent(row["action_threshold"])
    ever = row["probability_of_range"]
    if not row["changes_decision"] or verdict(ever) in ("no", "probably not", "open"):
        otherwise = (
            f"if it never does, {action} is for nobody below {threshold} and for everybody above, "
            "flag or no flag"
        )
        said = answer(
            ever, "the flag decides at some pre-test probability", "the flag never decides"
        )
        return f"{said[0].upper()}{said[1:]}; {otherwise}."
    low, high = row["testing_threshold"], row["test_action_threshold"]
    # Nothing is certain enough to be 100%: a table without a missed case has no upper threshold.
    where = (
        f"Above {format_percent(low)}"
        if high >= 1
        else (f"Between {format_percent(low)} and {format_percent(high)}")
    )
    other = "absent" if row["acts_if"] == "present" else "present"
    text = f"{where} the flag decides: {action} if {row['acts_if']}, none if {other}."
    if "pretest" not in row:
        return text
    instead = "nobody" if row["pretest"] <= low else "everybody"
    said = answer(
        row["probability_at_pretest"], "it decides", f"{action} for {instead}, flag or no flag"
    )
    return f"{text} At {format_percent(row['pretest'])}: {said}."
