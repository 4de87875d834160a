"""Every notebook runs as a student would run it, warnings as errors, and is paired."""

import json
import re

import nbformat
import pytest

pytest.importorskip("nbclient", reason="pip install -e '.[notebooks]' runs the notebooks")

import render

SOURCES = render.sources()
NAMES = [source.stem for source in SOURCES]
# What Python shows of an object that has no words for itself.
RAW = re.compile(r"<[\w.]+ (object )?at 0x|^<Axes|^<Figure|^\(?array\(|^Text\(")


def outputs(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_runs_from_top_to_bottom(source):
    notebook = render.execute(render.read(source))  # raises at the first error or warning
    shown = outputs(notebook)
    assert [one for one in shown if one.get("name") == "stderr"] == []
    assert [one for one in shown if one["output_type"] == "error"] == []  # inside a slider
    plain = [
        one["data"]["text/plain"] for one in shown if set(one.get("data", {})) == {"text/plain"}
    ]
    assert [text for text in plain if RAW.search(text)] == []
    asked = [one for one in shown if "data-exercise=" in str(one.get("data", ""))]
    assert len(asked) == source.read_text(encoding="utf-8").count("\ncheck(")
    page, data = render.body(notebook)
    assert len(data["exercises"]) == len(asked)
    assert "data-exercise" in page
    # Every cell of code is folded, and the page has no style that its policy would refuse.
    assert page.count('<details class="code">') == page.count('<div class="input_area')
    assert not re.search(r"<[^>]* style=|<style", page)
    assert all('alt="No desc' not in image for image in re.findall("<img[^>]*>", page, re.DOTALL))
    assert all("alt=" in image for image in re.findall("<img[^>]*>", page, re.DOTALL))


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_the_paired_file_is_the_source_without_outputs(source):
    text = source.with_suffix(".ipynb").read_text(encoding="utf-8")
    assert text == render.paired(source), "run: python notebooks/render.py --pair"
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert outputs(notebook) == []
    assert {
        cell["execution_count"] for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"
    } == {None}


def test_the_course_is_numbered_without_gaps():
    assert sorted(name[:2] for name in NAMES) == [f"{one:02d}" for one in range(len(NAMES))]
    assert [name[:2] for name in NAMES] == list(render.ORDER)


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_begins_with_promises_and_ends_with_a_summary_and_references(source):
    notebook = render.read(source)
    title, promises = render.opening(notebook)
    assert title.startswith(f"{source.stem[:2]} · ")
    assert len(promises) >= 3
    assert [one["title"] for one in render.headings(notebook)][-2:] == [
        "What to remember",
        "References",
    ]


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_links_lead_to_notebooks_that_exist(source):
    text = source.read_text(encoding="utf-8")
    linked = re.findall(r"\]\(([\w.]+\.ipynb)\)", text)
    assert {name for name in linked if not (render.HERE / name).exists()} == set()


def test_a_slider_becomes_a_figure_with_its_data_beside():
    frames = [
        {"value": f"{one}%", "text": f"at <{one}>", "image": "data:image/webp;base64,UklGRg=="}
        for one in range(3)
    ]
    spec = {"label": "prevalence", "start": 1, "frames": frames}
    output = nbformat.v4.new_output("display_data", {render.SPEC: spec, "text/plain": "slider"})
    cell = nbformat.v4.new_code_cell("slider(...)", outputs=[output])
    page, data = render.body(nbformat.v4.new_notebook(cells=[cell]))
    assert data["sliders"] == [{"frames": frames}]
    assert 'alt="at &lt;1&gt;"' in page
    (control,) = re.findall(r"<input[^>]*>", page)
    assert {'min="0"', 'max="2"', 'value="1"'} <= set(control.strip("</>").split())


def test_names_of_notebooks_are_checked(capsys):
    with pytest.raises(SystemExit):
        render.main(["99"])
    assert "no such notebook: ['99']" in capsys.readouterr().err


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_the_rendered_page_has_every_heading_of_the_notebook(source):
    page = (render.OUT / f"{source.stem}.html").read_text(encoding="utf-8")
    title, _ = render.opening(render.read(source))
    assert f"<h1>{title}</h1>" in page
    for heading in render.headings(render.read(source)):
        assert page.count(f'id="{heading["id"]}"') == 1, "run: make notebooks"
        assert f'href="#{heading["id"]}"' in page
    assert f'href="{source.stem}.html"' in (render.OUT / "index.html").read_text(encoding="utf-8")


def test_pages_of_the_course_can_be_written(tmp_path, monkeypatch):
    # The course borrows the style sheets of the reports, which may move.
    import render

    monkeypatch.setattr(render, "OUT", tmp_path)
    render.write_index()
    page = (tmp_path / "index.html").read_text("utf-8")
    assert page.count("<li><a href=") == len(render.sources())
    assert "&lt;h2" not in page
    style = (tmp_path / "course.css").read_text("utf-8")
    assert ".highlight" in style
    assert "--panel:" in style
    assert 'href="course.css"' in page
    policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:"
    assert f'Content-Security-Policy" content="{policy}' in page
    assert "<style" not in page
