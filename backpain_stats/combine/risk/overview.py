"""The published flags of one condition combined: every pattern under every assumption."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from backpain_stats.checks import check_level
from backpain_stats.combine.dependence.base import Dependence, check_dependence
from backpain_stats.combine.dependence.bounds import Bounds
from backpain_stats.combine.dependence.registry import offers
from backpain_stats.combine.risk.assessment import without_combinations
from backpain_stats.combine.risk.model import RiskModel
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


def overview_models() -> dict[str, Dependence]:
    """Return the dependence models set beside each other, by name.

    Examples
    --------
    >>> list(overview_models())[-2:]
    ['maximum entropy', 'shrunken product']
    """
    return {one.label: one.dependence for one in offers("overview")}


def pattern_overview(
    evidence: Evidence,
    target: Target = "malignancy",
    setting: Setting = "primary_care",
    *,
    flags: Sequence[str] | None = None,
    pretest: PrevalenceLike | None = None,
    models: Mapping[str, Dependence] | None = None,
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
        Name to dependence model, not :class:`Bounds`; :func:`overview_models` by default.
    level : float
        Level of the intervals.
    draws, seed
        Of the posterior sample, as in :class:`backpain_stats.RiskModel`.

    Returns
    -------
    pandas.DataFrame
        One row a pattern and model, patterns in one order throughout:
        ``pattern`` (flags present, joined by semicolons; ``"none"``),
        ``n_present, model, probability`` (share of all patients; NaN for a model
        without a joint distribution), ``lr, lr_low,
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
            independent   0.0024    0.0...
    one-factor, rho 0.2   0.0024    0.0...
    one-factor, rho 0.4   0.0024    0.0...
        maximum entropy   0.0024    0.0...
       shrunken product   0.0024    0.0...
    """
    check_level(level)
    chosen = overview_models() if models is None else dict(models)
    for name, dependence in chosen.items():
        if check_dependence(dependence).leaves_range:
            raise ArgumentError(
                f"model {name!r} is {dependence!r}; it must give each pattern one ratio "
                "(the bounds stand in columns of their own)"
            )
    if not chosen:
        raise ArgumentError("models is empty; name at least one dependence model")
    first = next(iter(chosen.values()))
    model = RiskModel(
        evidence, target, setting, flags=flags, dependence=first, pretest=pretest,
        draws=draws, seed=seed,
    )  # fmt: skip
    blocks = [_rows(name, model.with_dependence(one), level) for name, one in chosen.items()]
    frame = pd.concat(blocks, ignore_index=True)[list(COLUMNS)]
    frame.attrs["notes"] = [f"{note.about}: {note.text}" for note in model.entries.notes]
    return frame


def _rows(name: str, model: RiskModel, level: float) -> pd.DataFrame:
    """Return the patterns under one model: its profile, with names and sharp bounds."""
    profile = model.profile(level=level).rename(columns={"posttest": "estimate"})
    names = np.array(model.entries.flags)
    patterns = profile[list(names)].to_numpy(dtype=np.int8)
    point = model._without_draws.marginals
    if not model.dependence.uses_combinations:
        point = without_combinations(point)
    low, high = Bounds().risk_range(point, patterns, model.entries.pretest.estimate)
    if "probability" not in profile:
        profile["probability"] = np.nan
    return profile.assign(
        pattern=[";".join(names[row == 1]) or "none" for row in patterns],
        n_present=(patterns == 1).sum(axis=1),
        model=name,
        pretest_source=model.entries.pretest_source,
        # As in ``Risk.bounds``: of the point values, never without the median.
        bound_low=np.fmin(low[0], profile["estimate"]),
        bound_high=np.fmax(high[0], profile["estimate"]),
        method=model.dependence.describe(),
    )
