"""Run every script of the gallery; write images/NAME.svg and README.md.

A picture that changes is looked at before it is committed.

python docs/gallery/build.py
"""

from __future__ import annotations

import ast
import contextlib
import io
import runpy
from pathlib import Path
from typing import Any

import matplotlib as mpl

from backpain_stats.report.page.svg import settled

HERE = Path(__file__).resolve().parent
IMAGES = HERE / "images"
# A fixed salt, no date, and no last digits: the same picture is the same file.
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "backpain_stats",
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
}
INTRODUCTION = """# Gallery

One short script per figure. Each takes a result of the library and returns the matplotlib Axes, so
that everything can still be changed. Made by `python docs/gallery/build.py`; the tests run every
script and compare its picture with the one shown here. Sources and limits of the figures:
[limitations](../limitations.md).
"""


def scripts() -> list[Path]:
    """Return the scripts of the gallery, by name."""
    return sorted(path for path in HERE.glob("*.py") if path.name != Path(__file__).name)


def title_and_caption(script: Path) -> tuple[str, str]:
    """Return the two parts of a script's docstring: its underlined title, and the caption."""
    docstring = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or ""
    title, _, caption = docstring.partition("\n\n")
    return title.splitlines()[0], caption


def draw(script: Path, image: Path) -> None:
    """Run a script and save its figure as SVG, by matplotlib's defaults."""
    import matplotlib.pyplot as plt

    # In the folder of the script, as the documentation runs it: its paths start there.
    with mpl.rc_context(), contextlib.chdir(HERE):
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        ax = runpy.run_path(str(script))["ax"]
        creator = f"matplotlib {mpl.__version__}"
        stream = io.StringIO()
        ax.figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": creator})
    image.write_text(settled(stream.getvalue()), encoding="utf-8", newline="\n")
    plt.close("all")


def readme() -> str:
    """Return the page that shows all pictures."""
    entries = []
    for script in scripts():
        title, caption = title_and_caption(script)
        image = f"images/{script.stem}.svg"
        entries.append(f"## {title}\n\n{caption}\n\n[![{caption}]({image})]({script.name})\n")
    return "\n".join([INTRODUCTION, *entries])


def main() -> None:
    mpl.use("svg")
    IMAGES.mkdir(exist_ok=True)
    for script in scripts():
        draw(script, IMAGES / f"{script.stem}.svg")
        print(script.stem)
    (HERE / "README.md").write_text(readme(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
