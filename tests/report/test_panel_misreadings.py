"""What a panel member once read wrongly, or was not told: each fails on the old pages."""

import re
from dataclasses import replace

import pandas as pd
import pytest

from backpain_stats import UnknownNameError, likelihood_ratios, natural_frequencies, plots
from backpain_stats.decide.bodies import evidence_bodies
from backpain_stats.decide.facts import block_facts
from backpain_stats.decide.scenarios import (
    DENOMINATORS,
    choose_denominator,
    prevalence_scenarios,
)
from backpain_stats.report.panel import results as results_module
from backpain_stats.report.panel.build import PanelQuestion, build_panel
from backpain_stats.report.panel.endorsed import endorsement_section
from backpain_stats.report.panel.flags import accuracy_section
from backpain_stats.report.panel.grade import CRITERIA, decision_frame
from backpain_stats.report.panel.meeting import meeting_slides
from backpain_stats.report.panel.provenance import (
    METHODS,
    provenance_section,
    references_section,
)
from backpain_stats.report.panel.results import PanelResults
from backpain_stats.report.panel.sections import (
    cohort_lines,
    flag_cards,
    lead_of,
    panel_sections,
    picture,
)
from backpain_stats.report.panel.sources import scenario_lines


def words(block):
    """Return the text of a block of a page."""
    if isinstance(block, str):
        return block
    if hasattr(block, "parts"):
        return "".join(map(words, block.parts))
    if hasattr(block, "items"):
        return "\n".join(
            " ".join(item) if isinstance(item, tuple) else words(item) for item in block.items
        )
    return getattr(block, "text", "")


def cells(section):
    """Return every printed cell of a section; a DOI is an address, and no text."""
    return [
        cell
        for table in section.tables
        for row in table.rows()
        for column, cell in zip(table.columns, row, strict=True)
        if column.kind != "doi"
    ]


def page_words(results):
    sections = panel_sections(results)
    texts = [words(lead_of(results))]
    texts += [words(block) for section in sections for block in section.paragraphs]
    texts += [cell for one in sections for cell in cells(one)]
    texts += [figure.caption for one in sections for figure in one.figures]
    return "\n".join(texts)


def identifiers(evidence):
    """Return what the evidence calls its rows by, but for plain words."""
    columns = {
        "sources": "source_id",
        "cohorts": "cohort_id",
        "flags": "flag_id",
        "accuracy": "report_id",
        "combinations": "combination_id",
        "prevalence": "prevalence_id",
    }
    names = {str(one) for frame, name in columns.items() for one in getattr(evidence, frame)[name]}
    return {one for one in names | set(evidence.cohorts["study_id"]) if re.search(r"[\d_]", one)}


def wordless_parts(results, parts):
    """Return the texts of a page that come from the evidence, without its numbers."""
    where = (results.question.target, results.question.setting)
    facts = [block_facts(results.evidence, body, *where) for body in results.bodies]
    texts = [words(lead_of(results)), *map(words, cohort_lines(results)), results.prevalence_note]
    texts += [" ".join([one.question, *one.about]) for one in facts]
    texts += [body.finding for body in results.bodies] + list(results.missing["reason"])
    for build in parts:
        section = build(results)
        texts += [words(block) for block in section.paragraphs] + cells(section)
        texts += [figure.caption for figure in section.figures]
    return texts


@pytest.fixture(scope="module")
def malignancy(evidence):
    question = PanelQuestion(
        "malignancy",
        "primary_care",
        flags=("cancer_history", "age_50"),
        rules=("deyo1988_any_of_4",),
        benefit=99,
        harm=1,
        action="MRI",
    )
    return PanelResults(evidence, question)


@pytest.fixture(scope="module")
def cauda_equina(evidence):
    question = PanelQuestion(
        "cauda_equina", "secondary_care", prevalences=["7.5%"], benefit=20, harm=1
    )
    return PanelResults(evidence, question)


@pytest.fixture(scope="module")
def said(malignancy):
    return page_words(malignancy)


def test_1_an_inverse_flag_is_shown_by_its_absence(cauda_equina):
    inverse = [body for body in cauda_equina.bodies if body.acts_if == "absent"]
    assert inverse
    frame = cauda_equina.leading_frequencies.set_index("flag_id")
    for body in inverse:
        assert body.finding.startswith("No: ")
        row = frame.loc[body.key]
        # Acting on the absence finds more of the cases than of the others.
        assert row["sensitivity"] + row["specificity"] > 1
    assert not cauda_equina.thresholds["statement"].str.contains("At no pre-test").any()


def test_2_no_decision_is_asserted_against_its_chance(cauda_equina):
    rows = cauda_equina.thresholds
    open_ones = rows[rows["probability_at_pretest"].between(0.2, 0.799)]
    assert len(open_ones)
    for statement in open_ones["statement"]:
        assert "open whether" in statement.lower()


def test_3_headlines_are_about_what_was_asked_and_not_the_luckiest(malignancy):
    cards = flag_cards(malignancy)
    named = [text for _, text in cards if "“" in text]
    order = [body.finding for body in malignancy.bodies]
    assert [re.search("“(.*?)”", text)[1] for text in named] == order[:3]
    assert not any("fewest" in text or "best" in text for _, text in cards)


def test_3b_a_rule_says_that_its_patients_may_be_those_it_was_made_from(malignancy, said):
    assert "was made from" in said
    for body in malignancy.bodies:
        about = " ".join(malignancy.findings.facts[body.key].about)
        assert ("was made from" in about) is (body.kind == "rule")


def test_4_the_denominator_keeps_flags_apart(malignancy):
    assert malignancy.per == 10_000
    assert malignancy.leading_frequencies["diseased"].min() >= 10
    # The pictures have a denominator of their own: a page of 100,000 marks is no picture.
    assert malignancy.picture_per == 1_000


def test_4b_every_count_says_of_how_many_patients_it_is(malignancy):
    head = malignancy.leading.head
    for row in range(len(malignancy.bodies)):
        for part in (picture(malignancy, row), picture(malignancy, row, named=False)):
            assert f"{malignancy.picture_per:,} patients at a prevalence of {head}" in part.caption
    for slide in meeting_slides(malignancy)[1:]:
        assert words(slide.paragraphs[0]) == (
            f"Of {malignancy.per:,} patients at a prevalence of {head}:"
        )
    ill = int(malignancy.leading_frequencies["diseased"].iloc[0])
    for number, text in flag_cards(malignancy)[1:-1]:
        assert number.endswith(f" of {ill:,} found")
        assert f"of the {malignancy.per - ill:,} without the condition" in text


def test_4c_digits_say_no_more_than_is_known(malignancy, said):
    slides = "\n".join(words(one) for s in meeting_slides(malignancy) for one in s.paragraphs)
    for text in (said, slides):
        assert not set(re.findall(r"\w+", text)) & identifiers(malignancy.evidence)
        assert not re.search(r"\b0\.0000|\b0\.\d*[1-9]\d{4}", text)
        assert not re.search(r"\d{5}", re.sub(r"doi:\S+|CD\d+|\d+:\d[\d-]*|PMC\d+", "", text))
        # "1.0 (0.31 to 1.00)": one ratio, one number of decimals.
        ratios = re.findall(r"LR[+−] ([\d.]+) \(<?([\d.]+) to ([\d.]+)\)", text)
        for ratio in ratios:
            assert len({len(one.partition(".")[2]) for one in ratio}) == 1, ratio
    assert len(re.findall("Flag (?:present: LR[+]|absent: LR−) [\\d.]+ \\(", slides)) > 3
    assert not re.search(r"0\.00 to|to 1\.00\)", "\n".join(cells(accuracy_section(malignancy))))


def test_4d_the_tables_mark_a_rule_that_may_be_made_from_the_same_patients(malignancy):
    kinds = {body.key: body.kind for body in malignancy.bodies}
    for frame in (malignancy.frequencies, malignancy.accuracy, malignancy.findings.to_frame()):
        marked = dict(zip(frame["flag_id"], frame["made_from_same_patients"] != "", strict=True))
        assert marked == {key: kind == "rule" for key, kind in kinds.items()}
    heads = [
        column.label
        for section in panel_sections(malignancy)
        for table in section.tables
        if table.name in ("natural_frequencies", "accuracy")
        for column in table.columns
    ]
    assert heads.count("Rule made from these same patients?") == 2
    slides = meeting_slides(malignancy)[1:]
    for slide, body in zip(slides, malignancy.bodies, strict=True):
        text = "\n".join(map(words, slide.paragraphs))
        assert ("patients it was made from" in text) is (body.kind == "rule")


def test_5_nothing_is_called_never_measured(said):
    text = said
    assert "never measured" not in text
    assert "no usable figure in the sources read" in text
    assert "may have been measured all the same" in text


def test_6_informative_is_about_the_panels_setting(malignancy, evidence):
    """By brute force: an interval of this setting that clears a limit, of a row that counts."""
    ratios = likelihood_ratios(evidence, target="malignancy")
    direct = ~ratios["directness"].str.startswith("indirect")
    rows = ratios[ratios["usable"] & ratios["counted"] & direct]
    clear = rows[(rows["lr_positive_low"] > 2) | (rows["lr_negative_high"] < 0.5)]
    inside = clear["setting"] == "primary_care"
    flags = malignancy.endorsement.flags
    for column, expected in (("evidence", clear[inside]), ("elsewhere", clear[~inside])):
        found = set(flags.loc[flags[column] == "informative", "flag_id"])
        assert found == set(expected["flag_id"])
    assert len(clear[inside]) < len(clear)


def test_7_a_reason_names_the_study_that_it_is_about(malignancy):
    flags = malignancy.endorsement.flags
    reasons = flags.loc[flags["reason"].str.contains("no cases"), "reason"]
    assert len(reasons)
    for reason in reasons:
        assert re.search(r"\w+: [^;]*no cases", reason)


def test_8_second_hand_figures_and_prevalences_say_where_they_were_read(malignancy):
    sources = malignancy.sources
    row = sources[sources["report_id"] == "deyo1988_cancer_history"].iloc[0]
    assert (
        "news or blog" in row["read_in"] or "systematic review" in row["read_in"] or row["quotes"]
    )
    assert (sources.loc[sources["quotes"] != "", "quotes"].str.contains("was not read")).all()
    samples = {one.sample for one in malignancy.scenarios}
    assert samples <= set(sources["report_id"])
    for one in malignancy.scenarios:
        citation = malignancy.evidence.sources.set_index("source_id").loc[one.reported_in]
        assert citation["citation"] in malignancy.findings.prevalence_note


def test_the_prevalence_is_no_middle_of_a_printed_range(evidence):
    """Half of a printed 0 and 11% once made 0.78%, which nobody has published."""
    scenarios, samples = prevalence_scenarios(evidence, "fracture", "emergency")
    counts = samples.dropna(subset=["n_cases", "n"]).set_index("prevalence_id")
    for one in scenarios:
        row = counts.loc[one.sample]
        assert one.prevalence.estimate == pytest.approx(row["n_cases"] / row["n"], rel=1e-12)


def test_one_body_of_evidence_a_flag(evidence):
    """Sixteen cohorts of one flag are one block with the number of studies, not sixteen."""
    bodies, _ = evidence_bodies(evidence, "malignancy", "primary_care", flags=["cancer_history"])
    assert len(bodies) == 1
    studies, patients = bodies[0].size("cases")
    used = bodies[0].studies
    cases = used["tp"].astype(float) + used["fn"].astype(float)
    assert (studies, patients) == (int((cases > 0).sum()), int(cases.sum()))
    assert studies > 1
    low, high = bodies[0].span("sensitivity")
    assert low < high


@pytest.mark.parametrize("per", DENOMINATORS)
def test_counts_add_up_in_every_row_at_every_denominator(malignancy, per):
    shares = [0.00002, 0.0007, 0.0032, 0.0191, 0.5, 0.93]
    frame = natural_frequencies(malignancy.tests, shares, per=per, draws=64)
    assert (frame["tp"] + frame["fn"] == frame["diseased"]).all()
    assert (frame[["tp", "fp", "fn", "tn"]].sum(axis=1) == per).all()


def test_the_denominator_follows_the_rarest_scenario(evidence):
    scenarios, _ = prevalence_scenarios(evidence, "malignancy", "primary_care", ["20%", "0.02%"])
    assert choose_denominator([one.prevalence for one in scenarios]) == 100_000


def test_the_action_is_the_panels_word(said):
    text = said
    assert "MRI" in text
    assert "imaged" not in text
    assert "in vain" not in text


def test_the_figure_has_the_panels_word_too(malignancy):
    (figure,) = next(one for one in panel_sections(malignancy) if one.id == "decisions").figures
    with plots.off_screen():
        ax = figure.draw()
        text = f"{ax.get_xlabel()} {ax.get_ylabel()}"
    assert "MRI" in text
    assert not re.search("[Ii]mag", text)


def test_no_sentence_has_two_readings(cauda_equina, evidence, monkeypatch):
    monkeypatch.setattr(results_module, "DRAWS", 64)  # the words are looked at, not the numbers
    statements = " ".join(cauda_equina.thresholds["statement"])
    assert "where it does not" not in statements
    assert "if it never does, imaging is for nobody below 4.8% and for everybody above" in (
        statements
    )
    assert "stated by the panel" not in words(lead_of(cauda_equina))
    # A flag that no guideline names was once "among the most endorsed".
    results = PanelResults(evidence, PanelQuestion("infection", "primary_care"))
    cards = flag_cards(results)[1:-1]
    for body, (_, text) in zip(results.bodies, cards, strict=False):
        named = re.search(r"named by (\d+) of the guidelines read", text)
        assert int(named[1] if named else 0) == results.endorsed_by(body)


def test_what_was_asked_and_has_no_figure_is_named_on_top(evidence):
    missing = evidence_bodies(evidence, "malignancy", "primary_care")[1].iloc[0]
    question = PanelQuestion("malignancy", "primary_care", flags=["age_50", missing["name"]])
    lead = words(lead_of(PanelResults(evidence, question)))
    assert f"Without a usable figure in the sources read: “{missing['label']}”." in lead


def test_a_caution_about_all_samples_is_not_read_as_that_of_the_last(cauda_equina):
    known = cauda_equina.scenarios[0]
    two = [replace(known, sample=name, caution="selected patients") for name in ("a", "b")]
    assert scenario_lines(two)[2:] == ["all of them selected patients"]
    assert scenario_lines(two[:1])[1:] == ["selected patients"]


def test_the_guidance_is_cited_by_its_own_pages():
    pages = {"020": "2020;122:129-141", "021": "2020;122:142-152", "003": "2019;111:69-82"}
    cited = {text[-3:]: text for text in METHODS}
    for end, where in pages.items():
        assert where in cited[end]


def test_the_decision_frame_leaves_the_panels_judgements_open(malignancy):
    layout = decision_frame(malignancy)
    (_, criteria), (_, consequences), _ = layout.blocks
    assert len(criteria) == len(CRITERIA)
    assert {row[1] for row in [*criteria, *consequences]} == {""}
    assert len(consequences) == 4


def test_one_screen_a_flag(malignancy):
    slides = meeting_slides(malignancy)
    assert [slide.title for slide in slides[1:]] == [body.finding for body in malignancy.bodies]
    assert len({slide.id for slide in slides}) == len(slides)


def test_a_flag_nobody_knows_is_refused(evidence):
    with pytest.raises(UnknownNameError, match="cancer_history"):
        evidence_bodies(evidence, "malignancy", "primary_care", flags=["cancer_histori"])


def test_every_target_and_setting_has_something_to_say(evidence):
    """All 25 pairs: a panel of direct or indirect evidence, or one page without numbers."""
    names = identifiers(evidence)
    for target in evidence.targets["target"]:
        known = None
        for setting in evidence.settings["setting"]:
            bodies, _ = evidence_bodies(evidence, target, setting)
            scenarios, _ = prevalence_scenarios(evidence, target, setting)
            assert len({body.key for body in bodies}) == len(bodies)
            results = PanelResults(evidence, PanelQuestion(target, setting))
            parts = [provenance_section]
            if known is None:  # what guidelines say is the same in every setting, and slow
                parts = [endorsement_section, provenance_section, references_section]
                known = results.endorsement
            vars(results)["endorsement"] = known
            if not (bodies and scenarios):
                lead = words(lead_of(results))
                assert "No usable figure" in lead or "state one with" in lead
            # What the evidence calls its rows, a reader never sees.
            for text in wordless_parts(results, parts):
                named = set(re.findall(r"\w+", text))
                assert not named & names, text
                assert not [one for one in named if "_" in one and one.islower()], text
                # What a curator noted for whoever works with the rows stands in the files.
                assert not re.search("share this id|see definition|use one of the two", text)


def test_indirect_evidence_is_said_on_top_and_beside_each_rating(evidence):
    question = PanelQuestion("infection", "primary_care")
    results = PanelResults(evidence, question)
    assert {body.directness for body in results.bodies} == {"other settings"}
    assert "Indirect evidence" in words(lead_of(results))
    assert all("INDIRECT" in " ".join(one.about) for one in results.findings.facts.values())


def test_without_any_figure_one_page_says_what_can_be_said(evidence, tmp_path):
    """An evidence with endorsements and prevalences, but without any accuracy."""
    bare = replace(
        evidence,
        accuracy=evidence.accuracy.iloc[:0],
        combinations=evidence.combinations.iloc[:0],
    )
    page = build_panel(bare, PanelQuestion("infection", "primary_care"), tmp_path / "panel")
    text = page.read_text(encoding="utf-8")
    assert "No usable figure on a red flag for infection" in text
    assert 'id="endorsement"' in text
    assert not (tmp_path / "panel" / "meeting.html").exists()
    assert pd.read_csv(tmp_path / "panel" / "tables" / "prevalences.csv").shape[0] > 0
