"""The face of results: text, HTML and frame say the same, and no word becomes markup."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backpain_stats as bps
from backpain_stats.result import (
    Grid,
    Result,
    Shown,
    format_proportion,
    format_ratios,
    grid_of,
)

FRAME = pd.DataFrame(
    {
        "flag_id": ["age_50", "<b>bold</b>"],
        "lr_positive": [2.6143, np.inf],
        "n": pd.array([1975, None], dtype="Int64"),
    }
)


@dataclass(frozen=True, slots=True, repr=False)
class Example(Result):
    """A result with everything a result can show."""

    frame: pd.DataFrame

    def _shown(self) -> Shown:
        facts = Grid([("method", "score"), ("level & more", "95%")])
        return Shown("Two flags <of> one study", (grid_of(self.frame), facts), ["Read 'this'."])

    def to_frame(self) -> pd.DataFrame:
        return self.frame


class Words(HTMLParser):
    """Collects the words a reader of the page sees, and the tags."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: set[str] = set()

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)


@pytest.fixture
def example() -> Example:
    return Example(FRAME)


def test_text(example: Example) -> None:
    assert str(example) == (
        "Two flags <of> one study\n"
        "\n"
        "flag_id      lr_positive     n\n"
        "age_50              2.61  1975\n"
        "<b>bold</b>     infinity\n"
        "\n"
        "method        score\n"
        "level & more  95%\n"
        "\n"
        "Read 'this'."
    )
    assert repr(example) == str(example)


def test_html_holds_the_words_of_the_text_and_no_markup_of_theirs(example: Example) -> None:
    page = Words()
    page.feed(example._repr_html_())
    assert page.tags == {"p", "table", "thead", "tbody", "tr", "th", "td"}
    assert " ".join(" ".join(page.words).split()) == " ".join(str(example).split())


def test_long_notes_are_wrapped() -> None:
    class Noted(Example):
        def _shown(self) -> Shown:
            return Shown("Title", notes=["word " * 40])

    lines = str(Noted(FRAME)).splitlines()
    assert len(lines) > 3
    assert max(map(len, lines)) <= 88


def test_columns_may_be_chosen() -> None:
    assert grid_of(FRAME, ["n"]) == Grid([["1975"], [""]], ["n"])


def test_a_result_must_say_what_it_shows() -> None:
    class Mute(Result):
        __slots__ = ()

    with pytest.raises(TypeError, match="abstract"):
        Mute()


def test_an_estimate_is_a_result() -> None:
    estimate = bps.Estimate(0.31, 0.12, 0.58, 0.95, "wilson <1927>", "sensitivity")
    assert str(estimate) == "0.310 (95% interval 0.120 to 0.580; wilson <1927>)"
    assert estimate._repr_html_() == (
        "<p>0.310 (95% interval 0.120 to 0.580; wilson &lt;1927&gt;)</p>"
    )
    assert estimate.to_frame().to_dict("records") == [estimate.as_dict()]
    after = bps.TwoByTwo(tp=7, fp=13, fn=1, tn=462).posttest(0.01)
    assert after.to_frame()["pretest"].tolist() == [0.01]


RESULTS = [
    name
    for name in bps.__all__
    if inspect.isclass(getattr(bps, name)) and issubclass(getattr(bps, name), Result)
]


@pytest.mark.parametrize("name", RESULTS)
def test_what_is_shown_is_written_in_one_place_only(name: str) -> None:
    """A class that writes its own text or markup would drift from the other face."""
    kind = getattr(bps, name)
    for face in ("__str__", "__repr__", "_repr_html_"):
        assert getattr(kind, face) is getattr(Result, face), f"{name} has its own {face}"


@given(st.lists(st.floats(1e-9, 1e6), min_size=3, max_size=3).map(sorted))
def test_a_ratio_and_its_ends_have_one_number_of_decimals(values):
    printed = format_ratios(*values)
    inside = [one for one in printed if one != ">1,000"]
    assert len({len(one.partition(".")[2]) for one in inside}) <= 1
    for value, text in zip(values, printed, strict=True):
        decimals = len(text.partition(".")[2])
        assert decimals <= 3
        assert len(text) <= len("1000.000")
        if text[0] not in "<>":
            assert float(text) > 0
            assert abs(float(text) - value) <= 0.500001 * 10**-decimals
        else:
            limit = float(text[1:].replace(",", ""))
            assert value > limit if text[0] == ">" else value < limit
        # On which side of 1 a ratio lies is told wherever three decimals tell it.
        assert round(value, 3) == 1 or text[0] in "<>" or float(text) != 1


@given(st.floats(0, 1))
def test_only_what_is_certain_is_printed_as_nought_or_one(share):
    text = format_proportion(share)
    assert (text == "0.00") is (share == 0)
    assert (text == "1.00") is (share == 1)
