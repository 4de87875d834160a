"""Figures for a file have the same bytes whatever the user's settings, style and backend."""

import os
import subprocess
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest

from backpain_stats import plots
from backpain_stats.report.page.parts import FigurePart
from backpain_stats.report.page.svg import figure_svg

JUDGED = pd.DataFrame(
    {"cohort_id": ["A"], "aspect": "risk_of_bias", "domain": "index_test", "judgement": "low"}
)
PART = FigurePart("quality", "Quality", "one study", lambda: plots.quality(JUDGED))
DRAW = """
import hashlib, pandas as pd
from backpain_stats import plots
from backpain_stats.report.page.parts import FigurePart
from backpain_stats.report.page.svg import figure_svg
judged = pd.DataFrame({"cohort_id": ["A"], "aspect": "risk_of_bias", "domain": "index_test",
                       "judgement": "low"})
print(hashlib.sha256(figure_svg(FigurePart("q", "Q", "one", lambda: plots.quality(judged)))
      .encode()).hexdigest())
"""


def test_settings_in_force_have_no_say_and_stay():
    plain = figure_svg(PART)
    before = dict(mpl.rcParams)
    with mpl.rc_context({"axes.facecolor": "black", "font.size": 30, "svg.fonttype": "path"}):
        inside = dict(mpl.rcParams)
        assert figure_svg(PART) == plain
        assert dict(mpl.rcParams) == inside
    with plt.xkcd():
        assert figure_svg(PART) == plain
    assert dict(mpl.rcParams) == before


def test_pyplot_knows_nothing_of_a_figure_for_a_file():
    known = plt.get_fignums()
    with plots.off_screen():
        ax = plots.quality(JUDGED)
        assert type(ax.figure.canvas).__name__ == "FigureCanvasAgg"
    assert plt.get_fignums() == known


@pytest.mark.parametrize("backend", ["nonsense", "TkAgg", "svg"])
def test_a_matplotlibrc_and_a_backend_have_no_say(tmp_path, backend):
    (tmp_path / "matplotlibrc").write_text("axes.facecolor: black\ntext.usetex: True\n")
    paths = os.pathsep.join(sys.path)
    made = {}
    for folder, extra in ((tmp_path, {"MPLBACKEND": backend}), (tmp_path.parent, {})):
        environment = {**os.environ, "PYTHONPATH": paths, **extra}
        if not extra:
            environment.pop("MPLBACKEND", None)
        done = subprocess.run([sys.executable, "-c", DRAW], cwd=folder, env=environment,
                              capture_output=True, text=True, check=False)  # fmt: skip
        assert done.returncode == 0, done.stderr
        made[folder] = done.stdout
    assert len(set(made.values())) == 1
