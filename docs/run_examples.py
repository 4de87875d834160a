"""Run the examples of the pages and of the README, and print what they give into them.

The tests run the same examples and compare. After a change of the evidence or of a default the
pages are brought up to date, and the difference is looked at before it is committed.

python docs/run_examples.py
"""

from __future__ import annotations

import contextlib
import doctest
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# A block of Python, and the block of text under it that shows what it prints.
PASTED = re.compile(
    r"```python\n(?P<code>(?!>>>).*?)```\n(?:\n```text\n(?P<output>.*?)```\n)?", re.S
)


def pages() -> list[Path]:
    """Return the pages with examples that were written by hand."""
    made = {"_build", "api", "course", "examples", "gallery", "validation"}
    return sorted(
        page
        for page in (ROOT / "docs").rglob("*.md")
        if not made & set(page.relative_to(ROOT / "docs").parts)
    )


def ran(page: Path) -> Iterator[tuple[doctest.Example, str]]:
    """Run the ``>>>`` examples of a page; yield those that print something else, and what."""
    found: list[tuple[doctest.Example, str]] = []

    class Runner(doctest.DocTestRunner):
        def report_failure(
            self, out: object, test: object, example: doctest.Example, got: str
        ) -> None:
            found.append((example, got))

        def report_unexpected_exception(
            self, out: object, test: object, example: doctest.Example, exc_info: Any
        ) -> None:
            raise RuntimeError(f"{page}: an example fails: {example.source}") from exc_info[1]

    test = doctest.DocTestParser().get_doctest(
        page.read_text(encoding="utf-8"), {}, page.name, str(page), 0
    )
    Runner(verbose=False).run(test, out=lambda text: None)
    return iter(found)


def update(page: Path) -> bool:
    """Write what the examples of a page print now into it; return whether it changed."""
    lines = page.read_text(encoding="utf-8").splitlines(keepends=True)
    changed = False
    for example, got in reversed(list(ran(page))):
        first = example.lineno + example.source.count("\n")
        shown = re.sub(r"^[ \t]*$", "<BLANKLINE>", got.rstrip("\n"), flags=re.M)
        lines[first : first + example.want.count("\n")] = [
            f"{line}\n" for line in shown.split("\n")
        ]
        changed = True
    if changed:
        page.write_text("".join(lines), encoding="utf-8", newline="\n")
    return changed


def printed(code: str, names: dict[str, object]) -> str:
    """Return what a block of Python prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "README.md", "exec"), names)
    return out.getvalue()


def update_pasted(page: Path) -> bool:
    """Do the same for blocks without prompts, each with a block of text under it."""
    text = page.read_text(encoding="utf-8")
    names: dict[str, object] = {}

    def replaced(block: re.Match[str]) -> str:
        output = printed(block["code"], names)
        if block["output"] is None:
            return block[0]
        start, end = (place - block.start() for place in block.span("output"))
        return block[0][:start] + output + block[0][end:]

    new = PASTED.sub(replaced, text)
    page.write_text(new, encoding="utf-8", newline="\n")
    return new != text


def main() -> None:
    """Bring every page up to date, and say which changed."""
    changed = [page for page in pages() if update(page)]
    changed += [page for page in [ROOT / "README.md"] if update_pasted(page)]
    for page in changed:
        print(f"changed: {page.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
