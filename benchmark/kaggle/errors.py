"""What can go wrong between here and Kaggle; each message says what to do."""

from pathlib import Path

from benchmark.errors import BenchmarkError

_SETTINGS = "https://www.kaggle.com/settings"


class KaggleFailed(BenchmarkError):
    """Kaggle did not give what was asked for."""

    code = "kaggle"


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

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"cannot reach Kaggle ({problem}); check the network and the proxy, or prepare from files that "
            "are there: --raw DIR"
        )


class RulesNotAccepted(KaggleFailed):
    """The account may not have these data."""

    code = "kaggle_rules"

    def __init__(self, slug: str) -> None:
        self.slug = slug
        super().__init__(
            f"Kaggle refuses the data of {slug!r} (403). Its rules must be accepted once, in a browser: open "
            f"https://www.kaggle.com/c/{slug}/rules and accept, or join at "
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

    def __init__(self, slug: str, problem: str) -> None:
        super().__init__(
            f"the transfer of {slug!r} broke ({problem}); run the same command again: "
            "it goes on where it stopped"
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
