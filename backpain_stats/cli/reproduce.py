"""``backpain-stats reproduce``: the published claims, recomputed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from backpain_stats.cli.options import Excludes, command
from backpain_stats.cli.output import (
    TO_READ,
    evidence_options,
    format_option,
    read_evidence,
    write_frame,
)

if TYPE_CHECKING:
    import pandas as pd

    from backpain_stats.evidence import Evidence, Target

# As in backpain_stats.claims, which is loaded only when the command runs.
FINDINGS = ("reproduced", "conditional", "inferred", "differs", "not_on_file", "not_read")
# A post-test probability is never shown without its pre-test.
_SHOWN = ["claim_id", "printed", "recomputed", "recomputed_pretest", "verdict"]
_SHOWN_OF_PAIRS = [
    *("flag_id", "pretests", "printed", "finding"),
    *("lr_one_decimal_exact_odds", "lr_one_decimal_rounded_odds", "published_lr"),
]
_TRIED = [
    *("source", "tp", "fp", "fn", "tn", "correction", "method", "pretest", "pretest_source"),
    *("odds_rounded", "estimate", "ci_low", "ci_high"),
]


@command(
    Excludes("claim", ["pairs", "target", "finding"]),
    Excludes("pairs", ["finding"]),
    epilog="\b\nExamples:\n"
    "  backpain-stats reproduce --finding differs\n"
    "  backpain-stats reproduce --claim downie2013_malignancy_cancer_history_ed\n"
    "  backpain-stats reproduce --pairs\n",
)
@click.option("--claim", metavar="ID", help="One claim, with its explanation and what prints it.")
@click.option("--pairs", is_flag=True, help="Claims at several pre-tests: does one ratio fit?")
@click.option("--target", metavar="NAME", help="Only this condition, such as malignancy.")
@click.option("--finding", type=click.Choice(FINDINGS), help="Only claims with this finding.")
@evidence_options
@format_option
def reproduce(
    *,
    claim: str | None,
    pairs: bool,
    target: Target | None,
    finding: str | None,
    folder: str | None,
    add: bool,
    output_format: str,
) -> None:
    """Recompute the published claims and say which hold.

    Every claim is recomputed from every table that fits a report on its flag,
    under every usual convention. "reproduced only with ..." names what is
    needed, "follows from ..." inputs that the claim itself does not name; the
    explanation (csv, json, or --claim) says how many conventions were tried.
    """
    from backpain_stats.claims import reproduce as ledger
    from backpain_stats.claims import reproduce_pairs

    evidence = read_evidence(folder, add=add)
    if claim is not None:
        _one_claim(evidence, claim, output_format)
        return
    evidence = evidence.select(target=target)
    frame = reproduce_pairs(evidence) if pairs else ledger(evidence)
    if finding is not None and not pairs:
        frame = frame[frame["finding"] == finding]
    if output_format not in TO_READ:
        write_frame(frame, output_format)
        return
    write_frame(frame[_SHOWN_OF_PAIRS if pairs else _SHOWN], "table", note=_summary(frame))


def _summary(frame: pd.DataFrame) -> str:
    """Count the findings in one line."""
    from backpain_stats.claims import FINDINGS as WORDS

    if not len(frame):
        return "No claim matches."
    words = {str(finding): text for finding, text in WORDS.items()}
    parts = [
        f"{words.get(str(name), str(name).replace('_', ' '))} {count}"
        for name, count in frame["finding"].value_counts().items()
    ]
    return f"{len(frame)} row{'s' if len(frame) != 1 else ''}: {'; '.join(parts)}."


def _one_claim(evidence: Evidence, claim: str, output_format: str) -> None:
    """Print one claim: the ledger's row in sentences, then every convention that prints it."""
    import pandas as pd

    from backpain_stats.claims import conventions, reproduce_claim

    tried = conventions(evidence, claim)
    if output_format != "table":
        write_frame(tried, output_format)
        return
    row = reproduce_claim(evidence, claim)
    pretest = "" if pd.isna(row["printed_pretest"]) else f" at pre-test {row['printed_pretest']}"
    click.echo(f"{claim}: {row['statistic']} {row['printed']}{pretest}")
    click.echo(f"{row['verdict']}")
    click.echo(f"{row['explanation']}\n")
    fitting = tried[tried["fits"].astype(bool)] if len(tried) else tried
    if len(fitting):
        more = len(fitting) - 30
        note = f"... and {more:,} more (--format csv)" if more > 0 else ""
        write_frame(fitting[_TRIED].head(30), "table", note=note)
