"""What can go wrong on the way from raw files to prepared data."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.errors import BenchmarkError, NotPrepared

if TYPE_CHECKING:
    from benchmark.competition import Competition


class NoPreparer(BenchmarkError):
    """This version cannot prepare a competition; the message names the command that does."""

    code = "no_preparer"

    def __init__(self, competition: "Competition", data_dir: Path) -> None:
        self.competition_id = competition.id
        self.command = NotPrepared(competition, data_dir).command
        super().__init__(
            f"mle-bench prepares {competition.id!r}, and this version does not; type: {self.command}"
        )


class MissingRaw(BenchmarkError):
    """A raw file that the preparation needs is not there."""

    code = "missing_raw"

    def __init__(self, competition_id: str, folder: Path, missing: Sequence[str]) -> None:
        self.competition_id = competition_id
        self.missing = tuple(missing)
        super().__init__(
            f"{competition_id!r} is prepared from {', '.join(missing)}, which {str(folder)!r} lacks; "
            "give the folder of the unpacked Kaggle download with --raw, or download again without --raw"
        )


class BadRaw(BenchmarkError):
    """A raw file is there and does not hold what the preparation needs."""

    code = "bad_raw"

    def __init__(self, path: Path | str, problem: str) -> None:
        self.path = path
        super().__init__(f"{path}: {problem}; is this the whole Kaggle download?")


class BadArchive(BenchmarkError):
    """An archive is broken or hostile."""

    code = "bad_archive"

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        super().__init__(f"{path}: {problem}; delete it and fetch it again")


class OtherVersion(BenchmarkError):
    """The prepared data are those of another data version than the one that is asked for."""

    code = "other_version"

    def __init__(self, folder: Path, found: int, wanted: int) -> None:
        self.found = found
        self.wanted = wanted
        super().__init__(
            f"{str(folder)!r} holds data version {found}, not {wanted}; name the folder above with "
            "--data-dir (version 2 lies in v2 inside it) and the version with --data-version"
        )


class MissingPackage(BenchmarkError):
    """A package that not everyone needs is not installed."""

    code = "missing_package"

    def __init__(self, package: str, extra: str, reason: str) -> None:
        self.package = package
        super().__init__(
            f"{reason}, which needs the package {package!r}; type: pip install 'mle-agents[{extra}]'"
        )


class DiskFull(BenchmarkError):
    """There is not enough free disk space for what is about to be written, or there was not."""

    code = "disk_full"

    def __init__(self, folder: Path, needed: int, free: int) -> None:
        self.needed = needed
        self.free = free
        super().__init__(
            f"{str(folder)!r} has {free / 1e9:.1f} GB free and more than {needed / 1e9:.1f} GB are needed; "
            "free some space or choose another disk with --data-dir"
        )
