"""The value of information as a result: three frames, and sentences made from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backpain_stats.decide.value.studies import StudyPlan
from backpain_stats.result import (
    Grid,
    Result,
    Shown,
    format_number,
    format_percent,
    grid_of,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ALL_FLAGS", "SETTLED", "ValueOfInformation", "in_words"]

#: Name of the decision about every flag together.
ALL_FLAGS = "all flags"
EVERYTHING = "everything about the setting"
PRACTICES = "difference between practices"
#: A question is settled when the recommendation is wrong with at most this chance.
SETTLED = 0.1


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ValueOfInformation(Result):
    """Which unknown, and which study, would change a recommendation.

    Made by :func:`value_of_information`.

    Parameters
    ----------
    decisions : pandas.DataFrame
        One row a decision: all flags together, then each flag, the one that is most worth
        knowing first. ``decision``, ``flag_id`` (missing for all flags), ``recommendation``
        (what is best on what is known), ``estimate`` (its net benefit), ``probability_wrong``
        (that another is better for the setting), ``perfect_information``.
    unknowns : pandas.DataFrame
        One row a decision and unknown: ``decision, unknown, flag_id, estimate`` (what
        knowing it is worth), ``share`` of knowing everything about the setting.
    studies : pandas.DataFrame
        One row a decision and size: ``decision, flag_id, design, n, practices, estimate``
        (what the study is worth), ``share, probability_wrong_after``, ``net_value`` (for the
        population, less the cost; NaN without one) and ``best``.
    plan : StudyPlan
        The studies considered.
    threshold : float
        Probability of disease from which on the panel acts.
    unit : str
        What net benefits count, per how many patients.
    labels : mapping of str to str
        Flag to the words it is printed with.
    target, setting, action, dependence : str
        What it is about, what the flags send to, and how findings are taken to hang together.
    draws : int
        Size of the sample.
    """

    decisions: pd.DataFrame
    unknowns: pd.DataFrame
    studies: pd.DataFrame
    plan: StudyPlan
    threshold: float
    unit: str
    labels: Mapping[str, str]
    target: str
    setting: str
    action: str
    dependence: str
    draws: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row a decision, unknown or study: ``kind`` says which."""
        import pandas as pd

        frames = {"unknown": self.unknowns, "study": self.studies}
        return pd.concat(
            [frame.assign(kind=kind) for kind, frame in frames.items()], ignore_index=True
        )

    def sentences(self) -> list[str]:
        """Return what follows for each flag, the most worth knowing first."""
        return [
            self._sentence(row)
            for row in self.decisions.to_dict("records")
            if row["decision"] != ALL_FLAGS
        ]

    def _sentence(self, row: Mapping[Any, Any]) -> str:
        """Say what is recommended, how sure that is, and which study would settle it."""
        name = in_words(self.labels.get(row["decision"], row["decision"]))
        now = f"{name}: {_recommended(row, name, self.action)} on what is known"
        if row["perfect_information"] == 0:
            return f"{_capital(now)}; nothing that could be learned would change it."
        chance = row["probability_wrong"]
        now = f"{_capital(now)}, wrong with a chance of {_chance(chance)}."
        if chance <= SETTLED:
            return f"{now} That is settled."
        now += f" Most worth knowing: {self._most(row['decision'])}."
        rows = self.studies[self.studies["decision"] == row["decision"]].to_dict("records")
        question = f"whether {name} should send to {self.action}"
        where = f"patients in {self.plan.practices:,} practice{'s' * (self.plan.practices > 1)}"
        enough = [one for one in rows if one["probability_wrong_after"] <= SETTLED]
        if not enough:
            return (
                f"{now} No {self.plan.design} of up to {rows[-1]['n']:,} {where} would settle "
                f"{question}: the largest {_leaves(rows[-1])}."
            )
        first = enough[0]
        text = (
            f"{now} A {self.plan.design} of {first['n']:,} {where} would settle {question}: "
            f"it {_leaves(first)}"
        )
        smaller = [one for one in rows if one["n"] < first["n"]]
        if not smaller:
            return f"{text}."
        last = next((one for one in reversed(smaller) if 8 * one["n"] <= first["n"]), smaller[-1])
        return (
            f"{text}; one of {last['n']:,} would not ({_chance(last['probability_wrong_after'])})."
        )

    def _most(self, decision: str) -> str:
        """Return the unknown of a setting that is most worth knowing, with its share."""
        rows = self.unknowns[self.unknowns["decision"] == decision]
        rows = rows[~rows["unknown"].isin([EVERYTHING, PRACTICES])]
        first = rows.iloc[int(rows["estimate"].to_numpy().argmax())]
        what = "its accuracy" if first["unknown"] != "prevalence" else f"the {first['unknown']}"
        return f"{what} ({format_percent(first['share'])} of what knowing everything is worth)"

    def _shown(self) -> Shown:
        """Show the decisions, what is worth knowing, and the sentences."""
        about = " in ".join(filter(None, [self.target, self.setting])) or "your own flags"
        decisions = self.decisions.assign(
            probability_wrong=self.decisions["probability_wrong"].map(_chance)
        )
        worth = [
            (str(row["decision"]), str(row["unknown"]), format_number(row["estimate"]))
            for row in self.unknowns.to_dict("records")
        ]
        columns = ["decision", "recommendation", "estimate"]
        columns += ["probability_wrong", "perfect_information"]
        return Shown(
            f"Value of information: {about}, {self.action} from "
            f"{format_percent(self.threshold)} on ({self.unit})",
            [
                grid_of(decisions, columns),
                Grid(worth, ("decision", "unknown", "worth")),
            ],
            [*self.sentences(), f"Findings together: {self.dependence}."],
        )


def in_words(label: str) -> str:
    """Return a label as it stands inside a sentence; abbreviations keep their capitals.

    Examples
    --------
    >>> in_words("Unexplained weight loss"), in_words("ESR 20 or more")
    ('unexplained weight loss', 'ESR 20 or more')
    """
    plain = label.replace("_", " ")
    return plain if plain[1:2].isupper() else plain[:1].lower() + plain[1:]


def _recommended(row: Mapping[str, Any], name: str, action: str) -> str:
    who = {"nobody": "nobody", "everybody": "everybody"}.get(row["recommendation"])
    return f"send {who} to {action}" if who else f"send those with it to {action}"


def _leaves(row: Mapping[str, Any]) -> str:
    return (
        f"leaves a chance of {_chance(row['probability_wrong_after'])} and brings "
        f"{format_percent(row['share'])} of what knowing everything would"
    )


def _chance(value: float) -> str:
    """Print a share of draws: what none of them shows is not impossible."""
    if value < 0.001:
        return "below 0.1%"
    return "above 99.9%" if value > 0.999 else format_percent(value)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
