"""The Python that sandboxes run: the environment of this process, as it must appear inside."""

import sys
from pathlib import Path


def script_python() -> str:
    """Return the interpreter for the agent's code, the one whose packages this process sees."""
    return sys.executable


def driver_python() -> str:
    """Return the interpreter for the driver, which needs no packages."""
    return str(Path(sys.executable).resolve())


def prefixes() -> list[Path]:
    """Return the folders that the interpreter and its packages live in, as named and as they really are."""
    named = [Path(sys.base_prefix), Path(sys.prefix), Path(driver_python()).parent.parent]
    return sorted({form for path in named for form in (path, path.resolve())})


def names_below(home: str) -> set[str]:
    """Return the names in a home folder inside through which the interpreter is mounted."""
    paths = (*prefixes(), *links())
    return {path.relative_to(home).parts[0] for path in paths if path.is_relative_to(home)}


def links() -> list[Path]:
    """Return the symbolic links that lead from `sys.executable` to the real interpreter."""
    found: list[Path] = []
    path = Path(sys.executable)
    while path.is_symlink() and len(found) < 40:  # 40: the kernel's own limit
        found.append(path)
        path = path.parent / path.readlink()
    return found
