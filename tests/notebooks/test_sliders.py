"""The slider draws at its value; where widgets are missing the notebook goes on."""

import base64
import io
import sys

import matplotlib.pyplot as plt
import pytest
from sliders import FRAMES, SPEC, slider

VALUES = [0.001, 0.02, 0.5]


def drawing(drawn):
    def draw(value):
        drawn.append(value)
        plt.figure(figsize=(2, 1))
        return f"at   {value:g}"

    return draw


@pytest.fixture
def shown(monkeypatch):
    display = pytest.importorskip("IPython.display", reason="pip install -e '.[notebooks]'")
    found = []
    monkeypatch.setattr(display, "display", lambda one, **_: found.append(one))
    monkeypatch.setattr(plt, "show", lambda: plt.close("all"))
    return found


def test_draws_once_if_there_are_no_widgets(monkeypatch, capsys, shown):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    drawn = []
    slider(drawing(drawn), VALUES, 0.02, label="prevalence")
    assert drawn == [0.02]
    assert [one.data for one in shown] == ["at 0.02"]
    assert "ipywidgets" in capsys.readouterr().out


def test_reaches_both_ends_and_starts_where_it_is_told(shown):
    pytest.importorskip("ipywidgets", reason="pip install -e '.[notebooks]' has sliders")
    drawn = []
    slider(drawing(drawn), VALUES, 0.02, label="prevalence", words="{:.1%}".format)
    widget = shown[-1]
    control = widget.children[0]
    assert list(control.options) == [("0.1%", 0.001), ("2.0%", 0.02), ("50.0%", 0.5)]
    assert control.value == 0.02
    control.value = 0.5
    widget.update()
    assert drawn[-1] == 0.5


def test_a_page_gets_every_place_as_a_picture_with_a_sentence(monkeypatch, shown):
    image = pytest.importorskip("PIL.Image", reason="matplotlib brings it")
    monkeypatch.setenv(FRAMES, "1")
    slider(drawing([]), VALUES, 0.02, label="prevalence")
    (bundle,) = shown
    spec = bundle[SPEC]
    assert spec["start"] == 1
    assert [one["text"] for one in spec["frames"]] == ["at 0.001", "at 0.02", "at 0.5"]
    for one in spec["frames"]:
        data = base64.b64decode(one["image"].removeprefix("data:image/webp;base64,"))
        assert image.open(io.BytesIO(data)).format == "WEBP"
    assert plt.get_fignums() == []


def test_a_start_between_the_places_is_refused():
    with pytest.raises(ValueError, match=r"starts at 0\.3"):
        slider(drawing([]), VALUES, 0.3, label="prevalence")
