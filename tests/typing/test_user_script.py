"""What a type checker sees of the package: one small script of a user, read by mypy and pyright.

Each checker runs once, in its strictest mode, and tells the type of every public name; a name
it does not know, or a wrong argument it lets pass, fails here.
"""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

import backpain_stats as bps

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
FOLDERS = {"bps": bps, "bps.plots": bps.plots, "bps.calibration": bps.calibration}
NAMES = [f"{folder}.{name}" for folder, module in FOLDERS.items() for name in module.__all__]
# Lines with one mistake each: every checker has to flag every one of them.
WRONG = [
    "bps.TwoByTwo(tpp=1)",
    "bps.TwoByTwo(tp=1, fp=2, fn=3, tn='4')",
    "bps.likelihood_ratios(3)",
    "bps.likelihood_ratios(evidence, bogus=True)",
    "bps.RiskModel(1, 2, 3, nonsense=True)",
    "bps.RiskModel(evidence).no_such_method()",
    "bps.plots.forest(1, 2, 3)",
    "point.posttest(0.01, result='both')",
    "evidence.select(target='cancer')",
    "bps.no_such_name",
]
# How the two checkers word what reveal_type shows.
REVEALED = re.compile(r'^(?:Revealed type|Type of "[^"]*") is "(.*)"$', re.DOTALL)
HEAD = """\
import backpain_stats as bps

def wrong(evidence: bps.Evidence, point: bps.SummaryPoint) -> None:
"""


class Checked(NamedTuple):
    """What a checker says of each name, and of each line of mistakes."""

    types: dict[str, str]
    members: dict[str, str]
    flagged: set[str]


def _members() -> list[str]:
    """Return the public methods and properties of the public classes."""
    classes = [name for name in bps.__all__ if inspect.isclass(getattr(bps, name))]
    return [
        f"bps.{name}.{member}"
        for name in classes
        for member, value in vars(getattr(bps, name)).items()
        if not member.startswith("_")
        and (inspect.isfunction(value) or isinstance(value, property | classmethod))
    ]


MEMBERS = _members()
LINES = [
    *HEAD.splitlines(),
    *(f"    {line}" for line in WRONG),
    *(f"reveal_type({name})" for name in [*NAMES, *MEMBERS]),
]


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr  # 1: there are complaints
    return done.stdout


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("user")
    (folder / "user.py").write_text("\n".join(LINES) + "\n", encoding="utf-8")
    settings = {"extraPaths": [str(ROOT)], "typeCheckingMode": "strict"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder / "user.py"


def _sorted_by_line(said: list[tuple[int, str, str]]) -> Checked:
    """Sort what was said, as (line from 1, severity, message), by the line it is about."""
    told: dict[str, str] = {}
    flagged = set()
    for number, severity, message in said:
        line = LINES[number - 1].strip()
        revealed = REVEALED.match(message)
        if revealed:
            told[line.removeprefix("reveal_type(").removesuffix(")")] = revealed[1]
        elif line in WRONG and severity == "error":
            flagged.add(line)
    types = {name: told[name] for name in NAMES if name in told}
    return Checked(types, {name: told[name] for name in MEMBERS if name in told}, flagged)


@pytest.fixture(scope="module")
def mypy(script: Path) -> Checked:
    # The cache makes the second run ten times as fast; mypy itself sees what has changed.
    cache = ROOT / ".mypy_cache" / "user_script"
    command = [
        *(sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--output=json"),
        *("--cache-dir", str(cache), "--config-file", "", script.name),
    ]
    out = _run(command, script.parent, os.environ | {"MYPYPATH": str(ROOT)})
    messages = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    return _sorted_by_line([(m["line"], m["severity"], m["message"]) for m in messages])


@pytest.fixture(scope="module")
def pyright(script: Path) -> Checked:
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
    out = json.loads(_run([*command, script.name], script.parent, dict(os.environ)))
    return _sorted_by_line(
        [
            (m["range"]["start"]["line"] + 1, m["severity"], m["message"])
            for m in out["generalDiagnostics"]
        ]
    )


@pytest.fixture(params=["mypy", "pyright"])
def checked(request: pytest.FixtureRequest) -> Checked:
    return request.getfixturevalue(request.param)


def _value(name: str) -> Any:
    folder, _, last = name.rpartition(".")
    return getattr(FOLDERS[folder], last)


def _described(name: str, text: str) -> bool:
    """Whether the text describes what the name really is when the package runs."""
    value = _value(name)
    if isinstance(value, ModuleType):
        return "Module" in text
    if inspect.isclass(value):
        return re.search(rf"\b{value.__name__}\b", text) is not None
    if inspect.isfunction(value):
        parameters = inspect.signature(value).parameters
        return all(re.search(rf"\b{parameter}: ", text) for parameter in parameters)
    # A constant: a tuple, or a mapping whatever it is made of.
    kind = "Mapping|dict" if isinstance(value, Mapping) else type(value).__name__
    return re.search(rf"\b({kind})\[", text) is not None


def test_every_public_name_has_its_real_type(checked: Checked) -> None:
    assert list(checked.types) == NAMES
    wrong = {name: text for name, text in checked.types.items() if not _described(name, text)}
    assert wrong == {}


def test_no_public_name_or_member_is_unknown(checked: Checked) -> None:
    everything = checked.types | checked.members
    assert set(everything) == {*NAMES, *MEMBERS}
    # The checkers say Any and Unknown for what they cannot see; a whole name or what a
    # function returns may be neither. An Any inside, as in dict[str, Any], is meant.
    blind = r"(^|-> )Any$|\bUnknown\b"
    assert {name: text for name, text in everything.items() if re.search(blind, text)} == {}


def test_every_mistake_is_flagged(checked: Checked) -> None:
    assert checked.flagged == set(WRONG)


def test_every_type_that_comes_back_is_public(mypy: Checked) -> None:
    """Whatever a public function, method or property returns can be named by its user."""
    returned = {
        (found, name)
        for name, text in (mypy.types | mypy.members).items()
        for found in re.findall(r"\bbackpain_stats\.[\w.]*?\.([A-Z]\w*)", text.rpartition("->")[2])
    }
    public = {*bps.__all__, *bps.calibration.__all__}
    assert {(found, name) for found, name in returned if found not in public} == set()
