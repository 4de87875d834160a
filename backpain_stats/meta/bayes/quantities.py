"""What follows from the draws of a Bayesian fit: derived quantities, regions, predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

import numpy as np
from scipy.special import expit, logit, ndtri

from backpain_stats.checks import check_choice, check_level
from backpain_stats.errors import NotEstimableError
from backpain_stats.estimate import Estimate, PosttestEstimate
from backpain_stats.meta.after.heterogeneity import expected_variance
from backpain_stats.meta.after.hsroc import hsroc_values
from backpain_stats.meta.after.parts import described
from backpain_stats.meta.after.prediction import REGIONS, outline, prediction_frame
from backpain_stats.meta.after.sroc import area_under_line, partial_range
from backpain_stats.meta.after.summary import Summary, measure_rows, remarks, study_count
from backpain_stats.meta.arrays import Floats
from backpain_stats.meta.bayes.coefficients import at, coefficient_rows, coefficient_table
from backpain_stats.meta.bayes.importance import resample
from backpain_stats.meta.bayes.means import means_of
from backpain_stats.meta.bayes.posterior import Posterior, Quantities, weighted_quantile
from backpain_stats.meta.bayes.priors import PARAMETERS
from backpain_stats.meta.point import DRAWS, MEASURES, RESULTS, Result, accuracy_frame
from backpain_stats.meta.point import posttest_frame as _posttest_frame
from backpain_stats.meta.pretest import (
    Pretest,
    PretestLike,
    PretestsLike,
    is_known,
    is_single,
    read_pretests,
)
from backpain_stats.sampling import DEFAULT_SEED, Seed, check_draws, generator, quasi_uniform

if TYPE_CHECKING:
    import pandas as pd

# Nearer than this to 0 or 1 a proportion's logit is rounding.
_SMALLEST_PROPORTION = 1e-12


def hsroc_draws(fit: Posterior) -> Quantities:
    """Return Theta, Lambda, beta, sigma2theta, sigma2alpha at each draw."""
    sd1, sd2 = fit.column("sd_sensitivity"), fit.column("sd_specificity")
    covariance = fit.spread_parameters()["correlation"] * sd1 * sd2
    return hsroc_values(fit.logits[:, 0], fit.logits[:, 1], sd1, sd2, covariance)


def hsroc(fit: Posterior) -> pd.Series[float]:
    """Return posterior medians of Theta, Lambda, beta, sigma2theta, sigma2alpha."""
    import pandas as pd

    found = hsroc_draws(fit).items()
    medians = {name: fit.quantity(values, name).estimate for name, values in found}
    return pd.Series(medians, name="hsroc")


def areas(fit: Posterior, low: float = 0.0, high: float = 1.0) -> Floats:
    """Return the area under the HSROC curve at each draw."""
    slope = fit.column("sd_sensitivity") / fit.column("sd_specificity")
    intercept = fit.logits[:, 0] + slope * fit.logits[:, 1]
    return area_under_line(intercept, slope, low, high)


def area(fit: Posterior, *, partial: bool = False) -> Estimate:
    """Return the posterior of the area under the HSROC curve.

    Parameters
    ----------
    fit : BayesianFit
    partial : bool, optional
        Only over the observed range of false-positive fractions, divided by its width:
        the mean sensitivity there. The full area extrapolates.

    Raises
    ------
    NotEstimableError
        If no study has any cases, or none any non-cases.
    ArgumentError
        If all studies have one false-positive fraction and ``partial`` is asked for.
    """
    fit.require("area")
    ends = partial_range(fit) if partial else (0.0, 1.0)
    return fit.quantity(areas(fit, *ends), "partial_area" if partial else "area")


def i_squared_draws(fit: Posterior) -> Quantities:
    """Return I2 at each draw (:func:`backpain_stats.meta.after.heterogeneity.i_squared`).

    An outcome that no study informs has none. Of a part of a fit it is that of the whole.
    """
    fit = fit.fitted_whole
    tp, fp, fn, tn = fit.studies.used_counts.T.astype(np.float64)
    shares: Quantities = {}
    between, within = [], []
    outcomes = (("sensitivity", tp + fn), ("specificity", fp + tn))
    for (name, total), means in zip(outcomes, fit.study_logits, strict=True):
        if np.any(total > 0):
            between.append(fit.column(f"sd_{name}") ** 2)
            if means.shape[1] == 1:
                one = expected_variance(means[:, 0], between[-1])
                within.append(one * np.mean(1 / total[total > 0]))
            else:
                one = expected_variance(means[:, total > 0], between[-1][:, None])
                within.append(np.mean(one / total[total > 0], axis=1))
            shares[f"i2_{name}"] = between[-1] / (between[-1] + within[-1])
    if len(shares) == 2:
        free = 1 - fit.spread_parameters()["correlation"] ** 2
        area = np.sqrt(between[0] * between[1] * free)
        shares["i2_bivariate"] = area / (area + np.sqrt(within[0] * within[1]))
    return shares


def heterogeneity(fit: Posterior) -> pd.DataFrame:
    """Return SDs, correlation and I2 with posterior intervals, one row per measure.

    I2 is that of :func:`backpain_stats.meta.after.heterogeneity.i_squared`, at each draw.
    """
    return _frame(fit, fit.spread_parameters() | i_squared_draws(fit))


def posterior(fit: Posterior) -> pd.DataFrame:
    """Return every quantity: the five measures, heterogeneity, HSROC parameters and area.

    Returns
    -------
    pandas.DataFrame
        ``measure, estimate, ci_low, ci_high, ci_level, method``; NaN for what no patient
        informs, ``method`` saying so. Of a fit with covariates: coefficients and
        heterogeneity.
    """
    if fit.design.covariates:
        coefficients = {name: fit.column(name) for name in fit.names}
        return _frame(fit, coefficients | fit.spread_parameters() | i_squared_draws(fit))
    return _frame(
        fit,
        fit.summary_measures()
        | fit.spread_parameters()
        | i_squared_draws(fit)
        | hsroc_draws(fit)
        | {"area": areas(fit)},
    )


def _frame(fit: Posterior, found: Quantities) -> pd.DataFrame:
    import pandas as pd

    columns = ["measure", "estimate", "ci_low", "ci_high", "ci_level", "method"]
    rows = [fit.quantity(values, name).as_dict() for name, values in found.items()]
    return pd.DataFrame(rows)[columns]


def full_covariance(fit: Posterior) -> pd.DataFrame:
    """Return the posterior covariance of the coefficients, the two SDs and the correlation.

    Without covariates the coefficients are the two mean logits.
    """
    import pandas as pd

    names = [*fit.names, *PARAMETERS[2:]]
    values = fit.draws[names].to_numpy(dtype=np.float64)
    weights = fit.column("weight")
    centred = values - weights @ values
    return pd.DataFrame((centred.T * weights) @ centred, index=names, columns=names)


def equal_draws(fit: Posterior, draws: int = 4096, seed: Seed = DEFAULT_SEED) -> pd.DataFrame:
    """Return draws of equal weight, by systematic resampling in a random order.

    Parameters
    ----------
    fit : BayesianFit
    draws : int
    seed : int, Generator or None

    Returns
    -------
    pandas.DataFrame
        The columns of ``draws`` without ``weight``.
    """
    chosen = resample(fit.column("weight"), check_draws(draws), generator(seed))
    return fit.draws.drop(columns="weight").iloc[chosen].reset_index(drop=True)


def new_practice_draws(
    fit: Posterior, draws: int = 4096, seed: Seed = DEFAULT_SEED, **values: Any
) -> pd.DataFrame:
    """Return draws of the accuracy in a new, exchangeable setting.

    Parameters
    ----------
    fit : BayesianFit
    draws : int
        A power of two keeps the balance of the quasi-random points.
    seed : int, Generator or None
    **values
        Covariates of the new practice, if the fit has any.

    Returns
    -------
    pandas.DataFrame
        ``sensitivity, specificity, lr_positive, lr_negative, odds_ratio``, one row
        per draw, of equal weight; uncertainty of the parameters and difference
        between settings are both in it. NaN for what no patient informs.
    """
    part, draws = at(fit, **values), check_draws(draws)
    weights, numbers = part.column("weight"), generator(seed)
    return accuracy_frame(*new_practice_logits(part.logits, part.roots, weights, draws, numbers))


def new_practice_logits(
    logits: Floats, roots: Floats, weights: Floats, draws: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return draws of the two logits in a new practice, from weighted draws of the posterior.

    ``logits`` (n, 2) are the means of practices of its kind, ``roots`` (n, 3) those of the
    between-study covariance.
    """
    chosen = resample(weights, draws, rng)
    (m1, m2), (l11, l21, l22) = logits[chosen].T, roots[chosen].T
    b1, b2 = ndtri(quasi_uniform(draws, 2, rng)).T
    return m1 + l11 * b1, m2 + l21 * b1 + l22 * b2


def predict(
    fit: Posterior,
    pretest: PretestsLike | None = None,
    *,
    level: float | None = None,
    draws: int = DRAWS,
    seed: Seed = DEFAULT_SEED,
    **values: Any,
) -> pd.DataFrame:
    """Return what to expect in a new practice, and the post-test probability there.

    Parameters
    ----------
    fit : BayesianFit
    pretest : float, str, Prevalence, distribution, or several of them, optional
        Pre-test probabilities in the new practice
        (:func:`backpain_stats.meta.pretest.read_pretests`).
    level : float, optional
        That of the fit unless given.
    draws : int
    seed : int, Generator or None
    **values
        Covariates of the new practice, if the fit has any.

    Returns
    -------
    pandas.DataFrame
        As :func:`backpain_stats.meta.after.prediction.predict`.

    Raises
    ------
    PretestError
        If a pre-test probability is not strictly between 0 and 1.
    """
    level = fit.level if level is None else check_level(level)
    found = new_practice_draws(fit, draws, seed, **values)
    return prediction_frame(found, pretest, level, f"{fit.method}, prediction")


@overload
def posttest(
    fit: Posterior, pretest: PretestLike, result: Result = "positive", pretest_source: str = ""
) -> PosttestEstimate: ...


@overload
def posttest(
    fit: Posterior, pretest: PretestsLike, result: Result = "positive", pretest_source: str = ""
) -> PosttestEstimate | pd.DataFrame: ...


def posttest(
    fit: Posterior, pretest: PretestsLike, result: Result = "positive", pretest_source: str = ""
) -> PosttestEstimate | pd.DataFrame:
    """Return the post-test probability by the summary LR, with its posterior interval.

    The difference between settings is not in it (:func:`predict` has it).

    Parameters
    ----------
    fit : BayesianFit
    pretest : float, str, Prevalence, distribution, or several of them
        One gives an estimate, several a frame with one row per pre-test probability; see
        :meth:`SummaryPoint.posttest <backpain_stats.meta.point.SummaryPoint.posttest>`.
    result : {"positive", "negative"}
    pretest_source : str, optional
        Where the pre-test probability comes from.

    Raises
    ------
    PretestError
        If a pre-test probability is not strictly between 0 and 1.
    NotEstimableError
        If no study has any cases, or none any non-cases.
    """
    check_choice(result, "result", RESULTS)
    fit.require(f"lr_{result}")
    pretests = read_pretests(pretest)
    found = [_posttest(fit, one, result, pretest_source) for one in pretests]
    return found[0] if is_single(pretest) else _posttest_frame(found, pretests)


def _posttest(fit: Posterior, pretest: Pretest, result: Result, source: str) -> PosttestEstimate:
    log_ratio = np.log(fit.measure_draws(f"lr_{result}"))
    before: float | Floats = pretest.estimate
    if not is_known(pretest):
        # one draw of the prevalence for each draw of the accuracy, independent of it
        ladder = (np.arange(len(log_ratio)) + 0.5) / len(log_ratio)
        before = pretest.draws(generator(DEFAULT_SEED).permutation(ladder))
    found = fit.quantity(expit(logit(before) + log_ratio), "posttest_probability").as_dict()
    return PosttestEstimate(**found, pretest=pretest.estimate, pretest_source=source, result=result)


def predictive_values(fit: Posterior, prevalence: PretestsLike) -> pd.DataFrame:
    """Return the positive and the negative predictive value of the summary.

    As :func:`backpain_stats.meta.after.predictive.predictive_values`, but ``estimate`` is
    the posterior median.
    """
    import pandas as pd

    rows = []
    for one in read_pretests(prevalence):
        ends = one.interval(fit.level)
        for measure, result in (("ppv", RESULTS[0]), ("npv", RESULTS[1])):
            fit.require(f"lr_{result}")
            found = _posttest(fit, one, result, "").as_dict()
            values = [found["estimate"], found["ci_low"], found["ci_high"]]
            if measure == "npv":
                values = [1 - values[0], 1 - values[2], 1 - values[1]]
            rows.append((measure, one.estimate, *ends, *values, fit.level, found["method"]))
    columns = ["measure", "prevalence", "prevalence_low", "prevalence_high", "estimate"]
    return pd.DataFrame(rows, columns=[*columns, "ci_low", "ci_high", "ci_level", "method"])


def region(
    fit: Posterior, kind: str = "confidence", *, level: float | None = None, points: int = 181
) -> pd.DataFrame:
    """Return the outline of a region that holds ``level`` of the posterior.

    An ellipse on the logit scale with the shape of the draws' covariance, as large
    as it must be to hold that share of the draws.

    Parameters
    ----------
    fit : BayesianFit
    kind : {"confidence", "prediction"}
        Of the summary point, or of the true point of a new practice.
    level : float, optional
        That of the fit unless given.
    points : int

    Returns
    -------
    pandas.DataFrame
        As :func:`backpain_stats.meta.after.prediction.region`.

    Raises
    ------
    NotEstimableError
        If no study has any cases, or none any non-cases.
    """
    check_choice(kind, "kind", REGIONS)
    level = fit.level if level is None else check_level(level)
    if fit.no_curve:
        raise NotEstimableError(f"there is no region: {fit.no_curve}")
    if kind == "confidence":
        logits, weights = fit.logits, fit.column("weight")
    else:
        new = new_practice_draws(fit, DRAWS, DEFAULT_SEED)[["sensitivity", "specificity"]]
        inside = np.clip(
            new.to_numpy(dtype=np.float64), _SMALLEST_PROPORTION, 1 - _SMALLEST_PROPORTION
        )
        logits, weights = logit(inside), np.full(len(new), 1 / len(new))
    mean = weights @ logits
    centred = logits - mean
    root = np.linalg.cholesky((centred.T * weights) @ centred)
    distance = np.sum(np.linalg.solve(root, centred.T) ** 2, axis=0)
    radius = np.sqrt(weighted_quantile(distance, weights, level))
    return outline(mean, radius * root, kind, level, points)


def prior_share(fit: Posterior) -> pd.Series[float]:
    r"""Return how much of the prior's spread is left: what the studies did not say.

    The posterior standard deviation of each parameter over that of its prior, SDs on the log
    scale. Near 0 the studies decide; near 1 the answer is the prior's.

    Parameters
    ----------
    fit : BayesianFit

    Returns
    -------
    pandas.Series
        ``logit_sensitivity, logit_specificity, sd_sensitivity, sd_specificity, correlation``;
        NaN for what no patient informs. With covariates the coefficients in place of the two
        means, each against its own prior.

    Examples
    --------
    Three studies say where the sensitivity lies, and hardly how much studies differ.

    >>> import pandas as pd
    >>> from backpain_stats import fit_bayes
    >>> data = pd.DataFrame({"study": ["A", "B", "C"], "tp": [40, 70, 30], "fp": [41, 13, 9],
    ...                      "fn": [20, 25, 16], "tn": [121, 62, 80]})
    >>> share = fit_bayes(data, seed=1).prior_share()
    >>> bool(share["logit_sensitivity"] < 0.5), bool(share["sd_sensitivity"] > 0.8)
    (True, True)
    """
    prior, weights = _prior_draws(fit), fit.column("weight")
    found: dict[str, float] = {}
    for place, name in enumerate((*fit.names, *PARAMETERS[2:])):
        before, after = prior[:, place], fit.column(name)
        if name.startswith("sd_"):
            before, after = np.log(before), np.log(after)
        variance = weights @ after**2 - (weights @ after) ** 2
        found[name] = float(np.sqrt(max(float(variance), 0.0)) / before.std())
    import pandas as pd

    return pd.Series(found)


def _prior_draws(fit: Posterior) -> Floats:
    """Return draws of the prior, columns as in the posterior's draws: (4096, p + 3)."""
    whole = fit.fitted_whole
    means = means_of(whole.design, fit.priors)
    normal = ndtri(quasi_uniform(4096, means.dimensions, DEFAULT_SEED))
    found = means.parameters(normal)
    if fit.whole is None:
        return found
    logits = found[:, :-3] @ whole.design.rows_at(fit.values).T
    return np.column_stack([logits, found[:, -3:]])


def _prior_left(fit: Posterior) -> str:
    """Print what is left of the prior's spread."""
    shares = prior_share(fit).to_numpy()
    left = ["-" if np.isnan(share) else f"{min(share, 1):.0%}" for share in shares]
    means = f"sensitivity {left[0]}, specificity {left[1]}"
    if fit.design.covariates:
        means = f"coefficients {', '.join(left[:-3])}"
    return (
        f"{means}, SDs {left[-3]} and {left[-2]}, correlation {left[-1]} "
        "(100%: the studies say nothing)"
    )


def summarise(fit: Posterior) -> Summary:
    """Return the summary of a Bayesian fit; ``frame`` holds every posterior quantity."""
    sd1, sd2 = fit.between_study_sd
    tp, fp, fn, tn = fit.studies.used_counts.sum(axis=0)

    def write(value: float) -> str:
        return "not estimable" if np.isnan(value) else f"{value:.3f}"

    facts = (
        ("Cases, non-cases", f"{tp + fn}, {fp + tn}"),
        ("Between-study SD (logit)", f"sensitivity {write(sd1)}, specificity {write(sd2)}"),
        (
            "Between-study correlation",
            f"{write(fit.correlation)} (logit sensitivity with logit specificity)",
        ),
        ("Priors", fit.described_priors),
        ("Left of their spread", _prior_left(fit)),
        (
            "Effective draws",
            f"{fit.effective_size:.0f} (importance sampling, k-hat {fit.k_hat:.2f})",
        ),
        ("Quadrature nodes", f"{fit.nodes} x {fit.nodes}"),
    )
    where = f", at {described(fit)}" if fit.values else ""
    title = (
        f"Bayesian bivariate meta-analysis, {study_count(fit.k)}{where}: exact binomial likelihood"
    )
    if fit.design.covariates:
        rows = coefficient_rows(coefficient_table(fit), fit.level)
    else:
        rows = measure_rows([fit.estimate(name) for name in MEASURES], fit.level)
    return Summary(title, posterior(fit), rows, facts, (*fit.notes, *remarks(fit.studies)))
