"""Several thresholds of one test in a study: accuracy as a function of the threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, overload

from backpain_stats.checks import check_choice, check_level
from backpain_stats.errors import ArgumentError, FitError, NotEstimableError
from backpain_stats.meta.bayes.priors import Priors
from backpain_stats.meta.bayes.request import (
    EFFECTIVE_SIZE,
    check_effective_size,
    check_priors,
    refuse_bayes_options,
)
from backpain_stats.meta.designs.delta import INTERVALS, Intervals
from backpain_stats.meta.designs.fitted_thresholds import FittedThresholds
from backpain_stats.meta.designs.posterior_thresholds import BayesianThresholds
from backpain_stats.meta.designs.threshold_bayes import sample_thresholds
from backpain_stats.meta.designs.threshold_data import (
    FEWEST_STUDIES,
    Inconsistent,
    Positive,
    ThresholdStudies,
    Transform,
    read_threshold_studies,
    refuse_few,
)
from backpain_stats.meta.designs.threshold_fits import (
    Effects,
    choose_transform,
    chosen_effects,
    fit_exact,
    fit_normal,
)
from backpain_stats.meta.designs.threshold_models import RANDOM_EFFECTS
from backpain_stats.meta.designs.threshold_priors import ThresholdPriors
from backpain_stats.meta.likelihood.quadrature import gauss_hermite
from backpain_stats.sampling import DEFAULT_SEED, Seed

if TYPE_CHECKING:
    from backpain_stats.tables import TablesLike

__all__ = ["Effects", "fit_thresholds"]


@overload
def fit_thresholds(
    data: TablesLike,
    *,
    threshold: str = "threshold",
    study: str = "study",
    transform: Literal["auto", "log", "identity"] = "auto",
    positive: Positive = "above",
    effects: Effects = "auto",
    likelihood: Literal["multinomial", "normal"] = "multinomial",
    inconsistent: Inconsistent = "refuse",
    nodes: int | None = None,
    intervals: Intervals = "t",
    level: float = 0.95,
    inference: Literal["likelihood"] = "likelihood",
) -> FittedThresholds: ...


@overload
def fit_thresholds(
    data: TablesLike,
    *,
    threshold: str = "threshold",
    study: str = "study",
    transform: Literal["auto", "log", "identity"] = "auto",
    positive: Positive = "above",
    effects: Effects = "auto",
    inconsistent: Literal["refuse", "drop"] = "refuse",
    nodes: int | None = None,
    level: float = 0.95,
    inference: Literal["bayes"],
    priors: Priors | None = None,
    effective_size: int = EFFECTIVE_SIZE,
    seed: Seed = DEFAULT_SEED,
) -> BayesianThresholds: ...


def fit_thresholds(
    data: TablesLike,
    *,
    threshold: str = "threshold",
    study: str = "study",
    transform: Literal["auto", "log", "identity"] = "auto",
    positive: Positive = "above",
    effects: Effects = "auto",
    likelihood: Literal["multinomial", "normal"] = "multinomial",
    inconsistent: Inconsistent = "refuse",
    nodes: int | None = None,
    intervals: Intervals = "t",
    level: float = 0.95,
    inference: Literal["likelihood", "bayes"] = "likelihood",
    priors: Priors | None = None,
    effective_size: int = EFFECTIVE_SIZE,
    seed: Seed = DEFAULT_SEED,
) -> FittedThresholds | BayesianThresholds:
    r"""Model the accuracy of a test whose studies report one threshold or several.

    In study ``i``, the values of the cases (``j = 1``) and of the non-cases (``j = 0``) are
    logistic on the scale ``g`` (log or identity),

    .. math:: P(X > c) = \mathrm{expit}\{e^{\lambda_{ij}} (\mu_{ij} - g(c))\},

    and the patients counted between its thresholds are multinomial: rows of a study are nested,
    and are used as such. Locations and log slopes are normal between studies,

    .. math:: (\mu_{i1}, \mu_{i0}, \lambda_{i1}, \lambda_{i0}) \sim N\{(\mu_1, \mu_0, \lambda_1,
       \lambda_0), \Sigma\}.

    Sensitivity at a threshold is :math:`P(X_1 > c)` of the median study, specificity
    :math:`1 - P(X_0 > c)`.

    Parameters
    ----------
    data : pandas.DataFrame, StudyTables, str or path-like
        One row per study and threshold, with the whole numbers ``tp, fp, fn, tn`` that a
        dichotomy at this threshold gives, or whatever
        :func:`backpain_stats.read_tables` reads as such.
    threshold, study : str, optional
        Names of the columns.
    transform : {"auto", "log", "identity"}, optional
        ``"auto"`` fits random locations on both scales and takes the one with the higher
        likelihood (both have the same parameters and the same data); it takes the identity where
        a threshold is not positive.
    positive : {"above", "below"}, optional
        Whether high or low values count as positive.
    effects : {"auto", "location", "common_scale", "separate_scales"}, optional
        ``"location"``: only the two locations differ between studies. ``"common_scale"``: also
        the scale, in cases and non-cases alike (:math:`\lambda_{i1} - \lambda_1 = \lambda_{i0} -
        \lambda_0`). ``"separate_scales"``: all four. ``"auto"`` takes the common scale if at
        least four studies report several thresholds, else locations only.
    likelihood : {"multinomial", "normal"}, optional
        ``"normal"`` is the linear mixed model of empirical logits of R's diagmeta (default model,
        logistic distributions), for comparison; its intervals contain, as there, the sampling
        variance of an average study.
    inconsistent : {"refuse", "drop", "keep"}, optional
        Rows whose numbers of patients contradict the other rows of their study: an error, or set
        aside and listed. The normal model can keep them.
    nodes : int, optional
        Quadrature nodes per random effect; by default 21, 7 or 5 for two, three or four, and 5, 4
        or 4 with ``inference="bayes"``.
    intervals : {"t", "normal"}, optional
        ``"t"`` allows for few studies
        (:class:`~backpain_stats.meta.designs.delta.Inference`); the normal model has normal
        intervals always, as diagmeta.
    level : float, optional
        Level of all intervals.
    inference : {"likelihood", "bayes"}, optional
        ``"bayes"``: the multinomial likelihood under priors, for one study and up. Sampled by
        importance, as in :func:`~backpain_stats.meta.bayes.fit.fit_bayes`. ``transform="auto"``
        is then the likelihood's choice, and where it has none the log of positive thresholds.
    priors, effective_size, seed : optional
        With ``inference="bayes"``: a :class:`~backpain_stats.ThresholdPriors` (or a
        :class:`~backpain_stats.Priors`, which leaves the slopes theirs), the effective draws to
        reach (4000), and the seed.

    Returns
    -------
    FittedThresholds or BayesianThresholds
        Accuracy by threshold, ratios of values and of bands, the optimal threshold and the area
        under the curve, with delta-method intervals; or posterior medians and intervals of the
        same, what to expect in a new practice, and how far the priors moved the answer.

    Raises
    ------
    DataError, ArgumentError
        If the data or an option cannot be used.
    NotEstimableError
        If fewer than four studies have cases or have non-cases, or report several thresholds
        where random scales are asked for; under priors, if none does.
    FitError
        If the maximum is not found, or the test does not tell cases from non-cases; under priors,
        if the diagnostics of the sampling are too bad.

    Notes
    -----
    One threshold per study, with ``effects="location"``, is the bivariate model: if all share the
    threshold, ``g`` is measured from it, slopes are 1 and :math:`(\mu_1, -\mu_0)` are its logit
    sensitivity and specificity; if thresholds differ, it is the bivariate meta-regression on
    ``g(c)``, because :math:`e^{\lambda_j}(\mu_j + u_{ij} - g)` is linear in ``g`` with a normal
    intercept. Random scales are not identified there.

    Under priors the parameters are those of :class:`~backpain_stats.ThresholdPriors`, so that the
    model of one threshold is that of ``fit_bivariate(inference="bayes")``, prior for prior. The
    SDs between studies were learned from studies each at a threshold of its own, which should
    differ more than those at one threshold do: with few studies intervals are wide, below by a
    factor of 2.6 on the log scale, and ``prior_influence()`` shows it.

    Normal intervals treat the between-study covariance as known; what both kinds cover with few
    studies is simulated in ``reports/simulation_designs.md``.

    References
    ----------
    Jones HE et al. Stat Med 2019, https://doi.org/10.1002/sim.8301 (the multinomial likelihood);
    Steinhauser S et al. BMC Med Res Methodol 2016;16:97,
    https://doi.org/10.1186/s12874-016-0196-1 (the normal model).

    Examples
    --------
    Six invented studies of the erythrocyte sedimentation rate.

    >>> import pandas as pd
    >>> data = pd.DataFrame(
    ...     {"study": list("AAABBCCCDDEF"), "esr": [10, 20, 50, 20, 50, 15, 30, 60, 20, 40, 25, 30],
    ...      "tp": [19, 17, 12, 20, 9, 11, 9, 4, 31, 29, 10, 8],
    ...      "fp": [80, 41, 12, 40, 8, 50, 21, 5, 101, 53, 20, 14],
    ...      "fn": [1, 3, 8, 8, 19, 1, 3, 8, 3, 5, 7, 4],
    ...      "tn": [40, 79, 108, 110, 142, 40, 69, 85, 99, 147, 72, 48]})
    >>> fit = fit_thresholds(data, threshold="esr")
    >>> fit.transform, fit.effects
    ('log', 'common_scale')
    >>> print(fit.point(30).lr_positive)
    3.30 (95% interval 2.60 to 4.19; exact multinomial likelihood, log scale, delta method, t)
    >>> print(fit.likelihood_ratio(55))
    2.88 (95% interval 1.65 to 5.04; exact multinomial likelihood, log scale, delta method, t)
    >>> print(fit.optimal_threshold())
    29.5 (95% interval 20.5 to 42.4; exact multinomial likelihood, log scale, delta method, t)

    Under priors, of the median study and in a new practice:

    >>> posterior = fit_thresholds(data, threshold="esr", inference="bayes", seed=3)
    >>> lr = posterior.point(30).lr_positive
    >>> print(f"{lr.estimate:.1f} ({lr.ci_low:.1f} to {lr.ci_high:.1f})")
    3.3 (1.9 to 6.6)
    >>> new = posterior.predict(30).set_index("measure").loc["lr_positive"]
    >>> print(f"{new.estimate:.1f} ({new.ci_low:.1f} to {new.ci_high:.0f})")
    3.0 (0.9 to 20)
    """
    check_choice(inference, "inference", ("likelihood", "bayes"))
    check_choice(transform, "transform", ("auto", "log", "identity"))
    check_choice(positive, "positive", ("above", "below"))
    check_choice(effects, "effects", ("auto", *RANDOM_EFFECTS))
    check_choice(likelihood, "likelihood", ("multinomial", "normal"))
    check_choice(inconsistent, "inconsistent", ("refuse", "drop", "keep"))
    check_choice(intervals, "intervals", INTERVALS)
    check_level(level)
    bayes = inference == "bayes"
    if bayes and (likelihood != "multinomial" or intervals != "t"):
        raise ArgumentError(
            "likelihood and intervals do not go with inference='bayes', which has the multinomial "
            "likelihood and posterior intervals"
        )
    if not bayes:
        refuse_bayes_options(priors, effective_size, seed)
    if inconsistent == "keep" and likelihood == "multinomial":
        raise ArgumentError(
            "inconsistent='keep' goes with likelihood='normal' only: counts between thresholds "
            "need rows of the same patients"
        )
    if nodes is not None:
        gauss_hermite(nodes)  # refuses a number it cannot do
    studies = read_threshold_studies(
        data, threshold=threshold, study=study, positive=positive, inconsistent=inconsistent,
        fewest=1 if bayes else FEWEST_STUDIES,
    )  # fmt: skip
    if transform == "log" and (studies.thresholds <= 0).any():
        raise ArgumentError(
            f"transform='log' with a threshold of {studies.thresholds.min():g}; it must be positive"
        )
    if bayes:
        return _bayes(
            studies, threshold, transform=transform, effects=effects, nodes=nodes, level=level,
            priors=priors, effective_size=effective_size, seed=seed,
        )  # fmt: skip
    chosen, compared = choose_transform(studies, transform, inconsistent)
    if likelihood == "normal":
        return fit_normal(studies, threshold, chosen, compared, level)
    return fit_exact(
        studies, threshold, chosen, compared, effects=effects, nodes=nodes, intervals=intervals,
        level=level,
    )  # fmt: skip


def _bayes(
    studies: ThresholdStudies,
    threshold: str,
    *,
    transform: Literal["auto", "log", "identity"],
    effects: Effects,
    nodes: int | None,
    level: float,
    priors: Priors | None,
    effective_size: int,
    seed: Seed,
) -> BayesianThresholds:
    """Return the posterior, with the likelihood's own answer beside it where there is one."""
    around = ThresholdPriors.around(check_priors(priors))
    effective_size = check_effective_size(effective_size)
    # one study with several thresholds: without any, a random slope has its prior for a posterior
    kind = chosen_effects(studies, effects, fewest=1)
    positive_only = bool((studies.thresholds > 0).all())
    chosen: Transform = "log" if transform != "identity" and positive_only else "identity"
    found, reason = None, ""
    try:
        refuse_few(studies)
        chosen, compared = choose_transform(studies, transform, "refuse")
        found = fit_exact(
            studies, threshold, chosen, compared, effects=effects, nodes=None, intervals="t",
            level=level,
        )  # fmt: skip
    except (NotEstimableError, FitError) as error:
        reason = str(error)
    return sample_thresholds(
        studies,
        threshold=threshold,
        transform=chosen,
        effects=kind,
        priors=around,
        nodes=nodes,
        effective_size=effective_size,
        level=level,
        seed=seed,
        likelihood=found,
        no_likelihood=reason,
    )
