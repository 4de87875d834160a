"""Study quality: the user's own QUADAS-2 judgements, summarised and put to use.

Nothing is judged here. The evidence ships no judgements, because none are
published in it; a folder with a ``quality.csv`` brings them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from backpain_stats.checks import check_choice, check_known, require_columns
from backpain_stats.errors import DataError
from backpain_stats.evidence import TABLES

if TYPE_CHECKING:
    from backpain_stats.evidence import Evidence

__all__ = ["quality_covariate", "quality_filter", "quality_judgements", "quality_shares"]

DOMAINS = TABLES["quality"].column("domain").allowed
JUDGEMENTS = ("low", "unclear", "high")
ASPECTS = ("risk_of_bias", "applicability")
UNASSESSED = "not assessed"
CONSENSUS = "consensus"


def quality_judgements(evidence: Evidence) -> pd.DataFrame:
    """Return one judgement a cohort, domain and aspect, over all assessors.

    Where assessors differ, the row of the assessor named ``consensus`` holds;
    without one, the worst judgement does (high before unclear before low), and
    ``agreed`` is False.

    Parameters
    ----------
    evidence : Evidence
        Evidence with judgements in ``evidence.quality``.

    Returns
    -------
    pandas.DataFrame
        ``cohort_id, study, target, setting, n, domain, aspect, judgement,
        assessors, agreed, reason``; ``aspect`` is ``"risk_of_bias"`` or
        ``"applicability"``. Flow and timing has no applicability. Empty
        without judgements.

    References
    ----------
    Whiting PF et al. QUADAS-2: a revised tool for the quality assessment of
    diagnostic accuracy studies. Ann Intern Med 2011;155:529-36.
    https://doi.org/10.7326/0003-4819-155-8-201110180-00009

    Examples
    --------
    >>> from backpain_stats import load_evidence
    >>> quality_judgements(load_evidence()).empty
    True
    """
    long = evidence.quality.melt(
        id_vars=["cohort_id", "assessor", "domain", "reason"],
        value_vars=list(ASPECTS),
        var_name="aspect",
        value_name="judgement",
    ).dropna(subset="judgement")
    rows = [
        {"cohort_id": key[0], "domain": key[1], "aspect": key[2]} | _agree(group)
        for key, group in long.groupby(["cohort_id", "domain", "aspect"], sort=True)
    ]
    columns = ["cohort_id", "domain", "aspect", "judgement", "assessors", "agreed", "reason"]
    judged = pd.DataFrame(rows, columns=columns)
    judged["domain"] = pd.Categorical(judged["domain"], DOMAINS, ordered=True)
    judged["aspect"] = pd.Categorical(judged["aspect"], ASPECTS, ordered=True)
    about = evidence.cohorts[["cohort_id", "study_id", "target", "setting", "n"]]
    about = about.rename(columns={"study_id": "study"})
    merged = about.merge(judged, on="cohort_id", how="inner")
    return merged.sort_values(["cohort_id", "aspect", "domain"], ignore_index=True)


def quality_shares(judgements: pd.DataFrame, *, weights: str | None = "n") -> pd.DataFrame:
    """Return the share of each judgement in each domain, for the weighted bar figure.

    Parameters
    ----------
    judgements : DataFrame
        From :func:`quality_judgements`.
    weights : str or None, default "n"
        A column whose values weigh the studies, or None to count each once.

    Returns
    -------
    pandas.DataFrame
        ``aspect, domain, judgement, studies, weight, share``; the shares of one
        aspect and domain add up to 1.

    Raises
    ------
    DataError
        If a weight is missing; the message names the cohorts.
    """
    require_columns(judgements, ["cohort_id", "aspect", "domain", "judgement"], "judgements")
    if weights is None:
        weighed = judgements.assign(weight=1.0)
    else:
        require_columns(judgements, [weights], "judgements")
        missing = judgements.loc[judgements[weights].isna(), "cohort_id"].unique()
        if len(missing):
            raise DataError(
                f"no {weights!r} is known for {', '.join(missing)}; use weights=None to count "
                f"each study once"
            )
        weighed = judgements.assign(weight=judgements[weights].astype(float))
    grouped = weighed.groupby(["aspect", "domain", "judgement"], observed=True, sort=True)
    shares = grouped.agg(studies=("cohort_id", "size"), weight=("weight", "sum")).reset_index()
    totals = shares.groupby(["aspect", "domain"], observed=True)["weight"].transform("sum")
    shares["share"] = shares["weight"] / totals
    return shares


def quality_covariate(
    frame: pd.DataFrame, evidence: Evidence, domain: str, aspect: str = "risk_of_bias"
) -> pd.DataFrame:
    """Add one domain's judgements to a frame as a covariate for meta-regression.

    Parameters
    ----------
    frame : DataFrame
        Any frame with a column ``cohort_id``.
    evidence : Evidence
        Where the judgements are.
    domain : str
        ``patient_selection``, ``index_test``, ``reference_standard`` or ``flow_and_timing``.
    aspect : {"risk_of_bias", "applicability"}

    Returns
    -------
    pandas.DataFrame
        A copy with a further column named after the domain: ``low``,
        ``unclear``, ``high`` or ``not assessed``.
    """
    require_columns(frame, ["cohort_id"])
    check_choice(domain, "domain", DOMAINS)
    check_choice(aspect, "aspect", ASPECTS)
    judged = quality_judgements(evidence)
    chosen = judged[(judged["domain"] == domain) & (judged["aspect"] == aspect)]
    values = frame["cohort_id"].map(chosen.set_index("cohort_id")["judgement"])
    return frame.assign(**{domain: values.astype("string").fillna(UNASSESSED)})


def quality_filter(
    frame: pd.DataFrame,
    evidence: Evidence,
    *,
    exclude: str | Sequence[str] = "high",
    domains: Sequence[str] = DOMAINS,
    aspect: str = "risk_of_bias",
    unassessed: str = "keep",
) -> pd.DataFrame:
    """Set reports of poorly judged cohorts aside; no row vanishes.

    Parameters
    ----------
    frame : DataFrame
        Rows of :func:`~backpain_stats.likelihood_ratios` or any frame with ``cohort_id``.
    evidence : Evidence
        Where the judgements are.
    exclude : str or sequence of str, default "high"
        A cohort with one of these judgements in any of ``domains`` is set aside.
    domains : sequence of str
        The QUADAS-2 domains looked at; all of them by default.
    aspect : {"risk_of_bias", "applicability"}
    unassessed : {"keep", "exclude"}, default "keep"
        What becomes of cohorts nobody judged in any of the domains.

    Returns
    -------
    pandas.DataFrame
        A copy in which the rows set aside have ``counted`` False and the reason
        added to ``reason``; the functions of this package do not use such rows.

    Raises
    ------
    ArgumentError
        If a judgement, a domain, the aspect or ``unassessed`` is not in the vocabulary.
    """
    require_columns(frame, ["cohort_id"])
    check_choice(aspect, "aspect", ASPECTS)
    check_choice(unassessed, "unassessed", ("keep", "exclude"))
    unwanted = [exclude] if isinstance(exclude, str) else list(exclude)
    unwanted = [check_choice(one, "exclude", JUDGEMENTS) for one in unwanted]
    chosen = [check_choice(one, "domains", DOMAINS) for one in domains]
    judged = quality_judgements(evidence)
    judged = judged[judged["domain"].isin(chosen) & (judged["aspect"] == aspect)]
    reasons: dict[str, str] = {}
    for cohort, rows in judged.groupby("cohort_id"):
        bad = rows[rows["judgement"].isin(unwanted)]
        listed = ", ".join(f"{r.domain} {r.judgement}" for r in bad.itertuples())
        reasons[str(cohort)] = f"set aside for its {aspect}: {listed}" if listed else ""
    default = "set aside: nobody judged it" if unassessed == "exclude" else ""
    verdicts = frame["cohort_id"].map(lambda cohort: reasons.get(str(cohort), default))
    aside = verdicts != ""
    answer = frame.copy()
    counted = answer["counted"] if "counted" in answer.columns else True
    answer["counted"] = counted & ~aside
    before = answer["reason"].fillna("") if "reason" in answer.columns else ""
    joined = (before + "; " + verdicts).str.strip("; ")
    answer["reason"] = joined.where(aside, before)
    return answer


def _agree(rows: pd.DataFrame) -> dict[str, object]:
    """Return the judgement that holds for one cohort, domain and aspect."""
    distinct = rows["judgement"].nunique()
    agreed_upon = rows[rows["assessor"].str.lower() == CONSENSUS]
    if not agreed_upon.empty:
        held = agreed_upon.iloc[[0]]
    else:
        severity = rows["judgement"].map(JUDGEMENTS.index)
        held = rows[severity == severity.max()]
    reasons = [reason for reason in held["reason"].dropna().unique() if reason]
    return {
        "judgement": check_known(str(held["judgement"].iloc[0]), JUDGEMENTS, "judgement"),
        "assessors": rows["assessor"].nunique(),
        "agreed": distinct == 1 or not agreed_upon.empty,
        "reason": "; ".join(reasons),
    }
