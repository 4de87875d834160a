"""Sets of flags and orders of questions: against every rule and every tree, tried one by one."""

from itertools import combinations, permutations, product

import numpy as np
import pandas as pd
import pytest

import backpain_stats as bps
from backpain_stats import ArgumentError

FLAGS = pd.DataFrame(
    {
        "flag": ["first", "second", "third"],
        "sensitivity": [0.7, 0.5, 0.4],
        "specificity": [0.8, 0.85, 0.95],
    }
)
PREVALENCE, THRESHOLD = 0.05, 0.1
WEIGHT = THRESHOLD / (1 - THRESHOLD)


@pytest.fixture(scope="module")
def known():
    """A model of three independent flags whose accuracy is known: one joint table."""
    return bps.RiskModel.from_frame(FLAGS, PREVALENCE, dependence=bps.Independent(), draws=4)


def pattern_nets():
    """Return pattern -> net benefit of acting on it, by multiplying."""
    nets = {}
    for pattern in product((0, 1), repeat=3):
        present = np.array(pattern) == 1
        s, f = FLAGS["sensitivity"], 1 - FLAGS["specificity"]
        case = PREVALENCE * np.where(present, s, 1 - s).prod()
        other = (1 - PREVALENCE) * np.where(present, f, 1 - f).prod()
        nets[pattern] = case - WEIGHT * other
    return nets


def test_best_sets_are_those_of_every_set_tried(known):
    found = bps.flag_sets(known, thresholds=[THRESHOLD], per=1, draws=4).sets
    nets = pattern_nets()
    for size in (1, 2, 3):
        for rule, least in (("any", 1), ("at least 2", 2)):
            if least > size:
                continue
            tried = {
                chosen: sum(net for pattern, net in nets.items()
                            if sum(pattern[i] for i in chosen) >= least)
                for chosen in combinations(range(3), size)
            }  # fmt: skip
            best = max(tried, key=tried.get)
            row = found[(found["questions"] == size) & (found["rule"] == rule)].iloc[0]
            assert row["flags"] == ";".join(FLAGS["flag"][list(best)])
            assert row["estimate"] == pytest.approx(tried[best], rel=1e-9)
    whole = found[(found["questions"] == 3) & (found["rule"] == "risk threshold")].iloc[0]
    assert whole["estimate"] == pytest.approx(sum(max(0.0, net) for net in nets.values()))


def best_tree(order_left, answers, nets, harm):
    """Return the net benefit of the best tree by trying every one."""
    consistent = [p for p in nets if all(p[i] == a for i, a in answers.items())]
    s, f = FLAGS["sensitivity"], 1 - FLAGS["specificity"]
    share = sum(
        PREVALENCE * np.where(np.array(p) == 1, s, 1 - s).prod()
        + (1 - PREVALENCE) * np.where(np.array(p) == 1, f, 1 - f).prod()
        for p in consistent
    )
    options = [0.0, sum(nets[p] for p in consistent)]
    options += [
        sum(best_tree(order_left - {i}, answers | {i: a}, nets, harm) for a in (0, 1))
        - harm * share
        for i in order_left
    ]
    return max(options)


@pytest.mark.parametrize("harm", [0.0, 0.001, 0.004, 0.05])
def test_best_tree_is_that_of_every_tree_tried(known, harm):
    tree = bps.question_order(
        known, threshold=THRESHOLD, test_harm=harm, most=3, per=10_000, draws=4
    )
    expected = best_tree(frozenset(range(3)), {}, pattern_nets(), harm)
    assert tree.estimate / 10_000 == pytest.approx(expected, abs=2e-9)


def test_counts_add_up_at_every_node(evidence):
    tree = bps.question_order(evidence, threshold=0.01, draws=256)
    nodes = tree.nodes.set_index("answers")
    assert nodes["patients"].iloc[0] == 1000
    for answers, node in nodes[nodes["question"] != ""].iterrows():
        start = f"{answers};" if answers else ""
        below = [f"{start}{node['question']}={answer}" for answer in ("yes", "no")]
        for column in ("patients", "cases"):
            assert nodes.loc[below, column].sum() == node[column]
    assert nodes["depth"].max() <= 4
    assert tree.derived
    assert "No study tried these questions in this order" in str(tree)
    # At an end the action follows where the risk is above the threshold.
    ends = nodes[nodes["question"] == ""]
    assert ((ends["risk"] > 0.01) == ends["acts"]).all()


def test_a_question_that_harms_is_not_asked(known):
    tree = bps.question_order(known, threshold=0.1, test_harm=1.0, draws=4)
    assert tree.nodes["question"].tolist() == [""]
    assert not tree.derived


def test_frequencies_add_up_and_derivation_is_said(evidence):
    found = bps.flag_sets(evidence, thresholds=[0.005, 0.03], draws=256, per=10_000)
    sets = found.sets
    assert (sets[["tp", "fp", "fn", "tn"]].sum(axis=1) == 10_000).all()
    assert sets.groupby("threshold")["best"].sum().tolist() == [1, 1]
    single = sets["questions"] == 1
    assert not sets.loc[single, "derived"].any()
    printed = sets["published"] != ""
    assert (sets.loc[~single, "derived"] == ~printed[~single]).all()
    assert "derived from the flags one by one" in found.sentences()[0]
    # Asking more never costs net benefit where asking is free.
    risk = sets[sets["rule"] == "risk threshold"].sort_values(["threshold", "questions"])
    assert risk.groupby("threshold")["estimate"].apply(lambda x: x.is_monotonic_increasing).all()


def test_order_of_the_flags_does_not_matter():
    results = []
    for order in list(permutations(range(3)))[:3]:
        model = bps.RiskModel.from_frame(
            FLAGS.iloc[list(order)], PREVALENCE, dependence=bps.Independent(), draws=4
        )
        found = bps.flag_sets(model, thresholds=[THRESHOLD], draws=4).sets
        results.append(found.set_index(["questions", "rule"])["estimate"])
    for one in results[1:]:
        assert np.allclose(one, results[0])


def test_two_wordings_of_one_finding_are_not_two_questions():
    frame = FLAGS.assign(family=["pain", "pain", "other"], cohort_id=["a", "b", "a"])
    model = bps.RiskModel.from_frame(frame, PREVALENCE, dependence=bps.Independent(), draws=4)
    for flags in bps.flag_sets(model, thresholds=[0.05], draws=4).sets["flags"]:
        assert not {"first", "second"} <= set(flags.split(";"))
    asked = bps.question_order(model, threshold=0.1, draws=4).nodes["answers"]
    assert not any("first" in path and "second" in path for path in asked)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda model: bps.flag_sets(model, thresholds=[0]), "thresholds is"),
        (lambda model: bps.flag_sets(model, thresholds=[]), "thresholds is"),
        (lambda model: bps.flag_sets(model, thresholds=[0.1], most=5), "most is 5"),
        (lambda model: bps.flag_sets(model, thresholds=[0.1], per=0), "per is 0"),
        (lambda model: bps.flag_sets(model, thresholds=[0.1], level=2), "level is 2"),
        (lambda model: bps.question_order(model, threshold=0.1, most=0), "most is 0"),
        (bps.question_order, "give either threshold"),
        (lambda model: bps.question_order(model, threshold=0.1, per=0), "per is 0"),
    ],
)
def test_what_is_not_allowed_is_refused(known, call, words):
    with pytest.raises(ArgumentError, match=words):
        call(known)
