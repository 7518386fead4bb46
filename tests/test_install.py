"""An environment made with pip holds the same versions as one made with uv: both come from one lock."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PIN = re.compile(r"(?P<name>[\w.-]+)==(?P<version>[^\s;]+)")


def test_the_constraints_are_the_lock() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    locked = {(package["name"], package["version"]) for package in lock["package"] if "version" in package}
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [(pin["name"], pin["version"]) for pin in map(PIN.match, lines) if pin]
    assert len(pins) == len(lines)
    assert set(pins) - locked == set()


def test_every_package_that_is_asked_for_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    asked = {
        re.split(r"[\[<>=!~; ]", line)[0].lower().replace("_", "-")
        for line in (
            *project["dependencies"],
            *(line for name in extras if name != "torch" for line in extras[name]),
        )
    }
    pinned = {pin["name"] for pin in PIN.finditer((ROOT / "constraints.txt").read_text(encoding="utf-8"))}
    assert asked - pinned == set()
