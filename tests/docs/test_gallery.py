"""Every script of the gallery runs and draws, and the page shows every picture."""

import runpy
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from backpain_stats import plots

GALLERY = Path(__file__).parents[2] / "docs" / "gallery"
build = runpy.run_path(str(GALLERY / "build.py"))
SCRIPTS = build["scripts"]()
NAMES = [script.stem for script in SCRIPTS]


@pytest.fixture(autouse=True)
def _off_screen():
    with mpl.rc_context({"backend": "svg"}):
        yield
    plt.close("all")


def test_there_is_one_script_a_figure():
    assert sorted(plots.__all__) == NAMES


@pytest.mark.parametrize("script", SCRIPTS, ids=NAMES)
def test_a_script_is_short_and_draws_its_figure(script, tmp_path):
    text = script.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 25
    assert f"ax = bps.plots.{script.stem}(" in text
    image = tmp_path / "image.svg"
    build["draw"](script, image)
    shown = image.read_text(encoding="utf-8")
    assert shown.count("<path") + shown.count("<use") > 20
    assert plt.get_fignums() == []


def test_a_picture_is_the_same_file_each_time(tmp_path):
    script = GALLERY / "risk_waterfall.py"
    for name in ("first.svg", "second.svg"):
        build["draw"](script, tmp_path / name)
    assert (tmp_path / "first.svg").read_bytes() == (tmp_path / "second.svg").read_bytes()


def test_the_page_shows_every_picture():
    page = (GALLERY / "README.md").read_text(encoding="utf-8")
    assert page == build["readme"](), "run: python docs/gallery/build.py"
    images = sorted(path.stem for path in (GALLERY / "images").glob("*"))
    assert images == NAMES
    assert sum(path.stat().st_size for path in (GALLERY / "images").iterdir()) < 2_000_000
