"""The sources in three formats, read again by libraries that others wrote."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest
import rispy
from pybtex.database import parse_string
from pylatexenc.latex2text import LatexNodes2Text

from backpain_stats import ArgumentError, MissingExtraError, cite_sources

# What means something in TeX, RIS or JSON; and an unbalanced brace.
HARD = "50% of A & B_c # $x$ {Müller \\ ~ ≥ 5\nTY  - JOUR\nER  - \n@misc{b, <b> 患者"


@pytest.fixture
def hard(evidence):
    sources = evidence.sources.copy()
    sources.loc[0, ["citation", "note"]] = [HARD, HARD]
    return replace(evidence, sources=sources)


def test_bibtex_parses_and_says_the_same(hard):
    found = parse_string(cite_sources(hard, "bibtex"), "bibtex").entries
    assert list(found) == hard.sources["source_id"].tolist()
    read = LatexNodes2Text(keep_braced_groups=False)
    for row in hard.sources.to_dict("records"):
        fields = found[row["source_id"]].fields
        # typewriter quotes become typographic ones
        latex = fields["title"].replace(
            r"{\textbraceleft}", r"\{"
        )  # which latex2text does not know
        title = read.latex_to_text(latex).replace("”", '"').replace("’", "'")
        assert title.split() == row["citation"].replace("”", '"').replace("’", "'").split()
        assert fields.get("doi", "") == ("" if pd.isna(row["doi"]) else row["doi"])
        assert fields.get("year", "") == ("" if pd.isna(row["year"]) else str(row["year"]))
        assert row["what_was_read"] in fields["note"]


def test_ris_parses_and_says_the_same(hard):
    found = rispy.loads(cite_sources(hard, "ris"))
    assert [one["id"] for one in found] == hard.sources["source_id"].tolist()
    for one, row in zip(found, hard.sources.to_dict("records"), strict=True):
        assert one["title"].split() == row["citation"].split()
        assert one.get("doi", "") == ("" if pd.isna(row["doi"]) else row["doi"])
        assert row["what_was_read"] in one["notes"][0]


def test_csl_is_json_of_the_same(hard):
    found = json.loads(cite_sources(hard, "csl"))
    assert [one["id"] for one in found] == hard.sources["source_id"].tolist()
    assert found[0]["title"].split() == HARD.split()
    types = dict(zip(hard.sources["kind"], (one["type"] for one in found), strict=True))
    assert types["primary study"] == "article-journal"
    assert types["guideline"] == "report"


def test_every_kind_of_source_has_a_type():
    from backpain_stats.evidence.citations import _TYPES
    from backpain_stats.evidence.vocabulary import SOURCE_KINDS

    assert set(_TYPES) == set(SOURCE_KINDS)


def test_what_is_not_there_is_said(evidence, monkeypatch):
    with pytest.raises(ArgumentError, match="allowed: 'bibtex', 'ris', 'csl'"):
        cite_sources(evidence, "endnote")
    monkeypatch.setitem(__import__("sys").modules, "rispy", None)
    with pytest.raises(MissingExtraError, match=r"backpain-stats\[citations\]"):
        cite_sources(evidence, "ris")


def test_the_command(run):
    code, out, _ = run("sources", "--format", "csl")
    assert (code, len(json.loads(out)) > 100) == (0, True)
    code, _, err = run("sources", "--format", "word")
    assert (code, "bibtex" in err) == (2, True)
