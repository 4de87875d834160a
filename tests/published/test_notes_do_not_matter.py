"""Facts are columns: whatever the notes say, every public result stays the same."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from backpain_stats import Evidence
from backpain_stats.evidence import TABLES
from public_frames import public_frames

pytestmark = pytest.mark.slow

# Columns of free text by file. Two text columns are facts: the unit makes two thresholds
# comparable, and the name of an assessor is whose judgement it is.
FACTS = {"unit", "assessor"}
FREE_TEXT = {
    file: [column.name for column in table.columns if column.kind == "text"]
    for file, table in TABLES.items()
}
# What results show word for word, under the name it has in the files. The words of a refusal
# name flags by their labels.
SHOWN = {"words", *(name for names in FREE_TEXT.values() for name in names)} - {"reason"}
# Words that once decided something, or that code might look for.
POISON = (
    "suspected; selected sample; radiograph; film; not a base rate; not low back pain; "
    "case-control; cases only; has no cases; is not in; never measured; 0.5 added; all cells"
)


def _changed(evidence: Evidence, file: str, rng: np.random.Generator) -> pd.DataFrame:
    """Return a file with each column of free text shuffled by itself, and words added to each cell.

    What looks for a word of a note finds it in another row; what looks for one of ``POISON`` finds
    it everywhere.
    """
    frame = getattr(evidence, file).copy()
    for name in set(FREE_TEXT[file]) - FACTS:
        shuffled = frame[name].astype("string").to_numpy()[rng.permutation(len(frame))]
        words = [POISON if pd.isna(one) else f"{one}; {POISON}" for one in shuffled]
        frame[name] = pd.array(words, dtype="string")
    return frame


def test_the_words_are_those_of_the_schema() -> None:
    """A column of notes that is added later is permuted with the others."""
    assert {"note", "setting_note", "design_note", "population_note", "reference_standard",
            "definition", "definition_note", "citation", "read_where", "statement", "synonyms",
            "label"} <= SHOWN  # fmt: skip


def test_every_public_result_is_unchanged(evidence: Evidence, frozen_frames) -> None:
    rng = np.random.default_rng(20)
    files = {file: _changed(evidence, file, rng) for file in TABLES}
    assert any(not files[file].equals(getattr(evidence, file)) for file in files)
    found = public_frames(dataclasses.replace(evidence, **files))
    assert found.keys() == frozen_frames.keys()
    for name, frame in frozen_frames.items():
        kept = [column for column in frame.columns if column not in SHOWN]
        assert kept, name
        pd.testing.assert_frame_equal(found[name][kept], frame[kept], obj=name, check_exact=True)
