"""Each exercise is fed its solution, its known mistakes and nonsense, and the reply is read."""

import html
import math
import re

import pytest
from exercises import Reply, all_exercises, check
from references import references

import backpain_stats as bps

render = pytest.importorskip("render", reason="pip install -e '.[notebooks]' reads notebooks")

EXERCISES = all_exercises()


@pytest.fixture(scope="module", params=EXERCISES)
def name(request):
    """Return one exercise after the other; its tests run together, so it is solved once."""
    return request.param


def test_notebooks_and_solutions_have_the_same_exercises():
    asked = [
        name
        for source in render.sources()
        for name in re.findall(r'^check\("([\d.]+)", \.\.\.\)', source.read_text(), re.MULTILINE)
    ]
    assert asked == sorted(EXERCISES)
    for source in render.sources():
        number = source.stem[:2]
        assert 2 <= sum(name.startswith(number) for name in asked) <= 4


def test_the_solution_is_right(name):
    exercise = EXERCISES[name]
    reply = check(name, exercise.solve())
    assert reply.correct
    assert reply.message == exercise.reason
    assert repr(reply).startswith("Right. ")


def test_every_known_mistake_is_recognised(name):
    exercise = EXERCISES[name]
    for mistake in exercise.mistakes:
        reply = check(name, mistake.answer())
        assert (reply.state, reply.message) == ("wrong", mistake.hint)
        assert repr(reply).startswith("Not yet. ")
    hints = [mistake.hint for mistake in exercise.mistakes]
    assert len({*hints, exercise.hint}) == 1 + len(hints)


def wrong(solution):
    if isinstance(solution, str):
        return {"yes": "no", "no": "yes"}.get(solution, "a_flag_that_is_not_there")
    return 3.21 * float(solution) + 1.23


def test_any_other_answer_gets_the_hint(name):
    exercise = EXERCISES[name]
    reply = check(name, wrong(exercise.solve()))
    assert (reply.state, reply.message) == ("wrong", exercise.hint)


def test_an_answer_to_three_digits_is_right(name):
    solution = EXERCISES[name].solve()
    printed = solution if isinstance(solution, str) else f"{solution:.3g}"
    assert check(name, printed).correct


def test_dots_show_the_question(name):
    reply = check(name, ...)
    assert (reply.state, reply.correct) == ("open", False)
    assert EXERCISES[name].question in reply.message
    assert html.escape(EXERCISES[name].question) in reply._repr_html_()


@pytest.mark.parametrize("answer", [object(), [], {"a": 1}, True])
def test_an_answer_of_the_wrong_kind_is_told_what_is_wanted(name, answer):
    reply = check(name, answer)
    assert reply.state == "wrong"
    wanted = "a word in quotes" if isinstance(EXERCISES[name].solve(), str) else "a number"
    assert reply.message.startswith(f"The answer should be {wanted}")


def test_a_fraction_given_in_percent_is_recognised():
    replies = [check(name, 100 * EXERCISES[name].solve()) for name in ("00.3", "01.4", "03.3")]
    assert all("Right in percent" in reply.message for reply in replies)


def test_not_a_number_is_not_right():
    assert not check("01.2", math.nan).correct


def test_results_of_the_library_are_answers():
    table = bps.TwoByTwo(tp=10, fp=4, fn=0, tn=6)
    ratio = table.summary().set_index("measure").loc[["lr_positive"], "estimate"]
    for answer in (table.lr_positive(), ratio, ratio.to_numpy(), ratio.iloc[0]):
        assert check("01.2", answer).correct


def test_an_unknown_exercise_names_the_known_ones():
    reply = check("07.9", 1)
    assert reply.message.startswith("There is no exercise '07.9'. Exercises: 00.1, ")


def test_the_reply_is_escaped():
    assert "&lt;b&gt;" in Reply("wrong", "<b>")._repr_html_()


def test_references_come_from_the_evidence():
    evidence = bps.load_evidence()
    cited = references(evidence, "deyo1988")
    assert "Cancer as a cause of back pain" in repr(cited)
    assert "<https://doi.org/10.1007/BF02596337>" in cited._repr_markdown_()
    with pytest.raises(bps.UnknownNameError, match="no such source: \\['nobody1999'\\]"):
        references(evidence, "deyo1988", "nobody1999")
