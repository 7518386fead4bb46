"""The data of a competition under a name that says nothing: for runs that must not know where a task is from.

A sandbox tells its inhabitants where its folders lie on the host (`/proc/self/mountinfo`), so their paths
must not name the competition any more than the description may.
"""

import errno
import hashlib
import os
import shutil
from pathlib import Path

from filelock import FileLock

from benchmark.competition import Competition
from benchmark.prepare import DESCRIPTION, Prepared
from benchmark.whole_file import whole_folder
from experiments.cell import Description

_FOLDER = ".neutral"
_UNFINISHED = ".unfinished"
_NO_LINKS = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP)


def shown_digest(competition: Competition, data: Prepared, description: Description) -> str:
    """Digest over what an agent is shown: the public files, with the description that it gets."""
    if description == "original":
        return data.digest
    text = competition.description(obfuscated=True)
    return hashlib.sha256(f"{data.digest}\0{text}".encode()).hexdigest()


def shown_data(competition: Competition, data: Prepared, description: Description, data_dir: Path) -> Path:
    """The folder that an agent is given: the public one, or a neutral one of links to its files."""
    if description == "original":
        return data.public
    place = data_dir / _FOLDER / shown_digest(competition, data, description)[:16]
    if not place.exists():
        place.parent.mkdir(exist_ok=True)
        with FileLock(place.parent / ".lock"):
            if not place.exists():
                _make(place, data.public, competition.description(obfuscated=True))
    return place


def _make(place: Path, public: Path, description: str) -> None:
    """Make the folder of links, with this description in place of the original one."""
    with whole_folder(place, place.parent / _UNFINISHED) as work:
        shutil.copytree(public, work, copy_function=_link, dirs_exist_ok=True)
        (work / DESCRIPTION).unlink(missing_ok=True)
        (work / DESCRIPTION).write_text(description, encoding="utf-8")
        work.chmod(0o755)


def _link(source: str, target: str) -> None:
    """A second name for a file, which agents see read-only; a copy where the file system has none."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        shutil.copy2(source, target)
