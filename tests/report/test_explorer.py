"""What the explorer looks up, against the library; the page as a file."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy.special import expit

from backpain_stats import RiskModel, load_evidence, pool_prevalence
from backpain_stats.cli.explorer import explorer as command
from backpain_stats.errors import ArgumentError, NotEstimableError
from backpain_stats.report.explorer import build as module
from backpain_stats.report.explorer.build import (
    OFFERED,
    explorer_data,
    explorer_page,
    page_models,
)
from backpain_stats.report.explorer.words import ANSWERS, PATIENTS, answers
from backpain_stats.report.page.build import DISCLAIMER
from backpain_stats.report.page.plain import PlainWords


def _unpacked(packed: dict) -> np.ndarray:
    """Read an array as the page does."""
    steps = np.frombuffer(base64.b64decode(packed["data"]), dtype="<u2")
    return packed["low"] + steps * (packed["high"] - packed["low"]) / 65535


def test_draws_are_those_of_the_risk_model(explorer, evidence) -> None:
    for case in explorer.data["cases"]:
        flags = [flag["id"] for flag in case["flags"]]
        pretest = None if case["pretest"] else 0.5
        model = RiskModel(evidence, case["target"], case["setting"], flags=flags, pretest=pretest)
        for face, posterior in (("average", model.posterior), ("new", model.new_practice)):
            for chain in case["findings"]:
                share = np.ones((2, len(posterior.pretest)))
                for place in chain:
                    packed = case["flags"][place][face]
                    share *= expit([_unpacked(one) for one in packed])
                    own = (posterior.marginals.cases, posterior.marginals.noncases)
                    expected = np.array([group[:, place] for group in own])
                    # Half a step of at most 40 logits in 65,535, and logits cut at 20.
                    np.testing.assert_allclose(share, expected, rtol=7e-4, atol=3e-9)
            if case["pretest"]:
                np.testing.assert_allclose(
                    expit(_unpacked(case["pretest"][face])), posterior.pretest, rtol=4e-4
                )
        exponents = posterior.dependence.exponent
        np.testing.assert_allclose(_unpacked(case["exponents"]), exponents, atol=1e-5)


def test_the_pretest_is_that_of_the_model_and_is_not_pooled_again(evidence, monkeypatch) -> None:
    model = module.published_model(evidence, "malignancy", "tertiary_care")
    (warning,) = [note.text for note in model.entries.notes if note.about == "pretest"]

    def refuse(*_args, **_options):
        raise AssertionError("pooled a second time")

    monkeypatch.setattr("backpain_stats.meta.published.prevalence.sample_setting", refuse)
    found = module._case(evidence, model, PlainWords(evidence), ("Malignancy", "tertiary care"))
    assert found["pretest"]["warning"] == f"{warning[0].upper()}{warning[1:]}."


def test_tables_are_those_of_the_risk_model(explorer, evidence) -> None:
    rng = np.random.default_rng(11)
    compared = 0
    for case in explorer.data["cases"]:
        where = (case["target"], case["setting"])
        flags = [flag["id"] for flag in case["flags"]]
        kinds = {"ratio": 0.5} | ({"risk": None} if case["pretest"] else {})
        for kind, pretest in kinds.items():
            base = RiskModel(evidence, *where, flags=flags, pretest=pretest)
            for one in page_models():
                if one.id not in case["tables"]:
                    continue
                model = base.with_dependence(one.dependence)
                columns = {
                    name.removeprefix(f"{kind}_"): np.frombuffer(base64.b64decode(text), "<f4")
                    for name, text in case["tables"][one.id].items()
                    if name.startswith(kind)
                }
                for row in rng.integers(0, 3 ** len(flags), 2).tolist():
                    assert len(columns["posttest"]) == 3 ** len(flags)
                    present, absent = _findings(case, row)
                    if str(row) in case["refused"]:
                        with pytest.raises(ArgumentError):
                            model.risk(present, absent)
                        assert np.isnan(columns["posttest"][row])
                        continue
                    risk = model.risk(present, absent)
                    for name, expected in (
                        ("posttest", risk.posttest.estimate),
                        ("ci_low", risk.posttest.ci_low),
                        ("new_practice_high", risk.new_practice.ci_high),
                    ):
                        # 32-bit log odds.
                        assert expit(float(columns[name][row])) == pytest.approx(
                            expected, rel=1e-5, nan_ok=True
                        )
                    compared += 1
    assert compared > 20


def _findings(case: dict, row: int) -> tuple[list[str], list[str]]:
    states: tuple[list[str], ...] = ([], [], [])
    for flag in case["flags"]:
        row, digit = divmod(row, 3)
        states[digit].append(flag["id"])
    return states[1], states[2]


def test_no_answer_is_a_double_negative() -> None:
    evidence = load_evidence()  # as shipped: its labels are what readers see
    negative = re.compile(r"\b(no|not|absent|unable|without|failure|non\w+|unwell)\b", re.I)
    said_of_the_record = re.compile("not (stated|qualified)$")
    for flag, label in zip(evidence.flags["flag_id"], evidence.flags["label"], strict=True):
        asked = answers(flag, label)
        question = said_of_the_record.sub("", asked.question)
        assert not negative.search(question), f"{flag}: {label} needs words of its own"
    assert set(ANSWERS) <= set(evidence.flags["flag_id"])


def test_patients_worth_discussing_can_be_asked(explorer) -> None:
    assert [one["name"] for one in explorer.data["patients"]] == [one.name for one in PATIENTS]


def test_every_target_and_setting_with_a_usable_flag_is_offered(evidence, explorer) -> None:
    offered = {(case["target"], case["setting"]): case for case in explorer.data["cases"]}
    pairs = evidence.cohorts[["target", "setting"]].dropna().drop_duplicates()
    for target, setting in pairs.itertuples(index=False):
        try:
            model = RiskModel(evidence, target, setting, pretest=0.1)
        except NotEstimableError:
            assert (target, setting) not in offered
            continue
        case = offered.pop((target, setting))
        assert [flag["id"] for flag in case["flags"]] == list(model.entries.flags)
        try:
            published = pool_prevalence(evidence, target, setting).average.estimate
        except NotEstimableError:
            published = None
        assert (case["pretest"] or {"estimate": None})["estimate"] == published
        assert ("maximum_entropy" in case["tables"]) == bool(model.entries.combinations)
    assert not offered


def test_sources_and_warnings_are_words_for_people(evidence, explorer) -> None:
    ids = {
        *(set(evidence.accuracy["report_id"]) | set(evidence.cohorts["cohort_id"])),
        *set(evidence.combinations["combination_id"]),
        *{flag for flag in evidence.flags["flag_id"] if "_" in flag},
    }
    for case in explorer.data["cases"]:
        notes = [note for flag in case["flags"] for note in flag["notes"]]
        left_out = [one["reason"] for one in case["left_out"]]
        sources = [source for flag in case["flags"] for source in flag["sources"]]
        assert all(flag["sources"] for flag in case["flags"])
        texts = [*notes, *left_out, *case["reasons"], *case["combinations"]]
        if case["pretest"]:
            texts += [case["pretest"][name] for name in ("source", "warning")]
        texts += [source[name] for source in sources for name in ("study", "read_in")]
        for text in texts:
            assert not ids & set(re.findall(r"\w+", text)), text
    first = next(case for case in explorer.data["cases"] if case["target"] == "malignancy")
    history = next(flag for flag in first["flags"] if flag["id"] == "cancer_history")
    own = RiskModel(evidence).flags.set_index("flag_id").loc["cancer_history"]
    assert (history["n_cases"], history["n"]) == (own["n_cases"], own["n"])
    assert "Deyo RA, Diehl AK (1988)" in {one["study"] for one in history["sources"]}


def test_the_page_is_one_small_file_that_loads_nothing(explorer) -> None:
    text = explorer.page.read_text(encoding="utf-8")
    assert explorer.page.stat().st_size < 2e6
    assert text.count(DISCLAIMER) == 1
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!#|data:)[^"']*["']""", text)
    assert "@import" not in text
    assert "url(http" not in text


def _own_evidence(folder: Path, flags: list[tuple[str, str, str]], **figures: str):
    """Write evidence of one cohort without counts: flag, label and family of each."""
    rows = {
        "sources": [
            {
                "source_id": "own",
                "kind": "primary study",
                "citation": "Own A. 2020",
                "what_was_read": "full text",
            }
        ],
        "flags": [
            {"flag_id": flag, "label": label, "category": "history", "family": family}
            | (
                {"quantity": "age", "threshold": flag[-2:], "unit": "years", "direction": "above"}
                if family == "age"
                else {}
            )
            for flag, label, family in flags
        ],
        "cohorts": [
            {
                "cohort_id": "own_malignancy",
                "study_id": "own",
                "target": "malignancy",
                "setting": "mixed",
                "source_id": "own",
                "status": "seen_primary",
                "low_back_pain_only": "yes",
            }
        ],
        "accuracy": [
            {
                "report_id": f"own_{flag}",
                "cohort_id": "own_malignancy",
                "flag_id": flag,
                "reported_in": "own",
                "status": "seen_primary",
                "sensitivity": f"0.{80 - 5 * place}",
                "specificity": f"0.{60 + 3 * place}",
                **figures,
            }
            for place, (flag, _, _) in enumerate(flags)
        ],
    }
    folder.mkdir()
    for name, records in rows.items():
        pd.DataFrame(records).to_csv(folder / f"{name}.csv", index=False)
    return load_evidence(folder)


def test_a_setting_without_a_prevalence_is_offered_without_a_pretest(tmp_path: Path) -> None:
    flags = [("sweats", "Night </script> sweats", "systemic"), ("lump", "Lump", "lumps")]
    data = explorer_data(_own_evidence(tmp_path / "own", flags))
    (case,) = data["cases"]
    assert case["pretest"] is None
    # No counts: the printed figure is the middle of what practices differ by.
    for flag, printed in zip(case["flags"], ((0.75, 0.63), (0.80, 0.60)), strict=True):
        cases, others = (np.median(expit(_unpacked(one))) for one in flag["average"])
        assert (cases, 1 - others) == pytest.approx(printed, abs=0.02)
    assert "Printed without counts" in case["flags"][0]["notes"][0]
    page = explorer_page(data)
    inside = page.split('type="application/json">')[1].split("</script>")[0]
    assert json.loads(inside) == data


def test_thresholds_of_one_quantity_are_one_finding(tmp_path: Path) -> None:
    ages = [("age_50", "Age 50 years or over", "age"), ("age_70", "Age 70 years or over", "age")]
    (case,) = explorer_data(_own_evidence(tmp_path / "own", ages))["cases"]
    assert case["findings"] == [[0, 1]]
    # Not 50 but 70: row 2 + 1 * 3.
    assert list(case["refused"]) == [5]
    assert case["reasons"] == [
        "“Age 70 years or over” cannot be present while “Age 50 years or over” is absent: they "
        "are thresholds of one quantity."
    ]


def test_more_flags_than_fit_are_listed_and_not_lost(tmp_path: Path) -> None:
    flags = [(f"flag{place}", f"Flag {place}", f"family{place}") for place in range(OFFERED + 1)]
    (case,) = explorer_data(_own_evidence(tmp_path / "own", flags))["cases"]
    assert len(case["flags"]) == OFFERED
    assert len(case["left_out"]) == 1
    assert f"more than the {OFFERED} flags" in case["left_out"][0]["reason"].lower()


def test_evidence_without_a_usable_flag_is_refused(tmp_path: Path) -> None:
    own = _own_evidence(tmp_path / "own", [("lump", "Lump", "lumps")], specificity="")
    with pytest.raises(NotEstimableError, match="nothing to explore"):
        explorer_data(own)


def test_command_writes_the_page_where_asked(
    tmp_path: Path, explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "explorer_data", lambda evidence, progress: explorer.data)
    out = tmp_path / "new" / "page.html"
    result = CliRunner().invoke(command, ["--out", str(out)])
    assert result.exit_code == 0, result.output
    # The same but for the foot, which names the command and the evidence.
    bare = [
        re.sub(r'<p class="stamp">.*?</p>', "", page.read_text(encoding="utf-8"))
        for page in (out, explorer.page)
    ]
    assert bare[0] == bare[1]
    evidence_of_the_command = load_evidence().version
    assert f"; data {evidence_of_the_command}; " in out.read_text(encoding="utf-8")
    assert f"{out} written (1." in result.output
