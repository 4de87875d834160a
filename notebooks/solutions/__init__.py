"""The solutions of all notebooks; see ``exercises.py``."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from exercises import Exercise

EXERCISES: dict[str, Exercise] = {}
for _module in sorted(Path(__file__).parent.glob("notebook_*.py")):
    EXERCISES |= import_module(f"solutions.{_module.stem}").EXERCISES
