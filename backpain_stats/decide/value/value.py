"""What knowing more would be worth to a panel: all of it, each unknown, a study of n patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backpain_stats.checks import check_count
from backpain_stats.combine.risk.model import RiskModel
from backpain_stats.decide.value.information import (
    conditional_benefits,
    partial_information,
    perfect_information,
    wrong,
)
from backpain_stats.decide.value.practices import (
    Accuracies,
    SettingDraws,
    draw_setting,
)
from backpain_stats.decide.value.price import Price, read_price, share_of, valued
from backpain_stats.decide.value.result import ALL_FLAGS, EVERYTHING, PRACTICES, ValueOfInformation
from backpain_stats.decide.value.rules import (
    EVERYBODY,
    NOBODY,
    Rule,
    Stakes,
    allowed_sets,
    benefits,
    read_stakes,
    rule_accuracies,
)
from backpain_stats.decide.value.studies import (
    SIZES,
    Design,
    Studied,
    StudyPlan,
    read_plan,
    simulate_studies,
)
from backpain_stats.errors import ArgumentError
from backpain_stats.sampling import DEFAULT_SEED, DRAWS, Seed, generator

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from backpain_stats.combine.inputs.entries import Entries
    from backpain_stats.evidence import Evidence, Setting, Target
    from backpain_stats.printed.prevalence import PrevalenceLike

    Array = NDArray[np.float64]

__all__ = ["read_model", "value_of_information"]


def value_of_information(
    evidence: Evidence | RiskModel,
    target: Target = "malignancy",
    setting: Setting = "primary_care",
    flags: Sequence[str] | None = None,
    *,
    threshold: float | None = None,
    benefit: float | None = None,
    harm: float | None = None,
    test_harm: float = 0.0,
    pretest: PrevalenceLike | None = None,
    indirect: bool = False,
    design: Design = "cohort",
    sizes: ArrayLike = SIZES,
    practices: int = 10,
    population: float | None = None,
    cost: float = 0.0,
    fixed_cost: float = 0.0,
    per: int = 1000,
    action: str = "imaging",
    draws: int = DRAWS,
    seed: Seed = DEFAULT_SEED,
) -> ValueOfInformation:
    r"""Say how sure a recommendation is, and which unknown and which study could change it.

    A panel recommends one rule :math:`d` for all practices of a setting: act on nobody, on
    everybody, on those with a flag, on those with any of the flags, or with at least two.
    The net benefit of a rule, :math:`B_d`, is that of :func:`~backpain_stats.decision_curve`,
    times the benefit where one is given. The rule with the highest expected net benefit is
    what is best on what is known. Knowing :math:`\varphi` is worth

    .. math:: E_\varphi \max_d E[B_d \mid \varphi] - \max_d E[B_d]

    with :math:`\varphi` everything (EVPI), one unknown (EVPPI) or the data of a study (EVSI).

    Parameters
    ----------
    evidence : Evidence or RiskModel
        The published evidence, or a model made from it or from your own frame; of a model
        the flags, the pre-test and the dependence are used.
    target, setting : str
        For evidence: the condition, and where patients are seen.
    flags : sequence of str, optional
        For evidence: which flags; by default every flag with a usable report.
    threshold : float, optional
        Probability of disease from which on the panel acts.
    benefit, harm, test_harm : float, optional
        In place of the threshold: benefit of acting on a case and harm of acting on a
        non-case, in one unit. ``test_harm`` is the harm of asking about one flag (with a
        threshold: in cases found).
    pretest : float, str or Prevalence, optional
        For evidence: in place of the pooled prevalence.
    indirect : bool, default False
        For evidence: whether reports on other patients or another target are used.
    design : {"cohort", "case-control"}
        A cohort tells the prevalence, too; a case-control study has as many cases as others.
    sizes : array_like of int
        Numbers of patients.
    practices : int, default 10
        How many practices the patients of a study come from. A study in one practice, however
        large, does not say how others differ.
    population : float, optional
        Patients to whom the recommendation will be applied. With it, the net value of each
        study is its worth to them less what it costs.
    cost, fixed_cost : float
        Of each patient of a study, and of the study, in the unit of ``benefit``.
    per : int, default 1000
        Net benefits are per so many patients.
    action : str
        What the flags send to, in the sentences.
    draws, seed
        Size and seed of the sample.

    Returns
    -------
    ValueOfInformation

    Raises
    ------
    ArgumentError
        If neither or both of threshold and benefit with harm are given, a value is not
        allowed, or there are more than twelve flags.
    NotEstimableError
        If no flag has a usable report, or no prevalence is known.

    Notes
    -----
    **What is known** is the posterior of :class:`~backpain_stats.RiskModel`: accuracy of each
    flag, prevalence, how practices differ, and how findings occur together. The default
    dependence gives no joint distribution; in its place stands the one-factor model with the
    learned distribution of its correlation.

    An expected net benefit rests on the mean prevalence. What is not known of it has a long
    upper tail, which lifts the mean above the median that a risk starts from; where you know
    better, give ``pretest``.

    **Unknowns.** "Everything about the setting" is the mean of its practices: accuracies,
    prevalence, dependence. The "difference between practices" is what would be gained beyond
    that if each practice knew its own figures and had its own recommendation.

    **Studies.** Patterns of findings are drawn for every draw of the posterior, in practices
    drawn anew; what the data say is a regression of the net benefits on a summary of them
    (Strong 2015). With few draws the regression follows chance and the worth comes out too
    high by a little; results are kept within what theory allows: rising with n, never above
    what knowing everything (case-control: every accuracy and the dependence) is worth.

    **When not to use it.** It speaks of the rules listed above, judged by net benefit; a panel
    that weighs cost, acceptability or equity decides on more. Where one cohort is all there
    is, how far practices differ is the prior's word, and so is much of the answer.

    References
    ----------
    Strong M, Oakley JE, Brennan A. Estimating multiparameter partial expected value of perfect
    information from a probabilistic sensitivity analysis sample. Med Decis Making
    2014;34:311-26. https://doi.org/10.1177/0272989X13505910

    Strong M, Oakley JE, Brennan A, Breeze P. Estimating the expected value of sample
    information using the probabilistic sensitivity analysis sample. Med Decis Making
    2015;35:570-83. https://doi.org/10.1177/0272989X15575286

    Examples
    --------
    >>> from backpain_stats import load_evidence, value_of_information
    >>> found = value_of_information(
    ...     load_evidence(), flags=["cancer_history", "weight_loss_unexplained"],
    ...     threshold=0.01, sizes=[500, 4000], draws=512)
    >>> found.decisions["decision"].tolist()[0]
    'all flags'
    >>> found.studies["n"].tolist()[:2]
    [500, 4000]
    """
    stakes = read_stakes(threshold, benefit, harm, test_harm)
    plan = read_plan(design, sizes, practices)
    price = read_price(population, cost, fixed_cost)
    if check_count(per, "per") < 1:
        raise ArgumentError(f"per is {per!r}; at least 1 patient is needed")
    model = read_model(evidence, target, setting, flags, pretest=pretest, indirect=indirect)
    rng = generator(seed)
    drawn = draw_setting(model, practices=plan.practices, draws=draws, seed=rng)
    problem = _Problem.of(model.entries, drawn, stakes)
    studies = list(
        simulate_studies(
            drawn,
            model.entries.flags,
            problem.rules,
            problem.accuracies,
            stakes,
            plan=plan,
            seed=rng,
        )
    )
    parts = [problem.decide(one, studies, price, plan) for one in problem.decisions]
    # The flag that is most worth knowing comes first, after all flags together.
    parts.sort(key=lambda part: (part[0]["decision"] != ALL_FLAGS, -part[0]["perfect_information"]))
    entries = model.entries
    frames = (
        [part[0] for part in parts],
        [row for part in parts for row in part[1]],
        [row for part in parts for row in part[2]],
    )
    decisions, unknowns, worth = (_scaled(pd.DataFrame(rows), per) for rows in frames)
    unit = "cases found, net" if threshold is not None else "units of benefit and harm"
    return ValueOfInformation(
        decisions,
        unknowns,
        worth,
        plan,
        stakes.threshold,
        f"{unit}, per {per:,} patients",
        {entry.flag_id: entry.label for entry in entries.entries},
        entries.target,
        entries.setting,
        action,
        drawn.basis,
        draws,
    )


def read_model(
    evidence: Evidence | RiskModel,
    target: Target,
    setting: Setting,
    flags: Sequence[str] | None,
    *,
    pretest: PrevalenceLike | None,
    indirect: bool,
) -> RiskModel:
    """Return the model that was given, or the one of the evidence."""
    if isinstance(evidence, RiskModel):
        if flags is not None or pretest is not None:
            raise ArgumentError(
                "a model has its own flags and pre-test; give them where it is made"
            )
        return evidence
    return RiskModel(evidence, target, setting, flags=flags, pretest=pretest, indirect=indirect)


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """The rules between which is chosen, and their net benefits in every draw."""

    rules: tuple[Rule, ...]
    decisions: tuple[str, ...]
    entries: Entries
    drawn: SettingDraws
    accuracies: tuple[Accuracies, Accuracies]
    setting: Array
    practice: Array
    at_mean_prevalence: Array

    @classmethod
    def of(cls, entries: Entries, drawn: SettingDraws, stakes: Stakes) -> _Problem:
        """Compute the net benefits in the setting and in one practice."""
        flags = entries.flags
        single = [NOBODY, EVERYBODY, *(Rule((flag,)) for flag in flags)]
        places = (drawn.setting, drawn.practice)
        own = rule_accuracies(drawn.dependence, drawn.setting, flags, single)
        worth = benefits(single, own, drawn.setting.prevalence, stakes).mean(axis=0)[2:]
        together = _together(entries, worth)
        rules = tuple(single + [Rule(together, k) for k in (1, 2) if len(together) > 1])
        found = [rule_accuracies(drawn.dependence, place, flags, rules) for place in places]
        setting, practice = (
            benefits(rules, one, place.prevalence, stakes)
            for one, place in zip(found, places, strict=True)
        )
        mean = benefits(rules, found[0], float(drawn.setting.prevalence.mean()), stakes)
        decisions = ([ALL_FLAGS] if len(flags) > 1 else []) + list(flags)
        return cls(
            rules,
            tuple(decisions),
            entries,
            drawn,
            (found[0], found[1]),
            setting,
            practice,
            mean,
        )

    def decide(
        self, decision: str, studies: Sequence[Studied], price: Price, plan: StudyPlan
    ) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
        """Return the rows of one decision: itself, its unknowns, and the studies."""
        columns = [
            place
            for place, rule in enumerate(self.rules)
            if decision == ALL_FLAGS or rule.flags in ((), (decision,))
        ]
        setting, practice = self.setting[:, columns], self.practice[:, columns]
        chosen = int(setting.mean(axis=0).argmax())
        most = perfect_information(setting)
        about = {"decision": decision, "flag_id": pd.NA if decision == ALL_FLAGS else decision}
        row = about | {
            "recommendation": self.rules[columns[chosen]].name,
            "estimate": float(setting[:, chosen].mean()),
            "probability_wrong": wrong(setting, chosen),
            "perfect_information": most,
        }
        unknowns = [
            {"decision": decision, "unknown": name, "flag_id": flag, "estimate": value,
             "share": share_of(value, most)}
            for name, flag, value in self._unknowns(decision, setting, practice, most)
        ]  # fmt: skip
        limit = most
        if plan.design == "case-control":
            limit = min(most, perfect_information(self.at_mean_prevalence[:, columns]))
        worth = []
        for study in studies:
            fitted = conditional_benefits(setting, study.summary[:, columns])
            worth.append(
                about
                | {"design": plan.design, "n": study.n, "practices": plan.practices}
                | {"estimate": min(limit, perfect_information(fitted))}
                | {"probability_wrong_after": wrong(setting, fitted.argmax(axis=1))}
            )
        return row, unknowns, valued(worth, most, price)

    def _unknowns(
        self, decision: str, setting: Array, practice: Array, most: float
    ) -> list[tuple[str, Any, float]]:
        """Return each unknown with its flag and what knowing it is worth."""
        marginals, prevalence = self.drawn.setting.marginals, self.drawn.setting.prevalence
        found: list[tuple[str, Any, float]] = [(EVERYTHING, pd.NA, most)]
        for place, flag in enumerate(self.entries.flags):
            if decision in (ALL_FLAGS, flag):
                own = np.column_stack([marginals.cases[:, place], marginals.noncases[:, place]])
                found.append((f"accuracy of {flag}", flag, partial_information(setting, own)))
        if not self.drawn.prevalence_known:
            # Net benefit is smooth in the prevalence, which is far from evenly spread.
            known = partial_information(setting, prevalence)
            found.append(("prevalence", pd.NA, known))
        if decision == ALL_FLAGS and self.drawn.correlations.shape[1]:
            known = partial_information(setting, self.drawn.correlations)
            found.append(("dependence", pd.NA, known))
        if self.drawn.practices_differ:
            beyond = max(0.0, perfect_information(practice) - most)
            found.append((PRACTICES, pd.NA, beyond))
        return found


def _together(entries: Entries, worth: Array) -> tuple[str, ...]:
    """Return flags that can all be asked of one patient, the better by itself first."""
    pairs = {frozenset(pair) for pair in allowed_sets(entries, 2) if len(pair) == 2}
    chosen: list[str] = []
    for flag in np.array(entries.flags)[np.argsort(-worth, kind="stable")]:
        if all(frozenset((flag, other)) in pairs for other in chosen):
            chosen.append(str(flag))
    return tuple(flag for flag in entries.flags if flag in chosen)


def _scaled(frame: pd.DataFrame, per: int) -> pd.DataFrame:
    """Return a frame with the net benefits per so many patients."""
    columns = [name for name in ("estimate", "perfect_information") if name in frame.columns]
    frame[columns] = frame[columns] * per
    return frame.astype({"flag_id": "string"})
