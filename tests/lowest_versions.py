"""Print the lowest versions that pyproject.toml allows, as constraints for pip."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
# What the package itself runs on. The tools of its tests and documentation are not installed
# by who uses it: of those the newest are taken.
EXTRAS = ("docx", "excel", "citations", "cluster")
# The lowest matplotlib calls pyparsing by names that its later versions warn of.
OLD_ENOUGH = ("pyparsing<3.3",)


def lowest_versions(project: dict) -> list[str]:
    """Return ``name==version`` for every requirement ``name>=version``."""
    wanted = [*project["dependencies"]]
    for extra in EXTRAS:
        wanted += project["optional-dependencies"][extra]
    found = [re.match(r"([\w.-]+)(?:\[[\w,]+\])?>=([\w.]+)$", one) for one in wanted]
    without = [one for one, match in zip(wanted, found, strict=True) if match is None]
    if without:
        raise SystemExit(f"pyproject.toml gives no lowest version of: {without}")
    return [*(f"{match[1]}=={match[2]}" for match in found if match), *OLD_ENOUGH]


if __name__ == "__main__":
    print("\n".join(lowest_versions(tomllib.loads(PYPROJECT.read_text("utf-8"))["project"])))
