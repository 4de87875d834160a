"""Which guideline endorses which flag, beside what is known about the flag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from backpain_stats.checks import check_choice, real_number
from backpain_stats.decide.published import has_ratio
from backpain_stats.errors import ArgumentError
from backpain_stats.evidence import Setting, Target, require_evidence
from backpain_stats.published import likelihood_ratios
from backpain_stats.result import Result, Shown, grid_of

if TYPE_CHECKING:
    from backpain_stats.evidence import Evidence

__all__ = ["Endorsement", "endorsement"]

# A figure that was not found: someone may have measured it all the same.
NOT_FOUND = "no usable figure in the sources read here"
# What can be known about a flag for a condition, from most to least.
STATES = ("informative", "inconclusive", "uninformative", "not usable", NOT_FOUND)
UNSPECIFIED, NOT_MAPPED = "unspecified list", "not mapped to a flag"
INTERVALS = ("lr_positive_low", "lr_positive_high", "lr_negative_low", "lr_negative_high")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Endorsement(Result):
    """Endorsements beside the evidence, by flag, by guideline and over time.

    Made by :func:`endorsement`.

    Parameters
    ----------
    statements : pandas.DataFrame
        One row an endorsement as written: ``endorsement_id, guideline_id,
        guideline, document, country, year, target, red_flag_as_written,
        condition_as_written, flag_id, verdict, reported_in, doi``.
    flags : pandas.DataFrame
        One row a flag and condition: ``flag_id, label, family, target,
        guidelines`` (how many endorse it), ``first_year``, ``reports``,
        ``informative_reports``, ``claims``, ``evidence`` (its state),
        ``measured_in_family``, ``verdict`` and ``reason``.
    guidelines : pandas.DataFrame
        One row a guideline or other text: how many of its statements have each verdict.
    years : pandas.DataFrame
        One row a year with a dated guideline: how many guidelines and how many
        statements of each verdict up to and including it.
    counts : pandas.DataFrame
        Published statements about sets of guidelines, as printed.
    lr_positive_above, lr_negative_below : float
        The cut-offs of the rule.
    setting : str or None
        The setting that the verdicts are about; None: any.
    """

    statements: pd.DataFrame
    flags: pd.DataFrame
    guidelines: pd.DataFrame
    years: pd.DataFrame
    counts: pd.DataFrame
    lr_positive_above: float
    lr_negative_below: float
    setting: Setting | None = None

    @property
    def rule(self) -> str:
        """The rule behind the verdicts in a sentence."""
        return "; ".join(self.rules)

    @property
    def rules(self) -> tuple[str, ...]:
        """What each state of the evidence means."""
        where = " of the setting" if self.setting else ""
        return (
            f"informative: in at least one cohort{where} the whole interval of LR+ lies above "
            f"{self.lr_positive_above:g} or that of LR− below {self.lr_negative_below:g}",
            "uninformative: in every cohort both intervals exclude that",
            "inconclusive: measured, but an interval leaves it open",
            "not usable: figures were read, but no likelihood ratio follows from them",
            f"{NOT_FOUND}: it may have been measured all the same",
        )

    def summary(self) -> pd.DataFrame:
        """Return how many statements of guidelines, of other texts, and flags have each verdict."""
        return _tally(self.statements, self.flags)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a flag and condition."""
        return self.flags

    def _shown(self) -> Shown:
        """Show the summary with the rule."""
        return Shown("Endorsed, and measured", [grid_of(self.summary())], [self.rule])


def endorsement(
    evidence: Evidence,
    *,
    target: Target | None = None,
    setting: Setting | None = None,
    lr_positive_above: float = 2.0,
    lr_negative_below: float = 0.5,
    level: float = 0.95,
) -> Endorsement:
    """Set what guidelines endorse beside what has been measured.

    Every verdict follows from one rule with stated cut-offs; none is written
    by hand. The intervals are those of :func:`~backpain_stats.likelihood_ratios`,
    over all settings: a flag that is informative anywhere is informative.

    Parameters
    ----------
    evidence : Evidence
        The published evidence.
    target : str, optional
        One condition; all of them by default. General lists and lists shared by
        conditions (target "unspecified") are never assigned to a condition;
        they are shown as ``"unspecified list"``.
    setting : str, optional
        Judge by the cohorts of this setting only. ``flags`` then has a column ``elsewhere``:
        the state by the cohorts of all other settings, which are indirect evidence.
    lr_positive_above : float, default 2
        A flag is informative when present if the interval of its LR+ lies above this.
    lr_negative_below : float, default 0.5
        A flag is informative when absent if the interval of its LR- lies below this.
    level : float, default 0.95
        Level of the intervals.

    Returns
    -------
    Endorsement
        The verdicts are ``"endorsed, STATE"`` and ``"not endorsed, STATE"``
        with the states of :attr:`Endorsement.rule`, ``"unspecified list"`` and
        ``"not mapped to a flag"``. A flag is endorsed if a guideline names it;
        a patient page alone does not endorse it.

    Raises
    ------
    ArgumentError
        If the target or the setting is not in the vocabulary, or a cut-off is on the wrong
        side of 1.

    Notes
    -----
    "No usable figure in the sources read here" does not mean that nobody measured the flag.
    ``measured_in_family`` names related flags (another age limit, another wording) that were
    measured; they are not the same flag. A text that is no guideline (a patient page) is
    counted apart: see the column ``document``.

    Examples
    --------
    >>> from backpain_stats import load_evidence
    >>> found = endorsement(load_evidence(), target="malignancy")
    >>> found.flags.set_index("flag_id").loc["cancer_history", "verdict"]
    'endorsed, informative'
    """
    if not real_number(lr_positive_above) >= 1:
        raise ArgumentError(f"lr_positive_above is {lr_positive_above!r}; it must be 1 or more")
    if not 0 < real_number(lr_negative_below) <= 1:
        raise ArgumentError(
            f"lr_negative_below is {lr_negative_below!r}; it must be above 0 and at most 1"
        )
    if target is not None:
        check_choice(target, "target", list(require_evidence(evidence).targets["target"]))
    if setting is not None:
        check_choice(setting, "setting", list(evidence.settings["setting"]))
    ratios = likelihood_ratios(evidence, target=target, level=level)
    statements = _statements(evidence, target)
    cutoffs = (lr_positive_above, lr_negative_below)
    flags = _flags(evidence, ratios, statements, (target, setting), cutoffs)
    states = flags.set_index(["flag_id", "target"])["evidence"]
    statements["verdict"] = [
        _statement_verdict(flag, condition, states)
        for flag, condition in zip(statements["flag_id"], statements["target"], strict=True)
    ]
    chosen = evidence if target is None else evidence.select(target=target)
    return Endorsement(
        statements,
        flags,
        _by_guideline(statements),
        _over_time(statements),
        chosen.endorsement_counts,
        lr_positive_above,
        lr_negative_below,
        setting,
    )


def evidence_state(
    reports: pd.DataFrame, claims: int, lr_positive_above: float, lr_negative_below: float
) -> tuple[str, int]:
    """Return the state of one flag for one condition, and how many reports are informative.

    Parameters
    ----------
    reports : DataFrame
        Its rows of ``likelihood_ratios``.
    claims : int
        How many review-level claims name it.
    lr_positive_above, lr_negative_below : float
        The cut-offs.
    """
    if reports.empty:
        return ("not usable" if claims else NOT_FOUND), 0
    usable = reports[has_ratio(reports)]
    if usable.empty:
        return "not usable", 0
    low, high = usable["lr_positive_low"], usable["lr_positive_high"]
    low_absent, high_absent = usable["lr_negative_low"], usable["lr_negative_high"]
    # A missing interval compares as False throughout: it settles nothing.
    informative = (low > lr_positive_above) | (high_absent < lr_negative_below)
    ruled_out = (high <= lr_positive_above) & (low_absent >= lr_negative_below)
    count = int(informative.fillna(False).sum())
    if count:
        return "informative", count
    return ("uninformative" if bool(ruled_out.fillna(False).all()) else "inconclusive"), 0


def _statements(evidence: Evidence, target: Target | None) -> pd.DataFrame:
    """Return the endorsements with their source, and whether the text is a guideline."""
    sources = evidence.sources.set_index("source_id")
    frame = evidence.endorsements
    if target is not None:
        frame = frame[frame["target"].isin([target, "unspecified"])]
    kinds = frame["reported_in"].map(sources["kind"])
    # Read in its own text, the text's kind is known; a quoted list is that of a guideline.
    own = (frame["status"] == "seen_primary") & (kinds != "guideline")
    columns = [
        *("endorsement_id", "guideline_id", "guideline", "document", "country", "year", "target"),
        *("red_flag_as_written", "condition_as_written", "flag_id", "reported_in", "doi", "status"),
    ]
    frame = frame.assign(
        document=kinds.where(own, "guideline"), doi=frame["reported_in"].map(sources["doi"])
    )
    return frame[columns].reset_index(drop=True)


def _flags(
    evidence: Evidence,
    ratios: pd.DataFrame,
    statements: pd.DataFrame,
    where: tuple[Target | None, Setting | None],
    cutoffs: tuple[float, float],
) -> pd.DataFrame:
    """Return one row for each flag and condition that is endorsed, measured or claimed."""
    target, setting = where
    targets = tuple(evidence.target_labels) if target is None else (target,)
    mapped = statements[statements["flag_id"].notna() & statements["target"].isin(targets)]
    claims = evidence.claims[evidence.claims["target"].isin(targets)]
    claims = claims[claims["flag_id"].isin(evidence.flags["flag_id"])]
    reports, named = _by_flag(ratios), _by_flag(mapped)
    figures = claims.groupby(["flag_id", "target"]).size().to_dict()
    measured = ratios.loc[has_ratio(ratios), ["family", "target", "flag_id"]].drop_duplicates()
    relatives = measured.groupby(["family", "target"])["flag_id"].agg(set).to_dict()
    about = evidence.flags.set_index("flag_id")[["label", "family"]].to_dict("index")
    rows = []
    for key in sorted({*reports, *named, *figures}, key=lambda pair: pair[::-1]):
        flag, condition = key
        every, by = reports.get(key, ratios.iloc[:0]), named.get(key, mapped.iloc[:0])
        inside = _inside(every, setting)
        own = every[inside]
        own_guidelines = by[by["document"] == "guideline"]
        guidelines = own_guidelines["guideline_id"].nunique()
        state, informative = evidence_state(own, figures.get(key, 0), *cutoffs)
        family = about[flag]["family"]
        rows.append(
            {
                "flag_id": flag,
                "label": about[flag]["label"],
                "family": family,
                "target": condition,
                "guidelines": guidelines,
                "other_documents": by["guideline_id"].nunique() - guidelines,
                "first_year": own_guidelines["year"].min(),
                "reports": len(own),
                "usable_reports": int(has_ratio(own).sum()),
                "informative_reports": informative,
                "claims": figures.get(key, 0),
                "evidence": state,
                "verdict": f"{'endorsed' if guidelines else 'not endorsed'}, {state}",
                "measured_in_family": ";".join(
                    sorted(relatives.get((family, condition), set()) - {flag})
                ),
                "reason": _reason(own, figures.get(key, 0)),
            }
        )
        if setting:
            rows[-1]["elsewhere"] = evidence_state(every[~inside], 0, *cutoffs)[0]
    counts = ["guidelines", "other_documents", "first_year", "reports", "claims"]
    columns = [*_FLAG_COLUMNS, *(["elsewhere"] if setting else [])]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(counts, "Int64"))


_FLAG_COLUMNS = [
    *("flag_id", "label", "family", "target", "guidelines", "other_documents", "first_year"),
    *("reports", "usable_reports", "informative_reports", "claims", "evidence", "verdict"),
    *("measured_in_family", "reason"),
]


def _by_flag(frame: pd.DataFrame) -> dict[Any, pd.DataFrame]:
    """Split a frame by flag and target."""
    return dict(list(frame.groupby(["flag_id", "target"])))


def _inside(reports: pd.DataFrame, setting: Setting | None) -> pd.Series:
    """Tell which reports are of the setting; all of them if none is asked about."""
    if setting is None:
        return pd.Series(data=True, index=reports.index)
    return reports["setting"].eq(setting).fillna(value=False).astype(bool)


def _reason(reports: pd.DataFrame, claims: int) -> str:
    """Say why a flag's figures cannot be used, or what to keep in mind."""
    if reports.empty and claims:
        return f"{claims} published figure{'s' if claims > 1 else ''} without a table"
    pairs = zip(reports["study"], reports["reason"], strict=True)
    return "; ".join(
        dict.fromkeys(f"{study}: {why}" for study, why in pairs if not pd.isna(why) and why)
    )


def _statement_verdict(flag: Any, target: str, states: pd.Series) -> str:
    """Return the verdict of one endorsement as written."""
    if target == "unspecified":
        return UNSPECIFIED
    return NOT_MAPPED if pd.isna(flag) else f"endorsed, {states.loc[(flag, target)]}"


def _by_guideline(statements: pd.DataFrame) -> pd.DataFrame:
    """Count the verdicts of each guideline's statements."""
    keys = ["guideline_id", "guideline", "document", "country", "year"]
    about = statements[keys].drop_duplicates("guideline_id").set_index("guideline_id")
    counts = pd.crosstab(statements["guideline_id"], statements["verdict"])
    frame = about.join(_all_verdicts(counts))
    frame.insert(4, "statements", statements["guideline_id"].value_counts())
    return frame.sort_values(["year", "guideline_id"]).reset_index()


def _over_time(statements: pd.DataFrame) -> pd.DataFrame:
    """Accumulate the verdicts of dated guidelines year by year."""
    dated = statements[statements["year"].notna() & (statements["document"] == "guideline")]
    counts = _all_verdicts(pd.crosstab(dated["year"], dated["verdict"]))
    guidelines = dated.groupby("year")["guideline_id"].nunique()
    counts.insert(0, "guidelines", guidelines)
    return counts.sort_index().cumsum().reset_index()


def _all_verdicts(counts: pd.DataFrame) -> pd.DataFrame:
    """Order the columns of verdicts, those that do not occur included."""
    order = [*(f"endorsed, {state}" for state in STATES), NOT_MAPPED, UNSPECIFIED]
    return counts.reindex(columns=order, fill_value=0).rename_axis(columns=None)


def _tally(statements: pd.DataFrame, flags: pd.DataFrame) -> pd.DataFrame:
    """Count the statements of guidelines and of other texts, and the flags, by verdict."""
    order = [
        *(f"endorsed, {state}" for state in STATES),
        *(f"not endorsed, {state}" for state in STATES),
        *(NOT_MAPPED, UNSPECIFIED),
    ]
    table = pd.DataFrame({"verdict": order})
    own = statements["document"] == "guideline"
    counted = {
        "statements": statements.loc[own, "verdict"],
        "other_texts": statements.loc[~own, "verdict"],
        "flags": flags["verdict"],
    }
    for name, verdicts in counted.items():
        found = table["verdict"].map(verdicts.value_counts())
        table[name] = found.fillna(0).astype("Int64")
    return table
