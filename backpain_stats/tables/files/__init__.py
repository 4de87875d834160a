"""2x2 tables from files and frames, and into files: no statistics."""

from backpain_stats.tables.files.read import (
    TablesLike,
    plain_tables,
    read_tables,
    rows_of_studies,
)
from backpain_stats.tables.files.study_tables import StudyTables
from backpain_stats.tables.files.unclear import UnclearTablesError
from backpain_stats.tables.files.write import write_tables

__all__ = [
    "StudyTables",
    "TablesLike",
    "UnclearTablesError",
    "plain_tables",
    "read_tables",
    "rows_of_studies",
    "write_tables",
]
