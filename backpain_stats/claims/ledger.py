"""The ledger of reproduction: what each published claim becomes when it is recomputed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backpain_stats.checks import check_known
from backpain_stats.claims.inputs import Claim, Inputs, collect_inputs, read_claims
from backpain_stats.claims.ranges import range_row
from backpain_stats.claims.search import Trial, Trials, fitting, nearest, search_claim
from backpain_stats.claims.unprinted_pretest import Solution, solve_pretests
from backpain_stats.claims.wording import (
    NO_COHORT,
    convention_of,
    deviations,
    explain_absence,
    explain_match,
    explain_miss,
    explain_solutions,
    span_of,
)
from backpain_stats.printed.value import spell
from backpain_stats.reconstruction import table_name
from backpain_stats.tables import CELLS
from backpain_stats.tables.bayes_rule import (
    odds_from_probability,
    posttest_probability,
    probability_from_odds,
)

if TYPE_CHECKING:
    from backpain_stats.evidence import Evidence

__all__ = ["COLUMNS", "conventions", "reproduce"]

COLUMNS = [
    *("claim_id", "target", "flag_id", "setting", "statistic", "reported_in", "quotes"),
    *("printed", "printed_pretest", "recomputed", "recomputed_pretest"),
    *("estimate", "ci_low", "ci_high", "ci_level", "method"),
    *("verdict", "finding", "convention", "report_id", *CELLS),
    *("conventions_tried", "conventions_fitting", "figures_reached", "explanation"),
]


def reproduce(evidence: Evidence) -> pd.DataFrame:
    """Recompute every published claim of the evidence.

    For each row of ``claims.csv`` one search tries every report on the flag,
    every table that fits the report, with and without 0.5 added to the cells,
    every usual interval method, and every pre-test that may have been meant:
    the printed one, the cohort's own, the prevalences of the setting, each with
    exact odds and with odds rounded to two significant figures. It compares
    what comes out with what is printed, digit by digit. No verdict is written
    by hand.

    Parameters
    ----------
    evidence : Evidence
        The evidence.

    Returns
    -------
    pandas.DataFrame
        One row a claim, in the order of the claims:

        * the claim: ``claim_id, target, flag_id, setting, statistic,
          reported_in, quotes, printed, printed_pretest``;
        * what was recomputed under the plainest convention that fits, else the
          nearest: ``recomputed`` (in the digits of the claim) and
          ``recomputed_pretest``, the numbers behind it (``estimate, ci_low,
          ci_high, ci_level, method``), the report and its table (``report_id,
          tp, fp, fn, tn``);
        * ``verdict``: "reproduced", "reproduced only with ..." naming the
          convention, "differs", or "inputs not published"; ``finding`` is the
          same in one of four fixed words (``reproduced``, ``conditional``,
          ``differs``, ``not_published``);
        * ``convention`` in full, and ``explanation`` in sentences;
        * how hard it was tried: ``conventions_tried``,
          ``conventions_fitting``, and ``figures_reached``, the number of
          different printed results among them. Many tried and few wanted
          digits make a hit by chance likely; the explanation says so.

    Notes
    -----
    "Differs" means: not from the inputs that are published here. A review may
    have used others. Adjusted odds ratios need patient data and are never
    recomputed.

    Examples
    --------
    >>> from backpain_stats import load_evidence, reproduce
    >>> ledger = reproduce(load_evidence()).set_index("claim_id")
    >>> row = ledger.loc["downie2013_malignancy_cancer_history_ed"]
    >>> print(row["printed"], "|", row["verdict"])
    0.33 (0.22 to 0.46) | reproduced only with one of 5 tables (7/13/0/462), 0.5 added to
    all four cells
    """
    inputs = collect_inputs(evidence)
    return _ledger([_row(claim, inputs) for claim in read_claims(evidence)])


def _ledger(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return rows as the frame of the ledger."""
    frame = pd.DataFrame(rows, columns=COLUMNS)
    counts = [*CELLS, "conventions_tried", "conventions_fitting", "figures_reached"]
    numbers = ["estimate", "ci_low", "ci_high", "ci_level"]
    texts = frame.columns.difference([*counts, *numbers])
    # A column keeps its kind where nothing could be recomputed, or nothing is claimed.
    kinds = dict.fromkeys(counts, "Int64") | dict.fromkeys(numbers, "float64")
    return frame.astype(kinds | dict.fromkeys(texts, "string"))


def reproduce_claim(evidence: Evidence, claim_id: str) -> pd.Series:
    """Recompute one published claim; the row of :func:`reproduce` as a Series.

    Raises
    ------
    UnknownNameError
        If there is no such claim.
    """
    check_known(claim_id, evidence.claims["claim_id"], "claim")
    claims = evidence.claims
    # Ratios of other claims are inputs, so only the row is picked, not the evidence.
    inputs = collect_inputs(evidence)
    one = replace(evidence, claims=claims[claims["claim_id"] == claim_id])
    (claim,) = read_claims(one)
    return _ledger([_row(claim, inputs)]).iloc[0]


def conventions(evidence: Evidence, claim_id: str) -> pd.DataFrame:
    """List every convention that was tried for one claim.

    Parameters
    ----------
    evidence : Evidence
        The evidence.
    claim_id : str
        A row of ``claims.csv``.

    Returns
    -------
    pandas.DataFrame
        One row a convention: ``source, tp, fp, fn, tn, missing`` (patients left
        out), ``correction, method, pretest, pretest_source, odds_rounded, estimate,
        ci_low, ci_high, fits``. A post-test probability stands beside its pre-test.

    Raises
    ------
    UnknownNameError
        If there is no such claim.

    Examples
    --------
    Which tables behind "a history of cancer" in the emergency department, and which
    conventions, give the printed 33% (22 to 46%)?

    >>> from backpain_stats import load_evidence
    >>> tried = conventions(load_evidence(), "downie2013_malignancy_cancer_history_ed")
    >>> found = tried[tried["fits"] & ~tried["odds_rounded"]]
    >>> print(found[["fp", "correction", "method", "pretest"]].to_string(index=False))
     fp correction method  pretest
     12       none    log 0.012158
     13        all    log 0.014523
     14       none  score 0.014523
    """
    check_known(claim_id, evidence.claims["claim_id"], "claim")
    claims = {claim.get("claim_id"): claim for claim in read_claims(evidence)}
    frames = [
        _trials_frame(one) for one in search_claim(claims[claim_id], collect_inputs(evidence))
    ]
    columns = [
        *("source", *CELLS, "missing", "correction", "method", "pretest", "pretest_source"),
        *("odds_rounded", "estimate", "ci_low", "ci_high", "fits"),
    ]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def _row(claim: Claim, inputs: Inputs) -> dict[str, Any]:
    """Return the row of one claim."""
    row: dict[str, Any] = {name: claim.row.get(name) for name in COLUMNS if name in claim.row}
    row |= {"printed": claim.printed, "printed_pretest": claim.row.get("pretest")}
    trials = search_claim(claim, inputs)
    found = fitting(trials)
    row["conventions_tried"] = sum(int((~np.isnan(one.estimate)).sum()) for one in trials)
    # A ratio of another flag of the family can explain a claim; it cannot refute it.
    own = any(one.candidate.same_flag for one in trials)
    if not row["conventions_tried"] or not (found or own):
        row |= {"verdict": "inputs not published", "finding": "not_published"}
        return row | {"explanation": explain_absence(claim, inputs)}
    if claim.has_range:
        return row | range_row(claim, trials)
    row["figures_reached"] = _figures_reached(claim, trials)
    row["conventions_fitting"] = len(found)
    if found:
        needed = deviations(found[0])
        row |= _verdict("conditional" if needed else "reproduced", needed)
        row |= {"explanation": explain_match(claim, trials, found)}
        return row | _recomputed(claim, found[0])
    if claim.is_posttest and claim.pretest is None and claim.has_interval:
        solutions = solve_pretests(claim, inputs.candidates(claim))
        if any(len(one.tables) for one in solutions):
            return row | _solved_row(claim, solutions, row["conventions_tried"])
    row |= _verdict("differs", [])
    best = nearest(claim, trials)
    if best is None:
        return row | {"explanation": f"Nothing tried comes near. {NO_COHORT}"}
    row |= _recomputed(claim, best)
    text = explain_miss(claim, trials, row["recomputed"], row["convention"])
    if claim.is_posttest and claim.pretest is None and claim.has_interval:
        text += " No pre-test at all would make these tables print it."
    return row | {"explanation": text}


def _verdict(finding: str, needed: Sequence[str]) -> dict[str, str]:
    words = {
        "reproduced": "reproduced",
        "conditional": f"reproduced only with {', '.join(needed)}",
        "differs": "differs",
    }
    return {"verdict": words[finding], "finding": finding}


def _solved_row(claim: Claim, solutions: Sequence[Solution], tried: int) -> dict[str, Any]:
    """Return verdict and figures of a claim that some unprinted pre-test would explain."""
    best = next(one for one in solutions if len(one.tables))
    middle = len(best.tables) // 2
    odds = odds_from_probability([float(best.low[middle]), float(best.high[middle])])
    pretest = float(probability_from_odds(np.sqrt(odds[0] * odds[1])))
    figures = tuple(float(posttest_probability(pretest, ratio[middle])) for ratio in best.figures)
    needed = f"a pre-test from {span_of(best)}, which is not printed"
    share = len(best.tables)
    if share < best.tried:
        needed += f", and {share} of {best.tried} tables"
    cells = dict(zip(CELLS, (int(count) for count in best.tables[middle]), strict=True))
    method = "logarithmic" if best.method == "log" else best.method
    correction = "; 0.5 added to all four cells" if best.correction == "all" else ""
    return _verdict("conditional", [needed]) | {
        "recomputed": in_digits(claim, (figures[0], figures[1], figures[2])),
        "recomputed_pretest": f"{pretest:.3g}",
        "estimate": figures[0],
        "ci_low": figures[1],
        "ci_high": figures[2],
        "ci_level": claim.level,
        "method": best.method,
        "convention": f"table {table_name(cells)} of {best.candidate.source}{correction}; "
        f"{method} interval; pre-test {pretest:.3g}, fitted",
        "report_id": best.candidate.source,
        **cells,
        "explanation": explain_solutions(solutions, tried),
    }


def _recomputed(claim: Claim, best: Trial) -> dict[str, Any]:
    """Return the figures of one convention, as numbers and in the digits of the claim."""
    estimate, low, high = best.figures
    found: dict[str, Any] = {
        "recomputed": in_digits(claim, (estimate, low, high)),
        "estimate": estimate,
        "report_id": best.trials.candidate.source,
        "convention": convention_of(best),
    }
    if claim.has_interval:
        level = claim.level
        found |= {"ci_low": low, "ci_high": high, "ci_level": level, "method": best.trials.method}
    if claim.is_posttest:
        found["recomputed_pretest"] = f"{_pretest(best):.3g}"
    if best.cells is not None:
        found |= {
            cell: int(count) for cell, count in zip(CELLS, best.cells, strict=True) if count >= 0
        }
    return found


def in_digits(claim: Claim, figures: tuple[float, float, float]) -> str:
    """Print recomputed figures with the digits of the claim."""
    texts = []
    for printed, x in zip((claim.value, *claim.ends), figures, strict=True):
        decimals = claim.decimals if printed is None else printed.decimals
        if np.isfinite(x):
            texts.append(spell(x, decimals))
        else:
            texts.append("infinity" if x > 0 else "not estimable")
    return f"{texts[0]} ({texts[1]} to {texts[2]})" if claim.has_interval else texts[0]


def _pretest(trial: Trial) -> float:
    """Return the pre-test probability of a trial; NaN if there is none."""
    pretest = trial.pretest_used
    if pretest is not None and pretest.odds is not None:
        return float(probability_from_odds(float(pretest.odds)))
    if pretest is None or trial.cells is None:
        return np.nan
    tp, fp, fn, tn = trial.cells
    return float((tp + fn) / (tp + fp + fn + tn))


def _figures_reached(claim: Claim, trials: Sequence[Trials]) -> int:
    """Return how many different results, in the digits of the claim, were computed."""
    seen: set[tuple[float, ...]] = set()
    for one in trials:
        parts = [np.floor(one.estimate * 10.0**claim.decimals + 0.5)]
        if claim.has_interval:
            parts += [np.floor(end * 10.0**claim.decimals + 0.5) for end in (one.low, one.high)]
        stacked = np.stack([part.ravel() for part in parts])
        stacked = stacked[:, ~np.isnan(stacked[0])]
        seen |= set(map(tuple, np.unique(stacked, axis=1).T.tolist()))
    return len(seen)


def _trials_frame(one: Trials) -> pd.DataFrame:
    """Return the conventions of one block as rows."""
    rows, columns = one.estimate.shape
    table = np.tile(np.arange(columns), rows)
    data: dict[str, Any] = {"source": one.candidate.source}
    for position, cell in enumerate(CELLS):
        counts = one.tables[table, position] if len(one.tables) else np.full(len(table), -1)
        data[cell] = pd.array(np.where(counts < 0, np.nan, counts), dtype="Int64")
    data |= {"missing": one.missing[table], "correction": one.correction, "method": one.method}
    every = [Trial(one, row, column) for row in range(rows) for column in range(columns)]
    options = [trial.pretest_used for trial in every]
    data["pretest"] = [_pretest(trial) for trial in every]
    data["pretest_source"] = [option.label if option else "" for option in options]
    data["odds_rounded"] = [option is not None and option.rounded for option in options]
    data |= {"estimate": one.estimate.ravel(), "ci_low": one.low.ravel()}
    data |= {"ci_high": one.high.ravel(), "fits": one.fits.ravel()}
    return pd.DataFrame(data)
