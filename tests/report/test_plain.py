import pytest

from backpain_stats import Evidence
from backpain_stats.report.page.plain import PlainWords, short_citation


@pytest.fixture(scope="module")
def plain(evidence: Evidence) -> PlainWords:
    return PlainWords(evidence)


@pytest.mark.parametrize(
    ("citation", "year", "short"),
    [
        ("Jin H et al. J Bone Miner Res 2020;35(3):488-497", 2020, "Jin H et al. (2020)"),
        ("Clark et al. 2016 (PMC4791465)", 2016, "Clark et al. (2016)"),
        (
            "Fukui Osteoporosis Cohort study. BMC 2008;9:157",
            2008,
            "Fukui Osteoporosis Cohort study (2008)",
        ),
        (
            "Notfallambulanz blog, January 2014 (German)",
            2014,
            "Notfallambulanz blog, January 2014 (German)",
        ),
        ("Pulse news item on red flags", None, "Pulse news item on red flags"),
    ],
)
def test_short_citations(citation: str, year: int | None, short: str) -> None:
    assert short_citation(citation, year) == short


def test_identifiers_become_words(plain: PlainWords) -> None:
    said = plain("age_50 (Age 50 years or over) and esr_20 are of one family (rest_pain)")
    assert said == (
        "“Age 50 years or over” and “Erythrocyte sedimentation rate 20 mm/h or more” are of one "
        "family (rest pain)."
    )
    assert plain("deyo1988_malignancy;crebp: printed 5%.") == (
        "Deyo RA, Diehl AK (1988); CREBP journal-club page on Downie 2013: printed 5%."
    )


def test_only_whole_words_are_replaced(plain: PlainWords) -> None:
    assert plain("age_500 is no flag") == "Age_500 is no flag."
