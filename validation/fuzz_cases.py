"""The cases of the fuzz study: what is called with what, each from a seed.

A case either returns, having checked what can be checked about the answer, or raises.
:class:`SilentError` is raised where an answer cannot be right.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import math
import shutil
import sys
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from fuzz_calls import plain_calls

import backpain_stats as bps
from backpain_stats import cli
from backpain_stats.evidence import packaged_folder

Rng = np.random.Generator
# What the running case calls: its time is compared with plain calls of the same.
CALLED = [""]


class SilentError(Exception):
    """An answer that cannot be right, given without a word."""


# What people, programs and spreadsheets leave in a cell.
CELLS = (
    *("", " ", "0", "1", "-1", "1.5", "1e3", "1e400", "nan", "inf", "NA", "#N/A", "n/a", "?", "-"),
    *("0.5", "0,5", "50%", "150%", ">0.9", ">=90%", "<<0.9", "=>0.9", "0.90 (0.8-0.95)", "1/0"),
    *("12 of 13", "13 of 12", "9" * 19, "9" * 400, str(2**53), str(2**63), "1_0", "²", "٣", "½"),
    *("=1+1", "$x^$", "<script>", "<!--", "a\x0bb", "a\nb", "a,b", 'a"b', "\u2028", "é", "🙂"),
    *("age_50", "cancer_history", "malignancy", "fracture", "primary_care", "True", "yes", "no"),
)
# What a careless call hands over.
VALUES: tuple[Any, ...] = (
    *(None, "", "x", "0.5", 0, 1, -1, 0.5, 1.5, 2**53, 2**63, 10**30, 1e-300, 1e300),
    *(math.nan, math.inf, -math.inf, True, (), [], {}, set(), [1, 2], ["a"], {"a": 1}, (0.1, 0.2)),
    *(np.nan, pd.NA, np.array([0.1, 0.9]), np.array([]), pd.Series([1, 2]), object(), b"x", 1j),
    *(Fraction(1, 2), "malignancy", "primary_care", ["age_50", "age_50"], pd.DataFrame()),
)


def pick(rng: Rng, choices: Any) -> Any:
    """Return one of several, whatever its type."""
    return choices[int(rng.integers(len(choices)))]


def check_ends(low: Any, middle: Any, high: Any, bottom: float, top: float) -> None:
    """Raise SilentError unless the ends stand around the estimate within the range."""
    low, middle, high = (np.asarray(pd.to_numeric(one), dtype=float) for one in (low, middle, high))
    known = ~(np.isnan(low) | np.isnan(high) | np.isnan(middle))
    slack = 1e-9 * np.maximum(1, np.abs(middle))
    with np.errstate(invalid="ignore"):
        wrong = known & ((low > middle + slack) | (middle > high + slack) | (low < bottom - 1e-9))
        wrong |= known & (high > top + 1e-9)
    if wrong.any():
        raise SilentError(
            f"interval out of order: {low[wrong][0]}, {middle[wrong][0]}, {high[wrong][0]}"
        )


def counts(rng: Rng, rows: int) -> pd.DataFrame:
    """Return ordinary tables of counts."""
    largest = {"tp": 40, "fp": 60, "fn": 20, "tn": 400}
    table = pd.DataFrame({name: rng.integers(0, top, rows) for name, top in largest.items()})
    table.insert(0, "study", [f"study {i}" for i in range(rows)])
    return table.assign(year=range(2000, 2000 + rows))


def spoiled(rng: Rng, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with up to three things wrong that happen to frames."""
    frame = frame.copy()
    for _ in range(int(rng.integers(0, 4))):
        kind = int(rng.integers(9))
        column = pick(rng, list(frame.columns)) if len(frame.columns) else "tp"
        if kind <= 2 and len(frame) and column in frame:
            frame[column] = frame[column].astype(object)
            place = int(rng.integers(len(frame))), list(frame.columns).index(column)
            frame.iloc[place] = pick(rng, CELLS if kind else VALUES[:15])
        elif kind == 3:
            frame = frame.drop(columns=column, errors="ignore")
        elif kind == 4 and column in frame:
            frame = pd.concat([frame, frame[[column]]], axis=1)
        elif kind == 5:
            frame = frame.iloc[: int(rng.integers(0, 2))]
        elif kind == 6:
            frame = frame.rename(columns={column: pick(rng, ("TP", "x", 0, "flag", "target"))})
        elif kind == 7:
            frame.index = [0] * len(frame)
        elif column in frame and frame.columns.is_unique:
            frame[column] = frame[column].astype(pick(rng, ("string", "object", "category")))
        if not frame.columns.is_unique:
            break
    return frame


def _subset(rng: Rng) -> dict[str, pd.DataFrame]:
    """Return the shipped files with a dozen rows of results each."""
    files = {
        path.name: pd.read_csv(path, dtype=str, keep_default_na=False)
        for path in sorted(packaged_folder().glob("*.csv"))
        if path.name != "dependence.csv"
    }
    for name in ("accuracy.csv", "claims.csv", "combinations.csv"):
        rows = files[name]
        chosen = rng.permutation(len(rows))[:12]
        files[name] = rows.iloc[np.sort(chosen)]
    return files


def evidence_folder(rng: Rng, place: Path) -> None:
    """Mutate shipped files; check them, and if they are valid read every result."""
    files = _subset(rng)
    for _ in range(int(rng.integers(1, 4))):
        name = pick(rng, sorted(files))
        files[name] = spoiled(rng, files[name].reset_index(drop=True))
    folder = place / "evidence"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, frame in files.items():
        separator = ";" if rng.random() < 0.1 else ","
        frame.to_csv(folder / name, index=False, sep=separator, encoding="utf-8-sig")
    problems = bps.check_evidence(folder)
    evidence = bps.load_evidence(folder)
    if (problems["severity"] == "error").any():
        raise SilentError("a folder with errors was loaded")
    if (evidence.cohorts[["n", "n_cases"]].fillna(0) < 0).any(axis=None):
        raise SilentError("a negative number of patients was loaded")
    ratios = bps.likelihood_ratios(evidence)
    for name in ("lr_positive", "lr_negative"):
        check_ends(ratios[f"{name}_low"], ratios[name], ratios[f"{name}_high"], 0, math.inf)
    bps.flag_overview(evidence)
    bps.endorsement(evidence)


def table_file(rng: Rng, place: Path) -> None:
    """Pool a spoiled file of one's own with the command meta."""
    path = place / "studies.csv"
    frame = spoiled(rng, counts(rng, int(rng.integers(1, 9))))
    text = frame.to_csv(index=False, sep=pick(rng, ",,,;\t"))
    if rng.random() < 0.1:
        text = text[: int(rng.integers(len(text) + 1))]
    path.write_bytes(text.encode(pick(rng, ("utf-8", "utf-8-sig", "utf-16", "latin-1")), "replace"))
    extra = pick(rng, ([], ["--common"], ["--univariate", "odds_ratio"], ["--formula", "~ year"]))
    command(["meta", str(path), *extra])


def command(words: list[str]) -> None:
    """Run a command; exit code 2 with one message is raised as an error of the family."""
    out, err, before = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["backpain-stats", *words]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            cli.main()
    except SystemExit as ended:
        if ended.code in (0, None):
            return
        if ended.code == 2 and "Error: " in err.getvalue() + out.getvalue():
            raise bps.ArgumentError(err.getvalue()) from None
        if ended.code == 2 and words[0] == "check":
            return
        raise SilentError(f"exit code {ended.code}: {err.getvalue()[-200:]}") from None
    finally:
        sys.argv = before


_LINES = {
    "lr": ["--flag", "--target", "--setting", "--level", "--method", "--correction", "--format"],
    "posttest": ["--setting", "--pretest", "--prevalence", "--result", "--interval", "--level"],
    "risk": ["--present", "--absent", "--rho", "--dependence", "--pretest", "--level"],
    "flags": ["--target", "--family", "--format"],
    "reconstruct": ["--n", "--n-cases", "--sensitivity", "--specificity", "--lr-positive",
                    "--posttest", "--pretest", "--level", "--interval-methods", "--corrections"],
    "meta": ["--formula", "--at", "--level", "--pretest", "--correction", "--likelihood",
             "--structure", "--without", "--univariate", "--seed", "--kind", "--estimator"],
}  # fmt: skip
_WORDS = (
    *("malignancy", "fracture", "primary_care", "emergency", "age_50", "cancer_history", "0.8"),
    *("1%", "0.1% to 0.7%", "13/1975", "13", "1975", "31%", "0.31 (0.1-0.6)", "2-9", "score"),
    *("bayes", "all", "csv", "json", "~ year", "year=2001", "normal", "forest", "bounds", "0.999"),
)


def options(rng: Rng, place: Path) -> None:
    """Run a command with options that fit, or do not."""
    name = CALLED[0] = pick(rng, sorted(_LINES))
    words = [name]
    if name == "posttest":
        words.append(pick(rng, ("age_50", "cancer_history", *CELLS)))
    if name == "meta":
        path = place / "options.csv"
        counts(np.random.default_rng(1), 6).to_csv(path, index=False)
        words.append(str(path))
    for _ in range(int(rng.integers(0, 4))):
        value = pick(rng, _WORDS if rng.random() < 0.7 else CELLS)
        words += [pick(rng, _LINES[name]), value.replace("\0", "")]
    command(words)


def odd_frame(rng: Rng, place: Path) -> None:
    """Hand a spoiled frame to a function that takes one."""
    frame = counts(rng, int(rng.integers(1, 7))).rename(columns={"study": "flag"})
    frame["study"] = frame["flag"]
    call: Callable[[pd.DataFrame], Any] = pick(
        rng,
        (
            bps.accuracy, bps.study_accuracy, bps.fit_bivariate, bps.pool_univariate,
            bps.pool_proportion, bps.deeks_test,
            lambda given: bps.natural_frequencies(given, 0.01, draws=64),
            lambda given: bps.decision_curve(given, 0.01, draws=64),
            lambda given: bps.thresholds(given, benefit=99, harm=1, draws=64),
            lambda given: bps.RiskModel.from_frame(given, 0.1, draws=64).risk([]),
            lambda given: bps.summary_of_findings(given, 0.01, draws=64),
        ),
    )  # fmt: skip
    given = spoiled(rng, frame)
    before = given.copy(deep=True)
    answer = call(given)
    pd.testing.assert_frame_equal(given, before)
    if isinstance(answer, pd.DataFrame) and "sensitivity_low" in answer:
        ends = (answer[f"sensitivity{end}"] for end in ("_low", "", "_high"))
        check_ends(*ends, 0, 1)


def careless_argument(rng: Rng, place: Path) -> None:
    """Call a public function with one argument that is nonsense, or may be."""
    calls = plain_calls()
    name = CALLED[0] = pick(rng, sorted(calls))
    function = getattr(bps, name)
    named = [
        one.name
        for one in inspect.signature(function).parameters.values()
        if one.kind is not one.VAR_KEYWORD
    ]
    if named:
        function(**(calls[name] | {pick(rng, named): pick(rng, VALUES)}))


def extreme_table(rng: Rng, place: Path) -> None:
    """Compare the statistics of extreme tables with exact fractions."""
    sizes = (0, 1, 2, 13, 10**3, 10**6, 10**9, 10**12)
    tp, fp, fn, tn = (int(pick(rng, sizes)) for _ in range(4))
    level = pick(rng, (0.5, 0.8, 0.95, 0.999, 1e-6))
    table = bps.TwoByTwo(tp=tp, fp=fp, fn=fn, tn=tn)
    method = pick(rng, ("wilson", "clopper_pearson", "jeffreys", "agresti_coull"))
    found = table.sensitivity(method=method, level=level)
    if found.estimate != float(Fraction(tp, tp + fn)):
        raise SilentError(f"sensitivity {found.estimate} of {tp} and {fn}")
    # Narrower intervals stand around the middle of a posterior, not around the estimate.
    inside = level >= 0.5
    check_ends(found.ci_low, found.estimate if inside else found.ci_low, found.ci_high, 0, 1)
    ratio = table.lr_positive(method=pick(rng, ("score", "log", "bayes")), level=level)
    middle = ratio.estimate if inside else ratio.ci_low
    check_ends(ratio.ci_low, middle, ratio.ci_high, 0, math.inf)
    if fp and ratio.method == "score":
        exact = Fraction(tp, tp + fn) / Fraction(fp, fp + tn)
        if not math.isclose(ratio.estimate, float(exact), rel_tol=1e-12):
            raise SilentError(f"LR+ {ratio.estimate} where {float(exact)} is exact")


def extreme_posttest(rng: Rng, place: Path) -> None:
    """Compare a post-test probability with exact fractions."""
    pretest = pick(rng, (5e-324, 1e-300, 1e-9, 0.01, 0.5, 1 - 2**-53))
    ratio = pick(rng, (0.0, 1e-300, 0.1, 1.0, 15.1, 1e12, 1e300))
    found = float(bps.posttest_probability(pretest, ratio))
    odds = Fraction(pretest) / (1 - Fraction(pretest)) * Fraction(ratio)
    if not math.isclose(found, float(odds / (1 + odds)), rel_tol=1e-12, abs_tol=1e-320):
        raise SilentError(f"post-test {found} of {pretest} and {ratio}")


def brute_force(rng: Rng, place: Path) -> None:
    """Reconstruct a small table, and compare with every table there is."""
    n = int(rng.integers(2, 15))
    cells = rng.multinomial(n, [0.25] * 4)
    tp, fp, fn, tn = (int(cell) for cell in cells)
    given: dict[str, Any] = {"n": n}
    if tp + fn:
        given["sensitivity"] = f"{tp / (tp + fn):.2f}"
    if fp + tn:
        given["specificity"] = f"{tn / (fp + tn):.1f}"
    found = bps.reconstruct(**given).tables[["tp", "fp", "fn", "tn"]].to_numpy()
    expected = set()
    for a, b, c in product(range(n + 1), repeat=3):
        d = n - a - b - c
        if (
            d < 0
            or ("sensitivity" in given and not a + c)
            or ("specificity" in given and not b + d)
        ):
            continue
        good = "sensitivity" not in given or _prints(Fraction(a, a + c), given["sensitivity"])
        good &= "specificity" not in given or _prints(Fraction(d, b + d), given["specificity"])
        if good:
            expected.add((a, b, c, d))
    if {tuple(map(int, row)) for row in found} != expected:
        raise SilentError(f"{len(found)} tables for {given}, by brute force {len(expected)}")


def _prints(value: Fraction, text: str) -> bool:
    """Say whether a value may be printed so: both ends of the rounding range count."""
    half = Fraction(1, 2 * 10 ** len(text.partition(".")[2]))
    return abs(value - Fraction(text)) <= half


def extreme_risk(rng: Rng, place: Path) -> None:
    """Ask for a risk from extreme flags: it must lie within the sharp bounds."""
    size = int(rng.integers(1, 5))
    shares = (0.0, 1e-12, 0.001, 0.3, 0.7, 0.999, 1.0)
    frame = pd.DataFrame(
        {
            "flag": [f"f{i}" for i in range(size)],
            "sensitivity": [pick(rng, shares) for _ in range(size)],
            "specificity": [pick(rng, shares) for _ in range(size)],
        }
    )
    rho = pick(rng, (0.0, 0.2, 0.9, 0.999))
    model = pick(
        rng, (bps.Independent(), bps.OneFactor(rho, rho), bps.MaximumEntropy(), bps.Bounds())
    )
    pretest = pick(rng, (1e-9, 0.01, 0.5))
    present = [name for name in frame["flag"] if rng.random() < 0.5]
    found = bps.RiskModel.from_frame(frame, pretest, dependence=model).risk(present)
    low, high = found.bounds
    value = found.posttest.estimate
    if math.isnan(low) or math.isnan(high):
        raise SilentError("bounds that are no numbers")
    if not math.isnan(value) and not low * (1 - 1e-6) <= value <= high + 1e-6 * high + 1e-15:
        raise SilentError(f"risk {value} outside its sharp bounds {low} to {high}")


GROUPS: dict[str, Callable[[Rng, Path], None]] = {
    "evidence folders": evidence_folder,
    "table files": table_file,
    "options": options,
    "frames": odd_frame,
    "arguments": careless_argument,
    "extreme tables": extreme_table,
    "extreme post-tests": extreme_posttest,
    "tables by brute force": brute_force,
    "extreme risks": extreme_risk,
}
