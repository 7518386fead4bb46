"""The page about scaffolds: its programs are run, and its React is the one that there is."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import scaffolds.react.scaffold
from scaffolds.registry import find
from tests.requires import require

PAGE = Path(__file__).parents[3] / "docs" / "writing-a-scaffold.md"


def programs(name: str) -> str:
    """The blocks of one file, put together."""
    return "\n\n\n".join(re.findall(rf"```python {re.escape(name)}\n(.*?)```", PAGE.read_text(), re.DOTALL))


def code_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def my_agents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page's agents, where Python finds them; gives the text of their test."""
    require("bwrap", "apt-get install bubblewrap")
    folder = tmp_path_factory.mktemp("mine")
    (folder / "my_agents.py").write_text(programs("my_agents.py"))
    sys.path.insert(0, str(folder))
    yield programs("test_my_agents.py")
    sys.path.remove(str(folder))
    sys.modules.pop("my_agents", None)


def test_react_is_explained_from_the_first_line_to_the_last() -> None:
    assert scaffolds.react.scaffold.__file__
    file = Path(scaffolds.react.scaffold.__file__).read_text()
    assert code_lines(programs("react")) == code_lines(file)
    assert len(file.splitlines()) <= 60


def test_react_has_two_names_and_no_entry_anywhere() -> None:
    assert find("react").make is find("scaffolds.react.scaffold:React").make
    root = PAGE.parents[1]
    elsewhere = [
        path
        for part in ("scaffolds", "experiments", "sandbox", "benchmark")
        for path in (root / part).rglob("*.py")
        if path.parent.name != "react" and re.search(r"\breact\b", path.read_text())
    ]
    assert elsewhere == []


@pytest.mark.parametrize("agent", ["OneShot", "Drafts"])
def test_the_agents_of_the_page(tmp_path: Path, data_dir: Path, my_agents: str, agent: str) -> None:
    namespace: dict[str, object] = {}
    exec(compile(my_agents, "test_my_agents.py", "exec"), namespace)
    check = namespace["test_it_hands_something_in"]
    assert callable(check)
    check(tmp_path, data_dir, agent)
