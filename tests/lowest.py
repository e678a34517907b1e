"""Print constraints that install the oldest version of each dependency that pyproject.toml allows.

Everything else keeps its version of .constraints.txt. `make test-lowest` uses this.
"""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def name_of(requirement: str) -> str:
    return re.split(r"[=><;\s]", requirement, maxsplit=1)[0].lower()


dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
lowest = {name_of(each): each.replace(">=", "==") for each in dependencies}
pins = (ROOT / ".constraints.txt").read_text().splitlines()
others = [pin for pin in pins if not pin.startswith("#") and name_of(pin) not in lowest]
print(*lowest.values(), *others, sep="\n")
