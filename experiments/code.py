"""The code that a sweep runs: a copy taken at its start, so that nobody's editing can change its cells.

A snapshot lies in `runs/<sweep>/code/<digest>`. Every process of the sweep imports from it, also when the
sweep is gone on with later.
"""

import compileall
import hashlib
import importlib.util
import os
import shutil
import site
import subprocess
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from benchmark.whole_file import whole_folder
from experiments.files import read_json, write_json
from scaffolds.errors import UserError

ROOT = Path(__file__).resolve().parent.parent
"""Where this process imports the project from."""
_PARTS = ("scaffolds", "sandbox", "benchmark", "experiments", "configs/hardware")
_MANIFEST = "code.json"
_UNFINISHED = ".unfinished"
_GIT_S = 10.0


class Code(BaseModel):
    """Which code something ran under."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: str
    """Over names and contents of all files of the project's packages, and of foreign scaffolds."""
    commit: str = ""
    """The git commit it was taken from; empty outside of git."""
    changed: bool = False
    """Whether it had changes that were not committed."""
    files: Mapping[str, str] = {}
    """Digest by file."""

    def differences(self, other: "Code") -> list[str]:
        """The files in which two states differ."""
        names = {*self.files, *other.files}
        return sorted(name for name in names if self.files.get(name) != other.files.get(name))


@cache
def running_code(foreign: tuple[str, ...] = ()) -> Code:
    """The code of this process; `foreign` names modules outside the project that belong to it."""
    recorded = read_json(ROOT / _MANIFEST)
    if recorded is not None:
        return Code.model_validate(recorded)
    files = {str(name): _digest(path.read_bytes()) for name, path in _files(foreign)}
    lines = "".join(f"{name}\0{digest}\n" for name, digest in sorted(files.items()))
    commit, changed = _git()
    return Code(digest=_digest(lines.encode())[:12], commit=commit, changed=changed, files=files)


def is_copy() -> bool:
    """Whether this process runs a sweep's copy of the code."""
    return (ROOT / _MANIFEST).exists()


def snapshot(folder: Path, foreign: tuple[str, ...] = ()) -> Path:
    """Copy the running code into `folder` unless it is there; returns its root.

    Raises:
        UserError: the code changes meanwhile, or the folder's name cannot stand in a search path.
    """
    code = running_code(foreign)
    root = folder / code.digest
    if os.pathsep in str(root.resolve()):
        raise UserError(f"{str(root.resolve())!r} holds a {os.pathsep!r}; choose another --runs-dir")
    shutil.rmtree(folder / _UNFINISHED, ignore_errors=True)  # a killed one's, which may be of other code
    if (root / _MANIFEST).exists():
        return root
    with whole_folder(root, folder / _UNFINISHED) as work:
        for name, path in _files(foreign):
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, work / name)
            if _digest((work / name).read_bytes()) != code.files.get(str(name)):
                raise UserError(f"{str(path)!r} changed while it was copied; type the same command again")
        compileall.compile_dir(work, quiet=1)  # once here, rather than by every process that cannot write it
        write_json(work / _MANIFEST, code.model_dump(mode="json"))
    return root


def snapshot_code(root: Path) -> Code | None:
    """What a snapshot holds; None when it is not there."""
    recorded = read_json(root / _MANIFEST)
    return None if recorded is None else Code.model_validate(recorded)


def damage(root: Path, code: Code) -> str:
    """The first file of a snapshot that is not what it was; empty when all are."""
    for name, digest in code.files.items():
        path = root / name
        if not path.is_file() or _digest(path.read_bytes()) != digest:
            return name
    return ""


def environment(root: Path) -> dict[str, str]:
    """Variables under which `python -P -m experiments...` imports from the snapshot at `root`.

    What a foreign scaffold imports beside itself is still found where it was.
    """
    places = (str(root.resolve()), os.environ.get("PYTHONPATH", ""), str(Path.cwd()))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(filter(None, places)))}


def foreign_modules(scaffolds: Iterable[str]) -> tuple[str, ...]:
    """The top-level modules of scaffolds named `package.module:Class`, as far as they are the user's own."""
    tops = {name.partition(":")[0].partition(".")[0] for name in scaffolds if ":" in name}
    return tuple(sorted(top for top in tops - {*_PARTS} if _source(top)))


def _source(module: str) -> Path | None:
    """The file or folder of a top-level module; None when it is installed, and so not the user's own."""
    found = importlib.util.find_spec(module)
    if found is None:
        return None
    inside = list(found.submodule_search_locations or ())
    if found.origin is None and not inside:
        return None
    path = Path(found.origin or f"{inside[0]}/__init__.py").resolve()  # a package needs no such file
    installed = (*site.getsitepackages(), sysconfig.get_path("stdlib"))
    if any(path.is_relative_to(Path(place).resolve()) for place in installed):
        return None
    return path.parent if found.submodule_search_locations else path


def _files(foreign: Iterable[str]) -> Iterator[tuple[Path, Path]]:
    """Every file that belongs to the code: its name in a snapshot, and where it is."""
    for part in _PARTS:
        yield from ((path.relative_to(ROOT), path) for path in _below(ROOT / part))
    for module in foreign:
        source = _source(module)
        if source is not None and source.is_dir():
            yield from ((path.relative_to(source.parent), path) for path in _below(source))
        elif source is not None:
            yield Path(source.name), source


def _below(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file() and not _is_left_out(p))


def _is_left_out(path: Path) -> bool:
    """Caches, and files of keys: the copy is kept with the results, and published with them."""
    return "__pycache__" in path.parts or path.name == ".env" or path.name.startswith(".env.")


def _git() -> tuple[str, bool]:
    commit = _ask_git("rev-parse", "HEAD")
    return commit, bool(commit and _ask_git("status", "--porcelain", "--", *_PARTS))


def _ask_git(*words: str) -> str:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return ""
    try:
        done = subprocess.run(
            [git, "-C", str(ROOT), *words], capture_output=True, text=True, check=False, timeout=_GIT_S
        )
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
