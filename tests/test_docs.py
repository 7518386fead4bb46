"""What the documents say can be typed, can be typed; what they show as a config, is one."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from experiments.config import Sweep, load_sweep
from experiments.model_access import model_access

ROOT = Path(__file__).parent.parent
PAGES = sorted(path for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")) if path.name != "CLAUDE.md")
MODULE = re.compile(r"python -m ((?:experiments|benchmark|sandbox|scaffolds)[\w.]*)")
OPTION = re.compile(r"(?<=\s)--[a-z-]+")


def pages() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


@pytest.mark.parametrize("module", sorted(set(MODULE.findall(pages()))))
def test_every_command_that_is_named_exists(module: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, "--help"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_sweep_that_is_shown_is_valid() -> None:
    shown = [text for text in re.findall(r"```yaml\n(.*?)```", pages(), re.DOTALL) if "scaffolds:" in text]
    assert shown
    for text in shown:
        Sweep.model_validate(yaml.safe_load(text))


@pytest.mark.parametrize("config", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_config_loads(config: Path) -> None:
    if config.stem in ("prices", "providers"):
        assert model_access(ROOT).prices.digest
    else:
        assert load_sweep(config).competitions


@pytest.mark.parametrize("file", ["providers", "prices"])
def test_every_file_of_models_that_is_shown_is_valid(file: str, tmp_path: Path) -> None:
    shown = re.findall(rf"```yaml\n(# configs/{file}\.yaml\n.*?)```", pages(), re.DOTALL)
    assert shown
    for text in shown:
        (tmp_path / "configs").mkdir(exist_ok=True)
        (tmp_path / "configs" / f"{file}.yaml").write_text(text, encoding="utf-8")
        access = model_access(tmp_path)
        assert access.providers if file == "providers" else access.prices.own


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target


def test_every_file_that_the_architecture_names_exists() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for name in re.findall(r"`((?:experiments|scaffolds|sandbox|benchmark|runtime)/[\w/]+\.\w+)`", text):
        path = ROOT / (f"scaffolds/{name}" if name.startswith("runtime/") else name)
        assert path.exists(), name
