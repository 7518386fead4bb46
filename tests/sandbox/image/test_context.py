"""What a build reads: pinned requirements, lists of packages, and the data sets to leave out."""

import re
from pathlib import Path

import pytest

from sandbox.backends.masked import DATA_SETS
from sandbox.image.context import HERE, context_files, recipe, system_packages
from sandbox.image.names import Kind

KINDS: list[Kind] = ["slim", "full"]
PIN = re.compile(r"([a-z0-9-]+)==[^ ]+( ; .+)?")


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted(path: Path) -> set[str]:
    """The names in a file of requirements, those of the files it includes left out."""
    lines = (line.strip() for line in path.read_text().splitlines())
    return {canonical(re.split(r"[\[<>=!~ ]", line)[0]) for line in lines if line and line[0] not in "#-"}


def compiled(kind: Kind) -> dict[str, set[str]]:
    """The files that ask for each package, by package."""
    found: dict[str, set[str]] = {}
    name = ""
    for line in (HERE / f"requirements-{kind}.txt").read_text().splitlines():
        if pin := PIN.fullmatch(line):
            name = pin[1]
            found.setdefault(name, set())
        elif asked := re.search(r"-r (requirements-\w+\.in)", line):
            found[name].add(asked[1])
        else:
            assert line.startswith(("#", "    #")), line
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_requirements_are_pinned_and_in_step_with_what_was_asked_for(kind: Kind) -> None:
    pins = compiled(kind)
    asked = [name for name in context_files(kind) if name.endswith(".in")]
    assert len(asked) == (1 if kind == "slim" else 2)
    for file in asked:
        assert wanted(HERE / file) == {name for name, files in pins.items() if file in files}


def test_both_images_hold_the_same_versions_of_what_both_hold() -> None:
    slim, full = ((HERE / f"requirements-{kind}.txt").read_text().splitlines() for kind in KINDS)
    assert {line.partition(" ")[0] for line in slim if PIN.fullmatch(line)} <= {
        line.partition(" ")[0] for line in full
    }


@pytest.mark.parametrize("kind", KINDS)
def test_no_index_is_named_in_what_a_build_reads(kind: Kind) -> None:
    for name, content in context_files(kind).items():
        assert b"://" not in content, name
        assert b"index-url" not in content, name


@pytest.mark.parametrize("kind", KINDS)
def test_the_context_holds_one_kind_and_the_data_sets_that_other_sandboxes_hide(kind: Kind) -> None:
    files = context_files(kind)
    assert tuple(files["data-sets.txt"].decode().split()) == DATA_SETS
    pins = [name for name in files if name.startswith("requirements") and name.endswith(".txt")]
    assert pins == [f"requirements-{kind}.txt"]
    assert ("packages-full.txt" in files) == (kind == "full")
    assert set(system_packages("slim")) <= set(system_packages(kind))


def test_another_kind_or_base_is_another_recipe() -> None:
    recipes = {recipe(kind, base) for kind in KINDS for base in ("ubuntu:22.04", "bootstrap")}
    assert len(recipes) == 4
    assert recipe("slim", "bootstrap") in recipes
