"""The evidence files: what was published, as it was printed. No statistics.

Other rooms import from here.
"""

from backpain_stats.evidence.adding import AddedRows, add_tables, read_table_file
from backpain_stats.evidence.check import check_folder
from backpain_stats.evidence.citations import CITATION_FORMATS, CitationFormat, cite_sources
from backpain_stats.evidence.evidence import (
    Evidence,
    Names,
    check_evidence,
    load_evidence,
    require_evidence,
)
from backpain_stats.evidence.export import export_evidence
from backpain_stats.evidence.files import packaged_folder, read_table
from backpain_stats.evidence.instruments import (
    ASPECTS,
    DEFAULT_INSTRUMENT,
    INSTRUMENTS,
    Instrument,
    all_domains,
    all_judgements,
)
from backpain_stats.evidence.learned import QUALITY_INSTRUMENTS
from backpain_stats.evidence.patients import PAIN_TYPES, load_patients
from backpain_stats.evidence.problems import list_problems, problem_frame
from backpain_stats.evidence.schema import TABLES, Column, Table
from backpain_stats.evidence.vocabulary import (
    DIRECTNESS,
    RATIO_STATISTICS,
    SAMPLES,
    SETTING_LABELS,
    SETTINGS,
    TARGET_LABELS,
    TARGETS,
    VERIFICATIONS,
    Directness,
    Reading,
    Sample,
    Setting,
    Target,
    Verification,
)
from backpain_stats.evidence.write import (
    README,
    datapackage,
    patients_datapackage,
    write_datapackages,
    write_template,
)

__all__ = [
    "ASPECTS",
    "CITATION_FORMATS",
    "DEFAULT_INSTRUMENT",
    "DIRECTNESS",
    "INSTRUMENTS",
    "PAIN_TYPES",
    "QUALITY_INSTRUMENTS",
    "RATIO_STATISTICS",
    "README",
    "SAMPLES",
    "SETTINGS",
    "SETTING_LABELS",
    "TABLES",
    "TARGETS",
    "TARGET_LABELS",
    "VERIFICATIONS",
    "AddedRows",
    "CitationFormat",
    "Column",
    "Directness",
    "Evidence",
    "Instrument",
    "Names",
    "Reading",
    "Sample",
    "Setting",
    "Table",
    "Target",
    "Verification",
    "add_tables",
    "all_domains",
    "all_judgements",
    "check_evidence",
    "check_folder",
    "cite_sources",
    "datapackage",
    "export_evidence",
    "list_problems",
    "load_evidence",
    "load_patients",
    "packaged_folder",
    "patients_datapackage",
    "problem_frame",
    "read_table",
    "read_table_file",
    "require_evidence",
    "write_datapackages",
    "write_template",
]
