"""Which flags to ask together, and by which rule, for how many questions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backpain_stats.checks import check_count, check_level, real_numbers
from backpain_stats.decide.frequencies import whole_patients
from backpain_stats.decide.value.joint import Joint, joint_findings
from backpain_stats.decide.value.result import in_words
from backpain_stats.decide.value.rules import Stakes, allowed_sets, read_stakes
from backpain_stats.decide.value.value import read_model
from backpain_stats.errors import ArgumentError
from backpain_stats.result import Result, Shown, format_number, format_percent, grid_of
from backpain_stats.sampling import DEFAULT_SEED, DRAWS, Seed, interval_around

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from backpain_stats.combine.inputs.entries import Entries
    from backpain_stats.combine.risk.model import RiskModel
    from backpain_stats.evidence import Evidence, Setting, Target
    from backpain_stats.printed.prevalence import PrevalenceLike

    Array = NDArray[np.float64]

__all__ = ["FlagSets", "check_questions", "flag_sets"]

ANY, TWO, RISK = "any", "at least 2", "risk threshold"
MOST_QUESTIONS = 4


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FlagSets(Result):
    """The best set of flags for each threshold, number of questions and rule.

    Made by :func:`flag_sets`.

    Parameters
    ----------
    sets : pandas.DataFrame
        One row a threshold, number of questions and rule: ``threshold, questions, rule``
        (``any``, ``at least 2``, ``risk threshold``), ``flags`` (joined by semicolons),
        ``estimate, ci_low, ci_high`` (net benefit), ``gain, gain_low, gain_high`` (over
        the better of acting on nobody and on everybody), ``probability_useful`` (that the
        gain is above 0), ``tp, fp, fn, tn`` (whole patients), ``published`` (the
        combination that was printed, empty where none was), ``derived``, ``best`` (of its
        threshold), ``ci_level, method``.
    prevalence : float
        Its mean, over practices and over what is not known.
    per : int
        Net benefits and patients are per so many.
    labels : mapping of str to str
        Flag to the words it is printed with.
    target, setting, dependence : str
        What it is about, and how findings are taken to hang together.
    """

    sets: pd.DataFrame
    prevalence: float
    per: int
    labels: Mapping[str, str]
    target: str
    setting: str
    dependence: str

    def to_frame(self) -> pd.DataFrame:
        """Return one row a threshold, number of questions and rule."""
        return self.sets

    def sentences(self) -> list[str]:
        """Return what is best at each threshold, with its frequencies."""
        return [self._sentence(row) for row in self.sets[self.sets["best"]].to_dict("records")]

    def _sentence(self, row: Mapping[Any, Any]) -> str:
        names = [in_words(self.labels.get(flag, flag)) for flag in row["flags"].split(";")]
        rule = {
            ANY: f"any of {', '.join(names)}" if len(names) > 1 else names[0],
            TWO: f"at least two of {', '.join(names)}",
            RISK: f"a risk of {format_percent(row['threshold'])} or more by {', '.join(names)}",
        }[row["rule"]]
        start = f"From {format_percent(row['threshold'])} on"
        if row["gain"] <= 0:
            return f"{start}, no set is better than acting on nobody or on everybody."
        text = (
            f"{start}, best is {rule}: of {self.per:,} patients it finds {row['tp']} of "
            f"{row['tp'] + row['fn']} cases and acts on {row['fp']:,} others; net benefit "
            f"{format_number(row['estimate'])} ({format_number(row['ci_low'])} to "
            f"{format_number(row['ci_high'])}), useful with a chance of "
            f"{format_percent(row['probability_useful'])}."
        )
        if row["derived"]:
            text += " No study printed this rule: it is derived from the flags one by one."
        elif row["published"]:
            text += f" The rule itself was printed ({row['published']}); that is not used here."
        return text

    def _shown(self) -> Shown:
        """Show the best set for each number of questions, and the sentences."""
        about = " in ".join(filter(None, [self.target, self.setting])) or "your own flags"
        top = self.sets.sort_values("estimate", ascending=False, kind="stable")
        top = top.drop_duplicates(["threshold", "questions"]).sort_index()
        shown = top.assign(derived=top["derived"].map({True: "yes", False: "no"}))
        columns = ["threshold", "questions", "rule", "flags", "estimate", "gain", "derived"]
        return Shown(
            f"Sets of flags: {about} (net benefit per {self.per:,} patients, "
            f"mean prevalence {format_percent(self.prevalence)})",
            [grid_of(shown, columns)],
            [*self.sentences(), f"Findings together: {self.dependence}."],
        )


def flag_sets(
    evidence: Evidence | RiskModel,
    target: Target = "malignancy",
    setting: Setting = "primary_care",
    flags: Sequence[str] | None = None,
    *,
    thresholds: ArrayLike,
    test_harm: float = 0.0,
    most: int = MOST_QUESTIONS,
    pretest: PrevalenceLike | None = None,
    indirect: bool = False,
    per: int = 1000,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: Seed = DEFAULT_SEED,
) -> FlagSets:
    r"""Find the set of flags and the rule with the highest net benefit.

    Every set of up to ``most`` flags that can be asked of one patient is tried with three
    rules: act if any is present; if at least two are; if the risk after all answers is at
    least the threshold. With :math:`x` the patterns on which a rule acts,

    .. math:: \mathrm{NB} = \sum_x \pi P(x \mid D)
        - \frac{t}{1-t} (1 - \pi) P(x \mid \bar D) - k T

    for :math:`k` questions with harm :math:`T` each.

    Parameters
    ----------
    evidence, target, setting, flags, pretest, indirect
        As for :func:`value_of_information`.
    thresholds : array_like
        The probabilities of disease from which on a panel may act, strictly between 0 and 1.
    test_harm : float, default 0
        Harm of one question, in cases found. Without it more questions are never worse.
    most : int, default 4
        Largest number of questions.
    per : int, default 1000
        Number of patients.
    level : float, default 0.95
        Level of the intervals.
    draws, seed
        Size and seed of the sample.

    Returns
    -------
    FlagSets

    Raises
    ------
    ArgumentError
        If a threshold or another value is not allowed, or there are more than twelve flags.
    NotEstimableError
        If no flag has a usable report, or no prevalence is known.

    Notes
    -----
    Sets are chosen by the expected net benefit over the setting's practices, the intervals
    are those of the set chosen. How findings occur together is as in
    :func:`value_of_information`; a set that no study tried as a rule is marked ``derived``:
    try it in patients before it is recommended.

    Examples
    --------
    >>> from backpain_stats import flag_sets, load_evidence
    >>> found = flag_sets(load_evidence(), thresholds=[0.01], most=2, draws=512)
    >>> found.sets.loc[found.sets["best"], "questions"].tolist()
    [2]
    """
    check_level(level)
    numbers = real_numbers(thresholds)
    if numbers is None or not numbers.size or not np.all((numbers > 0) & (numbers < 1)):
        raise ArgumentError(f"thresholds is {thresholds!r}; give numbers strictly between 0 and 1")
    stakes = [read_stakes(float(one), None, None, test_harm) for one in np.atleast_1d(numbers)]
    if check_count(per, "per") < 1:
        raise ArgumentError(f"per is {per!r}; at least 1 patient is needed")
    most = check_questions(most)
    model = read_model(evidence, target, setting, flags, pretest=pretest, indirect=indirect)
    joint = joint_findings(model, draws=draws, seed=seed)
    rows = []
    for one in stakes:
        weight = one.threshold / (1 - one.threshold)
        winners = _winners(model.entries, joint, weight, one.test_harm, most)
        own = [_row(model.entries, joint, winner, one, per=per, level=level) for winner in winners]
        # Of equal sets the one with fewer questions, which comes first.
        best = int(np.argmax([round(row["estimate"], 9) for row in own]))
        rows += [row | {"best": place == best} for place, row in enumerate(own)]
    entries = model.entries
    return FlagSets(
        pd.DataFrame(rows),
        float(joint.mean[0].sum()),
        per,
        {entry.flag_id: entry.label for entry in entries.entries},
        entries.target,
        entries.setting,
        joint.basis,
    )


def check_questions(most: int) -> int:
    """Return the largest number of questions, 1 to 4, or raise ArgumentError."""
    if not 1 <= check_count(most, "most") <= MOST_QUESTIONS:
        raise ArgumentError(f"most is {most!r}; 1 to {MOST_QUESTIONS} questions are allowed")
    return int(most)


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    """A set with a rule: the patterns it acts on, and its expected net benefit."""

    flags: tuple[str, ...]
    rule: str
    acts: Array
    worth: float


def _winners(
    entries: Entries, joint: Joint, weight: float, test_harm: float, most: int
) -> list[_Candidate]:
    """Return the best set for each number of questions and rule, in this order."""
    best: dict[tuple[int, str], _Candidate] = {}
    cases, noncases = joint.mean
    net = cases - weight * noncases
    for flags in allowed_sets(entries, most):
        for rule, acts in _rules(joint, flags, net):
            worth = float(net @ acts) - test_harm * len(flags)
            key = (len(flags), rule)
            if key not in best or worth > best[key].worth + 1e-12:
                best[key] = _Candidate(flags, rule, acts, worth)
    return [
        best[key] for key in sorted(best, key=lambda key: (key[0], (ANY, TWO, RISK).index(key[1])))
    ]


def _rules(joint: Joint, flags: Sequence[str], net: Array) -> Iterator[tuple[str, Array]]:
    """Yield the rules of one set with the patterns they act on."""
    answers = joint.columns(flags)
    present = answers.sum(axis=1)
    yield ANY, (present >= 1).astype(float)
    if len(flags) > 1:
        yield TWO, (present >= 2).astype(float)
        # One code a pattern of answers; act where the expected net benefit is above 0.
        code = answers @ (1 << np.arange(len(flags)))
        worth = np.bincount(code, weights=net, minlength=1 << len(flags))
        yield RISK, (worth > 0)[code].astype(float)


def _row(
    entries: Entries,
    joint: Joint,
    chosen: _Candidate,
    stakes: Stakes,
    *,
    per: int,
    level: float,
) -> dict[str, Any]:
    """Return the row of one set: net benefit, gain and frequencies."""
    weight = stakes.threshold / (1 - stakes.threshold)
    drawn = joint.benefit(chosen.acts, weight) - stakes.test_harm * len(chosen.flags)
    everybody = joint.benefit(np.ones(len(chosen.acts)), weight)
    gain = drawn - (everybody if everybody.mean() > 0 else 0.0)
    cases, noncases = joint.mean
    tp, fp = float(cases @ chosen.acts), float(noncases @ chosen.acts)
    prevalence = float(cases.sum())
    counts = whole_patients(tp / prevalence, 1 - fp / (1 - prevalence), prevalence, per)
    rule = {ANY: 1, TWO: 2}.get(chosen.rule)
    published = next(
        (
            one.combination_id
            for one in entries.combinations
            if set(one.flags) == set(chosen.flags) and one.at_least == rule
        ),
        "",
    )
    row: dict[str, Any] = {
        "threshold": stakes.threshold,
        "questions": len(chosen.flags),
        "rule": chosen.rule,
        "flags": ";".join(chosen.flags),
    }
    for start, sample in (("", drawn), ("gain_", gain)):
        estimate = float(sample.mean())
        low, high = interval_around(estimate, sample, level)
        row["gain" if start else "estimate"] = per * estimate
        row[f"{start or 'ci_'}low"], row[f"{start or 'ci_'}high"] = per * low, per * high
    return row | {
        "probability_useful": float(np.mean(gain > 0)),
        **dict(zip(("tp", "fp", "fn", "tn"), counts, strict=True)),
        "published": published,
        "derived": len(chosen.flags) > 1 and not published,
        "ci_level": level,
        "method": "posterior mean over the practices of the setting",
    }
