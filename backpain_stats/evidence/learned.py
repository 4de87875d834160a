"""The files beside the evidence: what was learned elsewhere, and how quality is judged."""

from __future__ import annotations

from backpain_stats.evidence.schema import Column, Table

__all__ = ["DEPENDENCE", "HETEROGENEITY", "QUALITY_INSTRUMENTS"]

_DEPENDENCE = {
    "patients": "Patients in the set.",
    "complete": "Patients with every finding that was used.",
    "cases": "Cases among them.",
    "findings": "Findings recorded in 70% or more and with 10 patients in the rarer state.",
    "exponent": "Exponent of k_eff that fits the set best.",
    "exponent_se": "Its standard error.",
    "rho_cases": "Correlation of one-factor dependence among cases, maximum likelihood.",
    "rho_cases_se": "Width of its 95% profile-likelihood interval over 3.92.",
    "rho_noncases": "The same among non-cases.",
    "rho_noncases_se": "Width of its 95% profile-likelihood interval over 3.92.",
    "exponent_shuffled": "Exponent after shuffling each finding within either group.",
}
_ABOUT = {
    "kind": "Diagnosis or prognosis.",
    "what": "Which patients, and what a case is.",
    "origin": "Where the patients' rows were read; they are not in this repository.",
    "licence": "Licence of that source.",
}
# Estimates per set of patients; no patient's row is kept.
DEPENDENCE = Table(
    "dependence",
    "How findings hang together in public patient-level data; made by "
    "validation/dependence.py, described in reports/dependence.md.",
    ("set",),
    (
        Column("set", "Name of the set of patients.", "identifier", True),
        *(Column(name, text, "number", True) for name, text in _DEPENDENCE.items()),
        *(Column(name, text, required=True) for name, text in _ABOUT.items()),
    ),
)

_SIZES = {
    "studies": "Studies in it.",
    "cases": "Cases in all studies.",
    "noncases": "Non-cases in all studies.",
}
_SPREADS = {
    "sd_sensitivity": "Between-study SD of the logit sensitivity",
    "sd_specificity": "Between-study SD of the logit specificity",
    "correlation": "Between-study correlation of the two logits",
}
# Estimates per meta-analysis; no study's row is kept.
HETEROGENEITY = Table(
    "heterogeneity",
    "How much studies of one test differ, in public meta-analyses of diagnostic accuracy; made "
    "by validation/heterogeneity.py, described in reports/heterogeneity.md.",
    ("set",),
    (
        Column("set", "Name of the meta-analysis.", "identifier", True),
        *(Column(name, text, "number", True) for name, text in _SIZES.items()),
        Column(
            "learned_from", "no: its studies are already in other sets.", "category", True,
            ("yes", "no"),
        ),
        Column(
            "block", "Sets of one block share studies or patients, and are left out together.",
            required=True,
        ),
        *(
            Column(f"{name}{end}", f"{text}: {what}.", "number", True)
            for name, text in _SPREADS.items()
            for end, what in (
                ("", "posterior median under a broad prior, by this set alone"),
                ("_low", "lower end of the 95% posterior interval"),
                ("_high", "upper end of the 95% posterior interval"),
            )
        ),
        Column(
            "source", "Citation; where the 2x2 tables were read, and the licence of that source. "
            "They are not in this repository.", required=True,
        ),
    ),
)  # fmt: skip

# What an instrument asks; the wording of its questions is its authors'.
QUALITY_INSTRUMENTS = Table(
    "instruments",
    "Instruments of study quality: their domains, what is judged in each, and the judgements.",
    ("instrument", "domain"),
    (
        Column("instrument", "Name of the instrument, as it is cited.", "identifier", True),
        Column("label", "What it is for.", required=True),
        Column("place", "Place of the domain in the instrument, from 1.", "integer", True),
        Column("domain", "Name of the domain, as in quality.csv.", "identifier", True),
        Column("domain_label", "The domain in words.", required=True),
        Column("risk_of_bias", "Whether risk of bias is judged.", "category", True, ("yes", "no")),
        Column(
            "applicability", "Whether concern about applicability is judged.", "category", True,
            ("yes", "no"),
        ),
        Column(
            "judgements", "The words a judgement may be, from the best to the worst.",
            "identifiers", True,
        ),
        Column("source", "Citation of the instrument.", required=True),
        Column("doi", "Its digital object identifier.", "doi", True),
        Column("read_in", "Where these facts were read.", required=True),
    ),
)  # fmt: skip
