"""Sample sizes: simulated studies of that size have intervals of the width asked for."""

import numpy as np
import pytest

import backpain_stats as bps

Z = 1.959963984540054


def test_simulated_sensitivities_have_the_width_asked_for():
    size = bps.sample_size("sensitivity", sensitivity=0.8, half_width=0.06, prevalence=0.1)
    rng = np.random.default_rng(1)
    cases = rng.binomial(size.patients, 0.1, 4000)
    found = rng.binomial(cases, 0.8) / cases
    half = Z * np.sqrt(found * (1 - found) / cases)
    # the number of cases varies too
    assert half.mean() == pytest.approx(0.06, rel=0.02)
    assert size.cases + size.noncases == size.patients


def test_specificity_counts_the_non_cases():
    size = bps.sample_size("specificity", specificity=0.9, half_width=0.05, prevalence=0.2)
    assert size.noncases == np.ceil(Z**2 * 0.09 / 0.05**2)
    assert size.patients == np.ceil(size.noncases / 0.8)


@pytest.mark.parametrize("measure", ["lr_positive", "lr_negative"])
def test_simulated_ratios_have_the_factor_asked_for(measure):
    size = bps.sample_size(measure, sensitivity=0.75, specificity=0.8, factor=1.4, prevalence=0.25)
    rng = np.random.default_rng(2)
    cases = rng.binomial(size.patients, 0.25, 4000)
    tp, tn = rng.binomial(cases, 0.75), rng.binomial(size.patients - cases, 0.8)
    fp, fn = size.patients - cases - tn, cases - tp
    a, b = (tp, fp) if measure == "lr_positive" else (fn, tn)
    error = np.sqrt(1 / a - 1 / cases + 1 / b - 1 / (size.patients - cases))
    assert np.exp(Z * error).mean() == pytest.approx(1.4, rel=0.02)


@pytest.mark.parametrize("both", [None, 0.7, 0.75])
def test_simulated_pairs_have_the_width_asked_for(both):
    size = bps.paired_sample_size(
        "sensitivity", 0.85, 0.75, both=both, half_width=0.05, prevalence=0.3
    )
    together = 0.85 * 0.75 if both is None else both
    shares = [together, 0.85 - together, 0.75 - together, 1 - 0.85 - 0.75 + together]
    rng = np.random.default_rng(3)
    counts = rng.multinomial(size.cases, np.clip(shares, 0, 1), 4000)
    b, c = counts[:, 1] / size.cases, counts[:, 2] / size.cases
    half = Z * np.sqrt((b + c - (b - c) ** 2) / size.cases)
    assert half.mean() == pytest.approx(0.05, rel=0.02)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bps.sample_size("sensitivity", prevalence=0.1, half_width=0.1), "needs sens"),
        (lambda: bps.sample_size("sensitivity", prevalence=0.1, sensitivity=0.8), "half_width"),
        (lambda: bps.sample_size("lr_positive", prevalence=0.1, sensitivity=0.8, specificity=0.9,
                                 factor=0.5), "above 1"),
        (lambda: bps.sample_size("accuracy", prevalence=0.1), "measure"),
        (lambda: bps.paired_sample_size("sensitivity", 0.9, 0.8, both=0.85, half_width=0.1,
                                        prevalence=0.1), "lies from 0.7 to 0.8"),
        (lambda: bps.paired_sample_size("sensitivity", 0.8, 0.8, both=0.8, half_width=0.1,
                                        prevalence=0.1), "never disagree"),
    ],
)  # fmt: skip
def test_refusals_say_what_is_needed(call, message):
    with pytest.raises(bps.BackpainStatsError, match=message):
        call()
