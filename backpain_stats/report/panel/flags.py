"""The panel's page on the flags: how accurate each is, and when it decides."""

from __future__ import annotations

from textwrap import shorten
from typing import TYPE_CHECKING

from backpain_stats import plots
from backpain_stats.decide.curves import IMAGE_ALL, IMAGE_NONE
from backpain_stats.decide.facts import is_derivation_open
from backpain_stats.decide.wording import answer, chance_text
from backpain_stats.estimate import format_percent, format_ratios
from backpain_stats.report.page.parts import (
    Block,
    Bullets,
    Code,
    Column,
    FigurePart,
    Prose,
    Section,
    TablePart,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from backpain_stats.decide.bodies import EvidenceBody
    from backpain_stats.report.panel.results import PanelResults

__all__ = [
    "accuracy_section",
    "decision_sentence",
    "decisions_section",
    "derivation_column",
    "direction_sentence",
]


def _interval(name: str, label: str, kind: str) -> Column:
    return Column(name, label, kind, f"{name}_low", f"{name}_high")


def derivation_column(results: PanelResults) -> tuple[Column, ...]:
    """Return the column that marks rules tested on the patients they may be made from."""
    if not any(is_derivation_open(body) for body in results.bodies):
        return ()
    return (Column("made_from_same_patients", "Rule made from these same patients?"),)


def accuracy_section(results: PanelResults) -> Section:
    """Show each flag's accuracy in an average practice, and how far a new one may differ."""
    frame = results.accuracy
    for name in ("lr_positive", "lr_negative"):
        frame[f"{name}_new"] = [
            " to ".join(format_ratios(low, high))
            for low, high in zip(
                frame[f"{name}_new_practice_low"], frame[f"{name}_new_practice_high"], strict=True
            )
        ]
    figure = FigurePart(
        "ranking",
        "Flags by positive likelihood ratio in an average practice. The shaded zone, 0.5 to 2, "
        "hardly moves the probability.",
        f"Likelihood ratios of {len(frame)} flags and rules. The table holds the numbers.",
        lambda: plots.ranking(frame),
    )
    inverse = [direction_sentence(body) for body in results.bodies]
    paragraphs: list[Block] = [
        "LR+ is the likelihood ratio of a flag that is present, LR− of one that is absent: each "
        "multiplies the odds of the condition. Each flag has one body of evidence: all its "
        "cohorts together in a Bayesian bivariate model, where those of other settings count "
        "less. The number is the posterior median. Its interval says how well the mean of all "
        "practices is known; the interval of a new practice has the difference between "
        "practices in it too, and is wider. A single study's own interval, as RevMan prints it, "
        "is neither.",
        Bullets(tuple(said for said in inverse if said)),
    ]
    if not any(inverse):
        paragraphs.pop()
    tables = [_accuracy_table(results, frame)]
    if len(results.missing):
        tables.append(
            TablePart(
                "without_figures",
                "Flags and rules with a report, but without a usable figure in the sources read",
                results.missing,
                (Column("label", "Flag or rule"), Column("reason", "Why")),
                folded=True,
            )
        )
    return Section(
        "accuracy", "How accurate is each flag?", tuple(paragraphs), (figure,), tuple(tables)
    )


def _accuracy_table(results: PanelResults, frame: pd.DataFrame) -> TablePart:
    level = f"{100 * results.question.level:g}%"
    return TablePart(
        "accuracy",
        f"Accuracy of each body of evidence ({level} intervals)",
        frame,
        (
            Column("label", "Flag or rule"),
            Column("studies_text", "Studies"),
            Column("n_cases", "Cases", "count"),
            _interval("sensitivity", "Sensitivity", "proportion"),
            _interval("specificity", "Specificity", "proportion"),
            _interval("lr_positive", "LR+", "ratio"),
            Column("lr_positive_new", "LR+ in a new practice"),
            _interval("lr_negative", "LR−", "ratio"),
            Column("lr_negative_new", "LR− in a new practice"),
            Column("directness", "Evidence is"),
            *derivation_column(results),
        ),
    )


def direction_sentence(body: EvidenceBody) -> str:
    """Say which way a flag moves the probability, where that is not simply upwards."""
    if body.chance_raises >= 0.95:
        return ""
    said = answer(
        body.chance_raises, "the flag raises the probability", "the flag lowers the probability"
    )
    return f"“{body.label}”: {said}."


def decisions_section(results: PanelResults) -> Section:
    """Show when a flag decides: decision curve, range of thresholds, panel's own values."""
    per, action = results.per, results.question.action
    curve = results.curve
    labels = {
        name: shorten(text, 46, placeholder=" ...") for name, text in results.findings_words.items()
    } | {IMAGE_ALL: f"{action} for all", IMAGE_NONE: f"{action} for nobody"}
    figure = FigurePart(
        "decision_curve",
        f"Net benefit: cases found per {per:,} patients, net of those who get {action} without "
        "the condition, each weighed by the threshold. Highest is best.",
        f"Decision curves of {', '.join(labels.values())}. The table on ranges says where each "
        f"is better than {action} for all and than {action} for nobody.",
        lambda: _drawn_curve(curve, labels, per, action),
    )
    paragraphs: list[Block] = [
        f"A flag changes what is done only for those whose threshold for {action} lies between "
        f"the post-test probability without the flag and the one with it. With a lower threshold "
        f"everybody gets {action}, flag or no flag; with a higher one nobody does.",
    ]
    tables = [_ranges_table(results)]
    frame = results.thresholds
    if frame is None:
        paragraphs.append(
            Prose(
                "No benefit and harm were stated: the range of pre-test probabilities over which "
                "each flag decides depends on the panel's own values (",
                Code("--benefit"),
                " and ",
                Code("--harm"),
                ").",
            )
        )
    else:
        first = frame.iloc[0]
        paragraphs += [
            f"By the panel's values (benefit {first['benefit']:g}, harm {first['harm']:g}, harm "
            f"of asking {first['test_harm']:g}) {action} is worth it at a probability of "
            f"{format_percent(first['action_threshold'])} or more. At the leading pre-test "
            f"probability of {format_percent(first['pretest'])}:",
            Bullets(tuple(decision_sentence(row) for _, row in frame.iterrows())),
        ]
        tables.append(_threshold_table(results))
    title = "When does a flag decide?"
    return Section("decisions", title, tuple(paragraphs), (figure,), tuple(tables))


def _drawn_curve(curve: pd.DataFrame, labels: dict[str, str], per: int, action: str) -> Axes:
    """Draw the decision curves with the panel's own word for what is done."""
    ax = plots.decision_curve(curve, per=per, labels=labels)
    ax.set_xlabel(f"Threshold: {action} at a probability of at least (%)")
    ax.set_ylabel(f"Net benefit: cases found per {per:,},\nnet of {action} without the condition")
    return ax


def decision_sentence(row: object) -> str:
    """Say of one flag whether it decides, as surely as the chance behind it."""
    return f"“{row['label']}”: {row['statement']}"  # type: ignore[index]


def _ranges_table(results: PanelResults) -> TablePart:
    return TablePart(
        "decisive_ranges",
        "Whom the flag helps to decide: those whose threshold lies between the two post-test "
        f"probabilities (prevalence {results.leading.head})",
        results.ranges,
        (
            Column("label", "Flag or rule"),
            Column("pretest", "Pre-test", "percent"),
            Column(
                "posttest_absent",
                "Post-test without the flag",
                "percent",
                "posttest_absent_low",
                "posttest_absent_high",
            ),
            Column(
                "posttest_present",
                "Post-test with the flag",
                "percent",
                "posttest_present_low",
                "posttest_present_high",
            ),
        ),
    )


def _threshold_table(results: PanelResults) -> TablePart:
    frame = results.thresholds
    assert frame is not None
    return TablePart(
        "thresholds",
        "The pre-test probabilities between which each flag decides, by the panel's own values",
        frame.assign(chance_text=frame["probability_at_pretest"].map(chance_text)),
        (
            Column("label", "Flag or rule"),
            Column("acts_if", "Acts if"),
            Column(
                "testing_threshold", "From", "percent",
                "testing_threshold_low", "testing_threshold_high",
            ),
            Column(
                "test_action_threshold", "To", "percent",
                "test_action_threshold_low", "test_action_threshold_high",
            ),
            Column("pretest", "Pre-test", "percent"),
            Column("chance_text", "Chance that it decides there"),
        ),
    )  # fmt: skip
