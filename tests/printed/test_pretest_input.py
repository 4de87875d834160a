"""A prevalence in a panel's own words."""

import pickle
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from backpain_stats import PretestError
from backpain_stats.printed import Prevalence, read_prevalence, read_prevalences

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
        ("13 of 1,975", "counts", 13 / 1975),
        ("1 in 300", "counts", 1 / 300),
        ("0·3%", "fixed", 0.003),
        ((0.001, 0.007), "range", None),
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
        *("30", "100%", "0/1172", "5/5", "often", "", "0.7% to 0.1%", "0 to 0.01", "3 of 0"),
        *("infinity", "1e-400", "9" * 5000, "0.1\x00", 10**400, (0.1, "x"), object()),
    ],
)
def test_what_is_no_prevalence_is_refused(wrong):
    with pytest.raises(PretestError):
        read_prevalence(wrong)


def test_percent_meant_as_fraction_is_hinted_at():
    with pytest.raises(PretestError, match=r"3% is written 0\.03"):
        read_prevalence(3)


@pytest.mark.parametrize("bound", ["<0.01", "≤1%", ">=0.001", "<0.01 to 0.02"])
def test_a_bound_is_no_value(bound):
    with pytest.raises(PretestError, match=r"is a bound, not a value; give a range such as"):
        read_prevalence(bound)


@pytest.mark.parametrize(
    ("given", "exact"),
    [
        ("0.3%", Fraction(3, 1000)),
        (0.1, Fraction(1, 10)),
        ("13 of 1975", Fraction(13, 1975)),
        ("0.1% to 0.7%", None),
    ],
)
def test_the_number_is_kept_as_its_digits_spell_it(given, exact):
    assert read_prevalence(given).exact == exact


@pytest.mark.parametrize("given", [0.003, "13 of 1975", "0.1% to 0.7%"])
def test_a_prevalence_equals_its_copy(given):
    prevalence = read_prevalence(given)
    assert pickle.loads(pickle.dumps(prevalence)) == prevalence


def test_whatever_knows_its_pretest_is_read():
    class Sample:
        pretest = Prevalence.counted(13, 1975, "a sample")

    assert read_prevalence(Sample()) is Sample.pretest
    assert read_prevalences(Sample()) == [Sample.pretest]
    assert [one.n for one in read_prevalences([Sample(), "1 in 300"])] == [1975, 300]


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
