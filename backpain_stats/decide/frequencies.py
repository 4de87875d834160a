"""Natural frequencies: what a flag does to 1,000 patients, in whole patients."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backpain_stats.checks import COUNT_COLUMNS, check_count, check_level
from backpain_stats.decide.draws import joint_draws, read_source, with_interval
from backpain_stats.errors import ArgumentError
from backpain_stats.evidence import Setting, Target
from backpain_stats.printed.prevalence import Prevalence, PrevalenceLike, read_prevalences
from backpain_stats.sampling import DEFAULT_SEED, DRAWS, Seed, interval_around

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backpain_stats.decide.draws import Source
    from backpain_stats.published import AccuracyDraws

__all__ = ["natural_frequencies"]


def natural_frequencies(
    source: Source,
    prevalence: PrevalenceLike | Iterable[PrevalenceLike],
    *,
    per: int = 1000,
    flag: str | Sequence[str] | None = None,
    target: Target | None = None,
    setting: Setting | None = None,
    indirect: bool = False,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: Seed = DEFAULT_SEED,
) -> pd.DataFrame:
    r"""Say what becomes of ``per`` patients if those with the flag are imaged.

    With sensitivity :math:`s`, specificity :math:`c`, prevalence :math:`\pi`
    and :math:`N` patients, the flag is expected to find :math:`N\pi s` of the
    diseased and to miss :math:`N\pi(1-s)`, to alarm :math:`N(1-\pi)(1-c)` of
    the others and to reassure :math:`N(1-\pi)c` of them.

    Parameters
    ----------
    source : TwoByTwo, DataFrame, Evidence, or a meta-analysis
        A table; a frame with the columns ``tp, fp, fn, tn``, one row a flag
        (rows of :func:`~backpain_stats.likelihood_ratios` and of
        :func:`~backpain_stats.feasible_tables` are such frames); the published
        evidence; or what :func:`~backpain_stats.fit_bivariate` gives, whose
        summary is used (for a new practice see
        :func:`~backpain_stats.meta.accuracy.pooled_accuracy`).
    prevalence : float, str, Prevalence, SettingPrevalence, or a list of them
        ``0.003`` (taken as known), ``"13/1975"`` (counts, whose uncertainty
        enters every interval), ``"0.001 to 0.007"`` (a range, spread evenly
        over its log-odds). A list gives one row a flag and prevalence.
    per : int, default 1000
        The number of patients :math:`N`.
    flag, target, setting : str, optional
        For evidence: the flags or combinations, the condition and the setting; a frame
        is narrowed by its columns of these names.
    indirect : bool, default False
        For evidence: whether reports on other patients than those asked about, or on
        another target, are used.
    level : float, default 0.95
        Level of the intervals.
    draws : int, default 4096
        Size of the quasi-random sample; powers of two are best.
    seed : int or numpy.random.Generator
        Seed of the sample.

    Returns
    -------
    pandas.DataFrame
        One row a flag (and report) and prevalence, with

        * ``diseased`` and the counts ``tp, fp, fn, tn``: whole patients.
          ``diseased`` is rounded first and each group is then divided by the
          largest remainder, so that ``tp + fn == diseased`` and all four add
          up to ``per`` in every row; a tie goes to the missed and to the
          falsely alarmed.
        * ``imaged``: ``tp + fp``.
        * ``sensitivity`` and ``specificity`` with their intervals, and what is
          behind them: ``studies``, ``n``, ``n_cases``, ``tables``.
        * ``tp_expected``, ``tp_low``, ``tp_high`` and so on: the expected
          numbers before rounding and their intervals, which carry the
          uncertainty of the accuracy and of the prevalence. At a prevalence
          taken as known ``tp_low + fn_high`` is the number of diseased too.
        * ``imaged_per_found``: patients imaged for each case found,
          :math:`1/\mathrm{PPV}`, and ``reassured_per_missed``: patients
          without the flag for each case missed among them,
          :math:`1/(1-\mathrm{NPV})`; infinite where no case is found or missed.
        * ``usable`` and ``reason``: a report without a table keeps its row.

    Raises
    ------
    PretestError
        If a prevalence is 0 or 1, or is not understood.
    NotEstimableError
        If no row of the source gives both a sensitivity and a specificity.

    Notes
    -----
    The intervals are for the expected numbers, not for the next ``per``
    patients, who vary by chance on top. The accuracy is taken to be the same
    at each prevalence; sicker populations often have another spectrum of disease.

    References
    ----------
    Gigerenzer G, Hoffrage U. How to improve Bayesian reasoning without
    instruction: frequency formats. Psychol Rev 1995;102:684-704.
    https://doi.org/10.1037/0033-295X.102.4.684

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"flag": ["cancer_history"],
    ...                       "tp": [4], "fp": [41], "fn": [9], "tn": [1921]})
    >>> row = natural_frequencies(table, prevalence=0.003).iloc[0]
    >>> {name: int(row[name]) for name in ["diseased", "tp", "fp", "fn", "tn"]}
    {'diseased': 3, 'tp': 1, 'fp': 21, 'fn': 2, 'tn': 976}
    >>> print(round(row["imaged_per_found"], 1), round(row["reassured_per_missed"]))
    23.6 471
    """
    check_level(level)
    if check_count(per, "per") < 1:
        raise ArgumentError(f"per is {per!r}; at least 1 patient is needed")
    prevalences = read_prevalences(prevalence)
    accuracies, unusable = read_source(
        source, flag=flag, target=target, setting=setting, indirect=indirect
    )
    drawn = joint_draws(accuracies, draws=draws, seed=seed)
    rows = [
        _row(accuracy, (drawn[0][i], drawn[1][i], drawn[2]), one, per, level)
        for i, accuracy in enumerate(accuracies)
        for one in prevalences
    ]
    frame = pd.DataFrame(rows)
    if not unusable.empty:
        frame = pd.concat([frame, unusable.assign(usable=False)], ignore_index=True)
    counts = [*COUNT_COLUMNS, "diseased", "imaged", "studies", "n", "n_cases", "tables", "per"]
    return frame.astype(dict.fromkeys(counts, "Int64") | {"usable": bool})


def whole_patients(
    sensitivity: float, specificity: float, prevalence: float, per: int
) -> list[int]:
    """Return tp, fp, fn, tn as whole patients that add up to ``per``.

    Examples
    --------
    >>> whole_patients(0.31, 0.98, 0.003, 1000)
    [1, 20, 2, 977]
    """
    diseased = largest_remainder([1 - prevalence, prevalence], per)[1]
    missed, found = largest_remainder([1 - sensitivity, sensitivity], diseased)
    alarmed, reassured = largest_remainder([1 - specificity, specificity], per - diseased)
    return [found, alarmed, missed, reassured]


def count_phrase(row: pd.Series | Mapping[str, Any], cell: str) -> str:
    """Print one cell of a row as ``"1 (0 to 2)"``: whole patients with their interval.

    The ends are rounded outwards. At a prevalence taken as known they are those
    of the whole number of diseased (or others), so that the lower end of the
    found and the upper end of the missed add up to it.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"tp": [4], "fp": [41], "fn": [9], "tn": [1921]})
    >>> row = natural_frequencies(table, 0.0066).iloc[0]
    >>> count_phrase(row, "tp"), count_phrase(row, "fn"), int(row["diseased"])
    ('2 (0 to 5)', '5 (2 to 7)', 7)
    """
    scale = 1.0
    if row["prevalence_low"] == row["prevalence_high"]:
        diseased, expected = row["diseased"], row["per"] * row["prevalence"]
        in_group = cell in ("tp", "fn")
        whole = diseased if in_group else row["per"] - diseased
        scale = whole / (expected if in_group else row["per"] - expected)
    low = math.floor(round(row[f"{cell}_low"] * scale, 9))
    high = math.ceil(round(row[f"{cell}_high"] * scale, 9))
    return f"{int(row[cell]):,} ({low:,} to {high:,})"


def largest_remainder(shares: Sequence[float], total: int) -> list[int]:
    """Divide ``total`` by ``shares`` (which add up to 1) into whole numbers that add up to it.

    Each share gets its whole part; what is left goes, one each, to the largest
    remainders, a tie to the share named first.

    Examples
    --------
    >>> largest_remainder([0.5, 0.5], 3), largest_remainder([0.2, 0.35, 0.45], 10)
    ([2, 1], [2, 4, 4])
    """
    # Rounded to 9 digits, so that 0.1 * 3 is not "more" than 0.3.
    exact = [round(share * total, 9) for share in shares]
    whole = [math.floor(value) for value in exact]
    order = sorted(range(len(shares)), key=lambda i: (-round(exact[i] - whole[i], 9), i))
    for i in order[: total - sum(whole)]:
        whole[i] += 1
    return whole


def cell_shares(
    sensitivity: Any, specificity: Any, prevalence: Any
) -> dict[str, NDArray[np.float64]]:
    """Return the shares of all patients in the four cells; the arguments broadcast."""
    return {
        "tp": np.asarray(prevalence * sensitivity),
        "fp": np.asarray((1 - prevalence) * (1 - specificity)),
        "fn": np.asarray(prevalence * (1 - sensitivity)),
        "tn": np.asarray((1 - prevalence) * specificity),
    }


def _quantities(shares: dict[str, NDArray[np.float64]], per: int) -> dict[str, Any]:
    """Return every quantity of a row from the shares: for the point and for the draws."""
    quantities: dict[str, Any] = {name: per * share for name, share in shares.items()}
    quantities["imaged"] = quantities["tp"] + quantities["fp"]
    reassured = quantities["fn"] + quantities["tn"]
    with np.errstate(divide="ignore", invalid="ignore"):
        quantities["imaged_per_found"] = quantities["imaged"] / quantities["tp"]
        quantities["reassured_per_missed"] = reassured / quantities["fn"]
    return quantities


def _row(
    accuracy: AccuracyDraws,
    drawn: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    prevalence: Prevalence,
    per: int,
    level: float,
) -> dict[str, Any]:
    """Return one row: a flag at a prevalence."""
    sensitivity, specificity, uniform = drawn
    point = cell_shares(accuracy.sensitivity, accuracy.specificity, prevalence.estimate)
    sample = cell_shares(sensitivity, specificity, prevalence.draws(uniform))
    least, most = prevalence.interval(level)
    counts = whole_patients(accuracy.sensitivity, accuracy.specificity, prevalence.estimate, per)
    row: dict[str, Any] = {
        **accuracy.labels,
        "studies": accuracy.studies,
        "n": pd.NA if accuracy.n is None else accuracy.n,
        "n_cases": pd.NA if accuracy.n_cases is None else accuracy.n_cases,
        "tables": accuracy.tables,
        "prevalence": prevalence.estimate,
        "prevalence_low": least,
        "prevalence_high": most,
        "per": per,
        "diseased": counts[0] + counts[2],
        **dict(zip(COUNT_COLUMNS, counts, strict=True)),
        "imaged": counts[0] + counts[1],
    }
    proportions = (
        ("sensitivity", accuracy.sensitivity, sensitivity),
        ("specificity", accuracy.specificity, specificity),
    )
    for name, estimate, values in proportions:
        row |= with_interval(name, estimate, values, level)
    estimates = _quantities(point, per)
    drawn_quantities = _quantities(sample, per)
    for name, estimate in estimates.items():
        low, high = interval_around(estimate, drawn_quantities[name], level)
        expected = name if name.endswith(("found", "missed")) else f"{name}_expected"
        row |= {expected: float(estimate), f"{name}_low": float(low), f"{name}_high": float(high)}
    method = f"{accuracy.basis}; prevalence {prevalence.kind}"
    return row | {"ci_level": level, "method": method, "usable": True, "reason": ""}
