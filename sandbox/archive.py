"""The driver as one file: a zip archive that Python runs, with the same bytes on every build."""

import contextlib
import functools
import importlib.util
import io
import marshal
import zipfile
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType

_MAIN = "from sandbox.driver.start import start\n\nstart()\n"
_UNCHECKED = (0b01).to_bytes(4, "little")
"""Flags of compiled code that is taken without a look at its source (PEP 552)."""
_WITHOUT_REFERENCES = 2
"""The version of marshal's format whose bytes depend on nothing but the code."""


@functools.cache
def driver_archive() -> bytes:
    """Build the archive from the sources beside this file.

    Its `sandbox` package is an empty one, so that nothing of the host's side can be imported inside. Code
    compiled by this interpreter is put beside the sources; one of another version does not take it.
    """
    files = {"__main__.py": _MAIN.encode(), "sandbox/__init__.py": b""}
    for path in sorted((Path(__file__).parent / "driver").glob("*.py")):
        name = f"sandbox/driver/{path.name}"
        files[name] = path.read_bytes()
        files[f"{name}c"] = _compiled(path, name, files[name])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            if content or name.endswith(".py"):
                archive.writestr(zipfile.ZipInfo(name), content)  # ZipInfo's date is a constant
    return buffer.getvalue()


def _compiled(path: Path, name: str, source: bytes) -> bytes:
    """A module as Python keeps it in a .pyc; nothing where the format cannot express it."""
    code = SourceFileLoader(name, str(path)).get_code(name)  # compiled at most once, by Python's own cache
    assert code is not None
    with contextlib.suppress(ValueError):
        body = marshal.dumps(_renamed(code, name), _WITHOUT_REFERENCES)
        return importlib.util.MAGIC_NUMBER + _UNCHECKED + importlib.util.source_hash(source) + body
    return b""


def _renamed(code: CodeType, name: str) -> CodeType:
    """The code with another file's name, lest the archive tells where this project is."""
    constants = tuple(_renamed(each, name) if isinstance(each, CodeType) else each for each in code.co_consts)
    return code.replace(co_filename=name, co_consts=constants)
