"""Study quality: the user's own judgements, by QUADAS-2 or another instrument, put to use.

Nothing is judged here. The evidence ships no judgements, because none are
published in it; a folder with a ``quality.csv`` brings them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from backpain_stats.checks import check_choice, check_column, check_known, require_columns
from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.evidence import (
    ASPECTS,
    DEFAULT_INSTRUMENT,
    INSTRUMENTS,
    QUALITY_INSTRUMENTS,
    Instrument,
    all_domains,
    all_judgements,
    packaged_folder,
    require_evidence,
)

if TYPE_CHECKING:
    from backpain_stats.evidence import Evidence

__all__ = [
    "ASPECTS",
    "DOMAINS",
    "quality_covariate",
    "quality_filter",
    "quality_instruments",
    "quality_judgements",
    "quality_overall",
    "quality_shares",
]

# The domains of QUADAS-2.
DOMAINS = INSTRUMENTS[DEFAULT_INSTRUMENT].domain_names
UNASSESSED = "not assessed"
CONSENSUS = "consensus"


def quality_instruments() -> pd.DataFrame:
    """Return the instruments of study quality that judgements can be made by.

    Returns
    -------
    pandas.DataFrame
        One row per instrument and domain: ``instrument, label, place, domain, domain_label``,
        whether ``risk_of_bias`` and ``applicability`` are judged (yes or no), the ``judgements``
        from the best to the worst, ``source``, ``doi`` and ``read_in``: none of the articles
        was read itself.

    Notes
    -----
    The table is ``data/instruments.csv``. The questions behind each domain are their authors';
    they are not repeated here.

    Examples
    --------
    >>> table = quality_instruments()
    >>> own = table[table["instrument"] == "QUADAS-3"]
    >>> own[["domain", "applicability", "judgements"]].values.tolist()[-1]
    ['analysis', 'no', 'low;insufficient_information;high']
    """
    return pd.read_csv(packaged_folder() / QUALITY_INSTRUMENTS.file)


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
        ``cohort_id, study, target, setting, n, instrument, domain, aspect, judgement,
        assessors, agreed, reason``; ``aspect`` is ``"risk_of_bias"`` or
        ``"applicability"``. Not every domain has both. Empty without judgements.

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
    given = require_evidence(evidence).quality
    by = given["instrument"] if "instrument" in given else pd.Series(pd.NA, index=given.index)
    long = given.assign(instrument=by.astype("string").fillna(DEFAULT_INSTRUMENT)).melt(
        id_vars=["cohort_id", "assessor", "instrument", "domain", "reason"],
        value_vars=list(ASPECTS),
        var_name="aspect",
        value_name="judgement",
    )
    keys = ["cohort_id", "instrument", "domain", "aspect"]
    rows = [
        dict(zip(keys, key, strict=True)) | _agree(group)
        for key, group in long.dropna(subset="judgement").groupby(keys, sort=True)
    ]
    judged = pd.DataFrame(rows, columns=[*keys, "judgement", "assessors", "agreed", "reason"])
    judged["domain"] = pd.Categorical(judged["domain"], all_domains(), ordered=True)
    judged["aspect"] = pd.Categorical(judged["aspect"], ASPECTS, ordered=True)
    about = evidence.cohorts[["cohort_id", "study_id", "target", "setting", "n"]]
    about = about.rename(columns={"study_id": "study"})
    merged = about.merge(judged, on="cohort_id", how="inner")
    return merged.sort_values(["cohort_id", "instrument", "aspect", "domain"], ignore_index=True)


def quality_overall(
    judgements: pd.DataFrame, *, aspect: str = "risk_of_bias", instrument: str | None = None
) -> pd.DataFrame:
    """Return the worst judgement of each study in one aspect.

    Parameters
    ----------
    judgements : DataFrame
        From :func:`quality_judgements` or :func:`~backpain_stats.read_quality`.
    aspect : {"risk_of_bias", "applicability"}
    instrument : str, optional
        Needed only where the judgements are by several.

    Returns
    -------
    pandas.DataFrame
        ``cohort_id, study`` (if known) and ``judgement``, one row a cohort or study.

    Notes
    -----
    High if any domain is high; low only if all are. QUADAS-2 and QUADAS-C define no overall
    judgement: there it is a summary for a figure.

    Raises
    ------
    ArgumentError
        If the aspect is not known, or the judgements are by several instruments.

    Examples
    --------
    >>> judged = pd.DataFrame({"cohort_id": ["A", "A"], "aspect": "risk_of_bias",
    ...                        "domain": ["index_test", "flow_and_timing"],
    ...                        "judgement": ["low", "unclear"]})
    >>> quality_overall(judged)["judgement"].tolist()
    ['unclear']
    """
    require_columns(judgements, ["cohort_id", "aspect", "judgement"], "judgements")
    check_choice(aspect, "aspect", ASPECTS)
    chosen, _ = _of_one_instrument(judgements, instrument)
    chosen = chosen[chosen["aspect"].astype(str) == aspect]
    severity = chosen["judgement"].astype(str).map(_severity)
    worst = chosen.assign(_severity=severity).sort_values("_severity", kind="stable")
    worst = worst.drop_duplicates("cohort_id", keep="last").sort_index()
    names = [name for name in ("cohort_id", "study") if name in worst]
    return worst[[*names, "judgement"]].reset_index(drop=True)


def _severity(judgement: str) -> int:
    """Return how bad a judgement is, 0 the best."""
    return all_judgements().index(check_known(judgement, all_judgements(), "judgement"))


def _of_one_instrument(
    judgements: pd.DataFrame, instrument: str | None
) -> tuple[pd.DataFrame, Instrument]:
    """Return the judgements by one instrument, and which it is; say so where there are several."""
    if instrument is not None:
        check_choice(instrument, "instrument", tuple(INSTRUMENTS))
    if "instrument" not in judgements:
        return judgements, INSTRUMENTS[instrument or DEFAULT_INSTRUMENT]
    found = sorted(judgements["instrument"].dropna().unique())
    if instrument is None and len(found) > 1:
        raise ArgumentError(
            f"the judgements are by {' and '.join(found)}; choose one, for example "
            f"instrument={found[0]!r}"
        )
    name = instrument or (found[0] if found else DEFAULT_INSTRUMENT)
    return judgements[judgements["instrument"] == name], INSTRUMENTS[name]


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
        ``instrument`` (if the judgements name it), ``aspect, domain, judgement, studies,
        weight, share``; the shares of one aspect and domain add up to 1.

    Raises
    ------
    DataError
        If a weight is missing; the message names the cohorts.
    """
    require_columns(judgements, ["cohort_id", "aspect", "domain", "judgement"], "judgements")
    if weights is None:
        weighed = judgements.assign(weight=1.0)
    else:
        require_columns(judgements, [check_column(weights, "weights")], "judgements")
        missing = judgements.loc[judgements[weights].isna(), "cohort_id"].unique()
        if len(missing):
            raise DataError(
                f"no {weights!r} is known for {', '.join(missing)}; use weights=None to count "
                f"each study once"
            )
        weighed = judgements.assign(weight=judgements[weights].astype(float))
    place = [*(["instrument"] if "instrument" in weighed else []), "aspect", "domain"]
    grouped = weighed.groupby([*place, "judgement"], observed=True, sort=True)
    shares = grouped.agg(studies=("cohort_id", "size"), weight=("weight", "sum")).reset_index()
    totals = shares.groupby(place, observed=True)["weight"].transform("sum")
    shares["share"] = shares["weight"] / totals
    return shares


def quality_covariate(
    frame: pd.DataFrame,
    evidence: Evidence,
    domain: str,
    aspect: str = "risk_of_bias",
    *,
    instrument: str | None = None,
) -> pd.DataFrame:
    """Add one domain's judgements to a frame as a covariate for meta-regression.

    Parameters
    ----------
    frame : DataFrame
        Any frame with a column ``cohort_id``.
    evidence : Evidence
        Where the judgements are.
    domain : str
        A domain of the instrument, such as ``patient_selection``.
    aspect : {"risk_of_bias", "applicability"}
    instrument : str, optional
        Needed only where the judgements are by several.

    Returns
    -------
    pandas.DataFrame
        A copy with a further column named after the domain: a judgement of the
        instrument, or ``not assessed``.
    """
    require_columns(frame, ["cohort_id"])
    judged, used = _of_one_instrument(quality_judgements(evidence), instrument)
    check_choice(domain, "domain", used.domain_names)
    check_choice(aspect, "aspect", ASPECTS)
    chosen = judged[(judged["domain"] == domain) & (judged["aspect"] == aspect)]
    values = frame["cohort_id"].map(chosen.set_index("cohort_id")["judgement"])
    return frame.assign(**{domain: values.astype("string").fillna(UNASSESSED)})


def quality_filter(
    frame: pd.DataFrame,
    evidence: Evidence,
    *,
    exclude: str | Sequence[str] = "high",
    domains: Sequence[str] | None = None,
    aspect: str = "risk_of_bias",
    unassessed: str = "keep",
    instrument: str | None = None,
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
    domains : sequence of str, optional
        The domains of the instrument that are looked at; all of them by default.
    aspect : {"risk_of_bias", "applicability"}
    unassessed : {"keep", "exclude"}, default "keep"
        What becomes of cohorts nobody judged in any of the domains.
    instrument : str, optional
        Needed only where the judgements are by several.

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
    judged, used = _of_one_instrument(quality_judgements(evidence), instrument)
    unwanted = [exclude] if isinstance(exclude, str) else list(exclude)
    unwanted = [check_choice(one, "exclude", used.judgements) for one in unwanted]
    names = used.domain_names
    chosen = [
        check_choice(one, "domains", names) for one in (names if domains is None else domains)
    ]
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
        severity = rows["judgement"].map(_severity)
        held = rows[severity == severity.max()]
    reasons = [reason for reason in held["reason"].dropna().unique() if reason]
    return {
        "judgement": check_known(str(held["judgement"].iloc[0]), all_judgements(), "judgement"),
        "assessors": rows["assessor"].nunique(),
        "agreed": distinct == 1 or not agreed_upon.empty,
        "reason": "; ".join(reasons),
    }
