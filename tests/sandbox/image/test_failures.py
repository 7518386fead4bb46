"""How the end of a command that failed is told."""

from sandbox.errors import SandboxUnavailable
from sandbox.image.errors import ImageFailed, failure


def test_a_full_disk_is_the_users_to_mend() -> None:
    error = failure("the image could not be built", ["#7 9.1 OSError: [Errno 28] No space left on device"])
    assert isinstance(error, SandboxUnavailable)
    assert "docker system prune" in str(error)


def test_an_index_out_of_reach_names_the_options_that_help() -> None:
    error = failure(
        "the image could not be built", ["SSLError(SSLCertVerificationError: CERTIFICATE_VERIFY_FAILED)"]
    )
    assert isinstance(error, ImageFailed)
    assert "--ca-bundle" in str(error)
    assert "--network host" in str(error)


def test_last_words_cannot_act_on_a_terminal() -> None:
    error = failure("it failed", ["\x1b]0;title\x07\x1b[2Jwiped", "x" * 10_000])
    assert "\x1b" not in str(error)
    assert "wiped" in str(error)
    assert len(str(error)) < 1000
