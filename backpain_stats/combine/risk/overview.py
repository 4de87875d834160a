"""The published flags of one condition combined: every pattern under every assumption."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from backpain_stats.checks import check_level
from backpain_stats.combine.dependence.base import PatternModel
from backpain_stats.combine.dependence.bounds import Bounds
from backpain_stats.combine.dependence.independent import Independent
from backpain_stats.combine.dependence.maximum_entropy import MaximumEntropy
from backpain_stats.combine.dependence.one_factor import OneFactor
from backpain_stats.combine.risk.assessment import without_combinations
from backpain_stats.combine.risk.model import RiskModel
from backpain_stats.combine.risk.posterior import point_marginals
from backpain_stats.combine.risk.tables import risk_and_ratio
from backpain_stats.errors import ArgumentError
from backpain_stats.evidence import Setting, Target
from backpain_stats.sampling import DEFAULT_SEED, DRAWS, Seed

if TYPE_CHECKING:
    from backpain_stats.evidence import Evidence
    from backpain_stats.printed.prevalence import PrevalenceLike

__all__ = ["pattern_overview"]

COLUMNS = (
    "pattern", "n_present", "model", "probability", "lr", "lr_low", "lr_high", "pretest",
    "pretest_source", "estimate", "ci_low", "ci_high", "ci_level", "bound_low", "bound_high",
    "method",
)  # fmt: skip


def overview_models() -> dict[str, PatternModel]:
    """Return the dependence models set beside each other, by name.

    Examples
    --------
    >>> list(overview_models())
    ['independent', 'one-factor, rho 0.2', 'one-factor, rho 0.4', 'maximum entropy']
    """
    return {
        "independent": Independent(),
        "one-factor, rho 0.2": OneFactor(0.2, 0.2),
        "one-factor, rho 0.4": OneFactor(0.4, 0.4),
        "maximum entropy": MaximumEntropy(),
    }


def pattern_overview(
    evidence: Evidence,
    target: Target = "malignancy",
    setting: Setting = "primary_care",
    *,
    flags: Sequence[str] | None = None,
    pretest: PrevalenceLike | None = None,
    models: Mapping[str, PatternModel] | None = None,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: Seed = DEFAULT_SEED,
) -> pd.DataFrame:
    """Return the risk after every complete pattern of flags under each dependence model.

    Parameters
    ----------
    evidence : Evidence
        What has been published.
    target, setting : str
        The condition and where the patient is seen.
    flags : sequence of str, optional
        The flags combined; by default every flag with a usable report.
    pretest : float, str or SettingPrevalence, optional
        Pre-test probability, as in :class:`backpain_stats.RiskModel`.
    models : mapping, optional
        Name to dependence model; :func:`overview_models` by default.
    level : float
        Level of the intervals.
    draws, seed
        Of the posterior sample, as in :class:`backpain_stats.RiskModel`.

    Returns
    -------
    pandas.DataFrame
        One row a pattern and model, patterns in one order throughout:
        ``pattern`` (flags present, joined by semicolons; ``"none"``),
        ``n_present, model, probability`` (share of all patients), ``lr, lr_low,
        lr_high, pretest, pretest_source, estimate, ci_low, ci_high, ci_level``
        (post-test probability), ``bound_low, bound_high`` (sharp bounds over
        every dependence that fits the figures the model uses), ``method``. A
        pattern that a model makes impossible in both groups has no risk (NaN).
        ``frame.attrs["notes"]`` says what a reader must know of the evidence.

    Raises
    ------
    NotEstimableError
        If no flag has a usable report, or a named one has none.
    UnknownNameError, ArgumentError, PretestError
        If a name, an argument or the pre-test is not allowed.

    Examples
    --------
    >>> from backpain_stats import load_evidence
    >>> found = pattern_overview(
    ...     load_evidence(), flags=["age_50", "cancer_history"], draws=256)
    >>> both = found[found["pattern"] == "age_50;cancer_history"]
    >>> print(both[["model", "pretest", "estimate"]].round(4).to_string(index=False))
                  model  pretest  estimate
            independent   0.0032    0.1130
    one-factor, rho 0.2   0.0032    0.0...
    one-factor, rho 0.4   0.0032    0.0...
        maximum entropy   0.0032    0.1130
    """
    check_level(level)
    chosen = overview_models() if models is None else dict(models)
    for name, dependence in chosen.items():
        if not isinstance(dependence, PatternModel):
            raise ArgumentError(
                f"model {name!r} is {dependence!r}; it must give each pattern one probability "
                "(the bounds stand in columns of their own)"
            )
    if not chosen:
        raise ArgumentError("models is empty; name at least one dependence model")
    blocks = []
    for name, dependence in chosen.items():
        model = RiskModel(
            evidence,
            target,
            setting,
            flags=flags,
            dependence=dependence,
            pretest=pretest,
            draws=draws,
            seed=seed,
        )
        blocks.append(_rows(name, model, dependence, level))
    frame = pd.concat(blocks, ignore_index=True)[list(COLUMNS)]
    frame.attrs["notes"] = [f"{note.about}: {note.text}" for note in model.entries.notes]
    return frame


def _rows(name: str, model: RiskModel, dependence: PatternModel, level: float) -> pd.DataFrame:
    """Return the patterns under one model."""
    profile = model.profile()
    names = np.array(model.entries.flags)
    patterns = profile[list(names)].to_numpy(dtype=np.int8)
    point = point_marginals(model.entries)
    if not dependence.uses_combinations:
        point = without_combinations(point)
    pretest = model.entries.pretest.estimate
    low, high = Bounds().risk_range(point, patterns, pretest)
    posterior = model.posterior
    drawn = None
    if not posterior.certain:
        drawn = dependence.log_probabilities(posterior.marginals, patterns).log_ratio
    with np.errstate(divide="ignore"):
        log_ratios = np.log(profile["lr"].to_numpy(dtype=float))
    values = np.full((len(patterns), 6), np.nan)
    for row in np.flatnonzero(~np.isnan(log_ratios)):
        sampled = None if drawn is None else drawn[:, row]
        risk, ratio, _ = risk_and_ratio(
            float(log_ratios[row]), pretest, sampled, posterior.pretest, level
        )
        values[row] = [*ratio, *risk]
    columns = ["lr", "lr_low", "lr_high", "estimate", "ci_low", "ci_high"]
    return pd.DataFrame(values, columns=columns).assign(
        pattern=[";".join(names[row == 1]) or "none" for row in patterns],
        n_present=(patterns == 1).sum(axis=1),
        model=name,
        probability=profile["probability"].to_numpy(),
        pretest=pretest,
        pretest_source=model.entries.pretest_source,
        ci_level=level,
        bound_low=low[0],
        bound_high=high[0],
        method=dependence.describe(),
    )
