"""``manifest.json``: what the runs that wrote a folder wrote, and with which contents.

A file that stands there unchanged is this package's to replace or remove. Everything else in the
folder is somebody's: a file of another program, or one that a person has changed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from backpain_stats.checks import listed
from backpain_stats.errors import ArgumentError
from backpain_stats.outputs.stamp import Stamp

__all__ = ["MANIFEST", "files_below", "known_files", "obsolete_files", "refuse_foreign",
           "write_manifest"]  # fmt: skip

MANIFEST = "manifest.json"
_MARK = "backpain_stats"


def files_below(folder: Path) -> list[str]:
    """Return the names of all files, links included, in a fixed order."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_symlink() or not path.is_dir()
    )


def known_files(folder: Path) -> dict[str, str]:
    """Return what the runs listed in the manifest of a folder wrote, itself included, as hashes."""
    runs = _runs(folder)
    known = {MANIFEST: _hash(folder / MANIFEST) or ""} if runs else {}
    return known | {name: digest for run in runs for name, digest in run["files"].items()}


def obsolete_files(folder: Path, known: dict[str, str], written: Iterable[str]) -> list[str]:
    """Return what earlier runs wrote, nobody changed, and this run does not write."""
    left = sorted(set(known) - set(written))
    return [name for name in left if _hash(folder / name) == known[name]]


def refuse_foreign(
    names: Iterable[str], folder: Path, known: dict[str, str], staging: Path | None = None
) -> None:
    """Refuse to replace a file that is not this package's, unless it holds the very same.

    Parameters
    ----------
    names : iterable of str
        What is to be written.
    folder : pathlib.Path
        Where.
    known : dict
        What earlier runs wrote there.
    staging : pathlib.Path, optional
        Where the new files stand, once they are made.

    Raises
    ------
    ArgumentError
        That names them.
    """
    foreign = []
    for name in names:
        if not os.path.lexists(folder / name):
            continue
        digest = _hash(folder / name)
        allowed = {known.get(name), _hash(staging / name) if staging else None}
        if digest is None or digest not in allowed:
            foreign.append(name)
    if foreign:
        raise ArgumentError(
            f"{str(folder)!r} holds {listed(foreign)}: no earlier run wrote "
            "it, or it was changed since. Nothing was written; give another folder, or --force "
            "(force=True) to replace what is there"
        )


def write_manifest(
    staging: Path,
    names: Iterable[str],
    stamp: Stamp,
    *,
    to_fill_in: Iterable[str] = (),
    beside: Path | None = None,
) -> None:
    """Write the manifest of a run.

    Parameters
    ----------
    staging : pathlib.Path
        Where its files stand.
    names : iterable of str
        What it wrote.
    stamp : Stamp
        What made them.
    to_fill_in : iterable of str
        Those of them that are a person's from now on.
    beside : pathlib.Path, optional
        The folder to which the files are added: its other runs stay listed.
    """
    theirs = sorted(to_fill_in)
    files = {name: _hash(staging / name) for name in names if name not in theirs}
    runs = [] if beside is None else _runs(beside)
    for run in runs:
        run["files"] = {name: digest for name, digest in run["files"].items() if name not in files}
    runs = [run for run in runs if run["files"]]
    runs.append({**stamp.to_dict(), "files": files, "to_fill_in": theirs})
    text = json.dumps({"made_by": _MARK, "runs": runs}, indent=1) + "\n"
    (staging / MANIFEST).write_text(text, encoding="utf-8", newline="\n")


def _runs(folder: Path) -> list[dict[str, Any]]:
    """Return the runs that the manifest of a folder lists; none if it is not of this package."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        runs = manifest["runs"] if manifest["made_by"] == _MARK else []
        return [dict(run) for run in runs if isinstance(run["files"], dict)]
    except (OSError, ValueError, LookupError, TypeError):
        return []


def _hash(path: Path) -> str | None:
    """Return the SHA-256 of a file; None of what is no regular file."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
