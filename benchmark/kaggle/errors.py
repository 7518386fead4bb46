"""What can go wrong between here and Kaggle; each message says what to do."""

from pathlib import Path
from typing import NamedTuple

from benchmark.errors import BenchmarkError

_SETTINGS = "https://www.kaggle.com/settings"


class Asked(NamedTuple):
    """What Kaggle is asked for, as far as messages tell of it."""

    what: str
    """Its name."""
    otherwise: str
    """What to do where Kaggle cannot be asked."""
    again: str
    """What comes of running a command again that broke off."""


DATA = Asked("data", "prepare from files that are there: --raw DIR", "it goes on where it stopped")
BOARD = Asked(
    "leaderboard",
    "take the board from a checkout of mle-bench: --from DIR",
    "nothing was kept, and a board that was there before still is",
)


class KaggleFailed(BenchmarkError):
    """Kaggle did not give what was asked for."""

    code = "kaggle"


class NotOnKaggle(KaggleFailed):
    """A competition does not come from Kaggle."""

    code = "kaggle_none"

    def __init__(self, competition_id: str, asked: Asked) -> None:
        self.competition_id = competition_id
        super().__init__(f"{competition_id!r} is not on Kaggle; {asked.otherwise}")


class NoCredentials(KaggleFailed):
    """Kaggle is asked without a name."""

    code = "kaggle_credentials"

    def __init__(self) -> None:
        super().__init__(
            f"Kaggle needs to know who asks. Make an API token at {_SETTINGS} and type: "
            "export KAGGLE_API_TOKEN=<token>; or put the token into ~/.kaggle/access_token, or an older key "
            "into ~/.kaggle/kaggle.json"
        )


class BadCredentials(KaggleFailed):
    """Kaggle does not know the token or key."""

    code = "kaggle_unauthorised"

    def __init__(self) -> None:
        super().__init__(
            "Kaggle does not accept the token or key that it was given: it is mistyped, expired or "
            f"revoked. Make a new one at {_SETTINGS}; KAGGLE_API_TOKEN goes before any file"
        )


class UnreadableCredentials(BadCredentials):
    """The file with the key holds something else; none of it is shown."""

    def __init__(self, path: Path) -> None:
        self.path = path
        KaggleFailed.__init__(
            self, f"{path} cannot be read as the key of an account; delete it, make a new one at {_SETTINGS}"
        )


class KaggleUnreachable(KaggleFailed):
    """There is no way to Kaggle, or it lets nobody in."""

    code = "kaggle_unreachable"

    def __init__(self, problem: str, asked: Asked) -> None:
        super().__init__(
            f"cannot reach Kaggle ({problem}); check the network and the proxy, or {asked.otherwise}"
        )


class RulesNotAccepted(KaggleFailed):
    """The account may not have these data."""

    code = "kaggle_rules"

    def __init__(self, slug: str, asked: Asked) -> None:
        self.slug = slug
        super().__init__(
            f"Kaggle refuses the {asked.what} of {slug!r} (403). Its rules must be accepted once, in a "
            f"browser: open https://www.kaggle.com/c/{slug}/rules and accept, or join at "
            f"https://www.kaggle.com/c/{slug}/data where there is no such button; "
            "the account's phone number must be verified too"
        )


class NoSuchData(KaggleFailed):
    """Kaggle has no competition of this name."""

    code = "kaggle_not_found"

    def __init__(self, slug: str) -> None:
        self.slug = slug
        super().__init__(f"Kaggle has no competition {slug!r} (404), or the account may not see it")


class TooManyRequests(KaggleFailed):
    """Kaggle wants a pause."""

    code = "kaggle_rate_limit"

    def __init__(self, wait: str | None) -> None:
        when = f"in {wait} seconds" if wait else "in some minutes"
        super().__init__(f"Kaggle has had too many requests (429); try again {when}")


class TransferBroken(KaggleFailed):
    """The connection broke, again and again, or the server failed."""

    code = "kaggle_transfer"

    def __init__(self, slug: str, problem: str, asked: Asked) -> None:
        super().__init__(
            f"the transfer of the {asked.what} of {slug!r} broke ({problem}); run the same command again: "
            f"{asked.again}"
        )


class WrongChecksum(KaggleFailed):
    """The download is not the file that MLE-bench was made of."""

    code = "kaggle_checksum"

    def __init__(self, path: Path, expected: str, found: str) -> None:
        self.path = path
        self.expected = expected
        self.found = found
        super().__init__(
            f"{path} is not the download that MLE-bench was made of: its MD5 is {found}, not {expected}. "
            f"Delete it and run again; if it comes out the same, Kaggle has changed the data: --any-download "
            "prepares them all the same, and says which tables differ"
        )
