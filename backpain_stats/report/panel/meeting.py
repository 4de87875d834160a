"""The page to project: large, one flag a screen, moved by the keyboard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from backpain_stats.decide.facts import is_derivation_open
from backpain_stats.decide.frequencies import count_phrase
from backpain_stats.decide.wording import without
from backpain_stats.estimate import format_ratios
from backpain_stats.report.page.build import render
from backpain_stats.report.page.parts import Block, Bullets, Cards, Section
from backpain_stats.report.page.svg import Drawings, figure_svg
from backpain_stats.report.panel.flags import decision_sentence, direction_sentence
from backpain_stats.report.panel.sections import flag_cards, lead_of, picture, title_of

if TYPE_CHECKING:
    import pandas as pd
    from markupsafe import Markup

    from backpain_stats.outputs import Stamp
    from backpain_stats.report.panel.results import PanelResults

__all__ = ["meeting_slides", "write_meeting"]

NO_BREAK = "\u00a0"


def write_meeting(results: PanelResults, folder: Path, stamp: Stamp) -> Path:
    """Write ``meeting.html``, from the same results as the page to read."""
    slides = meeting_slides(results)
    drawings = Drawings()
    figures: dict[str, Markup] = {
        part.name: drawings.add(figure_svg(part), part.name, part.caption, part.alt)
        for slide in slides
        for part in slide.figures
    }
    html = render(
        "meeting.html.j2",
        styles=("style.css", "page.css", "meeting.css", drawings.rules()),
        script="meeting.js",
        stamp=stamp,
        title=title_of(results),
        lead=lead_of(results, to_read=False),
        slides=slides,
        figures=figures,
    )
    page = folder / "meeting.html"
    page.write_text(html, encoding="utf-8")
    return page


def meeting_slides(results: PanelResults) -> list[Section]:
    """Return the screens: the overview, then one a flag, then what guidelines endorse."""
    overview = Section("overview", title_of(results), (Cards(tuple(flag_cards(results))),))
    flags = [_flag_slide(results, row) for row in range(len(results.bodies))]
    return [overview, *flags]


def _flag_slide(results: PanelResults, place: int) -> Section:
    """Return the screen of one body of evidence."""
    body, action = results.bodies[place], results.question.action
    row = results.leading_frequencies.iloc[place]
    cards = Cards(
        (
            (_whole(row, "tp"), f"with the condition, {action}"),
            (_whole(row, "fn"), f"with the condition, {without(action)}"),
            (_whole(row, "fp"), f"without it, {action}"),
            (_whole(row, "tn"), f"without it, {without(action)}"),
        )
    )
    known = results.accuracy.iloc[place]
    lines = [*_ratio_lines(known), str(known["directness_words"])]
    if is_derivation_open(body):
        lines.append(
            "A rule looks better in the patients it was made from; the sources read do not say "
            "whether it was made from these"
        )
    if said := direction_sentence(body):
        lines.append(said)
    if results.thresholds is not None:
        lines.append(decision_sentence(results.thresholds.iloc[place]))
    of_whom = f"Of {results.per:,} patients at a prevalence of {results.leading.head}:"
    blocks: tuple[Block, ...] = (of_whom, cards, Bullets(tuple(lines)))
    figures = () if results.pictures is None else (picture(results, place, named=False),)
    return Section(f"flag-{place + 1}", body.finding, blocks, figures)


def _ratio_lines(known: pd.Series) -> list[str]:
    """Print both likelihood ratios with their intervals."""
    lines = []
    # Of an inverse flag the screen is about the absence, the ratios are the flag's own.
    ratios = (("Flag present: LR+", "lr_positive"), ("Flag absent: LR−", "lr_negative"))
    for name, column in ratios:
        ends = (known[f"{column}_low"], known[f"{column}_high"])
        point, low, high = format_ratios(known[column], *ends)
        lines.append(f"{name} {point} ({low} to {high})")
    return lines


def _whole(row: pd.Series, cell: str) -> str:
    """Print a count whose interval is not split over two lines."""
    count, _, ends = count_phrase(row, cell).partition(" ")
    return f"{count} {ends.replace(' ', NO_BREAK)}"
