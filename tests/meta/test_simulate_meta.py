"""The simulation gives the same numbers wherever it runs, a dask cluster included."""

import importlib
import warnings

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def simulation():
    pytest.importorskip("joblib")
    return importlib.import_module("simulate_meta")


def test_dask_cluster_gives_the_serial_numbers(simulation):
    distributed = pytest.importorskip("distributed")
    scenarios = [simulation.Scenario("sparse", 5, 10, 40), simulation.Scenario("dense", 6, 40, 80)]
    serial = simulation.simulate(3, scenarios=scenarios)
    with warnings.catch_warnings():
        # Sockets and event loops that distributed, tornado and joblib's dask backend leave to
        # the garbage collector; nothing of ours opens any.
        warnings.simplefilter("ignore", ResourceWarning)
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="distributed|tornado")
        cluster = distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
        )
        with cluster, distributed.Client(cluster):
            parallel = simulation.simulate(3, scenarios=scenarios, backend="dask")
    pd.testing.assert_frame_equal(serial, parallel, check_exact=True)


def test_draws_are_from_the_stated_truth(simulation):
    """Many studies: logits average to the truth and spread as stated."""
    scenario = simulation.Scenario("huge", 4000, 4000, 4000)
    data = simulation.draw_studies(scenario, np.random.default_rng(1))
    logits = np.log([data["tp"] / data["fn"], data["tn"] / data["fp"]])
    spread = np.array(simulation.SDS)
    truth = [np.log(0.8 / 0.2), np.log(0.9 / 0.1)]
    assert np.all(np.abs(logits.mean(axis=1) - truth) < 4 * spread / 4000**0.5)
    np.testing.assert_allclose(logits.std(axis=1), spread, rtol=4 / 8000**0.5 + 0.01)
    assert np.corrcoef(logits)[0, 1] == pytest.approx(simulation.CORRELATION, abs=4 / 4000**0.5)


def test_summary_counts_coverage(simulation):
    rows = pd.DataFrame(
        {
            "cells": "sparse",
            "studies": 5,
            "method": "exact ML",
            "measure": "sensitivity",
            "replicate": range(4),
            "estimate": [0.8, 0.7, 0.9, np.nan],
            "low": [0.7, 0.6, 0.85, np.nan],
            "high": [0.9, 0.75, 0.95, np.nan],
            "boundary": [True, False, False, None],
            "refused": ["", "", "", "too few"],
        }
    )
    (one,) = simulation.summarise(rows).to_dict("records")
    assert (one["replicates"], one["fitted"], one["boundary"]) == (4, 3, 1)
    assert one["coverage"] == pytest.approx(1 / 3)
    text = simulation.report(simulation.summarise(rows), 4, 0.1)
    assert "refused: 1" in text
