"""Every script of the gallery draws the picture that is shown, and the page shows them all."""

import re
import runpy
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from backpain_stats import plots
from backpain_stats.report.page.svg import settled

GALLERY = Path(__file__).parents[2] / "docs" / "gallery"
build = runpy.run_path(str(GALLERY / "build.py"))
SCRIPTS = build["scripts"]()
NAMES = [script.stem for script in SCRIPTS]
NUMBER = re.compile(r"-?\d+\.?\d*(?:e-?\d+)?")
# In points, of pictures hundreds of points wide: what the last bits of processors and libraries
# change in a fitted or sampled value lies far below it, and a hair's breadth (0.35 points) above.
TOLERANCE = 0.1


@pytest.fixture(autouse=True)
def _off_screen():
    with mpl.rc_context({"backend": "svg"}):
        yield
    plt.close("all")


def pieces(image):
    """Return a picture as a list of what is drawn, each with its numbers apart.

    Identifiers of matplotlib's are hashes of what they name: a rounding would change them.
    """
    root = ElementTree.parse(image).getroot()
    seen: dict[str, str] = {}
    listed = []
    for element in root.iter():
        if element.tag.rsplit("}")[-1] in ("metadata", "RDF", "Work", "format", "type", "Agent",
                                           "creator", "title"):  # fmt: skip
            continue
        words, numbers = [element.tag.rsplit("}")[-1], (element.text or "").strip()], []
        for key, raw in sorted(element.attrib.items()):
            value = re.sub(
                r"(?<=#)[\w.]+|^[a-z][0-9a-f]{10}$",
                lambda found: seen.setdefault(found[0], f"id{len(seen)}"),
                raw,
            ) if "url(#" in raw or raw.startswith("#") or key == "id" else raw  # fmt: skip
            colours = re.findall(r"#[0-9a-f]{6}", value) if key == "style" else []
            for colour in colours:
                value = value.replace(colour, "")
            words += [key, *colours]
            if key in ("d", "x", "y", "transform", "width", "height", "viewBox", "style"):
                numbers += [float(number) for number in NUMBER.findall(value)]
                value = NUMBER.sub("", value)
            words.append(" ".join(value.split()))
        listed.append((words, numbers))
    return listed


def creator(image):
    return re.search(r"matplotlib (\d+\.\d+)", image.read_text(encoding="utf-8"))[1]


def test_there_is_one_script_a_figure():
    assert sorted(plots.__all__) == NAMES


@pytest.mark.parametrize("script", SCRIPTS, ids=NAMES)
def test_a_script_is_short_and_draws_the_picture_shown(script, tmp_path):
    text = script.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 30
    assert f"ax = bps.plots.{script.stem}(" in text
    image = tmp_path / "image.svg"
    build["draw"](script, image)
    assert plt.get_fignums() == []
    shown = GALLERY / "images" / f"{script.stem}.svg"
    drawn, expected = pieces(image), pieces(shown)
    assert len(expected) > 60
    if creator(shown) != ".".join(mpl.__version__.split(".")[:2]):
        pytest.skip(f"the pictures are matplotlib {creator(shown)}'s, which orders elements anew")
    advice = "look at it, and if it is right run: python docs/gallery/build.py"
    assert [words for words, _ in drawn] == [words for words, _ in expected], advice
    for (words, made), (_, known) in zip(drawn, expected, strict=True):
        assert len(made) == len(known)
        np.testing.assert_allclose(
            made, known, rtol=0, atol=TOLERANCE, err_msg=f"{words}; {advice}"
        )


def test_a_picture_is_the_same_file_each_time(tmp_path):
    script = GALLERY / "risk_waterfall.py"
    for name in ("first.svg", "second.svg"):
        build["draw"](script, tmp_path / name)
    assert (tmp_path / "first.svg").read_bytes() == (tmp_path / "second.svg").read_bytes()


def test_no_picture_hangs_on_its_last_digits():
    for image in (GALLERY / "images").glob("*.svg"):
        text = image.read_text(encoding="utf-8")
        assert settled(text) == text, f"{image.name}: run python docs/gallery/build.py"


def test_the_page_shows_every_picture():
    page = (GALLERY / "README.md").read_text(encoding="utf-8")
    assert page == build["readme"](), "run: python docs/gallery/build.py"
    images = sorted(path.stem for path in (GALLERY / "images").glob("*"))
    assert images == NAMES
    assert sum(path.stat().st_size for path in (GALLERY / "images").iterdir()) < 1_000_000
