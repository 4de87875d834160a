"""What the explorer looks up, against the library; the page as a file."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from backpain_stats import RiskModel, load_evidence
from backpain_stats.cli.explorer import explorer as command
from backpain_stats.errors import ArgumentError, NotEstimableError
from backpain_stats.published import setting_prevalence
from backpain_stats.report.explorer import build as module
from backpain_stats.report.explorer.build import (
    DIGITS,
    OFFERED,
    explorer_data,
    explorer_page,
    page_models,
)
from backpain_stats.report.page.build import DISCLAIMER

# Half a unit in the last digit kept of a ratio.
STORED = 0.5 * 10.0 ** (1 - DIGITS)


def _value(stored):
    return math.nan if stored is None else math.inf if stored == "inf" else stored


def _findings(case: dict, row: int) -> tuple[list[str], list[str]]:
    states: tuple[list[str], ...] = ([], [], [])
    for flag in case["flags"]:
        row, digit = divmod(row, 3)
        states[digit].append(flag["id"])
    return states[1], states[2]


def test_ratios_are_those_of_the_risk_model(evidence, explorer) -> None:
    rng = np.random.default_rng(11)
    compared = 0
    for case in explorer.data["cases"]:
        pretest = float(rng.uniform(0.001, 0.5))
        base = RiskModel(
            evidence,
            case["target"],
            case["setting"],
            flags=[flag["id"] for flag in case["flags"]],
            pretest=pretest,
        )
        for one in page_models():
            if one.id not in case["tables"]:
                continue
            model, table = base.with_dependence(one.dependence), case["tables"][one.id]
            assert len(table["lr"]) == 3 ** len(case["flags"])
            for row in rng.integers(0, len(table["lr"]), 6).tolist():
                present, absent = _findings(case, row)
                if str(row) in case["refused"]:
                    with pytest.raises(ArgumentError):
                        model.risk(present, absent)
                    assert table["lr"][row] is None
                    continue
                risk = model.risk(present, absent)
                stored = [_value(table[name][row]) for name in ("lr", "low", "high")]
                expected = [risk.lr.estimate, risk.lr.ci_low, risk.lr.ci_high]
                # Rounding, plus 1e-9 for a bound read back from a risk near 0 or 1.
                np.testing.assert_allclose(stored, expected, rtol=STORED + 1e-9)
                # A ratio of 0 or infinity has no shares: the page shows a dash.
                if "factors" in table and 0 < expected[0] < math.inf:
                    factors = [_value(value) for value in table["factors"][row]]
                    # Thresholds of one quantity share one contribution: it stands at one of them.
                    own = [factor for factor in factors if not math.isnan(factor)]
                    shares = risk.contributions["factor"].astype(float)
                    np.testing.assert_allclose(np.sort(own), np.sort(shares), rtol=STORED + 1e-9)
                compared += 1
    assert compared > 100


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
            published = setting_prevalence(evidence, target, setting).estimate
        except NotEstimableError:
            published = None
        assert case["pretest"] == published
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
        texts += [case["pretest_source"], case["pretest_warning"]]
        texts += [source[name] for source in sources for name in ("study", "read_in")]
        for text in texts:
            assert not ids & set(re.findall(r"\w+", text)), text
    first = next(case for case in explorer.data["cases"] if case["target"] == "malignancy")
    history = next(flag for flag in first["flags"] if flag["id"] == "cancer_history")
    assert (history["n_cases"], history["n"]) == (13, 1975)
    assert history["sources"][0]["study"] == "Deyo RA, Diehl AK (1988)"
    assert "4.0% of its 1172 non-cases" in history["notes"][0]


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
    assert "set the pre-test probability" in case["pretest_source"]
    table = case["tables"]["independent"]
    # No counts: the ratios of printed figures, and no interval. 0.75 / 0.37 and 0.80 / 0.40.
    assert table["lr"][1] == pytest.approx(0.75 / 0.37, rel=1e-7)
    assert table["lr"][3] == pytest.approx(0.80 / 0.40, rel=1e-7)
    assert set(table["low"]) == {None}
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
    assert f"{out} written (0." in result.output
