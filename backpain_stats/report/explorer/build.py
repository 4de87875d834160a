"""The explorer: one page to play with, without a server.

The page holds the library's posterior draws of every flag and pre-test probability, for an
average practice and for a new one. From them it computes what :class:`RiskModel` does under
its default, :class:`Shrunken`, at any exponent. Under other dependence models the risks of
every pattern were computed here; the page looks them up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import logit

from backpain_stats import __version__
from backpain_stats.checks import check_file_path
from backpain_stats.combine.dependence.independent import Independent
from backpain_stats.combine.dependence.registry import offers
from backpain_stats.combine.dependence.shrunken import Shrunken
from backpain_stats.combine.risk.all_patterns import all_states
from backpain_stats.combine.risk.model import RiskModel
from backpain_stats.combine.risk.patient import refused_patterns
from backpain_stats.combine.risk.pattern_risks import (
    IMPOSSIBLE,
    NOTHING,
    PatternRisks,
    pattern_risks,
)
from backpain_stats.combine.risk.posterior import point_marginals
from backpain_stats.errors import NotEstimableError
from backpain_stats.evidence import (
    Setting,
    Target,
)
from backpain_stats.outputs import Stamp, output_folder
from backpain_stats.report.explorer.draws import (
    floats,
    in_order,
    packed_exponents,
    packed_logits,
)
from backpain_stats.report.explorer.flags import flags_of
from backpain_stats.report.explorer.words import PATIENTS, TERMS
from backpain_stats.report.page.build import json_script, render
from backpain_stats.report.page.plain import PlainWords
from backpain_stats.sampling import DEFAULT_SEED

if TYPE_CHECKING:
    from backpain_stats.combine.dependence.base import Dependence
    from backpain_stats.evidence import Evidence

__all__ = [
    "OFFERED",
    "explorer_data",
    "explorer_page",
    "page_models",
    "published_model",
    "write_explorer",
]

# Flags offered of one target and setting, those with the most cases first: the tables of the
# other dependence models triple with each.
OFFERED = 7
# The largest exponent of the slider; the learned one is 0.27.
STRONGEST = 0.6
#: The scripts of the page, in the order in which they stand there.
SCRIPTS = tuple(
    f"explorer_{name}.js"
    for name in ("numbers", "draws", "state", "words", "pictures", "tables", "share", "page")
)


@dataclass(frozen=True, slots=True)
class PageModel:
    """A dependence model as the page offers it; ``caution`` is said of several findings."""

    id: str
    label: str
    dependence: Dependence
    caution: str = ""


def page_models() -> tuple[PageModel, ...]:
    """Return the dependence models of the page, the default first."""
    return tuple(
        PageModel(one.key or one.label, one.sentence or one.label, one.dependence, one.caution)
        for one in offers("explorer", default_first=True)
    )


def explorer_data(
    evidence: Evidence, progress: Callable[[str], None] = lambda message: None
) -> dict[str, Any]:
    """Return everything the page looks up, ready for JSON.

    Parameters
    ----------
    evidence : Evidence
        What has been published.
    progress : callable, optional
        Told what is computed next.

    Returns
    -------
    dict
        ``version``, ``impossible`` (a sentence), ``terms``, ``patients``, ``exponent`` and
        ``spread`` of the default, ``models`` and ``cases``: one case a target and setting with
        at least one usable flag. A case holds the packed draws of each flag and of the
        pre-test probability in an average and in a new practice, and ``tables[model]`` with
        the risk of every pattern under each other model (see :func:`_table`).

    Raises
    ------
    NotEstimableError
        If no target and setting has a usable flag.
    """
    plain = PlainWords(evidence)
    cases = []
    studied = set(zip(evidence.cohorts["target"], evidence.cohorts["setting"], strict=True))
    for target, target_label in evidence.target_labels.items():
        for setting, setting_label in evidence.setting_labels.items():
            if (target, setting) not in studied:
                continue
            try:
                model = published_model(evidence, target, setting)
            except NotEstimableError:
                continue
            progress(f"{target_label}, {setting_label}")
            cases.append(_case(evidence, model, plain, (target_label, setting_label)))
    if not cases:
        raise NotEstimableError("no flag of this evidence has a usable report: nothing to explore")
    models = [
        {
            "id": one.id,
            "label": one.label,
            "about": one.dependence.describe(),
            "caution": one.caution,
            "uses_combinations": one.dependence.uses_combinations,
        }
        for one in page_models()
    ]
    return {
        "version": __version__,
        "impossible": plain(IMPOSSIBLE),
        "exponent": Shrunken().exponent,
        "spread": Shrunken().spread,
        "terms": {key: {"name": name, "text": text} for key, (name, text) in TERMS.items()},
        "patients": _patients(cases),
        "models": models,
        "cases": cases,
    }


def explorer_page(
    data: dict[str, Any],
    stamp: Stamp | None = None,
    neighbours: Sequence[tuple[str, str]] = (),
) -> str:
    """Return the page around the data of :func:`explorer_data`.

    Parameters
    ----------
    data : dict
        From :func:`explorer_data`.
    stamp : Stamp, optional
        What made it, at the foot of the page.
    neighbours : sequence of (str, str)
        Name and address of the pages that it links to, as of :func:`neighbours_in`.
    """
    return render(
        "explorer.html.j2",
        styles=("style.css", "explorer.css"),
        script=SCRIPTS,
        terms=TERMS,
        exponent=Shrunken().exponent,
        strongest=STRONGEST,
        neighbours=neighbours,
        stamp=stamp,
        title="Red flags in one patient",
        data=json_script(data),
    )


def neighbours_in(folder: str | PathLike[str], *, report: bool = False) -> list[tuple[str, str]]:
    """Return the pages beside the explorer that it links to: those in its folder.

    Parameters
    ----------
    folder : path
        Where the explorer will stand.
    report : bool
        Whether the report is being written there, too.
    """
    known = [("The report", "index.html"), ("The course", "notebooks/index.html")]
    return [
        (name, address)
        for name, address in known
        if (Path(folder) / address).exists() or (report and address == "index.html")
    ]


def write_explorer(
    evidence: Evidence,
    path: str | PathLike[str],
    progress: Callable[[str], None] = lambda message: None,
    *,
    stamp: Stamp | None = None,
    force: bool = False,
) -> Path:
    """Write the page; it opens from disk and needs no network.

    Parameters
    ----------
    evidence : Evidence
        What has been published.
    path : path
        The page. A manifest beside it lets the next run know that it is this package's.
    progress : callable, optional
        Told what is computed next.
    stamp : Stamp, optional
        What made it, printed at its foot.
    force : bool, default False
        Replace a file that no earlier run wrote.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    NotEstimableError
        If the evidence has no usable flag.
    ArgumentError
        If the page cannot be written, or a file of another stands there.
    """
    page = check_file_path(path, "path")
    stamp = stamp or Stamp(data_version=evidence.version, seed=DEFAULT_SEED)
    with output_folder(page.parent, stamp, page=page.name, whole=False, force=force) as run:
        text = explorer_page(explorer_data(evidence, progress), stamp, neighbours_in(page.parent))
        (run.folder / page.name).write_text(text, encoding="utf-8", newline="\n")
    return page


def published_model(evidence: Evidence, target: Target, setting: Setting) -> RiskModel:
    """Return the risk model of the flags offered, the library's default in everything else.

    Where no sample gives a pre-test probability it is set to one half: the flags are offered
    all the same, and the reader sets the pre-test.

    Raises
    ------
    NotEstimableError
        If no flag of this target and setting has a usable report.
    """

    def model(flags: list[str] | None = None) -> RiskModel:
        try:
            return RiskModel(evidence, target, setting, flags=flags)
        except NotEstimableError:
            return RiskModel(evidence, target, setting, flags=flags, pretest=0.5)

    everything = model()
    if len(everything.entries.flags) <= OFFERED:
        return everything
    ranked = everything.flags.sort_values("n_cases", ascending=False, kind="stable")
    return model(sorted(ranked["flag_id"].head(OFFERED)))


def _case(
    evidence: Evidence, model: RiskModel, plain: PlainWords, labels: tuple[str, str]
) -> dict[str, Any]:
    """Build one target and setting."""
    entries = model.entries
    patterns = all_states(len(entries.flags))
    refused = refused_patterns(entries, patterns)
    reasons = list(dict.fromkeys(refused.values()))
    pretest = _pretest(model, plain)
    tables = {}
    for one in page_models():
        if isinstance(one.dependence, Shrunken | Independent):
            continue  # computed in the page
        if not one.dependence.says_more(combinations=bool(entries.combinations)):
            continue
        kept = [row for row in range(len(patterns)) if row not in refused]
        known = model.with_dependence(one.dependence)._known
        found = pattern_risks(known, patterns[kept], 0.95, new_ratios=True)
        tables[one.id] = _table(found, kept, len(patterns), risk=pretest is not None)
    return {
        "target": entries.target,
        "target_label": labels[0],
        "setting": entries.setting,
        "setting_label": labels[1],
        "pretest": pretest,
        "flags": flags_of(evidence, model, plain),
        "exponents": packed_exponents(model.posterior),
        "left_out": _left_out(evidence, model, plain),
        "findings": in_order(point_marginals(entries)),
        "combinations": [
            plain(note.text) for note in entries.notes if note.about == "combinations"
        ],
        "reasons": [plain(reason) for reason in reasons],
        "refused": {row: reasons.index(reason) for row, reason in refused.items()},
        "tables": tables,
    }


def _table(found: PatternRisks, kept: list[int], rows: int, *, risk: bool) -> dict[str, str]:
    """Return the log odds of every pattern under a model, one packed column a number.

    ``ratio`` columns are log likelihood ratios, the log odds at even pre-test odds. ``risk``
    columns have the published pre-test probability and its uncertainty in them. Each is an
    estimate and both ends in an average practice, and both ends in a new one. NaN where
    refused.
    """
    names = ("posttest", "ci_low", "ci_high", "new_practice_low", "new_practice_high")
    with np.errstate(divide="ignore"):
        low, high = np.log(found.lr_low), np.log(found.lr_high)
    ends = np.array([[low, high], [found.log_ratio_low, found.log_ratio_high]])
    if np.isfinite(found.ci_level):
        # A ratio that does not vary, as that of no finding, has no interval; sharp bounds,
        # which have no level, may meet.
        with np.errstate(invalid="ignore"):
            still = ends[:, 1] - ends[:, 0] < NOTHING
        ends.transpose(0, 2, 1)[still] = np.nan
    ratios = [found.log_ratio, *ends[0], *ends[1]]
    kinds = {"ratio": ratios}
    if risk:
        kinds["risk"] = [logit(getattr(found, name)) for name in names]
    table = {}
    for kind, columns in kinds.items():
        for name, values in zip(names, columns, strict=True):
            column = np.full(rows, np.nan)
            column[kept] = values
            table[f"{kind}_{name}"] = floats(column)
    return table


def _pretest(model: RiskModel, plain: PlainWords) -> dict[str, Any] | None:
    """Return the pre-test probability of the setting with its draws, or None if there is none."""
    entries = model.entries
    if entries.pretest.kind == "fixed" or not entries.target or not entries.setting:
        return None
    new = model.new_practice or model.posterior
    warnings = [plain(note.text) for note in entries.notes if note.about == "pretest"]
    return {
        "estimate": entries.pretest.estimate,
        "source": plain(entries.pretest_source),
        "warning": " ".join(warnings),
        "average": packed_logits(model.posterior.pretest),
        "new": packed_logits(new.pretest),
    }


def _patients(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the patients worth discussing whose flags are all offered."""
    offered = {
        (case["target"], case["setting"]): {flag["id"] for flag in case["flags"]} for case in cases
    }
    return [
        {**one._asdict(), "present": list(one.present), "absent": list(one.absent)}
        for one in PATIENTS
        if {*one.present, *one.absent} <= offered.get((one.target, one.setting), set())
        and (one.target, one.setting) in offered
    ]


def _left_out(evidence: Evidence, model: RiskModel, plain: PlainWords) -> list[dict[str, str]]:
    """Return the reported flags that are not offered, and why."""
    entries = model.entries
    reported = evidence.select(entries.target or None, entries.setting or None).accuracy["flag_id"]
    labels = evidence.flags.set_index("flag_id")["label"]
    room = f"more than the {OFFERED} flags this page holds; fewer cases stand behind it"
    return [
        {"label": str(labels[flag]), "reason": plain(entries.unusable.get(flag, room))}
        for flag in sorted(set(reported) - set(entries.flags))
    ]
