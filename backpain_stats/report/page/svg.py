"""Figures as SVG with real text: a file beside the page, and the same drawing inside it."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from markupsafe import Markup

from backpain_stats.plots import off_screen

if TYPE_CHECKING:
    from backpain_stats.report.page.parts import FigurePart

__all__ = ["Drawings", "figure_svg", "settled"]

# A fixed salt makes the ids inside an SVG depend on its content alone: on all of its digits.
_SETTINGS = {
    "svg.hashsalt": "backpain_stats",
    "svg.fonttype": "none",
    "font.family": ["DejaVu Sans"],
    "font.size": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,
}
# What XML cannot hold, and browsers would not show.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_NUMBER = re.compile(r"-?\d+\.\d+")
_STANDING = re.compile(r"^rotate\(-?0(?:\.0+)? [^)]*\)$")
_REFERENCE = re.compile(r"^#|^url\(#")
_HASHED = re.compile(r'(?<=["#])([a-z])[0-9a-f]{10}(?=[")])')
_LONG = re.compile(r"-?\d+\.\d{3,}")
_TAG = re.compile(r"<[^>]*>")
_SVG = "{http://www.w3.org/2000/svg}"
_LINKS = "{http://www.w3.org/1999/xlink}"
_DROPPED = {"metadata", "style"}
# What is drawn on paper takes the colours of the page, light or dark.
_COLOURS = {
    "#000000": "currentColor",
    "#ffffff": "var(--paper)",
    "#767676": "var(--soft)",
    "#d9d9d9": "var(--line)",
    "#b0b0b0": "var(--line)",
    "#f2f2f2": "var(--panel)",
    "#d3eaf8": "var(--pale)",
}


def figure_svg(part: FigurePart) -> str:
    """Draw a figure part off screen and return it as SVG text, the same on every run.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats import plots
    >>> from backpain_stats.report.page.parts import FigurePart
    >>> judged = pd.DataFrame({"cohort_id": ["A"], "aspect": "risk_of_bias",
    ...                        "domain": "index_test", "judgement": "low"})
    >>> part = FigurePart("quality", "Quality", "one study", lambda: plots.quality(judged))
    >>> figure_svg(part) == figure_svg(part)
    True
    """
    with off_screen(_SETTINGS):
        from matplotlib.backends.backend_svg import FigureCanvasSVG  # once matplotlib may load

        figure = part.draw().get_figure(root=True)
        assert figure is not None
        stream = io.StringIO()
        # As savefig does it, without the rehearsal by which that finds its renderer: the layout
        # is done in the one drawing, at half the time.
        FigureCanvasSVG(figure).print_svg(stream, metadata={"Date": None, "Creator": None})
    # Readers without this font get a wide one of theirs: DejaVu is wide, so nothing is cut off.
    text = _CONTROL.sub(" ", stream.getvalue())
    return settled(text.replace("'DejaVu Sans'", "'DejaVu Sans', Verdana, sans-serif"))


def settled(svg: str) -> str:
    """Return an SVG of matplotlib without the digits that differ from one run to the next.

    Coordinates are rounded to a hundredth of a point. Ids are hashes of all digits of what
    they name; they are numbered in the order in which they come.

    Examples
    --------
    >>> settled('<g clip-path="url(#p9ebea48e2c)"/><text x="1.250001">0.12345</text>')
    '<g clip-path="url(#p0)"/><text x="1.25">0.12345</text>'
    """
    seen: dict[str, str] = {}

    def in_tag(tag: re.Match[str]) -> str:
        named = _HASHED.sub(lambda one: seen.setdefault(one[0], f"{one[1]}{len(seen)}"), tag[0])
        return _LONG.sub(lambda one: str(round(float(one[0]), 2) + 0.0).removesuffix(".0"), named)

    return _TAG.sub(in_tag, svg)


class Drawings:
    """The drawings of one page: their style rules are shared, their ids are apart.

    A page with a strict content security policy takes no style attributes, so every
    distinct one becomes a class; ``rules`` are the style sheet of all drawings added.
    """

    def __init__(self) -> None:
        self._classes: dict[str, str] = {}
        self._ids: dict[tuple[str, str], str] = {}

    def add(self, svg: str, name: str, title: str, description: str) -> Markup:
        """Return a drawing as an element of the page, with words for who cannot see it.

        Parameters
        ----------
        svg : str
            From :func:`figure_svg`.
        name : str
            Unique on the page.
        title, description : str
            What the drawing is, and what it shows.

        Returns
        -------
        Markup
            Written by the XML library from parsed elements: all text in it is escaped.
        """
        root = ElementTree.fromstring(svg)
        used = {
            re.sub(r"^url\(#|^#|\)$", "", value)
            for element in root.iter()
            for key, raw in element.attrib.items()
            for value in [raw, *re.findall(r"url\(#[^)]*\)", raw)]
            if key != "id" and _REFERENCE.match(value)
        }
        self._clean(root, name, used)
        width, height = (float(value) for value in root.get("viewBox", "0 0 1 1").split()[2:])
        label, about = f"figure-{name}-title", f"figure-{name}-about"
        root.attrib = {
            "class": "plot",
            "viewBox": root.get("viewBox", ""),
            # Points of the drawing are three quarters of a pixel.
            "width": f"{width / 0.75:.0f}",
            "height": f"{height / 0.75:.0f}",
            "role": "img",
            "aria-labelledby": label,
            "aria-describedby": about,
        }
        words = [ElementTree.Element("title", id=label), ElementTree.Element("desc", id=about)]
        words[0].text, words[1].text = title, description
        root[:0] = words
        return Markup(ElementTree.tostring(root, encoding="unicode"))

    def rules(self) -> str:
        """Return the style sheet of the drawings."""
        return "\n".join(f".{name} {{ {text} }}" for text, name in self._classes.items())

    def _clean(self, element: ElementTree.Element, name: str, used: set[str]) -> None:
        """Strip an element and those inside it of what a page does not need."""
        element.tag = str(element.tag).removeprefix(_SVG)
        element.text = (element.text or "").strip() or None
        element.tail = None
        attributes = {}
        for raw, value in element.attrib.items():
            key = raw.removeprefix(_LINKS)
            if key == "id":
                if value in used:
                    attributes["id"] = self._id(name, value)
            elif key == "style":
                attributes["class"] = self._class(element.tag, value, name)
            elif _REFERENCE.match(value):
                attributes[key] = self._referring(value, name)
            elif not (key == "transform" and _STANDING.match(value)):
                attributes[key] = _rounded(value)
        element.attrib = attributes
        for child in list(element):
            if str(child.tag).removeprefix(_SVG) in _DROPPED:
                element.remove(child)
            else:
                self._clean(child, name, used)
        _share_class(element)
        for child in list(element):
            if child.tag in ("g", "defs") and len(child) == 0 and not child.text:
                element.remove(child)

    def _id(self, name: str, value: str) -> str:
        """Return the id that one of a drawing has on the page: short, since marks repeat it."""
        return self._ids.setdefault((name, value), f"d{len(self._ids)}")

    def _referring(self, text: str, name: str) -> str:
        """Return a reference, or a style with references, to ids of the page."""
        return re.sub(
            r"(^|url\()#([\w.-]+)", lambda old: f"{old[1]}#{self._id(name, old[2])}", text
        )

    def _class(self, tag: str, style: str, name: str) -> str:
        """Return the class that stands for a style attribute."""
        text = re.sub(r"font-family: [^;]*(;|$)", "", style).strip().rstrip(";")
        text = self._referring(text, name)
        if tag == "text":
            # White text stands on a colour that stays as it is.
            text = text.replace("#ffffff", "#fff")
        for colour, own in _COLOURS.items():
            text = text.replace(colour, own)
        return self._classes.setdefault(text, f"p{len(self._classes)}")


def _rounded(value: str) -> str:
    """Round every number to a hundredth of a point, and end lines by blanks."""
    return _NUMBER.sub(lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."),
                       " ".join(value.split()))  # fmt: skip


def _share_class(group: ElementTree.Element) -> None:
    """Give a group the class that all of its marks have."""
    classes = {child.get("class") for child in group}
    if group.tag == "g" and len(group) > 1 and len(classes) == 1 and "class" not in group.attrib:
        (own,) = classes
        if own is not None and all(child.tag == "use" for child in group):
            group.set("class", own)
            for child in group:
                del child.attrib["class"]
