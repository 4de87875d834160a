"""The decision figures by their artists: what is drawn is what the frames say."""

import io
import itertools
from dataclasses import replace

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgba

from backpain_stats import ArgumentError, DataError, RiskModel, UnknownNameError, plots
from backpain_stats import decision_curve as compute_curve
from backpain_stats import endorsement as compute_endorsement
from backpain_stats import natural_frequencies as compute_frequencies
from backpain_stats import value_of_information as compute_value
from backpain_stats.decide.endorsement import NOT_FOUND
from backpain_stats.decide.quality import DOMAINS, quality_judgements
from backpain_stats.plots.draw_endorsement import LOOKS

TABLES = pd.DataFrame(
    {
        "flag": ["cancer_history", "any_of_4"],
        "tp": [4, 13],
        "fp": [41, 785],
        "fn": [9, 0],
        "tn": [1921, 1177],
    }
)


@pytest.fixture(autouse=True)
def no_global_style():
    before = dict(mpl.rcParams)
    yield
    assert dict(mpl.rcParams) == before


@pytest.fixture
def judgements(evidence):
    rows = [
        ("deyo1988_malignancy", "patient_selection", "low", "low"),
        ("deyo1988_malignancy", "flow_and_timing", "high", pd.NA),
        ("jacobson1997_malignancy", "patient_selection", "unclear", "high"),
    ]
    columns = ["cohort_id", "domain", "risk_of_bias", "applicability"]
    frame = pd.DataFrame(rows, columns=columns, dtype="string").assign(assessor="A", reason="")
    return quality_judgements(replace(evidence, quality=frame))


def test_every_patient_is_drawn_once():
    frame = compute_frequencies(TABLES, 0.0066)
    for row in range(2):
        ax = plots.natural_frequencies(frame, row=row)
        drawn = [len(marks.get_offsets()) for marks in ax.collections]
        assert drawn == frame.iloc[row][["tp", "fp", "fn", "tn"]].to_list()
        places = np.vstack([marks.get_offsets() for marks in ax.collections])
        assert len(np.unique(places, axis=0)) == 1000


def test_icon_array_is_told_apart_without_colour():
    ax = plots.natural_frequencies(compute_frequencies(TABLES, 0.0066))
    # Each group has a shape of its own: a turned square, a square, a cross, a circle.
    shapes = {marks.get_paths()[0].vertices.round(3).tobytes() for marks in ax.collections}
    assert len(shapes) == 4
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels[0] == "2 (0 to 5) with the condition, imaging"


def test_icon_array_of_another_size_and_bad_rows():
    frame = compute_frequencies(TABLES, 0.0066, per=10_000)
    ax = plots.natural_frequencies(frame)
    assert sum(len(marks.get_offsets()) for marks in ax.collections) == 10_000
    with pytest.raises(ArgumentError, match="rows 0 to 1"):
        plots.natural_frequencies(frame, row=2)
    with pytest.raises(ArgumentError, match="too many"):
        plots.natural_frequencies(compute_frequencies(TABLES, 0.0066, per=20_000))
    unusable = pd.concat([TABLES, TABLES.iloc[[0]].assign(flag="none", tp=pd.NA)])
    with pytest.raises(DataError, match="none has no counts"):
        plots.natural_frequencies(compute_frequencies(unusable, 0.0066), row=2)
    with pytest.raises(DataError, match="lacks the column"):
        plots.natural_frequencies(TABLES)


def test_frequency_tree_adds_up():
    frame = compute_frequencies(TABLES, 0.0066, per=10_000)
    for row in range(2):
        ax = plots.frequency_tree(frame, row=row)
        *nodes, answer = ax.texts
        count = [int(one.get_text().split()[0].replace(",", "")) for one in nodes]
        assert count[0] == count[1] + count[2] == 10_000
        assert (count[1], count[2]) == (count[3] + count[4], count[5] + count[6])
        found = f"Of {count[3] + count[5]:,} with the finding, {count[3]:,} have the condition."
        assert answer.get_text() == found
        assert len(ax.lines) == 6
        plt.close("all")
    with pytest.raises(ArgumentError, match="rows 0 to 1"):
        plots.frequency_tree(frame, row=2)
    unusable = pd.concat([TABLES, TABLES.iloc[[0]].assign(flag="none", tp=pd.NA)])
    with pytest.raises(DataError, match="none has no counts"):
        plots.frequency_tree(compute_frequencies(unusable, 0.0066), row=2)


def test_decision_curve_draws_each_strategy_and_its_band():
    frame = compute_curve(TABLES, 0.0066)
    ax = plots.decision_curve(frame, per=1000, whole=True)
    for line, (name, rows) in zip(ax.lines, frame.groupby("strategy", sort=False), strict=True):
        assert line.get_label() == name.replace("_", " ")
        assert line.get_ydata() == pytest.approx(1000 * rows["estimate"].to_numpy())
        assert line.get_xdata() == pytest.approx(100 * rows["threshold"].to_numpy())
    band = ax.collections[0].get_paths()[0].vertices
    rows = frame[frame["strategy"] == "cancer_history"]
    assert band[:, 1].min() == pytest.approx(1000 * rows["ci_low"].min())
    assert band[:, 1].max() == pytest.approx(1000 * rows["ci_high"].max())
    looks = {(line.get_linestyle(), line.get_marker()) for line in ax.lines}
    assert len(looks) == len(ax.lines)
    low, high = ax.get_ylim()
    assert low < 0 < 1000 * frame["estimate"].max() < high


def test_the_axis_ends_where_no_flag_helps_any_more():
    frame = compute_curve(TABLES, 0.0066)
    helps = frame[(frame["flag_id"].notna()) & (frame["estimate"] > 0)]["threshold"].max()
    assert plots.decision_curve(frame).get_xlim()[1] == pytest.approx(120 * helps, rel=0.05)
    whole = plots.decision_curve(frame, whole=True).get_xlim()[1]
    assert whole == pytest.approx(100 * frame["threshold"].max())


def test_bands_can_be_left_out_and_flags_relabelled():
    ax = plots.decision_curve(
        compute_curve(TABLES, 0.0066), bands=False, labels={"any_of_4": "any of four"}
    )
    assert not ax.collections
    assert ax.lines[1].get_label() == "any of four"


def light_of(ax, study, place):
    """Return the sign drawn for a study at a place."""
    rows = {label.get_text(): y for label, y in zip(ax.get_yticklabels(), ax.get_yticks(),
                                                    strict=True)}  # fmt: skip
    (sign,) = [t.get_text() for t in ax.texts if t.get_position() == (place, rows[study])]
    return sign


def as_text(frame):
    return pd.read_csv(io.StringIO(frame.to_csv(index=False)))


def as_categories(frame):
    return frame.astype({"aspect": "category", "domain": "category", "judgement": "category"})


@pytest.mark.parametrize("form", [lambda frame: frame, as_text, as_categories])
def test_quality_is_in_its_order_whatever_the_types(judgements, form):
    frame = form(judgements.sample(frac=1, random_state=3))
    ax = plots.quality(frame)
    names = [label.get_text() for label in ax.get_xticklabels()]
    assert names == [
        *("Patient selection", "Flow and timing", "Overall"),
        *("Patient selection", "Overall"),
    ]
    headings = sorted((t.xy[0], t.get_text()) for t in ax.texts if hasattr(t, "xy"))
    assert [text for _, text in headings] == ["Risk of bias", "Concern about applicability"]
    left, right = ax.get_xticks()[:3], ax.get_xticks()[3:]
    assert left[0] < headings[0][0] < left[-1] < right[0] < headings[1][0] < right[-1]
    first = (
        light_of(ax, "deyo1988 malignancy", left[0]),
        light_of(ax, "deyo1988 malignancy", left[1]),
    )
    assert first == ("+", "\u2212")  # risk of bias: low in patient selection, high in flow
    assert light_of(ax, "deyo1988 malignancy", left[2]) == "\u2212"  # overall: the worst
    assert light_of(ax, "jacobson1997 malignancy", left[0]) == "?"
    assert light_of(ax, "jacobson1997 malignancy", right[0]) == "\u2212"


def test_all_risky_and_all_applicable_is_drawn_so():
    rows = [("A", "risk_of_bias", d, "high") for d in DOMAINS]
    rows += [("A", "applicability", d, "low") for d in DOMAINS[:3]]
    ax = plots.quality(pd.DataFrame(rows, columns=["cohort_id", "aspect", "domain", "judgement"]))
    places = {t.xy[0]: t.get_text() for t in ax.texts if hasattr(t, "xy")}
    signs = {x: light_of(ax, "A", x) for x in ax.get_xticks()}
    risk = next(x for x, text in places.items() if text == "Risk of bias")
    for x, sign in signs.items():
        nearest = min(places, key=lambda middle: abs(middle - x))
        assert sign == ("\u2212" if nearest == risk else "+")


def test_quality_bars_are_stacked_weighed_and_complete(judgements):
    ax = plots.quality(judgements, kind="bars", weights="n")
    rows = {}
    for bar in ax.patches:
        rows.setdefault(round(bar.get_y(), 6), []).append((bar.get_x(), bar.get_width()))
    assert len(rows) == 5  # two domains and overall, one domain and overall
    for bars in rows.values():
        ends = sorted(bars)
        assert ends[0][0] == 0
        for (start, width), (following, _) in itertools.pairwise(ends):
            assert following == pytest.approx(start + width)  # stacked, not one on another
        assert ends[-1][0] + ends[-1][1] == pytest.approx(100)
    sizes = judgements.drop_duplicates("cohort_id")["n"].astype(float)
    top = sorted(rows[min(rows)])
    assert top[0][1] == pytest.approx(100 * sizes.iloc[0] / sizes.sum())  # deyo is low, weighed
    assert "weighed by n" in ax.get_xlabel()


def test_judgements_outside_the_vocabulary_are_refused(judgements):
    with pytest.raises(DataError, match="'moderate' of the judgements is not known"):
        plots.quality(judgements.assign(judgement="moderate"))


def test_no_judgements_is_said_not_drawn(evidence):
    with pytest.raises(DataError, match=r"quality\.csv"):
        plots.quality(quality_judgements(evidence))


def test_figures_draw_where_they_are_told(judgements):
    _, axes = plt.subplots(1, 3)
    frame = compute_frequencies(TABLES, 0.0066)
    assert plots.natural_frequencies(frame, ax=axes[0]) is axes[0]
    assert plots.decision_curve(compute_curve(TABLES, 0.0066), ax=axes[1]) is axes[1]
    assert plots.quality(judgements, ax=axes[2]) is axes[2]


@pytest.fixture(scope="module")
def endorsed(evidence):
    return compute_endorsement(evidence)


def test_endorsement_map_has_a_dot_per_statement_and_a_sign_per_flag(endorsed):
    for target in ("malignancy", "fracture"):
        ax = plots.endorsement(endorsed, target=target)
        statements = endorsed.statements
        named = statements[(statements["target"] == target) & statements["flag_id"].notna()]
        pairs = named.drop_duplicates(["guideline_id", "flag_id"])
        flags = endorsed.flags[endorsed.flags["target"] == target].set_index("flag_id")
        shown = set(named["flag_id"]) | set(flags.index[flags["evidence"] == "informative"])
        *states, dots = [c for c in ax.collections if isinstance(c, PathCollection)]
        assert len(dots.get_offsets()) == len(pairs)
        assert sum(len(marks.get_offsets()) for marks in states) == len(shown)
        assert len(ax.get_yticklabels()) == len(shown)
        # Each flag has the shade and the sign of its state.
        signs = {text.get_position()[1]: text.get_text() for text in ax.texts}
        state_of = dict(zip(flags["label"], flags["evidence"], strict=True))
        expected = {"informative": "+", "inconclusive": "?", "uninformative": "\u2212",
                    "not usable": "n", NOT_FOUND: "0"}  # fmt: skip
        assert set(expected) == set(LOOKS)
        faces = {
            float(y): tuple(marks.get_facecolor()[0])
            for marks in states
            for _, y in np.asarray(marks.get_offsets())
        }
        for y, label in zip(ax.get_yticks(), ax.get_yticklabels(), strict=True):
            own = [s for name, s in state_of.items() if name.startswith(label.get_text()[:30])]
            assert signs[y] in {expected[state] for state in own}
            assert faces[y] in {to_rgba(LOOKS[state][0]) for state in own}
        assert len({fill for fill, _, _ in LOOKS.values()}) == 5
        plt.close(ax.figure)


def test_endorsement_map_needs_one_condition(evidence, endorsed):
    with pytest.raises(ArgumentError, match="choose a target"):
        plots.endorsement(endorsed)
    with pytest.raises(UnknownNameError, match="malignancy"):
        plots.endorsement(endorsed, target="malignacy")
    with pytest.raises(DataError, match="no flag is endorsed"):
        plots.endorsement(compute_endorsement(evidence, target="any_serious"))


def test_value_of_information_rises_to_an_open_mark_at_the_edge():
    model = RiskModel.from_frame(TABLES, "13/1975")
    found = compute_value(model, threshold=0.01, sizes=[100, 1000, 9000], draws=128)
    ax = plots.value_of_information(found)
    worth = found.decisions.set_index("decision")["perfect_information"]
    curves = [line for line in ax.lines if len(line.get_xdata()) == 3]
    marks = [line for line in ax.lines if len(line.get_xdata()) == 1]
    assert len(curves) == len(marks) == (worth > 0).sum()
    for curve, mark in zip(curves, marks, strict=True):
        assert curve.get_ydata()[-1] <= mark.get_ydata()[0] + 1e-12
        assert mark.get_xdata()[0] > 9000
    assert len(plots.value_of_information(found, decision="all flags").lines) == 2
    with pytest.raises(ArgumentError, match="decision is"):
        plots.value_of_information(found, decision="no such flag")


def test_nothing_worth_knowing_is_said_in_the_figure():
    model = RiskModel.from_frame(TABLES, "13/1975")
    found = compute_value(model, threshold=0.99, sizes=[100], draws=64)
    ax = plots.value_of_information(found)
    assert ["Nothing that could be learned" in text.get_text() for text in ax.texts] == [True]
