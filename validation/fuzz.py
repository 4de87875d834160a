"""Thousands of malformed, careless and extreme calls: what becomes of each.

    python validation/fuzz.py [--cases 6000] [--seed 11] [--limit 60] [--minutes 25]

writes reports/fuzz.md. Every case comes from its group, the seed and its number, runs in a process
apart with a time limit, and is one of: a right answer (what can be checked about it holds),
one clear error of the package's family, or a defect.
"""

from __future__ import annotations

import contextlib
import platform
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))
from fuzz_cases import CALLED, GROUPS, SilentError

from backpain_stats.errors import BackpainStatsError

RIGHT, ERROR, DEFECT = "right", "one clear error", "defect"
# Of a hundred cases; an evidence takes fifty times as long as a table.
SHARES = {
    "evidence folders": 10, "table files": 10, "options": 14, "frames": 16, "arguments": 20,
    "extreme tables": 8, "extreme post-tests": 6, "tables by brute force": 6, "extreme risks": 10,
}  # fmt: skip
# A hang takes this many times as long as a plain case, and at least these seconds.
TIMES, LEAST_SECONDS = 20, 2.0
REPORT = Path(__file__).parents[1] / "reports" / "fuzz.md"


class Outcome(NamedTuple):
    """What became of one case."""

    group: str
    number: int
    kind: str
    text: str
    seconds: float
    called: str


class Late(BaseException):
    """The time limit of a case has passed; no handler of the package takes it for its own."""


def _late(*_: object) -> None:
    raise Late


def run_case(group: str, number: int, seed: int, limit: int) -> Outcome:
    """Run one case in this process."""
    rng = np.random.default_rng([seed, list(GROUPS).index(group), number])
    CALLED[:] = [group]
    begun = time.process_time()  # the machine may have other work
    for signal_ in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(signal_, _late)
    signal.setitimer(signal.ITIMER_PROF, limit)
    signal.alarm(20 * limit)  # what waits takes no processor time
    kind, text = RIGHT, ""
    try:
        with tempfile.TemporaryDirectory() as place, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            GROUPS[group](rng, Path(place))
    except BackpainStatsError as error:
        kind = ERROR if str(error).strip() and "Traceback" not in str(error) else DEFECT
        text = str(error)
    except Late:
        kind, text = DEFECT, f"more than {limit} s"
    # The point of the study is what else comes out.
    except Exception as error:
        frames = error.__traceback__
        while frames is not None and frames.tb_next is not None:
            frames = frames.tb_next
        place_ = (
            f"{Path(frames.tb_frame.f_code.co_filename).name}:{frames.tb_lineno}" if frames else ""
        )
        silent = "silent answer: " if isinstance(error, SilentError) else ""
        kind, text = DEFECT, f"{silent}{type(error).__name__}: {error} ({place_})"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
    return Outcome(group, number, kind, text, time.process_time() - begun, CALLED[0])


def plan(cases: int) -> list[tuple[str, int]]:
    """Return the group and number of every case, the groups spread evenly over the run."""
    sizes = {group: round(cases * share / sum(SHARES.values())) for group, share in SHARES.items()}
    pairs = [(group, number) for group, size in sizes.items() for number in range(size)]
    return sorted(pairs, key=lambda pair: pair[1] / sizes[pair[0]])


def run_all(cases: int, seed: int, limit: int, minutes: float) -> list[Outcome]:
    """Run all cases, or as many as the minutes allow, in a process that is not this one."""
    end = time.perf_counter() + 60 * minutes
    outcomes = []
    with ProcessPoolExecutor(1) as pool:
        waiting = [pool.submit(run_case, *one, seed, limit) for one in plan(cases)]
        for done, future in enumerate(waiting, 1):
            outcomes.append(future.result())
            if outcomes[-1].kind == DEFECT:
                click.echo(f"{outcomes[-1]}"[:400], err=True)
            if time.perf_counter() > end:
                pool.shutdown(cancel_futures=True)
                break
            if done % 250 == 0:
                click.echo(f"{done} of {len(waiting)}", err=True)
    return outcomes


def slow(outcomes: list[Outcome]) -> list[Outcome]:
    """Return the cases that took over 20 times what a plain one of the same function takes.

    A plain one is the median of its right answers; what ends within two seconds is no hang.
    """
    frame = pd.DataFrame(outcomes)
    right = frame[frame["kind"] == RIGHT].groupby("called")["seconds"].median()
    return [
        one
        for one in outcomes
        if one.seconds > max(TIMES * right.get(one.called, 0.0), LEAST_SECONDS)
    ]


def report(outcomes: list[Outcome], seed: int, minutes: float) -> str:
    """Return the page: counts by group, then every defect."""
    frame = pd.DataFrame(outcomes)
    table = pd.crosstab(frame["group"], frame["kind"]).reindex(
        index=list(SHARES), columns=[RIGHT, ERROR, DEFECT], fill_value=0
    )
    times, late = frame.groupby("group")["seconds"], slow(outcomes)
    lines = [
        "# Malformed, careless and extreme calls",
        "",
        f"Made by `python validation/fuzz.py --cases {len(frame)} --seed {seed}` in {minutes:.0f} "
        f"minutes (Python {platform.python_version()}, numpy {np.__version__}).",
        "",
        "A right answer was checked as far as it can be: intervals around their estimate, exact "
        "fractions, all tables by brute force, risks within their sharp bounds, frames unchanged. "
        "One clear error is an error of the package's own, or exit code 2 with one message.",
        "",
        "A hang takes over 20 times the processor time of a plain case of the same function (the "
        "median of its right answers), and more than 2 s.",
        "",
        f"| group | {' | '.join(table.columns)} | hang | median s | longest s |",
        "|---|" + "---:|" * 6,
    ]
    for group, row in table.iterrows():
        own = times.get_group(group)
        numbers = " | ".join(f"{value:,}" for value in row)
        hangs = sum(one.group == group for one in late)
        lines.append(f"| {group} | {numbers} | {hangs} | {own.median():.3f} | {own.max():.1f} |")
    total = " | ".join(f"{value:,}" for value in table.sum())
    lines += [f"| all | {total} | {len(late)} | | |", "", "## Defects", ""]
    defects = Counter(one.text for one in outcomes if one.kind == DEFECT)
    lines += [f"* {times_} x {text[:300]!r}" for text, times_ in defects.most_common()] or ["None."]
    if late:
        lines += ["", "## Hangs", ""]
        lines += [f"* {one.called} ({one.number}), {one.seconds:.1f} s: {one.text[:200]!r}"
                  for one in late]  # fmt: skip
    return "\n".join(lines) + "\n"


@click.command()
@click.option("--cases", default=6000, show_default=True)
@click.option("--seed", default=11, show_default=True)
@click.option("--limit", default=60, show_default=True, help="Seconds a case may take.")
@click.option("--minutes", default=25.0, show_default=True, help="What is left then is not run.")
@click.option("--out", type=click.Path(path_type=Path), default=REPORT, show_default=False)
def main(cases: int, seed: int, limit: int, minutes: float, out: Path) -> None:
    """Run the study and write its table."""
    begun = time.perf_counter()
    outcomes = run_all(cases, seed, limit, minutes)
    taken = (time.perf_counter() - begun) / 60
    out.write_text(report(outcomes, seed, taken), encoding="utf-8")
    with contextlib.suppress(BrokenPipeError):
        click.echo(f"wrote {out}")


if __name__ == "__main__":
    main()
