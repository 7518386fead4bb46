"""Words and numbers of providers, and what they are taken for."""

from datetime import UTC, datetime

import pytest

from scaffolds.errors import ContextOverflow, RunError, UserError
from scaffolds.models.client import Endpoint
from scaffolds.models.failures import EXCERPT, Transient, excerpt
from scaffolds.models.faults import Fault, failure, fault_of, retry_after

HERE = Endpoint("openai/gpt-4o", "gpt-4o", "sk-planted-0123456789")


@pytest.mark.parametrize(
    "message",
    [
        "prompt is too long: 210000 tokens > 200000 maximum",
        "input length and `max_tokens` exceed context limit: 199000 + 8192 > 200000",
        "Your input exceeds the context window of this model.",
        "Please reduce the length of the messages or completion.",
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
        "Requested tokens (9000) exceed context window of 8192",
        "litellm.ContextWindowExceededError: too much",
        "The decoder prompt (length 9000) is longer than the maximum model length of 4096.",
        "Input is too long for requested model.",
        "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193. Given: 9000.",
        "too many tokens: total number of tokens in the prompt cannot exceed 4081",
        "the input length exceeds the context length",
    ],
)
def test_too_long(message: str) -> None:
    assert isinstance(failure(Fault(400, message), HERE), ContextOverflow)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (
            Fault(429, "Request too large for gpt-4 on tokens per min (TPM): Limit 1, Requested 2"),
            ContextOverflow,
        ),
        (Fault(413, "Too large"), ContextOverflow),
        (Fault(429, "Rate limit reached for requests per min"), Transient),
        (Fault(503, "The context window service is down: exceeds the context window"), Transient),
        (Fault(408, ""), Transient),
        (Fault(None, "Overloaded", "overloaded_error"), Transient),
        (Fault(None, "?"), Transient),
        (Fault(None, "no", "invalid_request_error"), UserError),
        (Fault(None, "flagged", "invalid_prompt"), UserError),
        (Fault(None, "There is none.", "model_not_found"), UserError),
        (Fault(500, "The content_filter service is down."), Transient),
        (Fault(429, "Too many tokens, please wait before trying again."), Transient),
        (Fault(402, "Pay."), UserError),
        (Fault(400, "Your credit balance is too low to access the API."), UserError),
        (Fault(422, "no"), UserError),
        (Fault(400, "API key not valid. Please pass a valid API key."), UserError),
        (Fault(None, "no", "data_residency_mismatch"), UserError),
        (Fault(429, "Slow down, says our fair_use_policy."), Transient),
    ],
)
def test_what_a_fault_is(fault: Fault, expected: type[RunError]) -> None:
    assert type(failure(fault, HERE)) is expected


@pytest.mark.parametrize("code", ["bio_policy", "misalignment_policy_violation", "content_policy_violation"])
def test_a_filter_by_its_code(code: str) -> None:
    assert failure(Fault(None, "No.", code), HERE).code == "model.input_refused"
    assert isinstance(failure(Fault(500, "No.", code), HERE), Transient)


def test_a_status_is_shown_where_there_is_one() -> None:
    refused = str(failure(Fault(None, "?", "invalid_api_key"), HERE))
    assert "does not accept the key. Check" in refused
    assert "does not accept the key (status 403)" in str(failure(Fault(403, "?"), HERE))
    assert "an error: ?" in str(failure(Fault(None, "?"), HERE))


@pytest.mark.parametrize(
    ("body", "message", "codes"),
    [
        ({"error": {"message": "m", "code": "c", "type": "t"}}, "m", "c t"),
        ({"message": "m", "code": "c", "type": None}, "m", "c"),
        (
            {"type": "error", "error": {"type": "t", "message": "m", "details": {"error_code": "d"}}},
            "m",
            "t d",
        ),
        ({"error": "m"}, "m", ""),
        ({"detail": "m"}, "m", ""),
        ({"odd": 1}, "{'odd': 1}", ""),
        ("<html>", "<html>", ""),
        (None, "(no message)", ""),
        ([1], "[1]", ""),
    ],
)
def test_bodies_of_errors(body: object, message: str, codes: str) -> None:
    assert fault_of(400, body, {}) == Fault(400, message, codes)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "20"}, 20),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "20", "retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "Tue, 24 Nov 2026 12:00:30 GMT"}, 30),
        ({"retry-after": "Tue, 24 Nov 2026 11:00:00 GMT"}, 0),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, datetime(2026, 11, 24, 12, tzinfo=UTC)) == seconds


def test_an_excerpt_is_short_and_without_the_key() -> None:
    shown = excerpt(f"the key {HERE.key} is\n wrong " + "x" * 10_000, HERE.key)
    assert shown.startswith("the key [key] is wrong")
    assert len(shown) <= EXCERPT
    assert HERE.key and HERE.key not in repr(HERE)


@pytest.mark.parametrize(
    ("code", "status"), [(429, 429), ("429", None), (200, None), (1300, None), (True, None), (None, None)]
)
def test_a_status_may_stand_in_the_body_alone(code: object, status: int | None) -> None:
    assert fault_of(None, {"error": {"message": "m", "code": code}}, {}).status == status
    assert fault_of(503, {"error": {"message": "m", "code": code}}, {}).status == 503


def test_an_excerpt_is_without_any_secret_that_is_known() -> None:
    there = Endpoint("m", "m", secrets=("planted-9876543210", "none"))
    said = str(failure(Fault(400, "none of planted-9876543210 will do"), there))
    assert "none of [key] will do" in said


@pytest.mark.parametrize(
    "url", ["http://me:secret@host/v1", "http://host/v1?key=secret", "http://me@host/v1#secret"]
)
def test_a_password_in_a_url_is_not_shown(url: str) -> None:
    there = Endpoint("m", "m", base_url=url)
    assert "secret" not in str(failure(Fault(404, "no"), there))
    assert "host/v1" in str(failure(Fault(404, "no"), there))
