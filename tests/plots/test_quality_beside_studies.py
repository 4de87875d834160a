"""Quality beside a forest stays with its row; in ROC space each group has its own glyph."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.colors import to_hex

import backpain_stats as bps
from backpain_stats import plots
from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.plots.style import GREEN, VERMILION, YELLOW

DATA = pd.DataFrame(
    {"study": list("ABCDEF"), "tp": [19, 8, 25, 7, 40, 12], "fp": [10, 2, 9, 4, 22, 0],
     "fn": [4, 0, 11, 3, 7, 5], "tn": [80, 30, 90, 22, 95, 41],
     "country": ["UK", "US", "UK", None, "US", "UK"], "cutoff": [20.0, 5, 20, 5, 5, 10],
     "rob_PS": [1, 2, 3, 1, 2, None], "rob_FT": [1, 1, 1, 3, 3, None],
     "ac_PS": [2, 1, 1, 1, 1, None]}
)  # fmt: skip
SIGNS = {"low": "+", "unclear": "?", "high": "\u2212"}


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def judged():
    return bps.read_quality(DATA)


@pytest.fixture(scope="module")
def fit():
    return bps.fit_bivariate(DATA)


def rows_of(ax):
    """Return the study on each line, and the lights on it from left to right."""
    texts = {text.xy[1]: text.get_text().strip("\u00a0") for text in reversed(ax.texts)}
    names = {y: text for y, text in texts.items() if text in set(DATA["study"])}
    lights = {name: [] for name in names.values()}
    for panel in (ax, *ax.child_axes):
        discs = [text for text in panel.texts if text.get_text() in SIGNS.values()]
        for text in sorted(discs, key=lambda text: text.xyann[0]):
            face = to_hex(text.get_bbox_patch().get_facecolor()).upper()
            lights[names[text.xy[1]]].append((text.get_text(), face))
    return lights


def expected(judged, study):
    colours = {"low": GREEN, "unclear": YELLOW, "high": VERMILION}
    own = judged.loc[judged["study"] == study, "judgement"]
    return [(SIGNS[word], colours[word]) for word in own]


def ratios(order):
    frame = DATA.iloc[order].reset_index(drop=True)
    tables = [bps.TwoByTwo(tp=r.tp, fp=r.fp, fn=r.fn, tn=r.tn) for r in frame.itertuples()]
    for measure in ("lr_positive", "lr_negative"):
        made = [getattr(table, measure)() for table in tables]
        frame[measure] = [one.estimate for one in made]
        frame[f"{measure}_low"] = [one.ci_low for one in made]
        frame[f"{measure}_high"] = [one.ci_high for one in made]
    return frame


@pytest.mark.parametrize("sort", [True, False])
@pytest.mark.parametrize("group", [None, "cutoff"])
def test_lights_stay_with_their_row_whatever_the_order(judged, sort, group):
    ax = plots.forest(ratios([4, 0, 5, 2, 1, 3]), quality=judged, sort=sort, group=group)
    seen = rows_of(ax)
    assert set(seen) == set("ABCDEF")
    for study, lights in seen.items():
        assert lights == expected(judged, study)
    assert seen["F"] == []  # nobody judged it: its cells are empty


def test_paired_forest_with_summary_and_groups(judged, fit):
    studies = bps.study_accuracy(DATA).iloc[::-1]
    ax = plots.forest_paired(studies, fit=fit, group="cutoff", quality=judged.iloc[::-1])
    for study, lights in rows_of(ax).items():
        assert lights == expected(judged, study)
    last = ax.child_axes[0]
    texts = [text.get_text() for text in last.texts]
    assert [t for t in texts if t in ("Patient selection", "Flow and timing")] == [
        *("Patient selection", "Flow and timing"), "Patient selection"
    ]  # fmt: skip
    assert texts.count("Risk of bias") == texts.count("Applicability") == 1
    assert "+ low\n? unclear\n\u2212 high" in texts


def test_a_study_that_is_not_drawn_is_refused(judged, fit):
    studies = bps.study_accuracy(DATA.iloc[1:])
    for draw in (
        lambda: plots.forest_paired(studies, quality=judged),
        lambda: plots.forest(ratios([1, 2]), quality=judged),
        lambda: plots.crosshair(studies, color_by=judged),
    ):
        with pytest.raises(DataError, match="not among the rows by study: A"):
            draw()
    twice = pd.concat([judged, judged])
    with pytest.raises(DataError, match="judged twice"):
        plots.forest_paired(bps.study_accuracy(DATA), quality=twice)


def glyphs(ax):
    """Return label, facecolour and points of each labelled group of studies."""
    return {
        c.get_label(): (to_hex(c.get_facecolor()[0]).upper() if len(c.get_facecolor()) else "",
                        c.get_paths()[0].vertices.shape, c.get_offsets().data.round(6).tolist())
        for c in ax.collections if c.get_label()[0] != "_" and len(c.get_offsets())
    }  # fmt: skip


def test_glyphs_by_judgement_hold_the_right_studies(judged, fit):
    studies = bps.study_accuracy(DATA).set_index("study")
    by = {"low": "A", "high": "BE", "unclear": "CD", "not assessed": "F"}
    for ax in (plots.crosshair(bps.study_accuracy(DATA), color_by=judged),
               plots.sroc(fit, color_by=judged)):  # fmt: skip
        found = glyphs(ax)
        for word, names in by.items():
            own = studies.loc[list(names)]
            wanted = [[1 - row.specificity, row.sensitivity] for row in own.itertuples()]
            assert found[f"risk of bias: {word}"][2] == [
                pytest.approx(xy, abs=1e-5) for xy in wanted
            ]
        shapes = {found[f"risk of bias: {word}"][1] for word in ("low", "unclear", "high")}
        colours = {found[f"risk of bias: {word}"][0] for word in ("low", "unclear", "high")}
        assert len(shapes) == 3  # told apart in black and white
        assert colours == {GREEN, YELLOW, VERMILION}
        legend = [text.get_text() for text in ax.get_legend().get_texts()]
        assert [text for text in legend if "risk" in text] == [
            f"risk of bias: {word}" for word in ("low", "unclear", "high", "not assessed")
        ]


def test_one_domain_or_applicability_alone_is_said(judged, fit):
    flow = judged[(judged["domain"] == "flow_and_timing")]
    assert "risk of bias, flow and timing: low" in glyphs(plots.sroc(fit, color_by=flow))
    other = judged[judged["aspect"] == "applicability"]
    found = glyphs(plots.sroc(fit, color_by=other))
    assert "applicability, patient selection: high" in found


def test_glyphs_by_a_covariate(fit):
    studies = bps.study_accuracy(DATA)
    found = glyphs(plots.crosshair(studies, color_by="country"))
    assert [len(xy) for _, _, xy in found.values()] == [3, 2, 1]
    assert list(found) == ["country: UK", "country: US", "country: not stated"]
    numbers = plots.sroc(fit, color_by=DATA.set_index("study")["cutoff"])
    assert [name for name in glyphs(numbers) if "cutoff" in name] == [
        "cutoff: 5", "cutoff: 10", "cutoff: 20"
    ]  # fmt: skip
    hidden = plots.sroc(fit, color_by={"A": "x"}, studies=False)
    assert "x" not in glyphs(hidden)


def test_what_cannot_be_told_apart_or_found_is_refused(fit):
    studies = bps.study_accuracy(DATA)
    many = pd.concat([studies.assign(study=str(n), k=n) for n in range(8)])
    with pytest.raises(ArgumentError, match=r"8 values; up to 7 can be told apart"):
        plots.crosshair(many, color_by="k")
    with pytest.raises(DataError, match="county"):
        plots.crosshair(studies, color_by="county")
    with pytest.raises(ArgumentError, match=r"set_index\(\"study\"\)\['country'\]"):
        plots.sroc(fit, color_by="country")
    with pytest.raises(ArgumentError, match="names no study that is drawn: Z"):
        plots.sroc(fit, color_by={"Z": 1})


def test_two_instruments_stand_side_by_side():
    rows = [("QUADAS-2", "risk_of_bias", "index_test", "unclear"),
            ("QUADAS-2", "applicability", "index_test", "low"),
            ("QUADAS-3", "risk_of_bias", "analysis", "insufficient_information")]  # fmt: skip
    judged = pd.DataFrame(rows, columns=["instrument", "aspect", "domain", "judgement"])
    judged = judged.assign(cohort_id="A")
    ax = plots.quality(judged, overall=False)
    headings = [text.get_text() for text in ax.texts if hasattr(text, "xy")]
    assert headings == ["QUADAS-2: Risk of bias", "QUADAS-2: Concern about applicability",
                        "QUADAS-3: Risk of bias"]  # fmt: skip
    assert [t.get_text() for t in ax.texts if not hasattr(t, "xy")].count("?") == 2
    bars = plots.quality(judged, kind="bars")
    ends = {round(bar.get_y(), 3): bar.get_x() + bar.get_width() for bar in bars.patches}
    assert len(ends) == 6
    assert set(ends.values()) == {100.0}
    with pytest.raises(DataError, match="'analysis' of the judgements is not known"):
        plots.quality(judged.assign(instrument="QUADAS-2"))
