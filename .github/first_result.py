"""Print the README's block of Python, for a workflow to run it as a newcomer would."""

import re
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"
print(re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)[0])
