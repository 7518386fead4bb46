"""The driver as one file: a zip archive that Python runs, with the same bytes on every build."""

import functools
import io
import zipfile
from pathlib import Path

_MAIN = "from sandbox.driver.start import start\n\nstart()\n"


@functools.cache
def driver_archive() -> bytes:
    """Build the archive from the sources beside this file.

    Its `sandbox` package is an empty one, so that nothing of the host's side can be imported inside.
    """
    sources = {"__main__.py": _MAIN, "sandbox/__init__.py": ""}
    for path in sorted((Path(__file__).parent / "driver").glob("*.py")):
        sources[f"sandbox/driver/{path.name}"] = path.read_text()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, text in sources.items():
            archive.writestr(zipfile.ZipInfo(name), text)  # ZipInfo's date is a constant
    return buffer.getvalue()
