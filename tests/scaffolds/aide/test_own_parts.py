"""The page about AIDE: its search with a policy of one's own is found by name, and runs."""

import re
import sys
from pathlib import Path

import pytest

from scaffolds.aide.scaffold import Aide
from scaffolds.registry import find
from tests.scaffolds.aide.support import Scripted, good, run_aide

PAGE = Path(__file__).parents[3] / "docs" / "aide.md"


def test_a_policy_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (program,) = re.findall(r"```python my_search.py\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "my_search.py").write_text(program)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    try:
        kind = find("my_search:Spread")
        assert issubclass(kind.make, Aide)
        assert kind.templates() == find("aide").templates()
        model = Scripted([good(9 - n) for n in range(9)])
        _, nodes, _ = run_aide(tmp_path, model, steps=9, scaffold=kind.make)
    finally:
        sys.modules.pop("my_search", None)
    parents = [node["parents"][0] for node in nodes[1:]]
    best = list(range(1, 9))  # each script is better than those before it
    assert parents != best
    assert all(parent > number - 3 for number, parent in zip(best, parents, strict=True))
