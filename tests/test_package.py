"""The package as a whole: its public names, its lightness, its declared dependencies."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import backpain_stats

ROOT = Path(__file__).parents[1]
# Import name -> the declared distribution that brings it, where the names differ.
DISTRIBUTIONS = {
    "docx": "python-docx",
    "formulaic": "statsmodels",  # its own formula engine since 0.15
}


@pytest.mark.parametrize("name", backpain_stats.__all__)
def test_every_public_name_resolves_and_is_documented(name):
    assert (getattr(backpain_stats, name).__doc__ or "").strip()


@pytest.mark.parametrize("name", backpain_stats.plots.__all__)
def test_every_figure_resolves_and_is_documented(name):
    assert (getattr(backpain_stats.plots, name).__doc__ or "").strip()


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'acuracy'"):
        backpain_stats.acuracy  # noqa: B018


def test_importing_the_package_loads_nothing_heavy():
    heavy = ("matplotlib", "statsmodels", "jinja2", "pandas", "scipy", "numpy")
    code = f"import sys, backpain_stats;print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_first_use_of_a_public_function_loads_nothing_to_draw_with():
    code = (
        "import sys; from backpain_stats import TwoByTwo, RiskModel, fit_bivariate, reconstruct;"
        "print([m for m in ('matplotlib', 'statsmodels', 'jinja2') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_every_import_of_the_package_is_a_declared_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = list(project["dependencies"])
    for extra in ("citations", "cluster", "docx", "excel", "notebooks"):
        declared += project["optional-dependencies"][extra]
    names = {entry.split(">")[0].split("[")[0].strip().replace("-", "_") for entry in declared}
    used = set().union(*(_imports(path) for path in (ROOT / "backpain_stats").rglob("*.py")))
    third_party = used - set(sys.stdlib_module_names) - {"backpain_stats"}
    undeclared = {
        name for name in third_party if DISTRIBUTIONS.get(name, name).replace("-", "_") not in names
    }
    assert undeclared == set()


def test_the_version_is_the_same_everywhere():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {backpain_stats.__version__}\n" in citation
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{backpain_stats.__version__}]" in changelog


def test_each_error_is_also_a_builtin_kind():
    errors = importlib.import_module("backpain_stats.errors")
    for name in errors.__all__:
        if name != "BackpainStatsError":
            kind = getattr(errors, name)
            builtin = [base for base in kind.__mro__ if base.__module__ == "builtins"]
            assert issubclass(kind, errors.BackpainStatsError)
            assert builtin[0] is not Exception, name
