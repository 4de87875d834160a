"""The findings first: a handful of numbers, each computed from the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpain_stats.combine.risk.model import RiskModel
from backpain_stats.decide.endorsement import NOT_FOUND
from backpain_stats.errors import NotEstimableError, PretestError
from backpain_stats.estimate import format_percent
from backpain_stats.report.main.context import LeftOut
from backpain_stats.report.page.parts import Cards, Code, Link, Prose, Section, Strong

if TYPE_CHECKING:
    import pandas as pd

    from backpain_stats.estimate import PosttestEstimate
    from backpain_stats.report.main.context import Context


TITLE = "What the evidence says"


def findings_section(context: Context) -> Section | LeftOut:
    """Build the opening section."""
    if lacking := context.without("accuracy"):
        return LeftOut(TITLE, lacking)
    ratios, ledger = context.ratios, context.ledger
    usable = ratios[ratios["usable"] & ratios["counted"] & ratios["lr_positive"].notna()]
    with_interval = usable[usable["lr_positive_low"].notna()]
    informative = with_interval[with_interval["lr_positive_low"] > 2]
    impossible = ratios[ratios["verdict"] == "impossible"]
    finding = ledger["finding"]
    reproduced = finding.isin(["reproduced", "conditional"])
    inferred, differs = finding == "inferred", finding == "differs"
    absent = finding.isin(["not_read", "not_on_file"])
    flags = context.endorsement.flags
    endorsed = flags[flags["guidelines"] > 0]
    absent_figure = endorsed["evidence"] == NOT_FOUND
    malignancy = usable[(usable["target"] == "malignancy") & (usable["setting"] == "primary_care")]
    cases = malignancy["n_cases"].dropna()
    cards = (
        (
            f"{int(cases.min())} cancers" if len(cases) else "no cancers",
            f"are behind the {len(malignancy)} flags for malignancy in primary care that give a "
            "likelihood ratio.",
        ),
        (
            f"{len(informative)} of {len(with_interval)}",
            "reports with counts have a positive likelihood ratio whose whole interval lies "
            "above 2.",
        ),
        (
            f"{int(absent_figure.sum())} of {len(endorsed)}",
            "flags endorsed for a condition have no usable figure for it in the sources read here.",
        ),
        (
            f"{len(impossible)} of {len(ratios)}",
            "reports print figures that no table of whole patients can give.",
        ),
        (
            f"{int(reproduced.sum())} of {len(ledger) - int(absent.sum())}",
            "published results for which there is something to compute from can be reproduced; "
            f"{int(inferred.sum())} follow from inputs that they do not name, and "
            f"{int(differs.sum())} differ. For {int(absent.sum())} more the inputs were not read, "
            "or are in no usable row of the files.",
        ),
    )
    argument = (
        *_answer(context),
        *_contradictions(ratios, ledger),
        Prose(
            Strong("To study next."),
            f" {int(absent_figure.sum())} of {len(endorsed)} flags that guidelines name for a "
            "condition have no usable figure in the sources read. Which study would change a "
            "decision: ",
            Code("backpain-stats value"),
            ".",
        ),
    )
    return Section("findings", TITLE, (*argument, Cards(cards)))


def _answer(context: Context) -> tuple[Prose, ...]:
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
    name, most = str(flags["label"].iloc[0]), flags["n_cases"].dropna()
    rest = ""
    if others:
        after = [one.posttest.estimate for one in others]
        rest = (
            f"; the {len(others)} others take it to between {format_percent(min(after))} and "
            f"{format_percent(max(after))}"
        )
    few = (
        f" No flag was asked of more than {int(most.max())} patients with malignancy, all "
        "settings together."
    )
    return (
        Prose(
            Strong("Asked."),
            " Which findings in a patient with back pain should make a clinician in primary care "
            "think of malignancy?",
        ),
        Prose(
            Strong("Known."),
            f" Before any finding the risk is {format_percent(best.pretest)} "
            f"({format_percent(low)} to {format_percent(high)}). "
            f"{name[:1].upper()}{name[1:]} takes it to {_percent(best.posttest)} in an average "
            f"practice{rest}.",
        ),
        Prose(
            Strong("How sure."),
            f"{few if len(most) else ''} In a practice that was not studied the risk "
            f"after {name.lower()} may be anything from {format_percent(best.new_practice.ci_low)} "
            f"to {format_percent(best.new_practice.ci_high)}.",
        ),
        Prose(Strong("It follows."), " " + _informative(flags)),
    )


def _percent(risk: PosttestEstimate) -> str:
    low, high = format_percent(risk.ci_low), format_percent(risk.ci_high)
    return f"{format_percent(risk.estimate)} ({low} to {high})"


def _informative(flags: pd.DataFrame) -> str:
    """Say which flags move the odds by more than 2, with their whole interval."""
    parts = []
    for where, face in (("an average", ""), ("a new", "new_practice_")):
        present = flags[flags[f"lr_positive_{face}low"] > 2]
        absent = flags[flags[f"lr_negative_{face}high"] < 0.5]
        named = ", ".join(str(one).lower() for one in present["label"])
        parts.append(
            f"in {where} practice {len(present) or 'none'} of {len(flags)} flags more than "
            f"double{'s' if len(present) == 1 else ''} the odds with the whole interval"
            f"{f' ({named})' if named else ''}, and the absence of {len(absent) or 'none'} more "
            "than halves them"
        )
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def _contradictions(ratios: pd.DataFrame, ledger: pd.DataFrame) -> tuple[Prose, ...]:
    """Say what published figures contradict."""
    if ledger.empty:
        return ()
    checked = ledger.loc[~ledger["finding"].isin(["not_read", "not_on_file"]), "finding"]
    impossible, differing = (ratios["verdict"] == "impossible").sum(), (checked == "differs").sum()
    return (
        Prose(
            Strong("Contradicted."),
            f" {impossible} of {len(ratios)} reports print figures that no table of patients can "
            f"give; {differing} of {len(checked)} published results that can be recomputed come "
            "out otherwise: ",
            Link("the ledger", "#reproduction"),
            ".",
        ),
    )
