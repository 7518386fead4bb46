"""Downloads the data of a competition, through the `kaggle` package.

What the package knows stays with it: where tokens and keys lie, how the API is called, how a broken transfer
is taken up again. Added here: a look at the disk before, a checksum after, and a message for every failure.
"""

# The package ships no types.
# pyright: reportMissingImports=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUntypedBaseClass=false

import io
import json
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Protocol

from benchmark.competition import Competition
from benchmark.kaggle.errors import (
    BadCredentials,
    KaggleFailed,
    KaggleUnreachable,
    NoCredentials,
    NoSuchData,
    RulesNotAccepted,
    TooManyRequests,
    TransferBroken,
    UnreadableCredentials,
    WrongChecksum,
)
from benchmark.preparation.checksums import md5_of, recorded
from benchmark.preparation.errors import DiskFull, MissingPackage

Say = Callable[[str], None]
Grow = Callable[[Path, int], None]
ROOM = 2.2
"""Free bytes wanted for each byte of a download: it is unpacked while it is still there, and tables are
new."""


class Api(Protocol):
    """What is used of `kaggle.api.kaggle_api_extended.KaggleApi`."""

    def competition_download_files(self, competition: str, path: str, quiet: bool = True) -> None:
        """Downloads all files of a competition as one archive, going on where an earlier call stopped."""
        ...

    def competition_leaderboard_download(self, competition: str, path: str, quiet: bool = True) -> None:
        """Downloads the leaderboard of a competition as an archive."""
        ...


def fetch(competition: Competition, folder: Path, say: Say, grow: Grow, check: bool = True) -> Path:
    """Downloads the archive of a competition into a folder.

    Args:
        competition: Whose data.
        folder: An existing folder; an unfinished download in it is taken up again.
        say: Is told what goes on.
        grow: Is told of a file that is about to grow, and to how many bytes.
        check: Whether the archive must be the one that MLE-bench was made of.

    Returns:
        The archive.

    Raises:
        MissingPackage: The package `kaggle` is not installed.
        KaggleFailed: Kaggle refused, or the transfer broke, or the archive is another one.
        DiskFull: There is not enough room for it.
    """
    slug = competition.slug
    if slug is None:
        raise KaggleFailed(
            f"{competition.id!r} is not on Kaggle; name the folder of its raw files with --raw"
        )
    archive, expected = folder / f"{slug}.zip", recorded(competition).zip
    if expected is not None and archive.is_file() and _sum(archive, say) == expected:
        return archive  # from an earlier run, or put there by hand
    download(slug, archive, say, grow)
    if check and expected is not None and (found := _sum(archive, say)) != expected:
        raise WrongChecksum(archive, expected, found)
    return archive


def _sum(archive: Path, say: Say) -> str:
    say(f"checking {archive.name}")
    return md5_of(archive)


def download(slug: str, archive: Path, say: Say, grow: Grow) -> None:
    """Downloads all files of a Kaggle competition as one archive.

    Raises:
        MissingPackage: The package `kaggle` is not installed.
        KaggleFailed: Kaggle refused, or the transfer broke.
        DiskFull: There is not enough room for it.
    """
    api = connect(archive.parent, grow)
    say(f"downloading {slug}")
    with _clear_failures(slug), redirect_stdout(io.StringIO()):
        api.competition_download_files(slug, path=str(archive.parent), quiet=True)
    if not archive.is_file():
        raise KaggleFailed(
            f"Kaggle sent no archive for {slug!r}, but something else; see {str(archive.parent)!r}"
        )


def download_leaderboard(slug: str, folder: Path) -> Path:
    """Downloads the public leaderboard of a Kaggle competition into a folder, as a zip archive.

    Raises:
        MissingPackage: The package `kaggle` is not installed.
        KaggleFailed: Kaggle refused, or the transfer broke.
    """
    api = connect(folder, lambda _path, _size: None)
    with _clear_failures(slug), redirect_stdout(io.StringIO()):
        api.competition_leaderboard_download(slug, path=str(folder), quiet=True)
    archive = folder / f"{slug}.zip"
    if not archive.is_file():
        raise KaggleFailed(f"Kaggle sent no leaderboard of {slug!r}")
    return archive


@contextmanager
def _clear_failures(slug: str) -> Generator[None]:
    """Turns what the package raises into errors of ours."""
    import requests
    import urllib3

    try:
        yield
    except requests.HTTPError as error:
        raise _refusal(slug, error) from error
    except requests.ConnectionError as error:
        # A connection that was never made, as it may be with a key, which needs no sign-in.
        if error.args and isinstance(error.args[0], urllib3.exceptions.MaxRetryError):
            raise KaggleUnreachable(type(error).__name__) from error
        raise TransferBroken(slug, type(error).__name__) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise TransferBroken(slug, type(error).__name__) from error
    except ValueError as error:  # the package's word for a file of another size than announced
        raise TransferBroken(slug, str(error)) from error


def connect(folder: Path, grow: Grow) -> Api:
    """Signs in to Kaggle.

    Args:
        folder: Where downloads go; its disk is looked at before each.
        grow: Is told of a file that is about to grow, and to how many bytes.

    Raises:
        MissingPackage: The package `kaggle` is not installed.
        NoCredentials: There is no token and no key.
        BadCredentials: Kaggle does not accept them.
        KaggleUnreachable: There is no way there.
    """
    # The package signs in when it is imported, and talks to the terminal when it cannot.
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        kaggle_api = _kaggle_api()
        import requests

        class Checked(kaggle_api):  # pyright: ignore[reportGeneralTypeIssues]
            """The package's client, with a look at the disk before a download."""

            def download_needed(self, response: Any, outfile: str, quiet: bool = True) -> bool:  # noqa: ANN401
                needed = super().download_needed(response, outfile, quiet)
                if needed:
                    _check_room(folder, Path(outfile), response.headers.get("Content-Length"), grow)
                return needed

        _check_key(Path(Checked.config))
        try:
            api = Checked()
            # What an earlier sign-in left on the class would go before the environment.
            api.config_values = {}
            api.authenticate()
        except SystemExit as error:
            raise (BadCredentials() if _has_token() else NoCredentials()) from error
        except requests.HTTPError as error:
            raise _no_entry(error) from error
        except requests.RequestException as error:
            raise KaggleUnreachable(type(error).__name__) from error
    return api


def _check_key(path: Path) -> None:
    """Refuses a file that the package would stumble over, or pass over without a word."""
    if _has_token() or not path.is_file():
        return
    try:
        whole = isinstance(json.loads(path.read_bytes()), dict)
    except (OSError, ValueError):
        whole = False
    if not whole:
        raise UnreadableCredentials(path)


def _kaggle_api() -> Any:  # noqa: ANN401 - a class without types
    try:
        from kaggle.api.kaggle_api_extended import KaggleApi
    except ImportError as error:
        raise MissingPackage("kaggle", "prepare", "data are downloaded from Kaggle") from error
    return KaggleApi


def _has_token() -> bool:
    from kagglesdk.kaggle_env import get_access_token_from_env

    return bool(get_access_token_from_env()[0])


def _no_entry(error: Any) -> KaggleFailed:  # noqa: ANN401 - an HTTPError without types
    """What a refusal at sign-in means, where no competition has been asked for yet."""
    response = error.response
    status = response.status_code if response is not None else None
    if status == 401:
        return BadCredentials()
    if status == 429 and response is not None:
        return TooManyRequests(response.headers.get("Retry-After"))
    return KaggleUnreachable(f"status {status} at sign-in")


def _refusal(slug: str, error: Any) -> KaggleFailed:  # noqa: ANN401 - an HTTPError without types
    response = error.response
    status = response.status_code if response is not None else None
    if status == 401:
        return BadCredentials()
    if status == 403:
        return RulesNotAccepted(slug)
    if status == 404:
        return NoSuchData(slug)
    if status == 429 and response is not None:
        return TooManyRequests(response.headers.get("Retry-After"))
    return TransferBroken(slug, f"status {status}")


def _check_room(folder: Path, archive: Path, announced: str | None, grow: Grow) -> None:
    if announced is None or not announced.isdecimal():
        return
    size = int(announced)
    there = archive.stat().st_size if archive.is_file() else 0
    needed, free = int(size * ROOM) - there, shutil.disk_usage(folder).free
    if needed > free:
        raise DiskFull(folder, needed, free)
    grow(archive, size)
