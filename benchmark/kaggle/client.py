"""Signs in to Kaggle through the `kaggle` package, and turns what the package raises into errors of ours."""

# The package ships no types.
# pyright: reportMissingImports=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

import io
import json
from collections.abc import Generator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Protocol

from benchmark.kaggle.errors import (
    Asked,
    BadCredentials,
    KaggleFailed,
    KaggleUnreachable,
    NoCredentials,
    NoSuchData,
    RulesNotAccepted,
    TooManyRequests,
    TransferBroken,
    UnreadableCredentials,
)
from benchmark.preparation.errors import MissingPackage


class Api(Protocol):
    """What is used of `kaggle.api.kaggle_api_extended.KaggleApi`."""

    def competition_download_files(self, competition: str, path: str, quiet: bool = True) -> None:
        """Downloads all files of a competition as one archive, going on where an earlier call stopped."""
        ...

    def build_kaggle_client(self) -> Any:  # noqa: ANN401 - a class without types
        """The client below, whose parts answer for one service of Kaggle each."""
        ...


def kaggle_api() -> Any:  # noqa: ANN401 - a class without types
    """The package's class of clients.

    Raises:
        MissingPackage: The package `kaggle` is not installed.
    """
    # The package signs in when it is imported, and talks to the terminal when it cannot.
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        try:
            from kaggle.api.kaggle_api_extended import KaggleApi
        except ImportError as error:
            raise MissingPackage("kaggle", "prepare", "Kaggle is asked") from error
    return KaggleApi


def sign_in(factory: Any, asked: Asked) -> Api:  # noqa: ANN401 - a class without types
    """A client that is signed in.

    Args:
        factory: The class that `kaggle_api` gives, or one derived from it.
        asked: What it is wanted for.

    Raises:
        NoCredentials: There is no token and no key.
        BadCredentials: Kaggle does not accept them.
        KaggleUnreachable: There is no way there.
    """
    import requests

    _check_key(Path(factory.config))
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        try:
            api = factory()
            # What an earlier sign-in left on the class would go before the environment.
            api.config_values = {}
            api.authenticate()
        except SystemExit as error:
            raise (BadCredentials() if _has_token() else NoCredentials()) from error
        except requests.HTTPError as error:
            raise _no_entry(error, asked) from error
        except requests.RequestException as error:
            raise KaggleUnreachable(type(error).__name__, asked) from error
    return api


@contextmanager
def clear_failures(slug: str, asked: Asked) -> Generator[None]:
    """Turns what the package raises when it asks for something into errors of ours, and keeps it quiet.

    Raises:
        KaggleFailed: Kaggle refused, or the transfer broke.
    """
    import requests
    import urllib3

    try:
        with redirect_stdout(io.StringIO()):
            yield
    except requests.HTTPError as error:
        raise _refusal(slug, error, asked) from error
    except requests.ConnectionError as error:
        # A connection that was never made, as it may be with a key, which needs no sign-in.
        if error.args and isinstance(error.args[0], urllib3.exceptions.MaxRetryError):
            raise KaggleUnreachable(type(error).__name__, asked) from error
        raise TransferBroken(slug, type(error).__name__, asked) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise TransferBroken(slug, type(error).__name__, asked) from error
    except ValueError as error:  # the package's word for a file of another size than announced
        raise TransferBroken(slug, str(error), asked) from error


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


def _has_token() -> bool:
    from kagglesdk.kaggle_env import get_access_token_from_env

    return bool(get_access_token_from_env()[0])


def _no_entry(error: Any, asked: Asked) -> KaggleFailed:  # noqa: ANN401 - an HTTPError without types
    """What a refusal at sign-in means, where no competition has been asked for yet."""
    response = error.response
    status = response.status_code if response is not None else None
    if status == 401:
        return BadCredentials()
    if status == 429 and response is not None:
        return TooManyRequests(response.headers.get("Retry-After"))
    return KaggleUnreachable(f"status {status} at sign-in", asked)


def _refusal(slug: str, error: Any, asked: Asked) -> KaggleFailed:  # noqa: ANN401 - an HTTPError without types
    response = error.response
    status = response.status_code if response is not None else None
    if status == 401:
        return BadCredentials()
    if status == 403:
        return RulesNotAccepted(slug, asked)
    if status == 404:
        return NoSuchData(slug)
    if status == 429 and response is not None:
        return TooManyRequests(response.headers.get("Retry-After"))
    return TransferBroken(slug, f"status {status}", asked)
