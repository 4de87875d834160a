"""The words people use for the columns of 2x2 tables, and what each column then holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal

__all__ = [
    "AUTHOR",
    "CELLS",
    "HOLDS",
    "STUDY",
    "TEST",
    "THRESHOLD",
    "YEAR",
    "Role",
    "normal",
    "role_of",
    "split_name",
    "word_in",
]

Role = Literal["tp", "fp", "fn", "tn", "cases", "noncases", "positives", "negatives", "n"]

CELLS: tuple[Role, ...] = ("tp", "fp", "fn", "tn")
# What each column adds up, in the order tp, fp, fn, tn.
HOLDS: dict[Role, tuple[int, int, int, int]] = {
    "tp": (1, 0, 0, 0),
    "fp": (0, 1, 0, 0),
    "fn": (0, 0, 1, 0),
    "tn": (0, 0, 0, 1),
    "cases": (1, 0, 1, 0),
    "noncases": (0, 1, 0, 1),
    "positives": (1, 1, 0, 0),
    "negatives": (0, 0, 1, 1),
    "n": (1, 1, 1, 1),
}


def _forms(short: str, *truth_and_sign: str) -> set[str]:
    truth, sign, cut = truth_and_sign
    forms = {short, f"{short}s", f"n{short}"}
    for end in (sign, f"{sign}s", f"{sign}result", f"{sign}results", cut):
        forms |= {f"{truth}{end}", f"n{truth}{end}", f"numberof{truth}{end}"}
    return forms


# Words that have one meaning only. "positives" alone is not here: by the test, or by the
# reference standard? Nor are a, b, c, d and n1, n2: authors order them differently.
_WORDS: dict[Role, set[str]] = {
    "tp": _forms("tp", "true", "positive", "pos"),
    "fp": _forms("fp", "false", "positive", "pos"),
    "fn": _forms("fn", "false", "negative", "neg"),
    "tn": _forms("tn", "true", "negative", "neg"),
    "cases": {"cases", "ncases", "diseased", "ndiseased", "totaldiseased", "totalcases",
              "withdisease", "nwithdisease", "withcondition"},
    "noncases": {"noncases", "nnoncases", "nondiseased", "nnondiseased", "totalnondiseased",
                 "totalnoncases", "notdiseased", "nnotdiseased", "withoutdisease",
                 "nwithoutdisease", "withoutcondition"},
    "positives": {"testpositive", "testpositives", "ntestpositive", "ntestpositives"},
    "negatives": {"testnegative", "testnegatives", "ntestnegative", "ntestnegatives"},
    "n": {"n", "total", "ntotal", "totaln", "samplesize", "npatients", "nparticipants"},
}  # fmt: skip
_ROLE = {word: role for role, words in _WORDS.items() for word in words}
# The first that is there names the study; "author" goes together with the year.
STUDY = (
    "study", "studyname", "studynames", "studylabel", "studlab", "slab", "names", "name",
    "author", "authors", "firstauthor", "studyid", "studyno", "trial", "reference", "citation",
    "publication", "paper", "article", "id",
)  # fmt: skip
AUTHOR = ("author", "authors", "firstauthor")
YEAR = ("year", "studyyear", "pubyear", "publicationyear", "yearofpublication")
TEST = ("test", "tests", "testname", "indextest", "testtype", "testnumber", "modality", "assay")
THRESHOLD = ("threshold", "thresholds", "cutoff", "cutoffs", "cutpoint", "cutoffvalue")
# Ends of a name that say it is a figure about a cell, not a cell of another test.
_NO_TEST = {
    "rate", "pct", "percent", "percentage", "prop", "proportion", "low", "high", "lower",
    "upper", "se", "sd", "ci", "lci", "uci", "ratio", "fraction", "note", "notes",
}  # fmt: skip


def normal(name: str) -> str:
    """Return a column's name without what people write differently.

    Examples
    --------
    >>> normal(" True.Positives "), normal("n_cases"), normal("No. (TP)")
    ('truepositives', 'ncases', 'notp')
    """
    return re.sub(r"[^0-9a-z]", "", name.casefold())


def role_of(name: str) -> Role | None:
    """Return what a column of this name holds, None if the name does not say.

    Examples
    --------
    >>> role_of("TruePos"), role_of("n.cases"), role_of("positives"), role_of("TP (%)")
    ('tp', 'cases', None, None)
    """
    if "%" in name:  # a percentage is no count, though it may be a whole number
        return None
    counted = re.sub(r"^\s*(number of|count of|no\.? of|no\.|#)\s*", "", name, flags=re.IGNORECASE)
    role = _ROLE.get(normal(counted))
    both = re.fullmatch(r"(.+)\((.+)\)\s*", counted)
    if role is None and both:  # "True positives (TP)"
        role = _ROLE.get(normal(both[1]))
        return role if role == _ROLE.get(normal(both[2])) else None
    return role


def split_name(name: str, words: Iterable[str] | None = None) -> tuple[str, str] | None:
    """Split the name of a test off a column's name: what it holds, and of which test.

    Parameters
    ----------
    name : str
        The column.
    words : iterable of str, optional
        What the rest has to be; by default any word for a cell or a total.

    Returns
    -------
    tuple of str or None
        The word and the test; None if the name is not made of these two.

    Examples
    --------
    >>> split_name("tp1"), split_name("TP_CT scan"), split_name("MRI.fn"), split_name("tp_rate")
    (('tp', '1'), ('tp', 'CT scan'), ('fn', 'MRI'), None)
    """
    known = set(_ROLE if words is None else words)
    if "%" in name:
        return None
    for form in (r"\s*(\D*?[^\W\d_])\s*(\d+)\s*", r"\s*([a-z]+)([A-Z]\w*)\s*"):  # tp1, tpA
        found = re.fullmatch(form, name)
        if found and normal(found[1]) in known:
            return normal(found[1]), found[2]
    pieces = [(cut.start(), cut.end()) for cut in re.finditer(r"[\s._\-:()\[\]]+", name)]
    for start, end in pieces:
        left, right = name[:start], name[end:].strip(" ()[]._-:")
        if normal(left) in known and right and normal(right) not in _NO_TEST:
            return normal(left), right
    for start, end in reversed(pieces):
        left, right = name[:start].strip(" ()[]._-:"), name[end:]
        if normal(right) in known and left and normal(left) not in _NO_TEST:
            return normal(right), left
    return None


def word_in(names: Sequence[str], words: Sequence[str]) -> int | None:
    """Return the position of the first of ``words`` that is a column's name."""
    normals = [normal(name) for name in names]
    return next((normals.index(word) for word in words if word in normals), None)
