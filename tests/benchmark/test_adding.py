"""Follows docs/adding-a-competition.md: its files are written, its commands run, on a copy of the package."""

import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "adding-a-competition.md").read_text(encoding="utf-8")
FILE = re.compile(r"^`([\w./-]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package with the files of the page, and the raw file that it speaks of."""
    shutil.copytree(ROOT / "benchmark", tmp_path / "benchmark", ignore=shutil.ignore_patterns("__pycache__"))
    for name, content in FILE.findall(PAGE):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content.replace("~~~", "```"), encoding="utf-8")
    number = random.Random(0)
    rows = [
        [str(tea), *(f"{number.random():.3f}" for _ in range(3)), str(number.randint(0, 10))]
        for tea in range(40)
    ]
    table = [["tea", "leaf", "colour", "tannin", "rating"], *rows]
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "teas.csv").write_text("".join(",".join(row) + "\n" for row in table))
    return tmp_path


def run(folder: Path, *command: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, check=False, cwd=folder, env=environment
    )
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def test_the_page_is_right(copy: Path) -> None:
    (commands,) = COMMANDS.findall(PAGE)
    shown = [run(copy, *line.split()[1:]) for line in commands.splitlines()]
    info, prepared, verified, valid, graded = shown
    assert "Rate the tea" in info
    assert prepared.startswith("tea-tasting: prepared in")
    assert verified.count("yes") == 4
    assert valid.startswith("OK")
    assert re.search(r"medal +gold", graded)
    assert "0 problems" in run(copy, "-m", "benchmark", "descriptions", "tea-tasting")


def test_the_page_names_files_that_are_there(copy: Path) -> None:
    for name in re.findall(r"`((?:benchmark|tests|docs)/[\w./-]+)`", PAGE):
        assert (ROOT / name).exists() or (copy / name).exists(), name
