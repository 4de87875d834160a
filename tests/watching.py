"""What a folder holds at each moment in which a process that writes to it may be killed.

A killed process leaves the disk as it is. So a look at the disk before every file that is
opened, moved, made or removed sees what a kill at that moment would have left.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

EVENTS = {"open", "os.rename", "os.remove", "os.link", "os.mkdir", "os.rmdir"}
_watching: list[Callable[[], None]] = []


def _look(event: str, arguments: tuple[object, ...]) -> None:
    if event in EVENTS and _watching:
        watch = _watching.pop()  # what it does itself is not watched
        watch()
        _watching.append(watch)


sys.addaudithook(_look)  # for good: Python takes none back


@contextmanager
def at_every_event(watch: Callable[[], None]) -> Iterator[None]:
    """Call a function before every file or folder that is opened, moved, made or removed."""
    _watching.append(watch)
    try:
        yield
    finally:
        _watching.clear()


@contextmanager
def states_of(folder: Path) -> Iterator[list[dict[str, bytes]]]:
    """Collect the different contents that a folder has while something writes to it."""
    states: list[dict[str, bytes]] = []
    seen: list[dict[str, tuple[int, int]]] = []

    def look() -> None:
        # Contents are read only where an inode or a time is another.
        paths = [path for path in folder.rglob("*") if path.is_file()]
        now = {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths}
        if seen[-1:] != [now]:
            seen.append(now)
            states.append({path.relative_to(folder).as_posix(): path.read_bytes()
                           for path in paths})  # fmt: skip

    with at_every_event(look):
        yield states
    look()
