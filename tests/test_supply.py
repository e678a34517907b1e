"""The locks of what `make`, CI and the image install have hashes, and workflows pin actions."""

import json
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCKS = sorted((ROOT / ".requirements").iterdir())
RECIPES = sorted((*ROOT.glob(".ci/*/package.json"), *ROOT.glob("tests/**/package.json")))

OWN_VERSIONS = {"lowest", "sdk-build"}
"""Locks that may have other versions than the others."""


def requirements(*, of: str) -> list[Requirement]:
    """Return what pyproject.toml requires for `serve`, an extra, or a group."""
    project, groups = PROJECT["project"], PROJECT["dependency-groups"]
    if of in groups:
        return list(map(Requirement, groups[of]))
    more = [] if of == "serve" else project["optional-dependencies"][of]
    found = list(map(Requirement, (*project["dependencies"], *more)))
    return found if of != "all" else [*found, *requirements(of="test"), *requirements(of="mcp")]


@cache
def locked(name: str) -> dict[str, str]:
    """Return the version of each package of a lock."""
    text = (ROOT / f".requirements/{name}.txt").read_text("utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ]+)", text, re.MULTILINE))


REQUIREMENT = r"[a-z0-9-]+==[^ ;]+( ; [^\\\n]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+\n"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_each_python_package_is_locked_by_hashes(lock: Path) -> None:
    """Nothing but comments, versions and hashes: no index, no address, no file."""
    text = re.sub(r"^#.*\n", "", lock.read_text("utf-8"), flags=re.MULTILINE)
    assert re.sub(REQUIREMENT, "", text) == ""
    assert "://" not in lock.read_text("utf-8")


@pytest.mark.parametrize("name", ["serve", "test", "all", "docs", *PROJECT["dependency-groups"]])
def test_a_lock_has_what_is_required(name: str) -> None:
    """`make pins` writes the locks again."""
    pins = locked(name)
    missing = [
        str(each)
        for each in requirements(of=name)
        if each.name != "mock-clover"
        and not each.specifier.contains(pins.get(canonicalize_name(each.name), "0"))
    ]
    assert missing == []


def test_serving_needs_fewer_than_twenty_packages() -> None:
    assert len(locked("serve")) < 20


def test_the_oldest_versions_are_those_of_pyproject() -> None:
    """`make pins` writes the lock again."""
    oldest = {
        canonicalize_name(each.name): next(iter(each.specifier)).version
        for each in requirements(of="serve")
    }
    pins = locked("lowest")
    different = {
        name: (version, pins.get(name))
        for name, version in oldest.items()
        if not Requirement(f"x=={version}").specifier.contains(pins.get(name, "0"))
    }
    assert different == {}


def test_the_locks_agree() -> None:
    known = locked("all")
    different = [
        (lock.stem, name, version)
        for lock in LOCKS
        if lock.stem not in OWN_VERSIONS
        for name, version in locked(lock.stem).items()
        if known.get(name, version) != version
    ]
    assert different == []


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda file: str(file.parent.relative_to(ROOT)))
def test_each_npm_package_is_locked_by_its_integrity(recipe: Path) -> None:
    """`make pins` writes the lock again."""
    text = recipe.with_name("package-lock.json").read_text("utf-8")
    assert "://" not in text
    lock = json.loads(text)["packages"]
    declared, own = json.loads(recipe.read_text("utf-8")), lock.pop("")
    for kind in ("dependencies", "optionalDependencies"):
        assert own.get(kind) == declared.get(kind)
    without = [name for name, each in lock.items() if not each["integrity"].startswith("sha512-")]
    assert without == []
    expected = declared.get("dependencies", {}) | declared.get("optionalDependencies", {})
    assert {name: lock[f"node_modules/{name}"]["version"] for name in expected} == expected


RIGHTS = {
    "release.yml package": {"contents": "read", "id-token": "write"},  # trusted publishing
    "release.yml image": {"contents": "read", "packages": "write"},
    "release.yml manifest": {"packages": "write"},  # tags what `image` pushed, without a checkout
}
"""Jobs that may do more than read the repository."""
WORKFLOWS = sorted((ROOT / ".github/workflows").iterdir())


def test_workflows_have_no_rights_and_no_moving_actions() -> None:
    rights = {}
    for file in WORKFLOWS:
        text = file.read_text("utf-8")
        assert "://" not in text
        workflow = yaml.safe_load(text)
        assert workflow["permissions"] == {}
        rights |= {
            f"{file.name} {name}": job["permissions"]
            for name, job in workflow["jobs"].items()
            if job["permissions"] != {"contents": "read"}
        }
        used = re.findall(r"uses: *(.+)", text)
        assert [each for each in used if not re.fullmatch(r"\S+@[0-9a-f]{40} # v\S+", each)] == []
        # An expression in a script could be code from the title of a pull request.
        steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
        assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []
    assert rights == RIGHTS


def test_an_action_has_one_version() -> None:
    text = "".join(file.read_text("utf-8") for file in WORKFLOWS)
    actions = set(re.findall(r"uses: *(\S+)@", text))
    assert len(set(re.findall(r"uses: *(.+)", text))) == len(actions)


def test_the_owner_is_the_same_everywhere() -> None:
    """It is the placeholder OWNER until there is one; `.github/check-release.sh` rejects that."""
    files = [ROOT / "README.md", ROOT / "pyproject.toml", *(ROOT / "docs").rglob("*.md")]
    text = "".join(file.read_text("utf-8") for file in files)
    owners = re.findall(r"(?:github\.com|ghcr\.io)/([^/\s]+)/mock-clover", text)
    assert len(owners) > 1
    assert len(set(owners)) == 1


@pytest.mark.system
def test_a_tag_of_another_version_is_not_released() -> None:
    script = ROOT / ".github/check-release.sh"
    completed = subprocess.run(
        ["bash", script, "v9.9.9"], capture_output=True, text=True, check=False
    )
    assert completed.returncode == 1
    assert completed.stderr.splitlines()[:2] == [
        "pyproject.toml has another version than v9.9.9",
        "CHANGELOG.md has no heading '## 9.9.9'",
    ]


def test_the_tested_pythons_are_those_of_the_classifiers() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))
    tested = workflow["jobs"]["fast"]["strategy"]["matrix"]["python"]
    prefix = "Programming Language :: Python :: "
    named = [each.removeprefix(prefix) for each in PROJECT["project"]["classifiers"]]
    assert [each for each in named if re.fullmatch(r"3\.\d+", each)] == tested
    assert PROJECT["project"]["requires-python"] == f">={tested[0]}"
