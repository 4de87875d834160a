"""What a panel member once read wrongly, or was not told: each fails on the old pages."""

import re
from dataclasses import replace

import pandas as pd
import pytest

from backpain_stats import UnknownNameError, likelihood_ratios, natural_frequencies
from backpain_stats.decide.bodies import evidence_bodies
from backpain_stats.decide.scenarios import (
    DENOMINATORS,
    choose_denominator,
    prevalence_scenarios,
)
from backpain_stats.report.panel.build import PanelQuestion, build_panel
from backpain_stats.report.panel.grade import CRITERIA, decision_frame
from backpain_stats.report.panel.meeting import meeting_slides
from backpain_stats.report.panel.results import PanelResults
from backpain_stats.report.panel.sections import flag_cards, lead_of, panel_sections


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


def page_words(results):
    sections = panel_sections(results)
    texts = [words(lead_of(results))]
    texts += [words(block) for section in sections for block in section.paragraphs]
    texts += [
        cell for one in sections for table in one.tables for row in table.rows() for cell in row
    ]
    return "\n".join(texts)


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
    for target in evidence.targets["target"]:
        for setting in evidence.settings["setting"]:
            bodies, _ = evidence_bodies(evidence, target, setting)
            scenarios, _ = prevalence_scenarios(evidence, target, setting)
            assert len({body.key for body in bodies}) == len(bodies)
            if not (bodies and scenarios):
                lead = words(lead_of(PanelResults(evidence, PanelQuestion(target, setting))))
                assert "No usable figure" in lead or "state one with" in lead


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
