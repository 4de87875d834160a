"""The findings first: what was asked, what is known, how sure, and what follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpain_stats.combine.risk.model import RiskModel
from backpain_stats.decide.endorsement import NOT_FOUND
from backpain_stats.errors import NotEstimableError, PretestError
from backpain_stats.estimate import format_percent
from backpain_stats.report.main.context import LeftOut
from backpain_stats.report.page.parts import Argument, Code, Link, Prose, Section

if TYPE_CHECKING:
    import pandas as pd

    from backpain_stats.estimate import PosttestEstimate
    from backpain_stats.report.main.context import Context


TITLE = "What the evidence says"
Step = tuple[str, str | Prose]


def findings_section(context: Context) -> Section | LeftOut:
    """Build the opening section; what a step would say twice is said by the later sections."""
    if lacking := context.without("accuracy"):
        return LeftOut(TITLE, lacking)
    steps = (*_answer(context), *_contradicted(context), *_to_study(context))
    return Section("findings", TITLE, (Argument(steps),))


def _answer(context: Context) -> tuple[Step, ...]:
    """Say what was asked, what is known, how sure that is, and what follows.

    Nothing, where no flag for malignancy in primary care has a usable report.
    """
    try:
        model = RiskModel(context.evidence)
    except (NotEstimableError, PretestError):
        return ()
    flags = context.label_flags(model.flags).sort_values("lr_positive", ascending=False)
    best, *others = (model.risk([str(flag)]) for flag in flags["flag_id"])
    low, high = model.entries.pretest.interval(best.posttest.ci_level)
    name = str(flags["label"].iloc[0])
    rest = ""
    if others:
        after = [one.posttest.estimate for one in others]
        rest = (
            f"; the {len(others)} others take it to between {format_percent(min(after))} and "
            f"{format_percent(max(after))}"
        )
    new = best.new_practice
    return (
        (
            "Asked.",
            "Which findings in a patient with back pain should make a clinician in primary care "
            "think of malignancy?",
        ),
        (
            "Known.",
            f"Before any finding the risk is {format_percent(best.pretest)} "
            f"({format_percent(low)} to {format_percent(high)}). "
            f"{name[:1].upper()}{name[1:]} takes it to {_percent(best.posttest)} in an average "
            f"practice{rest}.",
        ),
        (
            "How sure.",
            f"{_behind(flags['n_cases'])}In a practice that was not studied the risk after "
            f"{name.lower()} may be anything from {format_percent(new.ci_low)} to "
            f"{format_percent(new.ci_high)}.",
        ),
        ("It follows.", _informative(flags)),
    )


def _behind(cases: pd.Series) -> str:
    """Say how many cases are behind the flags."""
    counts = cases.dropna()
    if counts.empty:
        return ""
    fewest, most = int(counts.min()), int(counts.max())
    span = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    return f"Each flag rests on {span} patients with malignancy, all settings together. "


def _percent(risk: PosttestEstimate) -> str:
    low, high = format_percent(risk.ci_low), format_percent(risk.ci_high)
    return f"{format_percent(risk.estimate)} ({low} to {high})"


def _informative(flags: pd.DataFrame) -> str:
    """Say which flags move the odds by more than 2, with their whole interval."""
    present, absent = [], []
    for face in ("", "new_practice_"):
        present.append(flags.loc[flags[f"lr_positive_{face}low"] > 2, "label"])
        absent.append(int((flags[f"lr_negative_{face}high"] < 0.5).sum()))
    average, new = present
    named = ", ".join(str(one).lower() for one in average)
    halving = (
        f"of {absent[0] or 'none'} more than halves them in an average practice, of "
        f"{absent[1] or 'none'} in a new one"
        if any(absent)
        else "of none more than halves them, in either"
    )
    return (
        f"In an average practice {len(average) or 'none'} of {len(flags)} flags more than "
        f"double{'s' if len(average) == 1 else ''} the odds with the whole interval"
        f"{f' ({named})' if named else ''}, in a new practice {len(new) or 'none'}. The absence "
        f"{halving}."
    )


def _contradicted(context: Context) -> tuple[Step, ...]:
    """Say what published figures contradict, and which come out as printed."""
    ratios, finding = context.ratios, context.ledger["finding"]
    if finding.empty:
        return ()
    unread = finding.isin(["not_read", "not_on_file"])
    reproduced = finding.isin(["reproduced", "conditional"])
    impossible = (ratios["verdict"] == "impossible").sum()
    text = (
        f"{impossible} of {len(ratios)} reports print figures that no table of whole patients can "
        f"give. Of {(~unread).sum()} published results with something to compute from, "
        f"{reproduced.sum()} are reproduced, {(finding == 'inferred').sum()} follow from inputs "
        f"that they do not name, and {(finding == 'differs').sum()} come out otherwise; for "
        f"{unread.sum()} more the inputs were not read, or are in no usable row: "
    )
    return (("Contradicted.", Prose(text, Link("the ledger", "#reproduction"), ".")),)


def _to_study(context: Context) -> tuple[Step, ...]:
    """Say what is endorsed and was not measured, and how to ask which study is worth it."""
    flags = context.endorsement.flags
    endorsed = flags[flags["guidelines"] > 0]
    absent = int((endorsed["evidence"] == NOT_FOUND).sum())
    text = (
        f"{absent} of {len(endorsed)} flags that guidelines name for a condition have no usable "
        "figure in the sources read. Which study would change a decision: "
    )
    return (("To study next.", Prose(text, Code("backpain-stats value"), ".")),)
