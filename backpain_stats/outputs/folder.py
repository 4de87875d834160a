"""Files are written beside their place and renamed: what stood there or the new, never a part."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from backpain_stats.checks import check_file_path, check_folder_path, kind_at, writing
from backpain_stats.errors import ArgumentError
from backpain_stats.outputs.manifest import (
    MANIFEST,
    files_below,
    known_files,
    obsolete_files,
    refuse_foreign,
    write_manifest,
)
from backpain_stats.outputs.placing import beside, exchange_folders, move_each
from backpain_stats.outputs.stamp import Stamp

__all__ = ["OutputRun", "check_free", "output_folder", "replacing"]


@dataclass(slots=True)
class OutputRun:
    """A run that is writing.

    Parameters
    ----------
    folder : pathlib.Path
        Where its files are put, each under the name that it will have.
    to_fill_in : list of str
        Names of files that a person is asked to fill in: written, and never touched again.
    """

    folder: Path
    to_fill_in: list[str] = field(default_factory=list)


@contextmanager
def output_folder(
    out: str | os.PathLike[str],
    stamp: Stamp | None,
    *,
    page: str = "",
    whole: bool = True,
    force: bool = False,
) -> Iterator[OutputRun]:
    """Collect the files of a run, then put all of them in their place at once.

    A folder of earlier results and the new one change places in one step where the system can
    do that (Linux, macOS). Elsewhere, and where the folder is the current one or no earlier
    run wrote it, the files are moved one by one: the old page is taken away first, the new one
    comes last, and what a killed run left is finished by the next.

    Parameters
    ----------
    out : path
        The folder they are for; made if it does not exist.
    stamp : Stamp, optional
        What made them. Without it there is no manifest: the files are a person's.
    page : str
        The file to open first; it is looked at before anything is computed.
    whole : bool, default True
        Whether the run makes the folder: then what earlier runs wrote, nobody changed and this
        run does not write is removed. A run that adds files leaves the others.
    force : bool, default False
        Replace files that no earlier run wrote, or that were changed since.

    Yields
    ------
    OutputRun
        With the folder to write to. On any error it is removed, and ``out`` stays as it was.

    Raises
    ------
    ArgumentError
        If ``out`` is a file, cannot be written to, holds files of others under the same
        names, or another run is writing to it.

    Examples
    --------
    >>> import tempfile
    >>> from backpain_stats.outputs import Stamp
    >>> with tempfile.TemporaryDirectory() as place:
    ...     for names in (["index.html", "old.csv"], ["index.html", "new.csv"]):
    ...         with output_folder(f"{place}/out", Stamp(), page="index.html") as run:
    ...             for name in names:
    ...                 _ = (run.folder / name).write_text("text")
    ...     sorted(path.name for path in Path(place, "out").iterdir())
    ['index.html', 'manifest.json', 'new.csv']
    """
    final = _real(check_folder_path(out))
    missing: list[Path] = []
    try:
        missing += [folder for folder in final.parents if kind_at(folder) is None]
        final.parent.mkdir(parents=True, exist_ok=True)
        with _locked(final, str(out)), _staging(final) as staging:
            known = known_files(final)
            if not force:
                refuse_foreign([*([page] if page else []), MANIFEST], final, known)
            run = OutputRun(staging)
            yield run
            names = files_below(staging)
            if not force:
                refuse_foreign([*names, MANIFEST], final, known, staging)
            if stamp is not None:
                write_manifest(staging, names, stamp, to_fill_in=run.to_fill_in,
                               beside=None if whole else final)  # fmt: skip
                names.append(MANIFEST)
            obsolete = obsolete_files(final, known, names) if whole else []
            _put_in_place(staging, final, names, obsolete, page, renamed=whole and bool(known))
    except OSError as error:
        if not _concerns(error, final):
            raise
        raise ArgumentError(
            f"cannot write to {str(out)!r}: {_words(error, final)}; what was there is unchanged"
        ) from error
    finally:
        for folder in missing:  # unless something has come into them
            with suppress(OSError):
                folder.rmdir()


@contextmanager
def replacing(path: str | os.PathLike[str], *, force: bool = False) -> Iterator[Path]:
    """Give a name to write one file under; afterwards it takes its place in one step.

    Parameters
    ----------
    path : path
        The place of the file.
    force : bool, default False
        Whether a file that is there may be replaced.

    Yields
    ------
    pathlib.Path
        A name in the same folder, with the same suffix.

    Raises
    ------
    ArgumentError
        If there is a file already, or it cannot be written.
    """
    check_free(path, force=force)
    final = _real(Path(path))
    new = final.with_name(f".{final.stem}.{os.getpid()}{final.suffix}")
    try:
        with writing(path):
            yield new
            os.replace(new, final)
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)


def check_free(path: str | os.PathLike[str], *, force: bool = False) -> None:
    """Raise ArgumentError unless one file may be written there."""
    final = _real(check_file_path(path, "path"))
    with writing(path):
        there, around = kind_at(final) is not None, kind_at(final.parent)
    if there and not force:
        raise ArgumentError(f"{str(path)!r} is there already; --force (force=True) replaces it")
    if around != stat.S_IFDIR:
        raise ArgumentError(f"{str(path)!r} cannot be written: there is no such folder")


def _real(path: Path) -> Path:
    """Return a path without links; of links in a circle as it is, for the system to refuse.

    ``Path.resolve`` has an error of its own for those.
    """
    return Path(os.path.realpath(path))


def _concerns(error: OSError, final: Path) -> bool:
    """Say whether an error is about the folder to write, what is put beside it, or its parents.

    One that names another file is a fault of whoever makes the results. One without a name
    comes from a file that is open: the disk is full.
    """
    named = error.filename
    if named is None:
        return True
    if not isinstance(named, (str, os.PathLike)):
        return False
    place = _real(Path(named).parent) / Path(named).name  # it may itself be a link
    if final.parent not in place.parents:
        return place in final.parents
    top = place.relative_to(final.parent).parts[0]
    return place.parent == final.parent or top == final.name or top.startswith(f".{final.name}.")


def _words(error: OSError, final: Path) -> str:
    """Return what the system says, with the file of the folder that it says it of."""
    words = error.strerror or str(error)
    named = Path(error.filename or final)
    return f"{words} ({named.relative_to(final)})" if final in named.parents else words


def _put_in_place(
    staging: Path, final: Path, names: list[str], obsolete: list[str], page: str, *, renamed: bool
) -> None:
    """Move everything, in one step if possible."""
    here = final in (Path.cwd(), *Path.cwd().parents)
    if not here and (not final.exists() or not any(final.iterdir())):
        if final.exists():
            shutil.copymode(final, staging)
        with suppress(OSError):  # Windows renames over no folder, be it empty
            os.rename(staging, final)
            return
    ours = {*names, *obsolete, MANIFEST}
    if renamed and not here and exchange_folders(staging, final, ours):
        return
    last = [name for name in (page, MANIFEST) if name in names]
    move_each(staging, final, [name for name in names if name not in last], last, obsolete)


@contextmanager
def _staging(final: Path) -> Iterator[Path]:
    """Make the folder beside, after what a killed run left has been finished or removed."""
    staging = beside(final, "new")
    if staging.is_dir() and beside(final, "old").is_dir():  # killed while files were moved
        left = files_below(staging)
        obsolete = obsolete_files(final, known_files(final), known_files(staging))
        move_each(staging, final, [name for name in left if name != MANIFEST],
                  [MANIFEST] if MANIFEST in left else [], obsolete)  # fmt: skip
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextmanager
def _locked(final: Path, out: str) -> Iterator[None]:
    """Keep other runs out of a folder. The system frees the lock of a process that has ended."""
    from filelock import FileLock, Timeout

    path = beside(final, "lock")
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        # It says so, too, where the file of the lock cannot be made, as below /proc. Then no
        # other file can, and the system says why.
        with tempfile.TemporaryFile(dir=path.parent):
            pass
        raise ArgumentError(f"another run is writing to {out!r}; wait until it has ended") from None
    try:
        yield
    finally:
        with suppress(OSError):  # while it is held: who waits sees that the file is gone
            path.unlink()
        lock.release()
