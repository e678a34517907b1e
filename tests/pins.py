"""Write the lock files: `.requirements/*.txt` and each `package-lock.json`.

`make pins` keeps every locked version that pyproject.toml and package.json still allow;
`make pins ARGS=--upgrade` takes the newest versions. Versions and hashes come from the index that
uv and npm are configured for. No lock file names it. The hashes of a version are those of all its
files, so that a lock holds on every platform and Python version.
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCKS = ROOT / ".requirements"
UV = Path(sys.executable).with_name("uv")
OLDEST_PYTHON = "3.11"

Command = list[str]

SETS: dict[str, Command] = {
    "all": ["pyproject.toml", "--extra=all"],
    "test": ["pyproject.toml", "--extra=test"],
    "serve": ["pyproject.toml"],
    "docs": ["pyproject.toml", "--extra=docs"],
    "build": ["--group=build"],
    "tools": ["--group=tools"],
    "sdk-build": ["--group=sdk-build"],
    "sdk": ["--group=sdk", "--build-constraints=.requirements/sdk-build.txt"],
    "lowest": ["pyproject.toml", "--extra=test"],
}
"""What each lock is made of, in the order of making: `all` constrains the others."""
UNCONSTRAINED = {"all", "sdk-build"}


def name_of(requirement: str) -> str:
    """Return the package of a requirement."""
    return re.split(r"[=><;\s]", requirement, maxsplit=1)[0].lower()


def lowest() -> list[str]:
    """Return the oldest version of each dependency, and all other pins as they are in `all`."""
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    oldest = {name_of(each): each.replace(">=", "==") for each in dependencies}
    pins = re.findall(r"^[\w.-]+==[^\\\n]*", (LOCKS / "all.txt").read_text(), re.MULTILINE)
    return [*oldest.values(), *(pin for pin in pins if name_of(pin) not in oldest)]


def lock_python(name: str, flags: Command) -> None:
    """Write one lock of Python packages."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
        if name == "lowest":
            constraints.write("\n".join(lowest()))
        elif name not in UNCONSTRAINED:
            constraints.write((LOCKS / "all.txt").read_text())
        constraints.flush()
        common = ["--quiet", "--universal", f"--python-version={OLDEST_PYTHON}"]
        common += ["--generate-hashes", "--no-annotate", "--custom-compile-command=make pins"]
        common += [f"--constraints={constraints.name}", f"--output-file=.requirements/{name}.txt"]
        run([str(UV), "pip", "compile", *common, *SETS[name], *flags], ROOT)


def lock_node(recipe: Path, *, upgrade: bool) -> None:
    """Write the lock beside a package.json."""
    if upgrade:
        recipe.with_name("package-lock.json").unlink(missing_ok=True)
    flags = ["--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    # Without this, the lock would name the registry for each package.
    flags += ["--omit-lockfile-registry-resolved"]
    run(["npm", "install", *flags], recipe.parent)
    lock = recipe.with_name("package-lock.json")
    written = json.loads(lock.read_text())
    for package in written["packages"].values():
        package.pop("funding", None)  # addresses that nothing here uses
    lock.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n")


def run(command: Command, folder: Path) -> None:
    """Run a command; end the program if it fails."""
    if subprocess.run(command, cwd=folder, check=False).returncode:
        sys.exit(f"failed in {folder}: {' '.join(command)}")


def main(flags: Command) -> None:
    """Write all lock files. The flags are those of `uv pip compile`."""
    LOCKS.mkdir(exist_ok=True)
    for name in SETS:
        lock_python(name, flags)
    for tracked in subprocess.check_output(["git", "ls-files", "*package.json"], text=True).split():
        lock_node(ROOT / tracked, upgrade="--upgrade" in flags)


if __name__ == "__main__":
    main(sys.argv[1:])
