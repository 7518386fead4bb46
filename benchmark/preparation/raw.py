"""The raw files of a competition, found by paths that lead through archives.

`train.zip/{id}.png` is the file in the archive `train.zip`, wherever the archive keeps it: at its top or in
one folder of its own. Who unpacked the download by hand is served as well. Nothing is ever written beside raw
files; archives are unpacked into a scratch folder, whose files may be moved away.
"""

import fnmatch
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from benchmark.preparation.archives import SUFFIXES, is_archive, unpack
from benchmark.preparation.errors import BadRaw, MissingRaw
from benchmark.preparation.files import leads_out, total_size

Say = Callable[[str], None]


def silent(*_: object) -> None:
    """Tells nobody."""


class Raw:
    """The raw files of one competition."""

    def __init__(
        self, competition_id: str, folder: Path, scratch: Path, say: Say = silent, owned: bool = False
    ) -> None:
        """Opens a folder.

        Args:
            competition_id: For messages.
            folder: What was downloaded, unpacked at least once.
            scratch: An existing folder for unpacked archives, on the disk of the prepared data.
            say: Is told what takes long.
            owned: Whether the folder may be consumed, so that its files need not be copied.
        """
        self.folder = folder
        self._id = competition_id
        self._scratch = scratch
        self._say = say
        self._owned = owned
        self._unpacked: dict[Path, Path] = {}
        self._as_packed: list[Path] = []

    def path(self, name: str) -> Path:
        """Where a raw file or folder is; a path that ends in an archive means the archive itself.

        Raises:
            MissingRaw: It is not there.
        """
        *folder, last = PurePosixPath(name).parts
        if is_archive(last):
            wholes = (base / last for base in self._find(self.folder, folder))
            found = next((whole for whole in wholes if whole.is_file()), None)
        else:
            found = next(self._find(self.folder, [*folder, last]), None)
        if found is None:
            raise MissingRaw(self._id, self.folder, [name])
        return found

    def require(self, names: Sequence[str]) -> None:
        """Checks that raw files are there before the work begins.

        Raises:
            MissingRaw: Some are not; all of them are named.
        """
        missing = [name for name in names if next(self._match(name), None) is None]
        if missing:
            raise MissingRaw(self._id, self.folder, missing)

    def size(self, names: Sequence[str]) -> int:
        """The bytes of raw files and of what is in raw folders."""
        return total_size(path for name in names for path in self._match(name))

    def names(self, pattern: str) -> list[str]:
        """The sorted names of the files in a folder that fit a pattern such as `test/*.png`."""
        return sorted(path.name for path in self._match(pattern))

    def rows(self, template: str, suffix: str = "") -> list[dict[str, str]]:
        """One row for every file whose path fits a template such as `train/{species}/{file}`, sorted.

        Raises:
            MissingRaw: No file fits.
        """
        head, fields = _head(template)
        rows: list[dict[str, str]] = []
        for base in self._find(self.folder, head):
            depth = "/".join("*" for _ in fields)
            paths = sorted(path.relative_to(base) for path in base.glob(depth) if path.is_file())
            rows = [row for path in paths if (row := _fit(fields, path, suffix)) is not None]
            if rows:
                return rows
        raise MissingRaw(self._id, self.folder, [template])

    def each(self, template: str, rows: Sequence[Mapping[str, object]]) -> Iterator[Path]:
        """The file of every row, by a template of its path.

        Raises:
            MissingRaw: A row has no file.
        """
        head, fields = _head(template)
        rest = "/".join(fields)
        bases = list(self._find(self.folder, head))
        for row in rows:
            name = rest.format_map(row)
            if leads_out(name):
                raise BadRaw(self.folder, f"a row's file {name!r} leads out of the data")
            place = next((base for base in bases if (base / name).is_file()), None)
            if place is None:
                raise MissingRaw(self._id, self.folder, [template.format_map(row)])
            if place is not bases[0]:  # the next file is most likely there as well
                bases.sort(key=lambda base: base != place)
            yield place / name

    def movable(self, path: Path) -> bool:
        """Whether a raw file may be linked into the prepared data: nobody else will see it change.

        Not where files were made in the order of their archive, for a link would keep that order.
        """
        if any(path.is_relative_to(folder) for folder in self._as_packed):
            return False
        return self._owned or path.is_relative_to(self._scratch)

    def _find(self, base: Path, parts: Sequence[str]) -> Iterator[Path]:
        if not parts:
            yield base
            return
        for step in self._steps(base, parts[0]):
            yield from self._find(step, parts[1:])

    def _steps(self, base: Path, part: str) -> Iterator[Path]:
        here = base / part
        if not is_archive(part):
            if here.exists():
                yield here
            elif (packed := base / f"{part}.zip").is_file():
                yield from (folder / part for folder in self._inside(packed) if (folder / part).exists())
            return
        if here.is_file():
            yield from self._inside(here)
        elif base.is_dir():  # unpacked by hand, into a folder of its name or right here
            by_hand = base / _stem(part)
            if by_hand.is_dir():
                yield from _with_sole_folder(by_hand)
            yield base

    def _inside(self, archive: Path) -> Iterator[Path]:
        if archive not in self._unpacked:
            self._say(f"unpacking {archive.name}")
            target = self._scratch / f"unpacked-{len(self._unpacked)}"
            unpack(archive, target)
            self._unpacked[archive] = target
            if not archive.name.lower().endswith(".zip"):
                self._as_packed.append(target)
        yield from _with_sole_folder(self._unpacked[archive])

    def _match(self, pattern: str) -> Iterator[Path]:
        """Files by a path whose last part may be a pattern; an archive itself counts as its file."""
        *folder, last = PurePosixPath(pattern).parts
        for base in self._find(self.folder, folder):
            if is_archive(last):
                yield from self._archive_or_inside(base, last)
                return
            found = (
                [path for path in base.iterdir() if fnmatch.fnmatch(path.name, last)] if base.is_dir() else []
            )
            if not found and not any(sign in last for sign in "*?["):
                found = list(self._steps(base, last))[:1]
            if found:
                yield from found
                return

    def _archive_or_inside(self, base: Path, name: str) -> Iterator[Path]:
        """An archive, or what is there of it where it was unpacked by hand."""
        if (base / name).is_file():
            yield base / name
        elif base.is_dir():
            yield from (path for path in sorted(base.iterdir()) if path.name.startswith(_stem(name)))


def _stem(archive: str) -> str:
    suffix = next(suffix for suffix in SUFFIXES if archive.lower().endswith(suffix))
    return archive[: -len(suffix)]


def _with_sole_folder(folder: Path) -> Iterator[Path]:
    yield folder
    inside = [path for path in folder.iterdir() if path.name not in ("__MACOSX", ".DS_Store")]
    if len(inside) == 1 and inside[0].is_dir():
        yield inside[0]


def _head(template: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The parts before the first one with a field, and those from it on."""
    parts = PurePosixPath(template).parts
    first = next(place for place, part in enumerate(parts) if "{" in part)
    return parts[:first], parts[first:]


def _fit(fields: Sequence[str], path: Path, suffix: str) -> dict[str, str] | None:
    if not path.name.endswith(suffix):
        return None
    row: dict[str, str] = {}
    for field, part in zip(fields, path.parts, strict=True):
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(field))
        match = re.fullmatch(pattern, part)
        if match is None:
            return None
        row |= match.groupdict()
    return row
