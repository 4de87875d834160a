"""The findings first: a handful of numbers, each computed from the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpain_stats.decide.endorsement import NOT_FOUND
from backpain_stats.estimate import format_percent
from backpain_stats.published import posttest
from backpain_stats.report.main.context import LeftOut
from backpain_stats.report.page.parts import Cards, Prose, Section, Strong

if TYPE_CHECKING:
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
    best = _best_sentence(context, sorted(malignancy["flag_id"]))
    return Section("findings", TITLE, (Cards(cards), *best))


def _best_sentence(context: Context, flags: list[str]) -> tuple[Prose, ...]:
    """Say what the strongest flag for malignancy does in primary care, and what the others do.

    Nothing, where there are not two to compare.
    """
    if not flags:
        return ()
    frame = posttest(context.evidence, flags, setting="primary_care", result="positive")
    known = context.label_flags(frame[frame["estimate"].notna() & frame["counted"]])
    rows = known.sort_values("estimate", ascending=False).to_dict("records")
    if len(rows) < 2:
        return ()
    best, others = rows[0], [row["estimate"] for row in rows[1:]]
    sentence = Prose(
        "The strongest single flag for malignancy in primary care is ",
        Strong(str(best["label"]).lower()),
        f": it takes a pre-test probability of {format_percent(best['pretest'])} to "
        f"{format_percent(best['estimate'])} ({format_percent(best['ci_low'])} to "
        f"{format_percent(best['ci_high'])}). The {len(others)} others take it to between "
        f"{format_percent(min(others))} and {format_percent(max(others))}.",
    )
    return (sentence,)
