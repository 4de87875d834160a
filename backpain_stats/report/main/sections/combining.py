"""Several flags in one patient: what multiplying does, and what can be said instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from backpain_stats import plots
from backpain_stats.combine import calibration
from backpain_stats.combine.dependence.independent import Independent
from backpain_stats.combine.dependence.registry import offers
from backpain_stats.combine.risk.model import RiskModel
from backpain_stats.combine.risk.overview import pattern_overview
from backpain_stats.errors import DataError, NotEstimableError, PretestError, UnknownNameError
from backpain_stats.estimate import format_number, format_percent
from backpain_stats.evidence import PAIN_TYPES, load_patients
from backpain_stats.report.main.context import LeftOut
from backpain_stats.report.page.parts import Column, FigurePart, Section, TablePart

if TYPE_CHECKING:
    from backpain_stats.combine.risk.risk import Risk
    from backpain_stats.report.main.context import Context

TITLE = "Several flags in one patient"
# The clinician's patient shown throughout: the flags of the best-known study.
PRESENT = ("age_50", "cancer_history")
ABSENT = ("weight_loss_unexplained",)
MOST_PATTERNS = 64
PATTERN_COLUMNS = (
    Column("pattern", "Flags present", "words"),
    Column("model", "Assumption"),
    Column("pretest", "Pre-test", "percent"),
    Column("lr", "Combined LR (95%)", "number", "lr_low", "lr_high"),
    Column("estimate", "Post-test, average practice (95%)", "percent", "ci_low", "ci_high"),
    Column("bound_low", "Lowest possible", "percent"),
    Column("bound_high", "Highest possible", "percent"),
)
PATIENT_COLUMNS = (
    Column("target", "Pain type"),
    Column("model", "Model"),
    Column("n", "Patients", "count"),
    Column("n_events", "Cases", "count"),
    Column("log_loss", "Log loss (95%)", "number", "log_loss_low", "log_loss_high"),
    Column("slope", "Calibration slope (95%)", "number", "slope_low", "slope_high"),
    Column("missing", "Missing findings"),
)

_NOT_HERE = (
    "Textbooks multiply the likelihood ratios of several findings. That is right only if the "
    "findings are independent within those with and those without the disease. They are not. "
    "How far they are not was measured on 464 patients whose rows are not distributed with the "
    "package; see load_patients."
)


def patients_table() -> pd.DataFrame:
    """Cross-validate dependence models on the patients, complete and all."""
    models = {one.label: one.dependence for one in offers("calibration")}
    patients = load_patients()
    frames = [
        calibration.cross_validate(
            patients, patients["pain_type"] == target, models=models, missing=missing
        ).assign(target=target.replace("_", " "), missing=label)
        for missing, label in (("drop", "left out"), ("integrate", "integrated out"))
        for target in PAIN_TYPES
    ]
    return pd.concat(frames, ignore_index=True)


def combining_section(context: Context) -> Section | LeftOut:
    """Build the section on several flags in one patient."""
    try:
        model = RiskModel(context.evidence)
        risk = model.risk(PRESENT, ABSENT)
    except (NotEstimableError, PretestError, UnknownNameError) as error:
        # The patient shown has flags that this evidence does not measure.
        return LeftOut(TITLE, f"the patient shown in it cannot be computed ({error})")
    patients_part: tuple[TablePart, ...] = ()
    try:
        patients = patients_table()
    except DataError:  # an installed package has no patients: data/LICENSE.md says why
        measured = _NOT_HERE
    else:
        measured = _measured(patients)
        patients_part = (
            TablePart(
                "patients",
                "Dependence models on 464 patients with low back pain (ten-fold cross-validation)",
                patients,
                PATIENT_COLUMNS,
            ),
        )
    tables = (
        *patients_part,
        TablePart(
            "risk_patterns",
            "Malignancy in primary care: every pattern under every assumption",
            pattern_overview(context.evidence),
            PATTERN_COLUMNS,
            True,
        ),
    )
    paragraphs = (measured, _patient(context, model, risk))
    figures = _figures(model, risk)
    return Section("combining", TITLE, paragraphs, figures, tables)


def _measured(patients: pd.DataFrame) -> str:
    """Say what multiplying does in real patients."""
    complete = patients[patients["missing"] == "left out"]
    slopes = {
        name: ", ".join(format_number(slope, 2) for slope in rows["slope"])
        for name, rows in complete.groupby("model", sort=False)
    }
    return (
        "Textbooks multiply the likelihood ratios of several findings. That is right only if the "
        "findings are independent within those with and those without the disease. They are not. "
        f"On {int(complete['n'].max())} real back-pain patients (complete records; the target "
        "there is the type of pain, not cancer) the "
        f"calibration slopes of multiplying are {slopes['independent']}: overconfident, since "
        "calibrated predictions have a slope of 1. The default multiplies, too, and then shrinks "
        "the product by the effective number of findings, as much as patients with sixteen other "
        f"conditions taught; here its slopes are {slopes['shrunken product']}."
    )


def _patient(context: Context, model: RiskModel, risk: Risk) -> str:
    """Say what becomes of one patient's risk under each assumption."""
    product = model.with_dependence(Independent()).risk(PRESENT, ABSENT)
    labels = context.evidence.flags.set_index("flag_id")["label"]
    names = "; ".join(
        f"{labels[flag].lower()}, {state}"
        for flags, state in ((PRESENT, "present"), (ABSENT, "absent"))
        for flag in flags
    )
    after, new = risk.posttest, risk.new_practice
    return (
        f"A patient in primary care ({names}): from a pre-test probability of "
        f"{format_percent(risk.pretest)}, the default gives {format_percent(after.estimate)} "
        f"in an average practice ({format_percent(after.ci_low)} to "
        f"{format_percent(after.ci_high)}); in a practice that was not studied it may be anything "
        f"from {format_percent(new.ci_low)} to {format_percent(new.ci_high)}. Multiplying gives "
        f"{format_percent(product.posttest.estimate)}. Without any assumption about dependence "
        f"the figures allow {format_percent(risk.bounds[0])} to {format_percent(risk.bounds[1])}."
    )


def _figures(model: RiskModel, risk: Risk) -> tuple[FigurePart, ...]:
    """Return the waterfall, the risk over the correlation, and all patterns."""
    profile = model.profile()
    sensitivity = model.sensitivity(PRESENT, ABSENT)
    along = sensitivity["estimate"].to_numpy()
    before, after = format_percent(risk.pretest), format_percent(risk.posttest.estimate)
    patterns = (
        FigurePart(
            "risk_patterns",
            f"From {format_percent(profile['posttest'].min())} to "
            f"{format_percent(profile['posttest'].max())}. Every pattern of the usable flags, by "
            "risk, with the interval in an average practice.",
            f"{len(profile)} patterns of {len(model.entries.flags)} flags ordered by post-test "
            "probability; the table holds the numbers.",
            lambda: plots.risk_patterns(profile, most=MOST_PATTERNS),
        ),
    )
    return (
        FigurePart(
            "risk_waterfall",
            f"From {before} to {after}: what each finding adds on the log-odds axis, under the "
            "default dependence.",
            f"Waterfall from {before} to {after}.",
            lambda: plots.risk_waterfall(risk),
        ),
        FigurePart(
            "dependence",
            f"From {format_percent(along[0])} to {format_percent(along[-1])}: the same patient's "
            "risk in an average practice if the findings shared one factor, against its "
            "correlation; grey: the sharp bounds over every dependence; dashed: the pre-test "
            "probability.",
            f"Risk against correlation, from {format_percent(along[0])} at 0 to "
            f"{format_percent(along[-1])} at {sensitivity['rho'].max():g}.",
            lambda: plots.dependence(sensitivity),
        ),
        # More rows than this are a table's business.
        *(patterns if len(profile) <= MOST_PATTERNS else ()),
    )
