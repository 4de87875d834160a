"""The ledger of reproduction: what each published claim becomes when it is recomputed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backpain_stats.checks import check_known
from backpain_stats.claims.claim import Claim, read_claims
from backpain_stats.claims.inputs import collect_inputs
from backpain_stats.claims.outcome import FACTS, NUMBERS, outcome_of
from backpain_stats.claims.search import search_claim
from backpain_stats.claims.trials import Block, Truths
from backpain_stats.evidence import require_evidence
from backpain_stats.tables import CELLS

if TYPE_CHECKING:
    from backpain_stats.evidence import Evidence

__all__ = ["COLUMNS", "conventions", "reproduce", "reproduce_claim"]

COUNTS = (*CELLS, "conventions_tried", "conventions_fitting", "figures_reached")
COLUMNS = [
    *(*FACTS, "printed", "printed_pretest", "recomputed", "recomputed_pretest"),
    *(*NUMBERS, "method", "correction"),
    *("verdict", "finding", "reason_code", "convention", "report_id", *COUNTS, "explanation"),
]
COLUMNS_OF_CONVENTIONS = [
    *("source", *CELLS, "missing", "correction", "method", "pretest", "pretest_source"),
    *("odds_rounded", "estimate", "ci_low", "ci_high", "fits"),
]


def reproduce(evidence: Evidence) -> pd.DataFrame:
    """Recompute every published claim of the evidence.

    For each row of ``claims.csv`` one search tries every report on the flag,
    every table that fits the report, with and without 0.5 added to the cells,
    every usual interval method, and every pre-test that may have been meant:
    the printed one, the cohort's own, the prevalences of the setting, each with
    exact odds and with odds rounded to two significant figures. It compares
    what comes out with what is printed, digit by digit. Nothing that was published
    after a claim is tried, as far as the years are known. No verdict is written
    by hand.

    Parameters
    ----------
    evidence : Evidence
        The evidence. Of a part of it the claims of the part are recomputed, from the
        inputs of the whole.

    Returns
    -------
    pandas.DataFrame
        One row per claim, in the order of the claims:

        * the claim: ``claim_id, target, flag_id, setting, statistic,
          reported_in, quotes, inputs_read, printed, printed_pretest``;
        * what was recomputed under the plainest convention that fits, else the
          nearest: ``recomputed`` (in the digits of the claim) and
          ``recomputed_pretest``, the numbers behind it (``estimate, ci_low,
          ci_high, ci_level``), ``method`` and ``correction``, the report and its
          table (``report_id, tp, fp, fn, tn``);
        * ``finding``, one of the words of
          :data:`~backpain_stats.claims.FINDINGS`: ``reproduced``;
          ``conditional`` (only with a convention that had to be chosen);
          ``inferred`` (it follows from inputs that the claim does not name, or
          from a pre-test that nobody prints); ``differs``; ``not_on_file`` (its
          inputs were read, but are in no usable row); ``not_read``;
        * ``reason_code``: what the verdict hangs on, as codes joined by
          semicolons; ``verdict``, ``convention`` and ``explanation``: the same in
          words;
        * how hard it was tried: ``conventions_tried``,
          ``conventions_fitting``, and ``figures_reached``, the number of
          different printed results among them. Many tried and few wanted
          digits make a hit by chance likely; the explanation says so.

    Notes
    -----
    A claim names its inputs if it names the cohort (``cohort_id``) of the report
    that prints it, or if claim and report were read in the same place and quote
    the same original (``reported_in`` and ``quotes``). Otherwise the report was
    found because its values fit: that is inferred, not reproduced.

    "Differs" means: not from the inputs that were read here. A review may
    have used others; ``inputs_not_read`` among the reason codes says that its own
    were not read. Adjusted odds ratios need patient data and are never
    recomputed. A pre-test that is printed as a bound is no number to compute with:
    such a claim has the reason code ``pretest_bound``.

    Examples
    --------
    >>> from backpain_stats import load_evidence, reproduce
    >>> ledger = reproduce(load_evidence()).set_index("claim_id")
    >>> row = ledger.loc["ces334_or_leg_weakness"]
    >>> print(row["printed"], "|", row["verdict"])
    5.35 (2.23 to 12.85) | reproduced only with 3 patients not assessed, one of 7 tables
    (17/87/8/219)
    >>> ledger.loc["downie2013_malignancy_cancer_history_ed", ["finding", "reason_code"]].tolist()
    ['inferred', 'source_inferred;some_tables;correction_all']
    """
    inputs = collect_inputs(require_evidence(evidence))
    return _ledger([outcome_of(claim, inputs) for claim in read_claims(evidence)])


def _ledger(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return rows as the frame of the ledger."""
    frame = pd.DataFrame(rows, columns=COLUMNS)
    types = dict.fromkeys(COLUMNS, "string")
    types |= dict.fromkeys(COUNTS, "Int64") | dict.fromkeys(NUMBERS, "float64")
    return frame.astype(types)


def reproduce_claim(evidence: Evidence, claim_id: str) -> pd.Series:
    """Recompute one published claim; the row of :func:`reproduce` as a Series.

    Raises
    ------
    UnknownNameError
        If there is no such claim.
    """
    return _ledger([outcome_of(_claim(evidence, claim_id), collect_inputs(evidence))]).iloc[0]


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
        One row per convention: ``source, tp, fp, fn, tn, missing`` (patients left
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
     13        all    log 0.014523
     14       none  score 0.014523
    """
    search = search_claim(_claim(evidence, claim_id), collect_inputs(evidence))
    frames = [_block_frame(block, search.fits_of(block)) for block in search.blocks]
    if not frames:
        return pd.DataFrame(columns=COLUMNS_OF_CONVENTIONS)
    return pd.concat(frames, ignore_index=True)


def _claim(evidence: Evidence, claim_id: str) -> Claim:
    """Return one claim by its name."""
    claims = require_evidence(evidence).claims
    check_known(claim_id, claims["claim_id"], "claim")
    return next(claim for claim in read_claims(evidence) if claim.get("claim_id") == claim_id)


def _block_frame(block: Block, fits: Truths) -> pd.DataFrame:
    """Return the conventions of one block as rows."""
    rows, columns = block.shape
    row, table = np.divmod(np.arange(rows * columns), columns)
    data: dict[str, Any] = {"source": block.candidate.source}
    for position, cell in enumerate(CELLS):
        counts = block.tables[table, position] if len(block.tables) else np.full(len(table), -1)
        data[cell] = pd.array(np.where(counts < 0, np.nan, counts), dtype="Int64")
    data |= {"missing": block.missing[table]}
    data |= {"correction": block.correction, "method": block.method}
    data["pretest"] = block.pretest_values.ravel()
    choices = block.pretests or (None,)
    data["pretest_source"] = np.array([choice.label if choice else "" for choice in choices])[row]
    rounded = [choice is not None and choice.rounded_odds is not None for choice in choices]
    data["odds_rounded"] = np.array(rounded)[row]
    for name, part in zip(("estimate", "ci_low", "ci_high"), block.figures, strict=True):
        data[name] = part.ravel()
    return pd.DataFrame(data | {"fits": fits.ravel()}, index=range(len(row)))
