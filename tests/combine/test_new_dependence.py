"""A new dependence model is its own class and one registration, and then is known everywhere."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from backpain_stats import Bounds, Dependence, Independent, RatioModel, RiskModel, calibration
from backpain_stats.combine.dependence.registry import (
    DEFAULT,
    REGISTERED,
    Offer,
    Registration,
    dependence_from_words,
    offers,
    register,
    registered,
)
from backpain_stats.combine.risk.overview import pattern_overview
from backpain_stats.errors import ArgumentError, UnknownNameError
from backpain_stats.report.explorer.build import explorer_data, page_models

COUNTS = pd.DataFrame(
    {
        "flag": ["age", "history", "weight"],
        "tp": [10, 4, 2],
        "fp": [568, 39, 118],
        "fn": [3, 9, 11],
        "tn": [1394, 1923, 1844],
    }
)


class Halved(RatioModel):
    """The toy: half the log ratio of independence, or as little as one chooses."""

    name = "halved"

    def __init__(self, share: float = 0.5) -> None:
        self.share = share

    def describe(self) -> str:
        """Return the assumption."""
        return f"the log ratio of independence times {self.share:g}"

    def caveat(self, *, varied: bool, combinations: bool) -> str:
        """Return what it leaves open."""
        return "half is a guess"

    def log_ratios(self, marginals, patterns):
        """Return the shortened log ratios."""
        return self.share * Independent().log_ratios(marginals, patterns)


@pytest.fixture
def toy() -> Iterator[Dependence]:
    """Register the toy for one test."""
    model = Halved()
    register(
        Registration(
            "halved",
            lambda words: Halved(float(words.get("share", 0.5))),
            ("share",),
            (Offer("half", model, ("overview", "explorer", "calibration")),),
        )
    )
    yield model
    del REGISTERED["halved"]


def test_risk_risks_profile_and_overview(toy, evidence) -> None:
    model = RiskModel.from_frame(COUNTS, "21/6622", dependence=toy, draws=64)
    multiplied = model.with_dependence(Independent())
    risk, product = (one.risk(["age", "history"], ["weight"]) for one in (model, multiplied))
    assert risk.lr.estimate == pytest.approx(np.sqrt(product.lr.estimate), rel=1e-12)
    assert risk.lr.ci_low < risk.lr.estimate < risk.lr.ci_high
    assert risk.bounds[0] <= risk.posttest.estimate <= risk.bounds[1]
    assert "half is a guess" in risk.warnings
    assert risk.posttest.method.startswith("halved; ")
    log_odds = risk.contributions["log_odds"]
    np.testing.assert_allclose(log_odds, product.contributions["log_odds"] / 2, rtol=1e-9)
    row = model.risks(pd.DataFrame([{"age": 1, "history": 1, "weight": 0}])).iloc[0]
    assert row["ci_high"] == pytest.approx(risk.posttest.ci_high, rel=1e-12)
    profile = model.profile()
    assert len(profile) == 8
    np.testing.assert_allclose(profile["lr"], np.sqrt(multiplied.profile()["lr"]), rtol=1e-12)
    found = pattern_overview(evidence, flags=["age_50", "cancer_history"], draws=64)
    ratios = found.pivot_table(index="pattern", columns="model", values="lr")
    np.testing.assert_allclose(ratios["half"], np.sqrt(ratios["independent"]), rtol=1e-10)


def test_explorer_and_calibration(toy, evidence) -> None:
    assert page_models()[0].dependence.name == DEFAULT
    data = explorer_data(evidence.select(flag="cancer_history"))
    assert "half" in [one["id"] for one in data["models"]]
    for case in data["cases"]:
        (flag,) = case["flags"]
        half = np.frombuffer(base64.b64decode(case["tables"]["half"]["ratio_posttest"]), "<f4")
        model = RiskModel(evidence, case["target"], case["setting"], flags=[flag["id"]])
        product = model.with_dependence(Independent()).risk([flag["id"]]).lr.estimate
        # Kept in 32 bits.
        assert half[1] == pytest.approx(0.5 * np.log(product), rel=1e-5)
    assert calibration.default_models()["half"] is toy


def test_the_command_line_offers_it(toy, run, frozen_folder) -> None:
    arguments = ["--present", "age_50,cancer_history", "--evidence", frozen_folder]
    done = run("risk", "--dependence", "halved", "--format", "json", *arguments)
    assert done.code == 0
    (row,) = json.loads(done.out)
    assert row["dependence"] == "the log ratio of independence times 0.5"
    assert "halved" in run("risk", "--help").out
    assert run("risk", "--dependence", "halved", "--rho", "0.1", *arguments).code == 2


def test_words_of_the_command_line_make_a_model(toy) -> None:
    assert dependence_from_words("halved", {"share": "0.3"}).describe().endswith("0.3")
    assert dependence_from_words("bounds", {}) == Bounds()
    with pytest.raises(ArgumentError, match="--share is for halved dependence; bounds has no"):
        dependence_from_words("bounds", {"share": "0.3"})
    with pytest.raises(UnknownNameError, match="did you mean halved"):
        dependence_from_words("halvd", {})
    with pytest.raises(ArgumentError, match="'halved' is registered already"):
        register(REGISTERED["halved"])


def test_every_registered_model_is_what_its_name_says() -> None:
    for name in registered():
        assert dependence_from_words(name, {}).name == name
        for one in REGISTERED[name].offers:
            assert one.dependence.name == name
    assert {one.label for one in offers("overview")} >= {"independent", "maximum entropy"}
    assert [one.id for one in page_models()].count("bounds") == 1
