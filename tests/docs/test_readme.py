"""Every block of the README runs as printed, in a fresh environment."""

import os
import re
import runpy
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import backpain_stats as bps

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.S)
COMMANDS = [text for kind, text in BLOCKS if kind == "sh"]
examples = runpy.run_path(str(ROOT / "docs" / "run_examples.py"))
FIRST_HOW_TO = re.findall(
    r"^([a-z_]+)$", (ROOT / "docs/how_to/index.md").read_text(encoding="utf-8"), re.M
)[:3]
# The dependencies are borrowed from the environment of the tests, so that nothing is fetched. Path
# files inside it are not read: an editable install stays out of sight.
BORROWED = "import sys\nsys.path += {paths!r}\n"


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """Copy what is needed to install, as a fresh clone has it."""
    root = tmp_path_factory.mktemp("clone")
    for name in ("backpain_stats", "data"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, root)
    return root


@pytest.fixture(scope="module")
def pasted(clone, tmp_path_factory):
    """Paste the README's install line, its Python and its commands into one shell."""
    start = tmp_path_factory.mktemp("start")
    paths = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    (start / "sitecustomize.py").write_text(BORROWED.format(paths=paths), encoding="utf-8")
    (start / "first_result.py").write_text(python_block()[0], encoding="utf-8")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PIP_")},
        "PYTHONPATH": str(start),
        "PATH": f"{sys.base_prefix}/bin{os.pathsep}{os.environ['PATH']}",
        "PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0",
        "PIP_IGNORE_INSTALLED": "1", "PIP_QUIET": "1", "MPLBACKEND": "Agg",
    }  # fmt: skip
    install = next(text for text in COMMANDS if "pip install" in text and "uv" not in text)
    commands = next(text for text in COMMANDS if text.startswith("backpain-stats"))
    pages = [ROOT / "docs" / "how_to" / f"{stem}.md" for stem in FIRST_HOW_TO]
    script = "\n".join(
        ["set -e", install, "echo ---", f"python {start}/first_result.py", "echo ---", commands,
         "echo ---", *(f"python -m doctest '{page}'" for page in pages),
         "cd / && python -c 'import backpain_stats; print(backpain_stats.__file__)'"]
    )  # fmt: skip
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [part.strip("\n") for part in done.stdout.split("---\n")]


def python_block():
    """Return the README's Python, and what it says that this prints."""
    (found,) = [block for block in examples["PASTED"].finditer(README) if block["output"]]
    return found["code"], found["output"].strip("\n")


def test_a_newcomer_sees_what_is_shown(pasted, clone):
    # One test: the fresh environment takes the time, and two workers would make it twice.
    code, shown = python_block()
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    _, first_result, by_command, installed = pasted
    advice = "look at what changed, and if it is right run: python docs/run_examples.py"
    assert first_result == shown, advice
    tables, risk = shown.split("\nRisk of")
    assert tables in by_command
    assert f"Risk of{risk}" in by_command
    assert str(clone / ".venv") in installed


def test_the_make_blocks_name_targets():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"\bmake (\w[\w-]*)  ", "\n".join(COMMANDS)))
    assert named >= {"report", "test", "docs"}
    assert {name for name in named if not re.search(rf"^{name}:", makefile, re.M)} == set()


def test_every_block_was_thought_of():
    # A block of another kind would be run by nobody: add it to the tests above.
    kinds = sorted(kind for kind, _ in BLOCKS)
    assert kinds == ["powershell", "python", *["sh"] * 4, "text"]


def test_what_it_says_of_most_flags_is_so():
    assert "For most of them, no\nusable figure stands in the sources read here." in README
    verdicts = bps.endorsement(bps.load_evidence()).flags["verdict"]
    endorsed = verdicts[verdicts.str.startswith("endorsed")]
    assert endorsed.str.contains("no usable figure").mean() > 0.5


def test_links_and_versions_are_right():
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert {link for link in links if not (ROOT / link).exists()} == set()
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"Version {bps.__version__}." in README
    assert f"\nversion: {bps.__version__}\n" in citation
