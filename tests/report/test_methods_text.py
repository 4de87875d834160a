"""The methods paragraph says what its own call did, and nothing that it did not."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from backpain_stats import (
    ArgumentError,
    Bounds,
    OneFactor,
    Priors,
    RiskModel,
    __version__,
    fit_bayes,
    fit_bivariate,
    methods_text,
    pool,
)

STUDIES = pd.DataFrame(
    {
        "study": list("ABCDEF"),
        "tp": [19, 8, 25, 7, 40, 12],
        "fp": [10, 2, 9, 4, 22, 1],
        "fn": [4, 1, 11, 3, 7, 5],
        "tn": [80, 30, 90, 22, 95, 41],
        "kind": list("aababb"),
    }
)


@pytest.mark.parametrize(
    ("options", "said", "unsaid"),
    [
        ({}, ["exact binomial likelihood", "21 nodes"], ["REML", "added", "covariates", "seed"]),
        (
            {"likelihood": "normal", "estimator": "reml", "correction": "all"},
            ["REML", "0.5 added to every study"],
            ["binomial", "nodes"],
        ),
        ({"level": 0.9}, ["90% confidence"], ["95%"]),
        ({"formula": "kind"}, ["sensitivity ~ kind"], []),
        ({"effects": "common"}, ["common effect"], ["bivariate", "covariates"]),
        ({"structure": "uncorrelated"}, ["taken as uncorrelated"], []),
    ],
)
def test_a_fit_says_its_options(options, said, unsaid):
    text = methods_text(fit_bivariate(STUDIES, **options))
    counts = STUDIES[["tp", "fp", "fn", "tn"]].to_numpy()
    assert f"6 studies ({counts.sum():,} patients, {counts[:, [0, 2]].sum()} of them" in text
    assert text.endswith(f"Computed with backpain_stats {__version__}.")
    assert all(words in text for words in said)
    assert not any(words in text for words in unsaid)


def test_a_posterior_says_its_priors_and_seed():
    priors = Priors(sensitivity_sd_scale=0.5, correlation_shape=3)
    text = methods_text(fit_bayes(STUDIES, priors=priors, effective_size=1000, nodes=7, seed=11))
    assert "half-Normal(0.5) and log-normal(median 1.33" in text
    assert "(1 + rho)^0.86 (1 - rho)^3.14" in text  # powers add up to twice 3 - 1
    assert "1,000 asked for" in text
    assert "7 nodes an axis, seed 11" in text
    generator = np.random.default_rng(11)
    assert "seed" not in methods_text(fit_bayes(STUDIES, effective_size=1000, seed=generator))


def test_pooled_evidence_names_what_was_used_and_what_was_not(evidence):
    pooled = pool(evidence, target="malignancy", flag="cancer_history", seed=3)
    text = methods_text(pooled)
    used = pooled.reports["used"]
    assert all(name in text for name in pooled.reports["report_id"])
    behind = text.split("Not used: ")[1].split(". Sensitivity")[0]
    assert all(name in behind for name in pooled.reports.loc[~used, "report_id"])
    assert "seed 3" in text


def test_a_risk_says_its_assumption_and_its_seed(evidence):
    model = RiskModel(evidence, pretest="13/1975", dependence=OneFactor(0.3, 0.1), seed=5)
    text = methods_text(model.risk(["age_50"], ["cancer_history"]))
    assert "given age_50 present, cancer_history absent" in text
    assert "correlation 0.3 among cases, 0.1 among non-cases" in text
    assert "doi:10.2307/2533043" in text
    assert "4,096 quasi-random draws, seed 5" in text
    assert "0.658%" in text  # 13 of 1975
    bounds = methods_text(model.with_dependence(Bounds()).risk(["age_50"]))
    assert "doi:10.2307" not in bounds
    assert "draws" not in bounds


def test_every_doi_of_a_paragraph_is_one_that_a_docstring_cites():
    from pathlib import Path

    import backpain_stats

    sources = "".join(
        path.read_text(encoding="utf-8")
        for path in Path(backpain_stats.__file__).parent.rglob("*.py")
        if path.name != "methods_text.py"
    )
    text = methods_text(fit_bivariate(STUDIES))
    dois = re.findall(r"doi:(10\.[^\s;)]+)", text)
    assert dois
    assert all(f"doi.org/{doi}" in sources for doi in dois)


def test_what_has_no_paragraph_is_refused():
    with pytest.raises(ArgumentError, match="no methods paragraph of DataFrame"):
        methods_text(STUDIES)
