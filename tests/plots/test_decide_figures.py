"""The decision figures by their artists: what is drawn is what the frames say."""

from dataclasses import replace

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from backpain_stats import ArgumentError, DataError, UnknownNameError, plots
from backpain_stats import decision_curve as compute_curve
from backpain_stats import endorsement as compute_endorsement
from backpain_stats import natural_frequencies as compute_frequencies
from backpain_stats.decide.quality import quality_judgements

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
    assert labels[0] == "2 (0 to 5) found: diseased and imaged"


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


def test_decision_curve_draws_each_strategy_and_its_band():
    frame = compute_curve(TABLES, 0.0066)
    ax = plots.decision_curve(frame, per=1000)
    for line, (name, rows) in zip(ax.lines, frame.groupby("strategy", sort=False), strict=True):
        assert line.get_label() == name
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


def test_bands_can_be_left_out_and_flags_relabelled():
    ax = plots.decision_curve(
        compute_curve(TABLES, 0.0066), bands=False, labels={"any_of_4": "any of four"}
    )
    assert not ax.collections
    assert ax.lines[1].get_label() == "any of four"


def test_quality_lights_and_bars(judgements):
    ax = plots.quality(judgements)
    assert len(ax.collections) == len(judgements) == 5
    signs = sorted(text.get_text() for text in ax.texts)
    assert signs == sorted(["+", "+", "\u2212", "?", "\u2212"])
    bars = plots.quality(judgements, kind="bars", weights="n")
    widths = pd.Series([(bar.get_y(), bar.get_width()) for bar in bars.patches])
    totals = pd.DataFrame(widths.to_list()).groupby(0)[1].sum()
    assert totals.to_numpy() == pytest.approx(100)


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


def test_endorsement_map_has_a_square_a_statement_and_a_flag(endorsed):
    for target in ("malignancy", "fracture"):
        ax = plots.endorsement(endorsed, target=target)
        statements = endorsed.statements
        named = statements[(statements["target"] == target) & statements["flag_id"].notna()]
        pairs = named.drop_duplicates(["guideline_id", "flag_id"])
        flags = endorsed.flags[endorsed.flags["target"] == target].set_index("flag_id")
        shown = set(named["flag_id"]) | set(flags.index[flags["evidence"] == "informative"])
        assert len(ax.patches) == len(pairs) + len(shown)
        assert len(ax.get_yticklabels()) == len(shown)
        # The sign says what the shade says.
        fills = {
            (patch.get_facecolor(), text.get_text())
            for patch, text in zip(ax.patches, ax.texts, strict=True)
        }
        assert len(fills) == len({sign for _, sign in fills})
        plt.close(ax.figure)


def test_endorsement_map_needs_one_condition(evidence, endorsed):
    with pytest.raises(ArgumentError, match="choose a target"):
        plots.endorsement(endorsed)
    with pytest.raises(UnknownNameError, match="malignancy"):
        plots.endorsement(endorsed, target="malignacy")
    with pytest.raises(DataError, match="no flag is endorsed"):
        plots.endorsement(compute_endorsement(evidence, target="any_serious"))
