"""How many functions lie between one row of accuracy.csv and its post-test probability.

Counts the distinct functions of the package, and their modules, that run in
``posttest(evidence, "cancer_history", setting="primary_care")`` when the evidence holds one
single report, deyo1988_cancer_history, and nothing has been derived from it before.
Comprehensions, lambdas and functions defined inside a function belong to the function they
stand in.

    python validation/path_length.py [--list]
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import backpain_stats
from backpain_stats import Evidence, load_evidence, posttest

REPORT = "deyo1988_cancer_history"
PACKAGE = str(Path(backpain_stats.__file__).parent)
# The names by which comprehensions and lambdas appear; they are part of their function.
PARTS = ("<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>", "<lambda>", "<module>")


def one_report(evidence: Evidence) -> Evidence:
    """Return the evidence with a single report left in it."""
    accuracy = evidence.accuracy[evidence.accuracy["report_id"] == REPORT]
    return dataclasses.replace(evidence, accuracy=accuracy.reset_index(drop=True))


def functions_run(action: Callable[[], object]) -> set[tuple[str, str]]:
    """Return (module, function) for every function of the package that ``action`` runs."""
    seen: set[tuple[str, str]] = set()

    def watch(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(PACKAGE):
            module = code.co_filename.removeprefix(PACKAGE).lstrip("/")
            if code.co_name not in PARTS and "<locals>" not in code.co_qualname:
                seen.add((module, code.co_qualname))

    sys.setprofile(watch)
    try:
        action()
    finally:
        sys.setprofile(None)
    return seen


def path_of_one_report() -> set[tuple[str, str]]:
    """Return the functions between one row and its post-test probability."""
    evidence = load_evidence()
    # A first run of another evidence loads what is loaded when first used.
    posttest(one_report(evidence), "cancer_history", setting="primary_care", draws=16)
    fresh = one_report(evidence)
    return functions_run(lambda: posttest(fresh, "cancer_history", setting="primary_care"))


def main() -> None:
    """Print how many functions and modules there are; with --list, which."""
    functions = path_of_one_report()
    modules = sorted({module for module, _ in functions})
    print(f"{len(functions)} functions in {len(modules)} modules")
    if "--list" in sys.argv[1:]:
        for module in modules:
            names = sorted(name for place, name in functions if place == module)
            print(f"  {module}: {', '.join(names)}")


if __name__ == "__main__":
    main()
