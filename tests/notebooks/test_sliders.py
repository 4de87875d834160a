"""The slider draws at its value; where widgets are missing the notebook goes on."""

import sys

import pytest
from sliders import slider


def test_says_where_the_picture_is_if_there_are_no_widgets(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    drawn = []
    slider(drawn.append, 0.2, 0.0, 0.9, label="correlation")
    assert drawn == []
    assert "picture above" in capsys.readouterr().out


@pytest.mark.parametrize(("low", "high"), [(0.001, 0.5), (0.0, 0.9)])
def test_reaches_both_ends_and_starts_where_it_is_told(monkeypatch, low, high):
    pytest.importorskip("ipywidgets", reason="pip install -e '.[notebooks]' has sliders")
    from IPython import display

    shown = []
    monkeypatch.setattr(display, "display", shown.append)
    drawn = []

    def draw(value):
        drawn.append(value)

    slider(draw, 0.2, low, high, label="value")
    (widget,) = shown
    control = widget.children[0]
    values = [value for _, value in control.options]
    assert (values[0], values[-1], control.value) == (low, high, 0.2)
    assert values == sorted(set(values))
    control.value = high
    widget.update()
    assert drawn[-1] == high
