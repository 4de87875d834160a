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
    assert sorted(asked) == sorted(EXERCISES)
    for source in render.sources():
        number = source.stem[:2]
        own = [EXERCISES[name] for name in asked if name.startswith(number)]
        assert 2 <= len(own) <= 4
        assert any(one.options for one in own), "one exercise at least asks for judgement"


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
    return 3.21 * float(solution) + 1.23


def test_any_other_answer_gets_the_hint(name):
    exercise = EXERCISES[name]
    if exercise.options:
        reply = check(name, "z")
        assert (reply.state, "a letter from a to" in reply.message) == ("wrong", True)
        assert len(exercise.mistakes) == len(exercise.options) - 1
        return
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
    assert all(html.escape(one) in reply._repr_html_() for one in EXERCISES[name].options)


def test_the_worked_solution_ends_at_the_solution(name):
    exercise = EXERCISES[name]
    text = exercise.worked()
    assert len(text.split()) >= 5
    if not exercise.options:
        numbers = [
            float(number.replace(",", "")) / (100 if sign else 1)
            for number, sign in re.findall(r"(\d[\d,]*(?:\.\d+)?)(%?)", text)
        ]
        assert any(check(name, number).correct for number in numbers)


@pytest.mark.parametrize("answer", [object(), [], {"a": 1}, True])
def test_an_answer_of_the_wrong_kind_is_told_what_is_wanted(name, answer):
    reply = check(name, answer)
    assert reply.state == "wrong"
    wanted = "a letter from a to" if EXERCISES[name].options else "a number"
    assert reply.message.startswith(f"The answer should be {wanted}")


def test_percent_is_recognised_where_a_probability_is_asked_and_only_there(name):
    exercise = EXERCISES[name]
    if exercise.options:
        return
    solution = exercise.solve()
    in_percent = "Right in percent" in check(name, 100 * solution).message
    assert in_percent == exercise.probability
    assert exercise.probability <= (0 < solution < 1)


@pytest.mark.parametrize("written", ["3.68%", "0.0368", " 3.68 % ", "36.8/1000", 0.0368])
def test_numbers_may_be_written_as_people_write_them(written):
    # Of 1.8 + 49.9 positive patients 1.8 have the disease: 3.48%.
    assert not check("00.1", written).correct
    right = str(written).replace("3.68", "3.48").replace("36.8", "34.8").replace("0368", "0348")
    assert check("00.1", right).correct


@pytest.mark.parametrize("written", ["", "about 5", "5/0", "1e", "%", "nan"])
def test_what_is_no_number_is_told_so(written):
    assert check("00.1", written).message.startswith("The answer should be a number")


def test_not_a_number_is_not_right():
    assert not check("01.2", math.nan).correct


@pytest.mark.parametrize("answer", ["B", " b ", "b)", "b."])
def test_a_letter_may_be_written_in_several_ways(answer):
    assert check("00.2", answer).correct


def test_results_of_the_library_are_answers():
    table = bps.TwoByTwo(tp=8, fp=1, fn=2, tn=9)  # sensitivity 0.80, specificity 0.90
    ratio = table.summary().set_index("measure").loc[["lr_negative"], "estimate"]
    for answer in (table.lr_negative(), ratio, ratio.to_numpy(), ratio.iloc[0]):
        assert check("01.2", answer).correct


def test_an_unknown_exercise_names_the_known_ones():
    reply = check("09.9", 1)
    assert reply.message.startswith("There is no exercise '09.9'. Exercises: 00.1, ")


def test_the_reply_is_escaped():
    assert "&lt;b&gt;" in Reply("wrong", "<b>")._repr_html_()


def test_references_come_from_the_evidence():
    evidence = bps.load_evidence()
    cited = references(evidence, "deyo1988")
    assert "Cancer as a cause of back pain" in repr(cited)
    assert "<https://doi.org/10.1007/BF02596337>" in cited._repr_markdown_()
    with pytest.raises(bps.UnknownNameError, match="no such source: \\['nobody1999'\\]"):
        references(evidence, "deyo1988", "nobody1999")
