"""Every public result of an evidence, as frames: what a change must not move unseen.

Used on the frozen evidence by the tests that permute words and mix evidences, and on the
shipped one by the snapshot in ``tests/data``.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pandas as pd

import backpain_stats as bps
from backpain_stats import BackpainStatsError, Evidence

PAIRS = tuple(itertools.product(bps.TARGETS, bps.SETTINGS))
# Few draws: here results are compared with themselves, not with the truth.
DRAWS = 64


def public_frames(evidence: Evidence) -> dict[str, pd.DataFrame]:
    """Return the frames of every public function that takes an evidence, by name."""
    endorsed = bps.endorsement(evidence)
    return {
        "likelihood_ratios": bps.likelihood_ratios(evidence),
        "feasible_tables": bps.feasible_tables(evidence),
        "prevalence_candidates": _by_pair(evidence, bps.prevalence_candidates),
        "setting_prevalence": _by_pair(evidence, setting_prevalence),
        "posttest": _joined([posttests(evidence, target) for target in bps.TARGETS]),
        "reproduce": bps.reproduce(evidence),
        "reproduce_pairs": bps.reproduce_pairs(evidence),
        "pool_all": _joined([bps.pool_all(evidence, target) for target in bps.TARGETS]),
        "endorsement_flags": endorsed.flags,
        "endorsement_statements": endorsed.statements,
        "endorsement_guidelines": endorsed.guidelines,
        "endorsement_counts": endorsed.counts,
        "endorsement_years": endorsed.years,
        "compare_flags": _by_pair(evidence, compared),
        "natural_frequencies": _by_pair(evidence, frequencies),
        "risk": _by_pair(evidence, risks),
        "value_of_information": _by_pair(evidence, worth_knowing),
        "flag_sets": _by_pair(evidence, sets),
        "question_order": _by_pair(evidence, order),
        "quality_judgements": bps.quality_judgements(evidence),
    }


def _by_pair(
    evidence: Evidence, function: Callable[[Evidence, str, str], pd.DataFrame]
) -> pd.DataFrame:
    """Return the frames of all pairs of target and setting; a refusal is a row with its words."""
    frames = []
    for target, setting in PAIRS:
        try:
            frame = function(evidence, target, setting)
        except BackpainStatsError as refusal:
            frame = pd.DataFrame([_refused(refusal)])
        asked = {"asked_target": target, "asked_setting": setting}
        frames.append(frame.assign(**asked))
    return _joined(frames).reset_index(drop=True)


def _joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of several frames, as objects.

    What is all missing in one frame would decide the kind of a column together with the others.
    """
    return pd.concat([frame.astype("object") for frame in frames])


def _refused(refusal: BackpainStatsError) -> dict[str, str]:
    return {"refusal": type(refusal).__name__, "words": str(refusal)}


def setting_prevalence(evidence: Evidence, target: str, setting: str) -> pd.DataFrame:
    """Return the prevalence of a setting as one row."""
    return bps.setting_prevalence(evidence, target, setting).to_frame()


def posttests(evidence: Evidence, target: str) -> pd.DataFrame:
    """Return the post-test probabilities of all measured flags of a target."""
    flags = sorted(set(evidence.select(target=target).accuracy["flag_id"]))
    return bps.posttest(evidence, flags, target, draws=DRAWS) if flags else pd.DataFrame()


def compared(evidence: Evidence, target: str, setting: str) -> pd.DataFrame:
    """Return the flags of a setting compared."""
    return bps.compare_flags(evidence, target=target, setting=setting, draws=DRAWS).flags


def frequencies(evidence: Evidence, target: str, setting: str) -> pd.DataFrame:
    """Return the natural frequencies of a setting at a prevalence of 1%."""
    return bps.natural_frequencies(evidence, 0.01, target=target, setting=setting, draws=DRAWS)


def risks(evidence: Evidence, target: str, setting: str) -> pd.DataFrame:
    """Return the risk after each flag of a setting alone, and after all of them, in words too."""
    model = bps.RiskModel(evidence, target, setting, pretest=0.01, draws=DRAWS)
    flags = list(model.flags["flag_id"])
    found = []
    for present in [*([flag] for flag in flags), flags]:
        try:
            risk = model.risk(present)
        except BackpainStatsError as refusal:
            found.append({"present": ";".join(present), **_refused(refusal)})
        else:
            found.append({"present": ";".join(present), **risk.posttest.as_dict()})
    return pd.DataFrame(found)


def worth_knowing(evidence: Evidence, target: str, setting: str) -> pd.DataFrame:
    """Return the recommendations of a setting and how sure they are; no regression in them."""
    found = bps.value_of_information(
        evidence, target, setting, threshold=0.02, pretest=0.01, sizes=[100], draws=DRAWS
    )
    return found.decisions


def sets(evidence: Evidence, target: str, setting: str) -> pd.DataFrame:
    """Return the best sets of flags of a setting."""
    return bps.flag_sets(
        evidence, target, setting, thresholds=[0.02], pretest=0.01, draws=DRAWS
    ).sets


def order(evidence: Evidence, target: str, setting: str) -> pd.DataFrame:
    """Return what to ask first in a setting."""
    return bps.question_order(
        evidence, target, setting, threshold=0.02, pretest=0.01, draws=DRAWS
    ).nodes
