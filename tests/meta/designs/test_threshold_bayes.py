"""Several thresholds under priors: against the likelihood, the bivariate model and Metropolis."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, gammaln
from scipy.stats import beta, halfnorm, kstest, norm

from backpain_stats import Priors, ThresholdPriors, fit_bivariate, fit_thresholds
from backpain_stats.errors import ArgumentError, NotEstimableError
from backpain_stats.meta.bayes.importance import resample
from backpain_stats.meta.bayes.priors import PARAMETERS
from backpain_stats.meta.designs import BayesianThresholds
from backpain_stats.meta.designs.marginal import marginal_values
from backpain_stats.meta.designs.threshold_bayes import NODES, ThresholdPosterior
from backpain_stats.meta.designs.threshold_data import read_threshold_studies
from backpain_stats.meta.designs.threshold_models import RANDOM_EFFECTS, Scale, threshold_model
from backpain_stats.plots import thresholds as draw_thresholds

TINY = pd.DataFrame(
    [
        ("A", 10, 19, 80, 1, 40),
        ("A", 20, 17, 41, 3, 79),
        ("A", 50, 12, 12, 8, 108),
        ("B", 20, 20, 40, 8, 110),
        ("B", 50, 9, 8, 19, 142),
        ("C", 30, 9, 21, 3, 69),
    ],
    columns=["study", "threshold", "tp", "fp", "fn", "tn"],
)


def ends(estimate):
    return [estimate.estimate, estimate.ci_low, estimate.ci_high]


def posterior_of(data, effects, priors=None, transform="log"):
    studies = read_threshold_studies(
        data, threshold="threshold", study="study", inconsistent="drop", fewest=1
    )
    scale = Scale.of(studies, transform)
    return ThresholdPosterior(studies, scale, effects, priors or ThresholdPriors())


@pytest.fixture(scope="module")
def tiny():
    return fit_thresholds(TINY, effects="common_scale", inference="bayes", seed=1)


@pytest.fixture(scope="module")
def wide(feno):
    return fit_thresholds(feno, inconsistent="drop", inference="bayes")


# The joint density in the model's own words, without quadrature or importance sampling.


def _natural(point, studies):
    """Name the coordinates of a chain: parameters, then three random effects of each study."""
    # far out every density is 0: what overflows there need not be computed
    point = np.clip(point, -20, 20)
    logits, log_slopes, log_sds, log_slope_sd, zs = np.split(point[:, :10], [2, 4, 6, 7], axis=1)
    return logits, log_slopes, np.exp(log_sds), np.exp(log_slope_sd[:, 0]), np.tanh(zs), (
        point[:, 10:].reshape(len(point), studies, 3)
    )  # fmt: skip


def _log_density(point, places, study, cells):
    """Return prior times likelihood at many points, with the random effects not integrated out."""
    count = int(study[-1]) + 1
    logits, log_slopes, sds, slope_sd, partial, effects = _natural(point, count)
    total = norm.logpdf(logits, 0, 2).sum(axis=1) + norm.logpdf(log_slopes).sum(axis=1)
    total += norm.logpdf(np.log(sds), np.log(1.33), 0.32).sum(axis=1)
    total += halfnorm.logpdf(slope_sd, scale=0.5) + np.log(slope_sd)
    low, high = 3.55 * (1 - 0.38), 3.55 * (1 + 0.38)
    for column, pair in enumerate(((low, high), (3.55, 3.55), (3.55, 3.55))):
        share = (1 + partial[:, column]) / 2
        total += beta.logpdf(share, *pair) + np.log1p(-(partial[:, column] ** 2))
    total += norm.logpdf(effects).sum(axis=(1, 2))
    # deviations of logit sensitivity and specificity at the centre, and of the log slopes
    rest = np.sqrt(1 - partial**2)
    first = effects[..., 0]
    second = partial[:, [0]] * first + rest[:, [0]] * effects[..., 1]
    # partial correlations with the locations: that of the non-cases falls as specificity rises
    third = partial[:, [1]] * first + rest[:, [1]] * (
        -partial[:, [2]] * effects[..., 1] + rest[:, [2]] * effects[..., 2]
    )
    turn = slope_sd[:, None] * third
    for group, sign in enumerate((1, -1)):
        location = (
            sign
            * (logits[:, [group]] + sds[:, [group]] * (first if group == 0 else second))
            / np.exp(log_slopes[:, [group]])
        )
        slope = np.exp(np.clip(log_slopes[:, [group]] + turn, -50, 50))
        tails = expit(slope[:, study] * (location[:, study] - places))
        for number in range(count):
            rows = np.flatnonzero(study == number)
            own = np.column_stack([np.ones(len(point)), tails[:, rows], np.zeros(len(point))])
            chance = own[:, :-1] - own[:, 1:]
            counts = cells[group][number]
            total += counts @ np.log(np.maximum(chance, 1e-300)).T
            total += gammaln(counts.sum() + 1) - gammaln(counts + 1).sum()
    return total


def _metropolis(density, start, steps, rng):
    """Run many chains, each moved by the difference of two of the other half (ter Braak 2006)."""
    chains, value = start, density(start)
    half, kept = len(chains) // 2, []
    halves = (np.arange(half), half + np.arange(half))
    for step in range(steps):
        for own, other in (halves, halves[::-1]):
            pair = rng.integers(half, size=(2, half))
            length = 1.0 if step % 10 == 0 else 1.6 / np.sqrt(2 * chains.shape[1])
            move = chains[other[pair[0]]] - chains[other[pair[1]]]
            trial = chains[own] + length * move + 1e-4 * rng.normal(size=move.shape)
            fresh = density(trial)
            accept = np.log(rng.random(half)) < fresh - value[own]
            chains[own[accept]], value[own[accept]] = trial[accept], fresh[accept]
        if step >= steps // 3:
            kept.append(chains[:, :10].copy())
    return np.array(kept)


def test_posterior_against_metropolis_without_integrals(tiny):
    """A different sampler of a density written anew, random effects and all."""
    posterior = posterior_of(TINY, "common_scale")
    studies = posterior.studies
    cells = []
    for cases in (True, False):
        positives, negatives = studies.positives_negatives(cases)
        cells.append([
            -np.diff([positives[rows[0]] + negatives[rows[0]], *positives[rows], 0])
            for rows in (np.flatnonzero(studies.study == i) for i in range(3))
        ])  # fmt: skip
    rng = np.random.default_rng(7)
    start = np.concatenate([[0.9, 1.2, 0.2, 0.4, 0.1, 0.1, -1.2, -0.4, 0, 0], np.zeros(9)])
    start = start + rng.normal(size=(240, 19)) * 0.4
    kept = _metropolis(
        lambda x: _log_density(x, posterior.scale.places, studies.study, cells), start, 3000, rng
    )
    first, last = kept[: len(kept) // 2], kept[len(kept) // 2 :]
    weights = tiny.weights
    own = np.column_stack([
        *(tiny.coefficients[:, 2 * i] * np.exp(tiny.coefficients[:, 2 * i + 1]) * (-1) ** i
          for i in range(2)),
        tiny.coefficients[:, 1], tiny.coefficients[:, 3],
        np.log(tiny.spread_draws()["sd_sensitivity"]),
        np.log(tiny.spread_draws()["sd_specificity"]),
        np.log(tiny.spread_draws()["sd_log_slope"]),
        np.arctanh(tiny.spread_draws()["correlation"]),
    ])  # fmt: skip
    mean = weights @ own
    sd = np.sqrt(weights @ (own - mean) ** 2)
    other = kept[..., :8].reshape(-1, 8)
    # The chains' own error, as the difference of their two halves shows it, is about 0.05 of an SD,
    # that of 4,000 effective draws 0.016. With 20,000 steps and 16,000 draws the two agree to 0.02.
    halves = first[..., :8].mean(axis=(0, 1)) - last[..., :8].mean(axis=(0, 1))
    assert (np.abs(halves) < 0.12 * sd).all()
    np.testing.assert_allclose((mean - other.mean(axis=0)) / sd, 0, atol=0.1)
    np.testing.assert_allclose(sd / other.std(axis=0), 1, atol=0.1)


def test_values_are_those_of_the_likelihood():
    """Few Newton steps from an expansion, against the integral with all of its derivatives."""
    for effects in ("location", "common_scale", "separate_scales"):
        posterior = posterior_of(TINY, effects)
        u = np.random.default_rng(2).normal(size=(6, posterior.dimensions)) / 2
        model = threshold_model(posterior.studies, posterior.scale, effects, 5)
        coefficients, roots = posterior.parameters(u)
        random = [members[0] for members in model.effects.random]
        width = len(random)
        triangles = roots[:, random][:, *np.tril_indices(width)]
        expected, _ = model.gradient(np.column_stack([coefficients, triangles]))
        for near in (None, posterior.expand(u[0])):
            # modes found to 1e-2 squared move a quadrature of five nodes by less than this
            found = posterior.likelihood(5)(u, near)
            np.testing.assert_allclose(found, expected, atol=1e-4)
    means = np.zeros((1, 3, 4))
    assert np.isfinite(
        marginal_values(model.likelihood, means, np.zeros((1, 3, 4, 4)), nodes=1)
    ).all()


@pytest.mark.parametrize("effects", ["location", "common_scale"])
def test_nodes_resolve_what_the_posterior_needs(wide, effects):
    """A constant error of the log likelihood is none of the posterior's; what varies is small."""
    chosen = resample(wide.weights, 64, np.random.default_rng(4))
    random = len(RANDOM_EFFECTS[effects])
    model = threshold_model(wide.studies, Scale.of(wide.studies, "log"), effects, 1)
    shape = (64, len(wide.studies.names), 4)
    means = np.broadcast_to(wide.coefficients[chosen, None], shape)
    roots = wide.roots[chosen, None, :, :random].copy()
    if effects == "location":
        roots[:, :, 1::2] = 0
    roots = np.broadcast_to(roots, (*shape, random))
    usual, more = (
        marginal_values(model.likelihood, means, roots, nodes=nodes) for nodes in (NODES[random], 9)
    )
    # 0.02 of a log weight: its square is the share of the effective size that it costs
    assert np.std(usual - more) < 0.02


@pytest.mark.parametrize("effects", ["location", "common_scale", "separate_scales"])
def test_parameters_follow_the_prior_that_is_stated(effects):
    priors = ThresholdPriors(log_slope_location=0.4, log_slope_scale=0.7, log_slope_sd_scale=0.3)
    posterior = posterior_of(TINY, effects, priors)
    u = np.random.default_rng(3).normal(size=(4000, posterior.dimensions))
    coefficients, roots = posterior.parameters(u)
    slopes = np.exp(coefficients[:, 1::2])
    drawn = BayesianThresholds(
        posterior.studies, "threshold", "log", effects, 1, 0.0, 1.0, slopes_known=True,
        coefficients=coefficients, roots=roots, weights=np.full(4000, 1 / 4000), priors=priors,
        level=0.95, effective_size=4000, k_hat=0.0, log_evidence=0.0, likelihood=None,
        no_likelihood="",
    ).spread_draws()  # fmt: skip
    expected = {
        "sd_sensitivity": lambda x: norm.cdf(np.log(x / 1.33) / 0.32),
        "sd_specificity": lambda x: norm.cdf(np.log(x / 1.33) / 0.32),
        "correlation": lambda x: beta.cdf((1 + x) / 2, 3.55 * 0.62, 3.55 * 1.38),
        "sd_log_slope": halfnorm(scale=0.3).cdf,
        "sd_log_slope_cases": halfnorm(scale=0.3).cdf,
        "sd_log_slope_noncases": halfnorm(scale=0.3).cdf,
    }
    logits = coefficients[:, 0::2] * slopes * [1, -1]
    for values, cdf in [
        *((values, expected[name]) for name, values in drawn.items()),
        *((logits[:, i], norm(0, 2).cdf) for i in range(2)),
        *((np.log(slopes[:, i]), norm(0.4, 0.7).cdf) for i in range(2)),
    ]:
        assert kstest(values, cdf).pvalue > 1e-3
    # every covariance is one: no correlation beyond 1
    covariance = roots @ np.swapaxes(roots, -1, -2)
    assert np.linalg.eigvalsh(covariance).min() > -1e-9


def test_one_threshold_for_all_is_the_bayesian_bivariate_model(smoking):
    fit = fit_thresholds(smoking.assign(threshold=7.0), inference="bayes", seed=2)
    bivariate = fit_bivariate(smoking, inference="bayes", seed=3)
    assert fit.effects == "location"
    assert not fit.slopes_known
    assert fit.log_evidence == pytest.approx(bivariate.log_evidence, abs=0.05)
    point = fit.point(7)
    for measure in ("sensitivity", "specificity", "lr_positive", "lr_negative"):
        found, other = point.estimate(measure), bivariate.estimate(measure)
        # two samples of 4,000 effective draws: the ends of an interval move by 0.05 of its width
        np.testing.assert_allclose(
            ends(found), ends(other), atol=0.06 * (other.ci_high - other.ci_low)
        )
    spread = fit.between_studies().set_index("measure")["estimate"]
    np.testing.assert_allclose(
        spread[list(PARAMETERS[2:])], [*bivariate.between_study_sd, bivariate.correlation],
        atol=0.05,
    )  # fmt: skip
    new, theirs = fit.predict(7, "10%"), bivariate.predict("10%")
    np.testing.assert_allclose(new["ci_high"], theirs["ci_high"], rtol=0.08)
    with pytest.raises(NotEstimableError, match="different thresholds"):
        fit.optimal_threshold()


def test_with_many_studies_the_priors_say_little(wide):
    assert wide.effective_size >= 4000
    assert wide.k_hat < 0.5
    assert (wide.transform, wide.effects) == ("log", "common_scale")
    moved = wide.prior_influence()
    proportion = moved["measure"].isin(["sensitivity", "specificity"])
    names = ["estimate", "likelihood", "likelihood_low", "likelihood_high"]
    on_scale = np.log(moved[names])
    on_scale[proportion] -= np.log1p(-moved.loc[proportion, names])
    width = on_scale["likelihood_high"] - on_scale["likelihood_low"]
    # Monte Carlo alone: 0.02 of a width. The prior of the SDs and of the correlation does the rest.
    assert ((on_scale["estimate"] - on_scale["likelihood"]).abs() < 0.08 * width).all()
    assert moved["width_ratio"].between(0.9, 1.2).all()
    fit = wide.likelihood
    for found, other in (
        (wide.optimal_threshold(), fit.optimal_threshold()),
        (wide.area_under_curve(), fit.area_under_curve()),
        (wide.likelihood_ratio(30), fit.likelihood_ratio(30)),
        (wide.likelihood_ratio_of_band(20, 40), fit.likelihood_ratio_of_band(20, 40)),
    ):
        # the posterior is skewed where the delta method is not: a tenth of the width
        np.testing.assert_allclose(
            ends(found), ends(other), atol=0.15 * (other.ci_high - other.ci_low)
        )
    scales = wide.distributions().set_index("group")
    np.testing.assert_allclose(scales["scale"], fit.distributions()["scale"], rtol=0.03)
    assert (scales["location_low"] < scales["location"]).all()


def test_bands_thresholds_and_values_agree(tiny):
    point = tiny.point(30)
    above, below = tiny.likelihood_ratio_of_band(low=30), tiny.likelihood_ratio_of_band(high=30)
    np.testing.assert_allclose(ends(above), ends(point.lr_positive), rtol=1e-9)
    np.testing.assert_allclose(ends(below), ends(point.lr_negative), rtol=1e-9)
    narrow = tiny.likelihood_ratio_of_band(29.999, 30.001)
    np.testing.assert_allclose(ends(narrow), ends(tiny.likelihood_ratio(30)), rtol=1e-6)
    frame = tiny.accuracy([20, 50]).set_index(["threshold", "measure"])
    assert frame.loc[(20, "sensitivity"), "estimate"] > frame.loc[(50, "sensitivity"), "estimate"]
    posttest = point.posttest(0.1)
    odds = point.lr_positive.ci_low / 9
    assert posttest.ci_low == pytest.approx(odds / (1 + odds))
    curve = tiny.sroc(21)
    assert curve["false_positive_fraction"].is_monotonic_decreasing


def test_a_new_practice_varies_more_than_the_median_one(tiny):
    new = tiny.predict(30, "10%", level=0.9).set_index("measure")
    for measure in ("sensitivity", "lr_positive"):
        known = tiny.point(30).estimate(measure)
        assert new.loc[measure, "ci_low"] < known.ci_low
        assert new.loc[measure, "ci_high"] > known.ci_high
    assert (new["ci_level"] == 0.9).all()
    assert new.loc["posttest_positive", "estimate"] > 0.1 > new.loc["posttest_negative", "estimate"]
    # between draws of the same posterior, only the random effects differ
    drawn = tiny.new_practice_draws(30, 2**14)
    logits = np.log(drawn["sensitivity"] / (1 - drawn["sensitivity"]))
    mean, _ = tiny.point(30).log_with_error("sensitivity")
    assert logits.median() == pytest.approx(mean, abs=0.1)


def test_an_optimum_at_the_end_of_the_range_has_no_interval(tiny):
    best = tiny.optimal_threshold()
    low, high = tiny.observed_range
    assert low < best.ci_low < best.estimate < best.ci_high <= high
    edge = tiny.optimal_threshold(0.999)
    assert np.isnan(edge.ci_low)
    assert edge.estimate == pytest.approx(low)
    assert "% at an end of the range observed" in edge.method
    assert "at an end" not in tiny.likelihood_ratio(30).method


def test_other_units_and_the_other_direction():
    options = {"inference": "bayes", "effective_size": 400, "seed": 5, "transform": "identity"}
    fit = fit_thresholds(TINY, **options)
    mirrored = TINY.assign(threshold=-1000.0 * TINY["threshold"])
    below = fit_thresholds(mirrored, positive="below", **options)
    # the same numbers on the same places: rounding only
    np.testing.assert_allclose(
        ends(below.point(-20_000).lr_positive), ends(fit.point(20).lr_positive), rtol=1e-6
    )
    np.testing.assert_allclose(
        ends(below.likelihood_ratio_of_band(-40_000, -15_000)),
        ends(fit.likelihood_ratio_of_band(15, 40)),
        rtol=1e-6,
    )
    best, other = below.optimal_threshold(), fit.optimal_threshold()
    assert best.ci_low == pytest.approx(-1000 * other.ci_high, rel=1e-6)


def test_same_seed_same_numbers():
    options = {"inference": "bayes", "effective_size": 400}
    one, same, other = (fit_thresholds(TINY, seed=seed, **options) for seed in (4, 4, 5))
    pd.testing.assert_frame_equal(one.to_frame(), same.to_frame())
    assert one.point(20).lr_positive.estimate != other.point(20).lr_positive.estimate
    pd.testing.assert_frame_equal(one.predict(20), same.predict(20))


def test_one_study_has_an_answer_and_says_that_the_likelihood_has_none():
    fit = fit_thresholds(TINY.head(3), inference="bayes", effective_size=400)
    assert (fit.likelihood, fit.effects, fit.transform) == (None, "location", "log")
    assert "need at least 4" in fit.no_likelihood
    assert fit.prior_influence()["likelihood"].isna().all()
    text = " ".join(str(fit).split())
    assert "The likelihood alone has no estimate: 1 study has cases" in text
    assert "log slopes per SD of the thresholds Normal(0, 1)" in text
    # 17 of 20 and 79 of 120: a median study that may be far from this one
    assert fit.point(20).sensitivity.ci_low < 0.6
    assert fit.predict(20).loc[0, "ci_low"] < fit.point(20).sensitivity.ci_low


def test_priors_of_one_threshold_leave_the_slopes_theirs():
    options = {"inference": "bayes", "effective_size": 400, "seed": 6}
    plain = fit_thresholds(TINY, priors=Priors(sensitivity_scale=0.1), **options)
    assert plain.priors == ThresholdPriors(sensitivity_scale=0.1)
    # half of the cases at the mean threshold: their distribution is pulled there
    assert plain.point(25).sensitivity.estimate < 0.62
    steep = ThresholdPriors(log_slope_location=1.5, log_slope_scale=0.05)
    fit = fit_thresholds(TINY, priors=steep, **options)
    assert fit.weights @ fit.coefficients[:, 1] > plain.weights @ plain.coefficients[:, 1] + 0.3
    with pytest.raises(ArgumentError, match="log_slope_sd_scale is None"):
        ThresholdPriors(log_slope_sd_scale=None)
    with pytest.raises(ArgumentError, match="log_slope_scale is 0; it must be above 0"):
        ThresholdPriors(log_slope_scale=0)
    with pytest.raises(ArgumentError, match="log_slope_location is inf; it must be finite"):
        ThresholdPriors(log_slope_location=np.inf)


def test_faces(tiny):
    text = str(tiny)
    for words in ("Optimal threshold (Youden)", "Pareto k-hat", "SD of log slope", "Priors: logit"):
        assert words in text
    assert "<table>" in tiny._repr_html_()
    assert set(tiny.to_frame()["threshold"]) == {10, 20, 30, 50}
    panels = draw_thresholds(tiny).child_axes
    assert [panel.get_xlabel() for panel in panels[:2]] == ["threshold", "threshold"]
    line = next(one for one in panels[0].lines if one.get_label() == "Sensitivity")
    at = tiny.point(float(line.get_xdata()[0])).sensitivity.estimate
    assert line.get_ydata()[0] == pytest.approx(at)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inference": "bayes", "likelihood": "normal"}, "do not go with inference='bayes'"),
        ({"inference": "bayes", "intervals": "normal"}, "do not go with inference='bayes'"),
        ({"inference": "bayes", "inconsistent": "keep"}, "goes with likelihood='normal' only"),
        ({"inference": "bayes", "priors": 2}, "priors must be a Priors object, not int"),
        ({"inference": "bayes", "effective_size": 10}, "it must be 400 or more"),
        ({"inference": "bayes", "nodes": 0}, "nodes"),
        ({"inference": "bayes", "seed": -1}, "seed is -1"),
        ({"priors": Priors()}, "priors: only inference='bayes'"),
        ({"seed": 1, "effective_size": 500}, "effective_size, seed: only inference='bayes'"),
        ({"inference": "mcmc"}, "inference is 'mcmc'"),
    ],
)
def test_options_that_do_not_apply_are_refused(options, message):
    with pytest.raises(ArgumentError, match=message):
        fit_thresholds(TINY, **options)


def test_what_nothing_informs_is_refused(tiny):
    with pytest.raises(NotEstimableError, match="no study has any cases"):
        fit_thresholds(TINY.assign(tp=0, fn=0), inference="bayes")
    with pytest.raises(NotEstimableError, match="0 studies report several thresholds"):
        fit_thresholds(
            TINY.drop_duplicates("study"), inference="bayes", effects="common_scale"
        )  # fmt: skip
    with pytest.raises(ArgumentError, match="from 10 to 50"):
        tiny.point(60)
    with pytest.raises(ArgumentError, match="measure"):
        tiny.draws("ppv", 20)
    with pytest.raises(ArgumentError, match="both None"):
        tiny.likelihood_ratio_of_band()
