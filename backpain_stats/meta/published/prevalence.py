"""How common a condition is in the practices of a setting: all samples, with a random effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from backpain_stats.checks import check_level
from backpain_stats.errors import NotEstimableError
from backpain_stats.estimate import Estimate, format_level, format_percent
from backpain_stats.evidence import Evidence, Setting, Target, require_evidence
from backpain_stats.hierarchy import Arm, SpreadPrior, sample_setting
from backpain_stats.meta.bayes.importance import pareto_smooth
from backpain_stats.meta.bayes.posterior import weighted_quantile
from backpain_stats.printed import Prevalence
from backpain_stats.published import prevalence_candidates, read_cohorts
from backpain_stats.result import Result, Shown
from backpain_stats.sampling import DEFAULT_SEED, Seed, generator, quasi_uniform

if TYPE_CHECKING:
    import pandas as pd

    from backpain_stats.meta.arrays import Counts, Floats

__all__ = ["PooledPrevalence", "pool_prevalence"]

# Normal prior of the mean logit: 95% from 1 in 20,000 to nearly all, flat over what matters.
LOCATION, SCALE = -4.0, 3.0
# Half-normal prior of the SD between practices, on the logit scale. Its median makes a practice
# one standard deviation up see twice the prevalence of the middle one.
PRACTICE_SD = 1.0
EFFECTIVE_SIZE = 3000
# A posterior is handed on as this many quantiles.
QUANTILES = 1024


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PooledPrevalence(Result):
    """The prevalence of a condition in an average practice of a setting and in a new one.

    Made by :func:`pool_prevalence`.

    Parameters
    ----------
    target, setting : str
        The condition, and where the patients are seen.
    average, new : Prevalence
        As pre-test probabilities: the middle of the practices, and a practice that none of
        the samples comes from.
    samples : pandas.DataFrame
        Every sample on file, as in :func:`~backpain_stats.prevalence_candidates`, with
        ``used`` first.
    level : float
        Level of the intervals.
    warning : str
        What speaks against using it; empty if nothing does.
    """

    target: Target
    setting: Setting
    average: Prevalence
    new: Prevalence
    samples: pd.DataFrame
    level: float
    warning: str = ""

    @property
    def pretest(self) -> Prevalence:
        """That of the average practice, as a pre-test probability."""
        return self.average

    @property
    def estimate(self) -> Estimate:
        """Posterior median in the average practice, with its interval."""
        ends = self.average.interval(self.level)
        return Estimate(self.average.estimate, *ends, self.level, "random effect", "prevalence")

    @property
    def prediction(self) -> Estimate:
        """The same for a new practice: its interval has the difference between practices."""
        ends = self.new.interval(self.level)
        method = "random effect, new practice"
        return Estimate(self.new.estimate, *ends, self.level, method, "prevalence")

    def to_frame(self) -> pd.DataFrame:
        """Return two rows, ``practice`` average and new, with the columns of an estimate."""
        import pandas as pd

        rows = [
            {"target": self.target, "setting": self.setting, "practice": name, **one.as_dict()}
            for name, one in (("average", self.estimate), ("new", self.prediction))
        ]
        return pd.DataFrame(rows)

    def _shown(self) -> Shown:
        """Return both intervals and the samples as a few lines."""
        average, new = self.estimate, self.prediction
        used = self.samples[self.samples["used"]]
        counts = (
            f"{name} {cases} of {n}"
            for name, cases, n in zip(
                used["prevalence_id"], used["n_cases"], used["n"], strict=True
            )
        )
        lines = [
            f"{self.target} in {self.setting}: {format_percent(average.estimate)} "
            f"({format_level(self.level)} interval {format_percent(average.ci_low)} to "
            f"{format_percent(average.ci_high)})",
            f"in a new practice {format_percent(new.ci_low)} to {format_percent(new.ci_high)}",
            f"from {'; '.join(counts)}",
        ]
        return Shown("\n".join([*lines, *([f"note: {self.warning}"] if self.warning else [])]))


def pool_prevalence(
    evidence: Evidence,
    target: Target,
    setting: Setting,
    *,
    level: float = 0.95,
    seed: Seed = DEFAULT_SEED,
) -> PooledPrevalence:
    r"""Pool how common a condition is in a setting, each practice with its own prevalence.

    Sample :math:`i` counts :math:`x_i` cases among :math:`n_i` patients who present with back
    pain:

    .. math::
       x_i \sim \text{Binomial}(n_i, \pi_i), \qquad
       \text{logit } \pi_i \sim N(\mu, \tau^2),

    with :math:`\mu \sim N(-4, 3^2)` and :math:`\tau` half-normal with scale 1. One or two
    samples cannot tell :math:`\tau`; the prior does, and the interval shows it.

    Parameters
    ----------
    evidence : Evidence
    target, setting : str
        Words of the vocabulary.
    level : float
        Level of the intervals.
    seed : int, Generator or None

    Returns
    -------
    PooledPrevalence

    Raises
    ------
    NotEstimableError
        If no sample may be used; the message lists the candidates.
    ArgumentError
        If the target, the setting or the level is not allowed.

    Notes
    -----
    Used are the samples with ``directness`` ``direct`` whose patients were not selected
    (``sample`` is ``unselected`` or ``general_population``), with cases and patients printed
    as counts, a sample without any case included; samples of the same patients once. Where
    there is none, the largest review (a review holds the patients of other samples, so it
    never stands beside them), and where there is none, the samples of which the words read
    do not say how they were taken, with a warning.

    When not to use it: for your own practice, whose own counts are better.

    Examples
    --------
    >>> from backpain_stats import load_evidence
    >>> found = pool_prevalence(load_evidence(), "malignancy", "primary_care")
    >>> found.samples.loc[found.samples["used"], ["prevalence_id", "n_cases", "n"]]
             prevalence_id  n_cases     n
    1      deyo1988_malignancy       13  1975
    2  henschke2009_malignancy        0  1172
    >>> new = found.prediction
    >>> bool(new.ci_low < found.estimate.ci_low < found.estimate.ci_high < new.ci_high)
    True
    """
    check_level(level)
    samples = prevalence_candidates(require_evidence(evidence), target, setting)
    used, warning = _used(evidence, samples)
    samples.insert(0, "used", samples["prevalence_id"].isin(used))
    if not used:
        listed = "; ".join(
            f"{row['prevalence_id']} ({row['reason']})" for row in samples.to_dict("records")
        )
        raise NotEstimableError(
            f"no sample gives the prevalence of {target} in {setting}: {listed or 'none on file'}; "
            "give a pre-test probability"
        )
    rows = samples[samples["used"]]
    cases = rows["n_cases"].to_numpy(dtype=np.int64)
    average, new = _posterior(cases, rows["n"].to_numpy(dtype=np.int64), seed)
    names = ", ".join(rows["prevalence_id"])
    source = f"{names}: {cases.sum()} of {rows['n'].sum()}, practices differing"
    return PooledPrevalence(
        target,
        setting,
        Prevalence.pooled(average, source),
        Prevalence.pooled(new, f"{source}, a new practice"),
        samples,
        level,
        warning,
    )


def _used(evidence: Evidence, samples: pd.DataFrame) -> tuple[list[str], str]:
    """Return the samples that are pooled, and what speaks against them."""
    counted = samples[(samples["directness"] == "direct") & (samples["kind"] == "counts")]
    counted = counted.sort_values("n", ascending=False, kind="stable")
    cohorts = read_cohorts(evidence)
    for sampled, most, warning in (
        (("unselected", "general_population"), len(counted), ""),
        (("review",), 1, ""),
        (("unknown",), len(counted), "what was read does not say how the patients were sampled"),
    ):
        rows = counted[counted["sample"].isin(sampled)][:most]
        patients: dict[str, str] = {}
        for name in rows["prevalence_id"]:
            cohort = cohorts.get(name)
            patients.setdefault(cohort.first if cohort is not None else name, name)
        if patients:
            return list(patients.values()), warning
    return [], ""


def _posterior(cases: Counts, n: Counts, seed: Seed) -> tuple[Floats, Floats]:
    """Return quantiles of the logit prevalence: of the average practice, and of a new one."""
    arms = [
        Arm(row, 0, 0, np.array([x]), np.array([total - x]))
        for row, (x, total) in enumerate(zip(cases, n, strict=True))
    ]
    prior = SpreadPrior(
        np.array([LOCATION]),
        np.array([SCALE]),
        lambda normal: (PRACTICE_SD * normal[:, :, None]) ** 2,
        dimensions=1,
    )
    rng = generator(seed)
    found = sample_setting(arms, 0, prior, effective_size=EFFECTIVE_SIZE, seed=rng)
    weights = np.exp(pareto_smooth(found.log_weights)[0])
    average = found.means[:, 0]
    step = ndtri(quasi_uniform(len(average), 1, rng)[:, 0])
    new = average + np.sqrt(found.covariance[:, 0, 0]) * step
    places = (np.arange(QUANTILES) + 0.5) / QUANTILES
    return weighted_quantile(average, weights, places), weighted_quantile(new, weights, places)
