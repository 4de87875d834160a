"""What to ask first: the tree of at most four questions with the highest net benefit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backpain_stats.checks import check_count, check_level
from backpain_stats.decide.frequencies import largest_remainder
from backpain_stats.decide.value.joint import Joint, joint_findings
from backpain_stats.decide.value.result import in_words
from backpain_stats.decide.value.rules import Stakes, allowed_sets, read_stakes
from backpain_stats.decide.value.sets import MOST_QUESTIONS, check_questions
from backpain_stats.decide.value.value import read_model
from backpain_stats.errors import ArgumentError
from backpain_stats.result import Grid, Result, Shown, format_number, format_percent
from backpain_stats.sampling import DEFAULT_SEED, DRAWS, Seed, interval_around

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backpain_stats.combine.risk.model import RiskModel
    from backpain_stats.evidence import Evidence, Setting, Target
    from backpain_stats.printed.prevalence import PrevalenceLike

    Array = NDArray[np.float64]
    Answers = tuple[tuple[str, int], ...]

__all__ = ["QuestionOrder", "question_order"]

# A question has to gain more than this share of a case found per patient.
ROUNDING = 1e-9
ANSWERS = {1: "yes", 0: "no"}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class QuestionOrder(Result):
    """A tree of questions: what to ask first, and what then.

    Made by :func:`question_order`.

    Parameters
    ----------
    nodes : pandas.DataFrame
        One row a node, from the first question on: ``answers`` so far (``flag=yes`` or
        ``flag=no``, joined by semicolons), ``depth``, ``question`` (the flag asked next;
        empty at an end), ``acts`` (at an end: whether the action follows), ``patients`` and
        ``cases`` (whole, adding up at every node), ``risk, ci_low, ci_high, ci_level``.
    estimate, ci_low, ci_high : float
        Net benefit of the whole tree, in cases found per ``per`` patients.
    threshold : float
        Probability of disease from which on the panel acts.
    prevalence : float
        Its mean, over practices and over what is not known.
    per : int
        Number of patients.
    labels : mapping of str to str
        Flag to the words it is printed with.
    target, setting, action, dependence : str
        What it is about, and how findings are taken to hang together.
    """

    nodes: pd.DataFrame
    estimate: float
    ci_low: float
    ci_high: float
    threshold: float
    prevalence: float
    per: int
    labels: Mapping[str, str]
    target: str
    setting: str
    action: str
    dependence: str

    @property
    def derived(self) -> bool:
        """Whether the tree asks more than one flag, which no study tried in this order."""
        return len(set(self.nodes["question"]) - {""}) > 1

    def to_frame(self) -> pd.DataFrame:
        """Return one row a node."""
        return self.nodes

    def _shown(self) -> Shown:
        """Show the tree as indented lines."""
        about = " in ".join(filter(None, [self.target, self.setting])) or "your own flags"
        rows = []
        for node in self.nodes.to_dict("records"):
            answer = node["answers"].rsplit("=", 1)[-1]
            then = self.action if node["acts"] else f"no {self.action}"
            if node["question"]:
                then = f"{in_words(self.labels.get(node['question'], node['question']))}?"
            start = "   " * node["depth"] + (f"{answer}: " if answer else "")
            rows.append(
                (
                    start + then,
                    f"{node['patients']:,}",
                    f"{node['cases']:,}",
                    f"{format_percent(node['risk'])} ({format_percent(node['ci_low'])} to "
                    f"{format_percent(node['ci_high'])})",
                )
            )
        notes = [
            f"Net benefit {format_number(self.estimate)} ({format_number(self.ci_low)} to "
            f"{format_number(self.ci_high)}) cases found per {self.per:,} patients, at a mean "
            f"prevalence of {format_percent(self.prevalence)}."
        ]
        if self.derived:
            notes.append(
                "No study tried these questions in this order: the tree is derived from the "
                f"flags one by one. Findings together: {self.dependence}."
            )
        title = f"Ask first: {about}, {self.action} from {format_percent(self.threshold)} on"
        return Shown(title, [Grid(rows, ("", "patients", "cases", "risk"))], notes)


def question_order(
    evidence: Evidence | RiskModel,
    target: Target = "malignancy",
    setting: Setting = "primary_care",
    flags: Sequence[str] | None = None,
    *,
    threshold: float | None = None,
    benefit: float | None = None,
    harm: float | None = None,
    test_harm: float = 0.0,
    most: int = MOST_QUESTIONS,
    pretest: PrevalenceLike | None = None,
    indirect: bool = False,
    per: int = 1000,
    action: str = "imaging",
    level: float = 0.95,
    draws: int = DRAWS,
    seed: Seed = DEFAULT_SEED,
) -> QuestionOrder:
    """Find the tree of questions with the highest expected net benefit.

    After each answer either one more flag is asked or the panel acts or does not. The tree
    is exact: of all trees of at most ``most`` questions a path it has the highest expected
    net benefit (dynamic programming over the answers so far); of equal ones the shorter.

    Parameters
    ----------
    evidence, target, setting, flags, pretest, indirect
        As for :func:`value_of_information`.
    threshold, benefit, harm, test_harm
        As there; ``test_harm`` is paid for each question that a patient is asked.
    most : int, default 4
        Largest number of questions a patient is asked.
    per : int, default 1000
        Number of patients.
    action : str
        What the tree decides about, in print.
    level : float, default 0.95
        Level of the intervals.
    draws, seed
        Size and seed of the sample.

    Returns
    -------
    QuestionOrder

    Raises
    ------
    ArgumentError
        If a value is not allowed, or there are more than twelve flags.
    NotEstimableError
        If no flag has a usable report, or no prevalence is known.

    Examples
    --------
    >>> from backpain_stats import load_evidence, question_order
    >>> tree = question_order(load_evidence(), threshold=0.01, most=2, draws=512)
    >>> tree.nodes.loc[0, "question"] in {"age_50", "cancer_history"}
    True
    """
    check_level(level)
    stakes = read_stakes(threshold, benefit, harm, test_harm)
    if check_count(per, "per") < 1:
        raise ArgumentError(f"per is {per!r}; at least 1 patient is needed")
    most = check_questions(most)
    model = read_model(evidence, target, setting, flags, pretest=pretest, indirect=indirect)
    joint = joint_findings(model, draws=draws, seed=seed)
    search = _Search(joint, stakes, most, set(allowed_sets(model.entries, 2)))
    drawn = np.zeros(len(joint.cases))
    prevalence = float(joint.mean[0].sum())
    ill = largest_remainder([1 - prevalence, prevalence], per)[1]
    nodes = _nodes(search, (), (ill, per - ill), level, drawn)
    estimate = float(drawn.mean())
    low, high = interval_around(estimate, drawn, level)
    return QuestionOrder(
        pd.DataFrame(nodes),
        per * estimate,
        float(per * low),
        float(per * high),
        stakes.threshold,
        prevalence,
        per,
        {entry.flag_id: entry.label for entry in model.entries.entries},
        model.entries.target,
        model.entries.setting,
        action,
        joint.basis,
    )


class _Search:
    """The best thing to do after some answers, each state computed once."""

    def __init__(
        self, joint: Joint, stakes: Stakes, most: int, pairs: set[tuple[str, ...]]
    ) -> None:
        self.joint, self.most = joint, most
        self.weight = stakes.threshold / (1 - stakes.threshold)
        self.question_harm = stakes.test_harm / stakes.benefit
        self.pairs = {frozenset(pair) for pair in pairs if len(pair) == 2}
        self.cases, self.noncases = joint.mean
        self.known: dict[frozenset[tuple[str, int]], tuple[float, str]] = {}

    def matches(self, answers: Answers) -> NDArray[np.bool_]:
        """Return which complete patterns agree with some answers."""
        fits = np.ones(len(self.joint.patterns), dtype=bool)
        for flag, answer in answers:
            fits &= self.joint.columns([flag])[:, 0] == answer
        return fits

    def net(self, answers: Answers) -> float:
        """Return the net benefit of acting on those who gave some answers."""
        fits = self.matches(answers)
        return float(self.cases[fits].sum() - self.weight * self.noncases[fits].sum())

    def best(self, answers: Answers) -> tuple[float, str]:
        """Return the net benefit that can be had from here, and what to ask ("" for nothing)."""
        state = frozenset(answers)
        if state not in self.known:
            self.known[state] = self._best(answers)
        return self.known[state]

    def _best(self, answers: Answers) -> tuple[float, str]:
        worth, question = max(0.0, self.net(answers)), ""
        if len(answers) == self.most:
            return worth, question
        fits = self.matches(answers)
        paid = self.question_harm * float(self.cases[fits].sum() + self.noncases[fits].sum())
        asked = [flag for flag, _ in answers]
        for flag in self.joint.flags:
            if any(frozenset((flag, other)) not in self.pairs for other in asked):
                continue
            after = sum(self.best((*answers, (flag, answer)))[0] for answer in ANSWERS)
            if after - paid > worth + ROUNDING:
                worth, question = after - paid, flag
        return worth, question


def _nodes(
    search: _Search, answers: Answers, counts: tuple[int, int], level: float, drawn: Array
) -> list[dict[str, Any]]:
    """Return the nodes from here on; the net benefit of the ends is added to ``drawn``.

    ``counts`` are the cases and the others here: those of a question are divided among its
    answers, so that they add up at every node.
    """
    joint, fits = search.joint, search.matches(answers)
    cases, others = joint.cases[:, fits].sum(axis=1), joint.noncases[:, fits].sum(axis=1)
    everybody = cases + others
    risk = float(cases.mean() / everybody.mean())
    low, high = interval_around(risk, cases / everybody, level)
    question = search.best(answers)[1]
    acts = not question and search.net(answers) > 0
    if acts:
        drawn += cases - search.weight * others
    node = {
        "answers": ";".join(f"{flag}={ANSWERS[answer]}" for flag, answer in answers),
        "depth": len(answers),
        "question": question,
        "acts": acts,
        "patients": sum(counts),
        "cases": counts[0],
        "risk": risk,
        "ci_low": float(low),
        "ci_high": float(high),
        "ci_level": level,
    }
    if not question:
        return [node]
    drawn -= search.question_harm * everybody
    further = [(*answers, (question, answer)) for answer in ANSWERS]
    split = [
        _divided([group[search.matches(one)].sum() for one in further], count)
        for group, count in zip((search.cases, search.noncases), counts, strict=True)
    ]
    below = [
        _nodes(search, one, (split[0][place], split[1][place]), level, drawn)
        for place, one in enumerate(further)
    ]
    return [node, *below[0], *below[1]]


def _divided(shares: Sequence[float], count: int) -> list[int]:
    total = sum(shares)
    return largest_remainder([share / total for share in shares], count)
