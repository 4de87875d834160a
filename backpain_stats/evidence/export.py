"""The packaged evidence as a folder that can be edited."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from backpain_stats.evidence.files import packaged_folder
from backpain_stats.evidence.write import write_to_edit

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
    packaged = [path for path in sorted(packaged_folder().iterdir()) if path.is_file()]
    return write_to_edit(folder, {path.name: path.read_bytes() for path in packaged}, force)
