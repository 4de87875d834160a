"""Every element of every figure takes matplotlib's words, and every text is printed as it is."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

import backpain_stats as bps
from backpain_stats import plots
from backpain_stats.errors import ArgumentError, UnknownNameError
from backpain_stats.plots import (
    draw_bias_profile,
    draw_calibration,
    draw_crosshair,
    draw_decision_curve,
    draw_dependence,
    draw_endorsement,
    draw_fagan,
    draw_forest,
    draw_forest_paired,
    draw_frequency_tree,
    draw_funnel_deeks,
    draw_influence,
    draw_natural_frequencies,
    draw_posttest,
    draw_quality,
    draw_ranking,
    draw_risk_patterns,
    draw_risk_waterfall,
    draw_sensitivity_analysis,
    draw_shrinkage,
    draw_sroc,
    draw_thresholds,
    draw_value_of_information,
)
from backpain_stats.plots.marks import Look

MODULES = {
    module.__name__.rsplit(".draw_", 1)[1]: module
    for module in (
        *(
            draw_bias_profile,
            draw_calibration,
            draw_crosshair,
            draw_decision_curve,
            draw_dependence,
        ),
        *(draw_endorsement, draw_fagan, draw_forest, draw_forest_paired, draw_frequency_tree),
        draw_funnel_deeks,
        *(draw_influence, draw_natural_frequencies, draw_posttest, draw_quality, draw_ranking),
        *(draw_risk_patterns, draw_risk_waterfall, draw_shrinkage, draw_sroc, draw_thresholds),
        *(draw_sensitivity_analysis, draw_value_of_information),
    )
}
# A dollar sign, a formula that cannot be parsed, and a control character.
STRANGE = "costs $5 to $\\frac$\x0b end"
DATA = pd.DataFrame(
    {"study": ["A", "B", "C", "D", "E", STRANGE], "tp": [19, 8, 25, 7, 40, 12],
     "fp": [10, 2, 9, 4, 22, 0], "fn": [4, 0, 11, 3, 7, 5], "tn": [80, 30, 90, 22, 95, 41]}
)  # fmt: skip
# What an element needs before there is anything of it to look at.
OPTIONS = {
    ("quality", "bars"): {"kind": "bars"},
    ("sroc", "names"): {"label": True},
    ("crosshair", "names"): {"label": True},
    ("forest", "diamond"): {"summary": True},
}
NOT_HERE = {("risk_patterns", "intervals")}  # a profile has none yet


@pytest.fixture(scope="module")
def results(evidence):
    flags = DATA.rename(columns={"study": "flag"}).iloc[[0, 2, 5]]
    model = bps.RiskModel.from_frame(flags, pretest=0.05, draws=64)
    present = list(flags["flag"].iloc[[0, 2]])
    risk = model.risk(present=list(flags["flag"].iloc[:1]), absent=list(flags["flag"].iloc[2:]))
    fit = bps.fit_bivariate(DATA)
    ratios = pd.DataFrame(
        [
            {"flag_id": "f", "label": STRANGE, "study": row.study, "reason": STRANGE}
            | {f"{measure}{end}": getattr(table, measure)().as_dict()[name]
               for measure in ("lr_positive", "lr_negative")
               for end, name in (("", "estimate"), ("_low", "ci_low"), ("_high", "ci_high"))}
            for row in DATA.itertuples()
            for table in [bps.TwoByTwo(tp=row.tp, fp=row.fp, fn=row.fn, tn=row.tn)]
        ]
    )  # fmt: skip
    after = [
        bps.TwoByTwo(tp=4, fp=41, fn=9, tn=1921).posttest(0.01, result).as_dict()
        | {"label": STRANGE, "study": "s", "setting": STRANGE, "lr": lr, "lr_low": lr / 2,
           "lr_high": lr * 2}
        for result, lr in (("positive", 14.7), ("negative", 0.7))
    ]  # fmt: skip
    endorsed = bps.endorsement(evidence, target="malignancy")
    endorsed.flags["label"] = STRANGE
    judged = pd.DataFrame({"cohort_id": ["A", STRANGE], "aspect": "risk_of_bias",
                           "domain": "index_test", "judgement": ["low", "high"]})  # fmt: skip
    curve = pd.DataFrame(
        {"model": [STRANGE] * 2, "bin": [0, 1], "n": [5, 9], "predicted": [0.2, 0.7],
         "estimate": [0.3, 0.6], "ci_low": [0.2, 0.5], "ci_high": [0.4, 0.7], "ci_level": 0.95}
    )  # fmt: skip
    studies = bps.study_accuracy(DATA)
    tables = flags.rename(columns={"flag": "flag_id"})
    rows = pd.DataFrame(
        {"study": list("AABBCCDD"), STRANGE: [20, 50] * 4, "tp": [17, 12, 20, 9, 11, 4, 31, 29],
         "fp": [41, 12, 40, 8, 50, 5, 101, 53], "fn": [3, 8, 8, 19, 1, 8, 3, 5],
         "tn": [79, 108, 110, 142, 40, 85, 99, 147]}
    )  # fmt: skip
    known = DATA.assign(verification=STRANGE)
    return {
        "bias_profile": bps.bias_profile(fit, known=known, publication={"share": [1, 0.7]}),
        "thresholds": bps.fit_thresholds(rows, threshold=STRANGE, transform="log",
                                         effects="location"),
        "calibration": curve, "crosshair": studies, "dependence": model.sensitivity(present),
        "decision_curve": bps.decision_curve(flags, 0.05),
        "endorsement": endorsed, "fagan": pd.DataFrame(after), "forest": ratios,
        "forest_paired": studies, "funnel_deeks": bps.deeks_test(DATA),
        "influence": fit.influence(), "posttest": pd.DataFrame(after), "quality": judged,
        "natural_frequencies": bps.natural_frequencies(flags.iloc[[2]], 0.05),
        "frequency_tree": bps.natural_frequencies(flags.iloc[[2]], 0.05),
        "ranking": ratios, "risk_patterns": model.profile(), "risk_waterfall": risk, "sroc": fit,
        "sensitivity_analysis": fit.sensitivity_analysis({STRANGE: ["A"]}),
        "shrinkage": pd.DataFrame({"exponent": [0.2, 0.4]}),
        "value_of_information": bps.value_of_information(
            model, threshold=0.1, sizes=[100, 1000], draws=64
        ),
        "tables": tables, "fit": fit,
    }  # fmt: skip


def draw(results, name, element=None, **style):
    options = dict(OPTIONS.get((name, element), {}))
    if options.pop("summary", False):
        options["summary"] = results["fit"]
    if name in ("influence", "forest_paired"):
        options["fit"] = results["fit"]
    return getattr(plots, name)(results[name], **options, **style)


def visible(ax):
    return sum(
        artist.get_visible()
        for axes in (ax, *ax.child_axes)
        for artist in (*axes.lines, *axes.collections, *axes.patches, *axes.texts)
    )


CASES = [
    (name, element)
    for name, module in MODULES.items()
    for element in module.ELEMENTS
    if (name, element) not in NOT_HERE
]


def test_every_figure_names_its_elements():
    assert set(MODULES) == set(plots.__all__)
    for name, module in MODULES.items():
        text = getattr(plots, name).__doc__
        for element in module.ELEMENTS:
            assert element in text.split("**style")[1].split("Returns")[0], (name, element)


@pytest.mark.parametrize(("name", "element"), CASES, ids=str)
def test_an_element_can_be_left_out_and_looks_as_asked(results, name, element):
    less = draw(results, name, element, **{element: False})
    changed = draw(results, name, element, **{element: {"alpha": 0.4321, "zorder": 7.5}})
    looks = {
        (artist.get_alpha(), artist.get_zorder())
        for axes in (changed, *changed.child_axes)
        for artist in (*axes.lines, *axes.collections, *axes.patches, *axes.texts)
    }
    assert (0.4321, 7.5) in looks
    assert visible(less) < visible(changed)
    plt.close("all")


@pytest.mark.parametrize("name", MODULES)
def test_strange_names_are_printed_as_they_are(results, name):
    options = {"label": True} if name in ("crosshair", "sroc") else {}
    ax = draw(results, name, **options)
    if name not in ("natural_frequencies", "frequency_tree"):  # its own title is strange
        ax.set_title("$x^2$")  # the caller's own text keeps matplotlib's ways
        assert ax.title.get_parse_math()
    ax.figure.canvas.draw()
    texts = [text for text in ax.findobj(plt.Text) if "$" in text.get_text()]
    assert not any("\x0b" in text.get_text() for text in ax.findobj(plt.Text))
    if name not in ("funnel_deeks", "dependence", "shrinkage"):  # these print no names
        assert any("$5" in text.get_text() for text in texts)


def test_the_callers_words_win():
    look = Look({"points": {"c": "red", "ms": 9}}, ("points",))
    drawn = look("points", color="blue", markersize=5, markerfacecolor="blue", marker="o")
    assert drawn == {"markersize": 9, "marker": "o", "color": "red"}
    open_mark = look("points", color="blue", markerfacecolor="white")
    assert open_mark["markerfacecolor"] == "white"
    assert look("points", facecolor="blue", edgecolor="black") == {
        "facecolor": "red", "edgecolor": "red", "markersize": 9}  # fmt: skip


def test_unknown_elements_and_words_are_refused(results):
    with pytest.raises(UnknownNameError, match="did you mean points"):
        plots.ranking(results["ranking"], point={"color": "red"})
    with pytest.raises(ArgumentError, match="give matplotlib's keywords"):
        plots.ranking(results["ranking"], points="red")


def test_one_colour_for_a_whole_fit(results):
    ax = plots.sroc(results["sroc"], color="#123456")
    colours = {to_rgba(line.get_color()) for line in ax.lines if line.get_label()[0] != "_"}
    assert colours == {to_rgba("#123456")}
    assert np.allclose(ax.collections[-1].get_facecolor()[0], to_rgba("#123456"))
