"""``backpain-stats panel``: the report for a guideline panel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from backpain_stats.cli.options import Needs, command
from backpain_stats.cli.output import (
    evidence_options,
    force_option,
    make_stamp,
    read_evidence,
    writable_folder,
)


@command(
    Needs("test_harm", ["benefit"]),
    Needs("benefit", ["harm"]),
    Needs("harm", ["benefit"]),
    epilog="\b\nExample:\n"
    "  backpain-stats panel --target malignancy --setting primary_care \\\n"
    "      --flag cancer_history --flag age_50 --action MRI --out panel\n"
    "\n\b\nWith the panel's own values, three prevalences and its judgements:\n"
    "  backpain-stats panel --target malignancy --setting primary_care \\\n"
    "      --prevalence 21/6622 --prevalence 0.1% --prevalence 0.7% \\\n"
    "      --benefit 99 --harm 1 --judgements judgements.csv --out panel\n",
)
@click.option("--target", required=True, help="The condition.")
@click.option("--setting", required=True, help="Where the patients are seen.")
@click.option(
    "--prevalence",
    "prevalences",
    multiple=True,
    metavar="P",
    help="0.003, 0.3%, 13/1975 or '0.1% to 0.7%'; up to three times, the first leads. "
    "By default the lowest, middle and highest sample of the setting.",
)
@click.option("--flag", "flags", multiple=True, help="Ask about this flag; may be repeated.")
@click.option("--family", "families", multiple=True, help="Ask about a family of flags.")
@click.option("--rule", "rules", multiple=True, help="Ask about a published rule.")
@click.option(
    "--action",
    default="imaging",
    show_default=True,
    help="What is done where a flag is present, as a noun: MRI, referral, 'a blood test'.",
)
@click.option(
    "--per",
    type=int,
    help="Number of patients in the tables; by default so many that ten have the condition.",
)
@click.option("--benefit", type=float, help="Benefit of acting on a patient with the condition.")
@click.option("--harm", type=float, help="Harm of acting on a patient without it, same unit.")
@click.option(
    "--test-harm", type=float, default=0.0, show_default=True, help="Harm of asking about a flag."
)
@click.option(
    "--judgements",
    type=click.Path(),
    help="The panel's GRADE judgements as CSV; a sheet to fill in is written beside the tables.",
)
@evidence_options
@click.option("--level", type=float, default=0.95, show_default=True, help="Interval level.")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder for page and tables."
)
@force_option
def panel(folder: str | None, out: Path, *, add: bool, force: bool, **asked: Any) -> None:
    """Build the pages for a guideline panel.

    One page to read, index.html, and one to project, meeting.html, with tables
    as CSV, figures as SVG and one Word annex beside them. All files take their place at
    once. Those of an earlier run are replaced or removed; files of others, and
    a sheet of judgements that is filled in, are left alone.
    """
    from backpain_stats.report.panel.build import PanelQuestion, build_panel

    question = PanelQuestion(**asked)
    evidence = read_evidence(folder, add=add)

    def say(message: str) -> None:
        click.echo(f"  {message}", err=True)

    page = build_panel(
        evidence, question, writable_folder(out), stamp=make_stamp(), force=force, progress=say
    )
    click.echo(f"wrote {page}")
