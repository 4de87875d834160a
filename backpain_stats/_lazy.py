"""Public names that are loaded when first used, listed once: in the stub of their package."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["attach"]


def attach(
    package: str, file: str
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return ``__getattr__``, ``__dir__`` and ``__all__`` of a package with a stub (PEP 562).

    The stub ``__init__.pyi`` beside ``file`` imports every public name, as
    ``from .room import name as name``. Type checkers and editors read it as it stands; here
    it says which module a name is loaded from. There is no second list to keep in step.

    Parameters
    ----------
    package : str
        ``__name__`` of the package.
    file : str
        Its ``__file__``.
    """
    text = Path(file).with_suffix(".pyi").read_text(encoding="utf-8")
    room_of = {
        alias.name: node.module
        for node in ast.parse(text).body
        if isinstance(node, ast.ImportFrom) and node.level == 1
        for alias in node.names
    }

    def load(name: str) -> Any:
        if name not in room_of:
            message = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(message, name=name, obj=sys.modules[package])
        if room_of[name] is None:  # from . import room
            return importlib.import_module(f"{package}.{name}")
        room = importlib.import_module(f"{package}.{room_of[name]}")
        if not hasattr(room, name):  # a module of the room
            return importlib.import_module(f"{room.__name__}.{name}")
        value = getattr(room, name)
        setattr(sys.modules[package], name, value)
        return value

    return load, lambda: sorted(room_of), list(room_of)
