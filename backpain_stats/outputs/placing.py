"""The files of a run take the place of those of an earlier run."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from backpain_stats.outputs.manifest import files_below

__all__ = ["beside", "exchange_folders", "move_each"]

# A folder with more files of others than this is no folder of results: it is not renamed.
MOST_CARRIED = 2_000


def beside(folder: Path, suffix: str) -> Path:
    """Return a name beside a folder, or inside where nothing can be made beside it."""
    inside = folder.is_dir() and not os.access(folder.parent, os.W_OK)
    return (folder if inside else folder.parent) / f".{folder.name}.{suffix}"


def exchange_folders(staging: Path, folder: Path, ours: Iterable[str]) -> bool:
    """Let the new folder and the old one change places in one step, where that can be done.

    Parameters
    ----------
    staging : pathlib.Path
        The new folder. Afterwards the old one stands here.
    folder : pathlib.Path
        The old one.
    ours : iterable of str
        The files of the old folder that the new one replaces or leaves out; all others are
        carried over, as links to the same contents.

    Returns
    -------
    bool
        Whether it was done. If not, both are as they were.
    """
    if sys.platform not in ("linux", "darwin") or staging.parent == folder:
        return False
    mine, new = set(ours), set(files_below(staging))
    try:
        carried = _carry_others(staging, folder, mine)
        done = len(carried) <= MOST_CARRIED and _exchange(staging, folder)
    except OSError:  # no such links in this file system
        done = False
    if not done:
        for name in set(files_below(staging)) - new:
            (staging / name).unlink()
        return False
    # What others saved into the old folder after it was looked at.
    for name in set(files_below(staging)) - mine:
        before = carried.get(name)
        if before is None or not os.path.samestat((staging / name).lstat(), before):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(staging / name, folder / name)
    return True


def _carry_others(staging: Path, folder: Path, mine: set[str]) -> dict[str, os.stat_result]:
    """Link what is not mine into the new folder, as far as it is allowed to go."""
    carried: dict[str, os.stat_result] = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if name in mine or len(carried) > MOST_CARRIED:
            continue
        there = staging / name
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                there.mkdir(parents=True, exist_ok=True)
            continue
        there.parent.mkdir(parents=True, exist_ok=True)
        os.link(path, there, follow_symlinks=False)
        carried[name] = there.lstat()
    shutil.copymode(folder, staging)
    return carried


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change places in one step; say whether the system could.

    The calls are renameat2 with RENAME_EXCHANGE and renamex_np with RENAME_SWAP; Python has
    neither.
    """
    paths, swap, here = (os.fsencode(one), os.fsencode(other)), ctypes.c_uint(2), -100
    system = ctypes.CDLL(None)
    if sys.platform == "linux":
        call, arguments = "renameat2", (here, paths[0], here, paths[1], swap)
    else:
        call, arguments = "renamex_np", (*paths, swap)
    function = getattr(system, call, None)  # not in every C library
    return function is not None and function(*arguments) == 0


def move_each(
    staging: Path, folder: Path, names: Sequence[str], last: Sequence[str], obsolete: Sequence[str]
) -> None:
    """Move the files one by one, each in one step; on an error put the old ones back.

    Parameters
    ----------
    staging : pathlib.Path
        Where the new files stand.
    folder : pathlib.Path
        Where they go.
    names : sequence of str
        Those that are moved first.
    last : sequence of str
        Those that are moved last: the page, then the manifest. While others change, no old page
        stands over them.
    obsolete : sequence of str
        Files of the folder to remove.
    """
    old = beside(folder, "old")
    put: list[str] = []

    def keep(name: str) -> None:
        if os.path.lexists(folder / name) and not os.path.lexists(old / name):
            (old / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(folder / name, old / name, follow_symlinks=False)

    try:
        old.mkdir(exist_ok=True)
        removed = [*(last[:-1] if names or obsolete else []), *obsolete]
        for name in removed:
            keep(name)
            (folder / name).unlink(missing_ok=True)
        for name in (*names, *last):
            keep(name)
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(staging / name, folder / name)
            put.append(name)
    except BaseException:
        for name in put:
            (folder / name).unlink(missing_ok=True)
        for name in files_below(old):
            os.replace(old / name, folder / name)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
    for name in obsolete:
        with suppress(OSError):  # not empty
            (folder / name).parent.rmdir()
