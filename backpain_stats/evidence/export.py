"""The packaged evidence as a folder that can be edited."""

from __future__ import annotations

import shutil
from os import PathLike
from pathlib import Path

from backpain_stats.errors import ArgumentError
from backpain_stats.evidence.files import packaged_folder
from backpain_stats.outputs import output_folder

__all__ = ["export_evidence"]


def export_evidence(folder: str | PathLike[str], *, force: bool = False) -> list[Path]:
    """Write the packaged evidence into a folder, byte by byte as it is packaged.

    The folder then stands by itself: it holds every row, each may be changed, and it is
    used without ``add``. Rows of your own beside the packaged ones need no copy: see
    :func:`~backpain_stats.add_tables` and ``load_evidence(folder, add=True)``.

    Parameters
    ----------
    folder : path-like
        Where to write; it is made if it does not exist.
    force : bool, default False
        Whether files of the same names are replaced.

    Returns
    -------
    list of pathlib.Path
        The files that were written: the evidence, its description, rules and licence.

    Raises
    ------
    ArgumentError
        If a file is there already and ``force`` is False (nothing is written then), or
        the folder cannot be made.

    Examples
    --------
    >>> import tempfile
    >>> from backpain_stats import check_evidence
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = export_evidence(folder)
    ...     problems = check_evidence(folder)
    >>> "accuracy.csv" in {path.name for path in written}, "error" in set(problems["severity"])
    (True, False)
    """
    place = writable(folder)
    packaged = [path for path in sorted(packaged_folder().iterdir()) if path.is_file()]
    # No manifest: what is to be edited is a person's from the start.
    with output_folder(folder, None, whole=False, force=True) as run:
        existing = [path.name for path in packaged if (place / path.name).exists()]
        if existing and not force:
            raise ArgumentError(
                f"{str(folder)!r} holds {', '.join(existing)} already; nothing was written. Choose "
                "another folder, or replace them (--force, force=True)"
            )
        for path in packaged:
            shutil.copyfile(path, run.folder / path.name)
    return [place / path.name for path in packaged]


def writable(folder: str | PathLike[str]) -> Path:
    """Return the path of a folder, there or to be made; ArgumentError for a file or no name."""
    if folder == "":
        raise ArgumentError("the name of the folder is empty; '.' is the current one")
    place = Path(folder)
    if place.exists() and not place.is_dir():
        raise ArgumentError(f"{str(folder)!r} is a file; give a folder")
    return place
