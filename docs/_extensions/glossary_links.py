"""Link the first mention of a glossary term on each page, docstrings included.

Only terms that mean one thing wherever they stand: of several words, or long. The others
("case", "level") are linked by hand where they are meant.
"""

from __future__ import annotations

import re
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx

GLOSSARY = Path(__file__).resolve().parents[1] / "glossary.md"
LONG = 9


def terms() -> list[str]:
    """Return the terms of the glossary, in its order."""
    entries = GLOSSARY.read_text(encoding="utf-8").split("```{glossary}")[1]
    return re.findall(r"^(\S.*)\n    ", entries, re.MULTILINE)


def _pattern() -> tuple[re.Pattern[str], dict[str, str]]:
    plain = {term.lower(): term for term in terms() if " " in term or len(term) >= LONG}
    longest_first = sorted(plain, key=len, reverse=True)
    either = "|".join(re.escape(term) for term in longest_first)
    # A sensitivity analysis has nothing to do with sensitivity.
    return re.compile(rf"\b({either})s?\b(?! anal)", re.IGNORECASE), plain


def _link(app: Sphinx, doctree: nodes.document) -> None:
    docname = app.env.docname
    if docname == "glossary":
        return
    pattern, plain = _pattern()
    seen: set[str] = set()
    for text in list(doctree.findall(nodes.Text)):
        if not isinstance(text.parent, nodes.paragraph):
            continue
        parts: list[nodes.Node] = []
        end = 0
        for found in pattern.finditer(text):
            term = plain[found[1].lower()]
            if term in seen:
                continue
            seen.add(term)
            shown = nodes.inline("", found[0], classes=["xref", "std", "std-term"])
            link = pending_xref(
                "", shown, refdomain="std", reftype="term", reftarget=term,
                refexplicit=True, refwarn=True, refdoc=docname,
            )  # fmt: skip
            parts += [nodes.Text(text[end : found.start()]), link]
            end = found.end()
        if parts:
            text.parent.replace(text, [*parts, nodes.Text(text[end:])])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the links with Sphinx."""
    app.connect("doctree-read", _link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
