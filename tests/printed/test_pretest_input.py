"""A prevalence in a panel's own words."""

import numpy as np
import pytest
from scipy import stats

from backpain_stats import PretestError
from backpain_stats.printed.prevalence import Prevalence, read_prevalence, read_prevalences
from backpain_stats.published.prevalence import setting_prevalence

MIDDLES = (np.arange(2000) + 0.5) / 2000


@pytest.mark.parametrize(
    ("given", "kind", "estimate"),
    [
        (0.003, "fixed", 0.003),
        (np.float64(0.003), "fixed", 0.003),
        ("0.003", "fixed", 0.003),
        ("0.3%", "fixed", 0.003),
        ("3e-3", "fixed", 0.003),
        ("13/1975", "counts", 13 / 1975),
        ("13 of 1975", "counts", 13 / 1975),
        ("0.01 to 0.01010", "range", None),
        ("0.1%-0.7%", "range", None),
        ("0.001–0.007", "range", None),
    ],
)
def test_forms_are_read(given, kind, estimate):
    read = read_prevalence(given)
    assert read.kind == kind
    if estimate is not None:
        assert read.estimate == pytest.approx(estimate, rel=1e-12)
    else:
        assert read.low < read.estimate < read.high


@pytest.mark.parametrize(
    "wrong",
    [
        *(0, 1, 0.0, 1.0, -0.1, 3, float("nan"), None, True, [0.1, 0.2]),
        *("30", "100%", "0/1172", "5/5", "often", "", "0.7% to 0.1%", "0 to 0.01"),
    ],
)
def test_what_is_no_prevalence_is_refused(wrong):
    with pytest.raises(PretestError):
        read_prevalence(wrong)


def test_percent_meant_as_fraction_is_hinted_at():
    with pytest.raises(PretestError, match=r"3% is written 0\.03"):
        read_prevalence(3)


def test_counts_draw_from_the_jeffreys_posterior():
    drawn = read_prevalence("13/1975").draws(MIDDLES)
    expected = stats.beta(13.5, 1962.5)
    # Mid-point quantiles of 2,000 draws: the mean is good to a few parts in 10,000.
    assert drawn.mean() == pytest.approx(expected.mean(), rel=1e-3)
    low, high = read_prevalence("13/1975").interval(0.9)
    assert (low, high) == pytest.approx(expected.ppf([0.05, 0.95]), rel=1e-10)


def test_range_is_even_in_log_odds_and_middle_is_its_median():
    one = Prevalence.between(0.001, 0.007)
    drawn = one.draws(MIDDLES)
    assert drawn.min() > 0.001
    assert drawn.max() < 0.007
    assert np.median(drawn) == pytest.approx(one.estimate, rel=1e-3)


def test_several_keep_their_order():
    assert [one.estimate for one in read_prevalences([0.01, 0.003])] == [0.01, 0.003]
    with pytest.raises(PretestError, match="no prevalence"):
        read_prevalences([])


@pytest.mark.parametrize(
    ("target", "setting", "kind"),
    [
        ("malignancy", "primary_care", "counts"),
        ("malignancy", "tertiary_care", "counts"),
        ("cauda_equina", "emergency", "range"),
    ],
)
def test_published_prevalence_is_read_by_its_kind(evidence, target, setting, kind):
    published = setting_prevalence(evidence, target, setting)
    read = read_prevalence(published)
    assert published.kind == kind == read.kind
    # A range printed from 0 keeps its middle: the mirrored end is exact by construction.
    assert read.estimate == pytest.approx(published.estimate, rel=1e-9)
