"""The page about scaffolds: its programs are run, and its React is the one that there is."""

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import scaffolds.react.scaffold
from scaffolds.registry import find
from tests.requires import require
from tests.scaffolds.scripted import Scripted, play, says

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


GOOD = "open('metrics.json', 'w').write('{\"score\": 5}'); open('submission.csv', 'w').write('id,y\\n1,2\\n')"
LEFT = {
    "good": GOOD,
    "breaks off before it writes anything": "raise SystemExit(1)",
    "writes and fails": f"{GOOD}; raise SystemExit(1)",
    "no score": GOOD.replace("score", "loss"),
    "no number": GOOD.replace("5", "NaN"),
    "a list": GOOD.replace('{"score": 5}', "[5]"),
    "brackets": GOOD.replace("'{\"score\": 5}'", "'[' * 60_000"),
    "no submission": GOOD.partition(";")[0],
    "good again": GOOD,
}


def test_a_draft_counts_for_what_it_left_itself(tmp_path: Path, my_agents: str) -> None:
    """One after the other in a sandbox that is kept: whatever a script did, the next one is judged alone."""
    draft = importlib.import_module("my_agents").draft
    model = Scripted([says(f"```python\n{code}\n```") for code in LEFT.values()])
    came = play(tmp_path, lambda run: [draft(number, run) for number in range(len(LEFT))], model)
    scores = {name: one and one.score for name, one in zip(LEFT, came, strict=True)}
    assert scores == dict.fromkeys(LEFT) | {"good": 5.0, "good again": 5.0}


@pytest.mark.parametrize("agent", ["OneShot", "Drafts"])
def test_the_agents_of_the_page(tmp_path: Path, data_dir: Path, my_agents: str, agent: str) -> None:
    namespace: dict[str, object] = {}
    exec(compile(my_agents, "test_my_agents.py", "exec"), namespace)
    check = namespace["test_it_hands_something_in"]
    assert callable(check)
    check(tmp_path, data_dir, agent)
