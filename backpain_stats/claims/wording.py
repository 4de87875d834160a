"""The ledger in words: every state a claim can be in, by its code, and its sentence.

Nothing reads the words back: whoever filters or counts uses ``finding`` and
``reason_code``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from backpain_stats.claims.claim import Claim
from backpain_stats.claims.trials import Search, Trial
from backpain_stats.claims.unprinted_pretest import Solution
from backpain_stats.estimate import format_percent
from backpain_stats.printed import spell
from backpain_stats.published import Remark
from backpain_stats.tables import CELLS

__all__ = [
    "FINDINGS",
    "NEEDS",
    "REASONS",
    "Finding",
    "describe",
    "describe_solution",
    "explain_match",
    "explain_miss",
    "explain_range",
    "explain_solutions",
    "in_decimals",
    "in_digits",
    "name_table",
    "sentences",
    "two_figures",
    "verdict",
]

Finding = Literal["reproduced", "conditional", "inferred", "differs", "not_on_file", "not_read"]
# What became of a claim.
FINDINGS: Mapping[Finding, str] = dict(
    zip(
        get_args(Finding),
        (
            "reproduced",
            "reproduced only with ...",
            "follows from inputs that the claim does not name",
            "differs",
            "inputs read, but in no usable row of these files",
            "inputs not read",
        ),
        strict=True,
    )
)
METHOD_LABELS = {
    "log": "logarithmic",
    "wilson": "Wilson",
    "wilson_cc": "continuity-corrected Wilson",
    "clopper_pearson": "Clopper-Pearson",
    "jeffreys": "Jeffreys",
    "agresti_coull": "Agresti-Coull",
    "wald": "Wald",
}
CORRECTED = "0.5 added to all four cells"
# Alternatives named in an explanation; the rest is counted.
MOST_NAMED = 3


def _said(text: str) -> Callable[..., str]:
    return lambda *_: text


def _patients(number: int) -> str:
    return f"{number} patient{'s' if number != 1 else ''}"


def _some_tables(fits: int, possible: int, name: str) -> str:
    return f"{'one' if fits == 1 else fits} of {possible} tables{f' ({name})' if name else ''}"


# What a conditional or inferred claim needs beyond the plain reading: code -> words.
NEEDS: Mapping[str, Callable[..., str]] = {
    "not_assessed": lambda number: f"{_patients(number)} not assessed",
    "cut_off": _said("digits of the report cut off, not rounded"),
    "some_tables": _some_tables,
    "correction_all": _said(CORRECTED),
    "other_pretest": lambda source: f"the pre-test {source}",
    "odds_rounded": lambda odds: f"pre-test odds rounded to two significant figures ({odds})",
    "score_interval": _said("a score interval"),
    "fitted_pretest": lambda low, high: (
        f"a pre-test from {format_percent(low)} to {format_percent(high)}, which is not printed"
    ),
}


def _unusable(flag: str, *reports: str) -> str:
    return f"No row here gives a usable table or ratio for {flag}: {', '.join(reports)}."


def _no_report(flag: str, cohort: str) -> str:
    where = f" in {cohort}" if cohort else ""
    return f"No row here gives a table or a ratio for {flag}{where} that the claim could rest on."


def _size_forbids(value: str, count: int, below: str, above: str, group: int) -> str:
    return (
        f"No whole number of {group} patients prints {value}: {count} print {below}, "
        f"{count + 1} print {above}."
    )


# Everything else a reader has to know: code -> sentence.
REASONS: Mapping[str, Callable[..., str]] = {
    "adjusted": _said(
        "An adjusted odds ratio comes from a regression on patient data, not from a table."
    ),
    "no_flag": _said("The claim is about no single flag or combination with a table."),
    "no_report": _no_report,
    "unusable_reports": _unusable,
    "pretest_bound": lambda text: (
        f"Its pre-test probability is printed as {text}, which is no value between 0 and 1: "
        "there is nothing to compute with."
    ),
    "size_allows": lambda value, group: (
        f"Some whole number of {group} patients prints {value}, which says little."
    ),
    "size_forbids": _size_forbids,
    "inputs_not_read": _said("Its own inputs were not read here."),
    "no_cohort": _said("The claim names no cohort: its own inputs may be others."),
    "no_pretest_fits": _said("No pre-test at all would make these tables print it."),
    "source_inferred": lambda *sources: (
        f"The claim does not say that it rests on {' and '.join(sources)}: "
        "that is inferred from the figure itself."
    ),
    "prevalence_bound": lambda *bounds: (
        f"Printed as bounds, and therefore not tried as pre-tests: {', '.join(bounds)}."
    ),
    "rounded_zero": lambda ratio, most: (
        f"The ratio is printed as {ratio}, which is no exact 0: the result is at most {most}."
    ),
}


def sentences(reasons: Sequence[Remark]) -> str:
    """Return what a reader has to know in sentences."""
    return " ".join(
        REASONS[reason.code](*reason.details) for reason in reasons if reason.code in REASONS
    )


def _joined(*texts: str) -> str:
    return " ".join(text for text in texts if text)


def verdict(finding: Finding, reasons: Sequence[Remark] = ()) -> str:
    """Say what became of a claim in one phrase.

    Examples
    --------
    >>> verdict("conditional", [Remark("some_tables", (1, 5, "7/13/0/462"))])
    'reproduced only with one of 5 tables (7/13/0/462)'
    >>> verdict("inferred", [Remark("source_inferred", ("deyo1988_age_50",))])
    'follows from deyo1988_age_50, which the claim does not name'
    """
    needs = [NEEDS[reason.code](*reason.details) for reason in reasons if reason.code in NEEDS]
    only = [f"only with {', '.join(needs)}"] if needs else []
    details = {reason.code: reason.details for reason in reasons}
    if "pretest_bound" in details:
        return "not recomputed: its pre-test is no value"
    if finding == "conditional":
        return f"reproduced {only[0]}"
    if finding == "inferred":
        sources = " and ".join(map(str, details.get("source_inferred", ())))
        source = [f"from {sources}, which the claim does not name"] if sources else []
        return f"follows {'; '.join(source + only)}"
    if finding == "differs" and "inputs_not_read" in details:
        return "differs; its own inputs were not read"
    return FINDINGS[finding]


def describe(trial: Trial, *, table: bool = True) -> str:
    """Describe one convention in full, or all of it but the table."""
    block, choice = trial.block, trial.choice
    source = block.candidate.source
    if block.ratio is not None:
        parts = [f"{block.ratio} printed in {source}"]
    else:
        parts = [f"table {name_table(trial.cells[0])} of {source}" if table else source]
        if block.candidate.reading == "cut_off":
            parts.append(NEEDS["cut_off"]())
        elif missing := int(block.missing[trial.place[1]]):
            number = f": {missing}" if table else ""
            parts.append(f"patients not assessed{number}")
        if block.correction == "all":
            parts.append(CORRECTED)
    if block.method == "as printed":
        parts.append("interval as printed")
    elif block.method:
        parts.append(f"{METHOD_LABELS.get(block.method, block.method)} interval")
    if choice is not None:
        parts.append(f"pre-test {choice.label}")
        if choice.rounded_odds is not None:
            parts.append(f"odds rounded to {two_figures(float(choice.rounded_odds))}")
    return "; ".join(parts)


def describe_solution(solution: Solution, table: int, pretest: float) -> str:
    """Describe a convention whose pre-test was fitted."""
    parts = [f"table {name_table(solution.tables[table])} of {solution.candidate.source}"]
    if solution.correction == "all":
        parts.append(CORRECTED)
    method = METHOD_LABELS.get(solution.method, solution.method)
    return "; ".join([*parts, f"{method} interval", f"pre-test {pretest:.3g}, fitted"])


def explain_match(search: Search, trials: Sequence[Trial], reasons: Sequence[Remark]) -> str:
    """Say what prints a claim, what else does, and how hard it was tried."""
    first, others = trials[0], trials[1:]
    texts = [f"Follows from {describe(first)}."]
    if len(first.tables) > 1:
        texts.append(f"{len(first.tables)} tables of the report print the same: {_span(first)}.")
    if others:
        named = []
        for trial in others[:MOST_NAMED]:
            tables = f"; table {_span(trial)}" if len(trial.cells) else ""
            named.append(describe(trial, table=False) + tables)
        more = len(others) - len(named)
        tail = f" | and {more} further choice{'s' if more > 1 else ''}" if more else ""
        texts.append(f"The same from: {' | '.join(named)}{tail}.")
    return _joined(*texts, sentences(reasons), _how_hard(search))


def explain_miss(search: Search, nearest: str, reasons: Sequence[Remark]) -> str:
    """Say what comes nearest to a claim that nothing prints."""
    claim = search.claim
    near = f"the nearest is {nearest}" if nearest else "nothing tried comes near"
    texts = [f"Nothing tried prints {claim.printed}; {near}."]
    if claim.has_interval and claim.value is not None:
        number = int(search.value_fits.sum())
        texts.append(
            f"The value alone is printed by {number:,} of the conventions, its interval by none."
            if number
            else "Not even the value alone is reached."
        )
    return _joined(*texts, sentences(reasons), _how_hard(search))


def explain_solutions(solutions: Sequence[Solution], tried: int, reasons: Sequence[Remark]) -> str:
    """Say which unprinted pre-tests would print a claim, table by table."""
    parts = []
    for solution in solutions:
        how = f"{CORRECTED}, " if solution.correction == "all" else ""
        method = METHOD_LABELS.get(solution.method, solution.method)
        false = solution.tables[:, 1]
        parts.append(
            f"{solution.candidate.source} ({how}{method} interval): {len(solution.tables)} of "
            f"{solution.tried} tables (fp {false.min()}..{false.max()}) with a pre-test from "
            f"{format_percent(solution.low.min())} to {format_percent(solution.high.max())}"
        )
    return _joined(
        f"No pre-test is printed, and none of the {tried:,} conventions with a published one fits. "
        f"Solved for the pre-test instead: {'; '.join(parts)}. One number was fitted to three "
        "printed ones; the claim does not say that it was used.",
        sentences(reasons),
    )


def explain_range(
    ends: Mapping[str, tuple[str, Trial | None]], span: str, reasons: Sequence[Remark]
) -> str:
    """Say which report gives each end of a range.

    Parameters
    ----------
    ends : mapping of str to (str, Trial or None)
        By name of the end, as it is printed, with the first estimate that prints so.
    span : str
        From the lowest to the highest estimate; empty if there is none.
    reasons : sequence of Remark
        What else a reader has to know.
    """
    if not span:
        return "A range of estimates; the reports here give none without correction."
    parts = []
    for name, (printed, trial) in ends.items():
        source = "no report here" if trial is None else trial.block.candidate.source
        if trial is not None and len(trial.cells):
            source += f", table {name_table(trial.cells[0])}"
        parts.append(f"the {name} end {printed} is the estimate of {source}")
    return _joined(
        f"A range of estimates: {'; '.join(parts)}. The reports here give {span}; "
        "the review may rest on studies that were not read here.",
        sentences(reasons),
    )


def _how_hard(search: Search) -> str:
    """Say how many conventions were tried, and how easily they could hit by chance."""
    tried, fits = search.tried, len(search.fitting)
    text = f"{tried:,} convention{'s' if tried != 1 else ''} tried, {fits:,} fit"
    claim, printed = search.claim, search.printed_values
    if not len(printed) or (claim.value is not None and claim.value.is_bound):
        return f"{text}."
    low, high = (
        spell(float(units) / 10.0**claim.decimals, claim.decimals)
        for units in (printed[0], printed[-1])
    )
    if len(printed) == 1:
        return f"{text}; all of them print {low}."
    between = int(printed[-1] - printed[0]) + 1
    value = "values" if claim.has_interval else "figures"
    text += f"; they print {len(printed):,} of the {between:,} {value} from {low} to {high}"
    return (
        f"{text}, so a hit by chance would be no surprise." if search.hit_by_chance else f"{text}."
    )


def in_digits(claim: Claim, figures: Sequence[float]) -> str:
    """Print recomputed figures with the digits of the claim."""
    texts = [
        in_decimals(figure, claim.decimals if printed is None else printed.decimals)
        for printed, figure in zip((claim.value, *claim.ends), figures, strict=True)
    ]
    return f"{texts[0]} ({texts[1]} to {texts[2]})" if claim.has_interval else texts[0]


def in_decimals(figure: float, decimals: int) -> str:
    """Print a figure that may be infinite, or not estimable."""
    if np.isfinite(figure):
        return spell(figure, decimals)
    return "infinity" if figure > 0 else "not estimable"


def two_figures(number: float) -> str:
    """Print odds with two significant figures, a trailing zero included.

    Examples
    --------
    >>> two_figures(0.01), two_figures(0.053)
    ('0.010', '0.053')
    """
    decimals = max(0, 1 - int(np.floor(np.log10(number))))
    return f"{number:.{decimals}f}"


def _span(trial: Trial) -> str:
    """Describe the tables of several conventions by the range of each cell."""
    cells = trial.cells
    if len(cells) == 1:
        return name_table(cells[0])
    parts = []
    for cell, low, high in zip(CELLS, cells.min(axis=0), cells.max(axis=0), strict=True):
        if high >= 0:
            parts.append(f"{cell} {low}" if low == high else f"{cell} {low}..{high}")
    return ", ".join(parts)


def name_table(cells: NDArray[np.int64]) -> str:
    """Name a table by its four cells; a question mark for what is not known."""
    return "/".join("?" if count < 0 else str(count) for count in cells.tolist())
