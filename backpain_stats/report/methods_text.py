"""The methods paragraph of a result: what its own call did, with versions and sources."""

from __future__ import annotations

from functools import singledispatch

from backpain_stats import __version__
from backpain_stats.combine.risk.risk import Risk
from backpain_stats.errors import ArgumentError
from backpain_stats.estimate import format_level
from backpain_stats.meta import BayesianFit, BivariateFit
from backpain_stats.meta.published.pooling import PooledEvidence

__all__ = ["methods_text"]

# What a paragraph cites: names as the docstrings of the functions cite them.
BIVARIATE = "Reitsma et al. 2005, doi:10.1016/j.jclinepi.2005.02.022"
EXACT = "Chu and Cole 2006, doi:10.1016/j.jclinepi.2006.06.011"
COPULA = "Qu, Tan and Kutner 1996, doi:10.2307/2533043"


def methods_text(result: BivariateFit | BayesianFit | PooledEvidence | Risk) -> str:
    """Return the methods paragraph of a result, for a manuscript.

    Every word of it is taken from the result: what was assumed, which options the call had,
    what was left out. What the result does not know, such as the seed of a generator that was
    handed in, is not said.

    Parameters
    ----------
    result : BivariateFit, BayesianFit, PooledEvidence or Risk
        What :func:`~backpain_stats.fit_bivariate`, :func:`~backpain_stats.fit_bayes`,
        :func:`~backpain_stats.pool` or :meth:`RiskModel.risk` returned.

    Returns
    -------
    str
        One paragraph, with the version of the package and the DOIs of the methods.

    Raises
    ------
    ArgumentError
        If it is none of these.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats import fit_bivariate
    >>> data = pd.DataFrame({"study": list("ABCD"), "tp": [19, 8, 25, 7], "fp": [10, 2, 9, 4],
    ...                      "fn": [4, 1, 11, 3], "tn": [80, 30, 90, 22]})
    >>> print(methods_text(fit_bivariate(data, likelihood="normal", correction="all")))
    Sensitivity and specificity of 4 studies (325 patients, 78 of them with the condition) were
    pooled with the bivariate model (Reitsma et al. 2005, doi:10.1016/j.jclinepi.2005.02.022; ...
    """
    return f"{' '.join(_sentences(result))} Computed with backpain_stats {__version__}."


@singledispatch
def _sentences(result: object) -> list[str]:
    """Return the sentences about one kind of result."""
    raise ArgumentError(
        f"there is no methods paragraph of {type(result).__name__}; give what fit_bivariate, "
        "fit_bayes, pool or RiskModel.risk returned"
    )


@_sentences.register
def _of_fit(fit: BivariateFit) -> list[str]:
    source = f"{BIVARIATE}; {EXACT}" if fit.likelihood == "binomial" else BIVARIATE
    if fit.is_common:
        model = "as if all shared one sensitivity and one specificity (common effect)"
    else:
        model = f"with the bivariate model ({source}; {fit.method})"
    said = [f"{_studies(fit)} were pooled {model}."]
    if fit.nodes is not None:
        said.append(f"The random effects were integrated out with {fit.nodes} nodes an axis.")
    said += _covariates(fit)
    said += [*_left_out(fit), f"Intervals are {format_level(fit.level)} confidence intervals."]
    if fit.boundary:
        said.append(f"The maximum lies on the boundary: {fit.boundary_reason}.")
    return [*said, *fit.notes]


@_sentences.register
def _of_posterior(fit: BayesianFit) -> list[str]:
    said = [
        f"{_studies(fit)} were pooled with the bivariate model ({BIVARIATE}; {EXACT}; "
        "exact binomial likelihood, Bayesian).",
        *_covariates(fit),
        f"Priors: {fit.described_priors}.",
        f"The posterior was drawn by importance sampling ({fit.effective_size:,.0f} effective "
        f"draws, {fit.asked:,} asked for; k-hat {fit.k_hat:.2f}; {fit.nodes} nodes an axis"
        f"{_seed(fit.seed)}).",
    ]
    several = sum(tables > 1 for tables in fit.tables)
    if several:
        said.append(
            f"Of {several} of the studies the printed figures fit several 2x2 tables; their "
            "likelihood is the sum over these."
        )
    said += [*_left_out(fit), f"Intervals are {format_level(fit.level)} credible intervals."]
    return said


@_sentences.register
def _of_pooled(pooled: PooledEvidence) -> list[str]:
    reports = pooled.reports
    where = f" in {pooled.setting.replace('_', ' ')}" if pooled.setting else " in any setting"
    said = [
        f"The published reports on {pooled.name} for {pooled.target.replace('_', ' ')}{where} were "
        f"read: {len(reports)}, of which {pooled.cohorts} could be used "
        f"({', '.join(reports.loc[reports['used'], 'report_id'])})."
    ]
    idle = reports[~reports["used"]]
    if len(idle):
        reasons = "; ".join(f"{row.report_id}: {row.reason}" for row in idle.itertuples())
        said.append(f"Not used: {reasons}.")
    notes = [f"{note[0].upper()}{note[1:]}." for note in pooled.notes]
    return [*said, *_sentences(pooled.fit), *notes]


@_sentences.register
def _of_risk(risk: Risk) -> list[str]:
    about = f" of {risk.target.replace('_', ' ')}" if risk.target else ""
    where = f" in {risk.setting.replace('_', ' ')}" if risk.setting else ""
    findings = [
        *(f"{name} present" for name in risk.present),
        *(f"{name} absent" for name in risk.absent),
    ]
    source = f" ({COPULA})" if "one factor" in risk.dependence else ""
    said = [
        f"The risk{about}{where} given {', '.join(findings) or 'no finding'} is the pre-test "
        f"probability of {100 * risk.pretest:.3g}% ({risk.pretest_source}) updated by the "
        "likelihood ratio of all findings together.",
        f"It is assumed that {risk.dependence}{source}.",
    ]
    if risk.not_assessed:
        said.append(f"Integrated out as not assessed: {', '.join(risk.not_assessed)}.")
    if len(risk.cohorts):
        behind = ", ".join(
            f"{row.cohort_id} ({row.n_cases} cases of {row.n})" for row in risk.cohorts.itertuples()
        )
        said.append(f"Sensitivity and specificity come from {behind}.")
    if risk.draws is not None:
        said.append(
            f"The {format_level(risk.posttest.ci_level)} interval carries the uncertainty of "
            "prevalence, sensitivity and specificity (Beta posteriors with Jeffreys' prior, mixed "
            f"over the tables that fit; {len(risk.draws):,} quasi-random draws{_seed(risk.seed)})."
        )
    return [*said, *(f"{text[0].upper()}{text[1:]}." for text in risk.warnings)]


def _studies(fit: BivariateFit | BayesianFit) -> str:
    """Say how many studies and patients were used."""
    counts = fit.studies.used_counts
    cases = int(counts[:, [0, 2]].sum())
    # Where several tables fit, one of them stands for the study in this count.
    about = "about " if isinstance(fit, BayesianFit) and max(fit.tables) > 1 else ""
    return (
        f"Sensitivity and specificity of {len(counts)} studies ({about}{int(counts.sum()):,} "
        f"patients, {cases:,} of them with the condition)"
    )


def _covariates(fit: BivariateFit | BayesianFit) -> list[str]:
    """Say which covariates the means depend on, and at which values of them the result is."""
    said = []
    formulas = fit.fitted_whole.design.formulas
    if any(formula not in ("1", "") for formula in formulas):
        sensitivity, specificity = formulas
        said.append(
            f"The mean logits depend on covariates: sensitivity ~ {sensitivity}, specificity ~ "
            f"{specificity}."
        )
    if fit.values:
        values = ", ".join(f"{name} = {value}" for name, value in fit.values.items())
        said.append(f"The result is that at {values}.")
    return said


def _left_out(fit: BivariateFit | BayesianFit) -> list[str]:
    """Say which rows were handed in and not used."""
    left = int((~fit.studies.used).sum())
    return [f"{left} further studies were handed in and could not be used."] if left else []


def _seed(seed: int | None) -> str:
    return "" if seed is None else f", seed {seed}"
