"""What a provider answers instead of a completion, and which failure that is.

One set of rules for all providers: their statuses agree, their codes are few, and the wordings of local
servers do not collide. The order matters, because a 400 may be a conversation that is too long, and a 429
may be an account without money.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from scaffolds.errors import ContextOverflow, RunError, UserError
from scaffolds.messages import JsonValue
from scaffolds.models.client import Endpoint
from scaffolds.models.failures import (
    BAD_REQUEST,
    INPUT_REFUSED,
    KEY_REFUSED,
    MODEL_UNKNOWN,
    QUOTA_USED_UP,
    Kind,
    Transient,
    excerpt,
)
from scaffolds.models.wire import as_object, as_text


@dataclass(frozen=True, slots=True)
class Fault:
    """What a provider said.

    Attributes:
        status: of HTTP; None for a fault that came inside of an answer.
        message: the provider's words.
        codes: its codes and types, in one string.
        retry_after: seconds that it asks to wait.
    """

    status: int | None
    message: str
    codes: str = ""
    retry_after: float | None = None


_TOO_LONG = re.compile(
    r"context_length_exceeded|context_?window_?exceeded|string_above_max_length"
    r"|maximum context (length|limit)|model's context (length|limit)"
    r"|maximum prompt length|exceed(s|ed)? (the )?context (limit|window|length)"
    r"|prompt is too long|input is too long|input length and `max_tokens` exceed"
    r"|longer than the (model's )?(maximum )?(model|context) length|longer than the maximum model length"
    r"|exceeds? the available context size|exceeds? the context size|exceed_context_size"
    r"|context window of this model|input tokens? (count )?exceeds? the|exceeds the maximum number of tokens"
    r"|reduce the length of (the|your) (messages|prompt|input)|request_too_large"
    r"|`inputs` tokens \+ `max_new_tokens` must be|number of tokens in the prompt cannot exceed"
    # A request that is larger than what the account may send in a minute: waiting mends it never, a
    # shorter request does.
    r"|request too large for .* tokens per min",
    re.IGNORECASE,
)
_NO_MONEY = re.compile(
    r"insufficient_quota|billing_hard_limit|billing_not_active|billing_error|insufficient_(balance|credits)"
    r"|credit balance is too low|insufficient (balance|credits)|spend_limit_reached",
    re.IGNORECASE,
)
_FILTERED = re.compile(
    r"content_?filter|content_?policy|responsibleaipolicy|invalid_prompt|flagged as potentially violating"
    r"|content management policy|blocked by content filtering",
    re.IGNORECASE,
)
_POLICY = re.compile(r"_policy(_violation)?\b", re.IGNORECASE)
"""In a code, which is a filter's for each thing that it looks for."""
_NO_MODEL = re.compile(r"model_not_found|LLM Provider NOT provided|unknown model", re.IGNORECASE)
_BAD_KEY = re.compile(r"api key not valid|(invalid|incorrect)[ _]api[ _]key", re.IGNORECASE)
_OVERLOADED = re.compile(r"overloaded", re.IGNORECASE)
_TOO_LONG_STATUSES = (None, 400, 413, 422, 429, 500)
"""500: some local servers know no better one. What is said in a 503 is about the server."""

_TRANSIENT: Mapping[int, Kind] = {
    408: "timeout",
    409: "server",
    425: "server",
    429: "rate_limit",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}
_TYPED: Mapping[str, int] = {
    "rate_limit": 429,
    "overloaded": 529,
    "timeout": 504,
    "authentication": 401,
    "permission": 403,
    "not_found": 404,
    "invalid_request": 400,
    "data_residency_mismatch": 400,
}
"""Statuses of faults that come without one, by a word of their type."""
_CLIENT_ERROR = 400
_SERVER_ERROR = 500
_NO_STATUS = 600

_Make = Callable[[str], RunError]


def failure(fault: Fault, endpoint: Endpoint) -> RunError:
    """The error that a fault is: `Transient`, `ContextOverflow` or `UserError`. Returned, not raised."""
    status = fault.status or _typed_status(fault.codes)
    of_the_server = fault.status is not None and status >= _SERVER_ERROR
    said = excerpt(fault.message, endpoint.key, *endpoint.secrets)
    text = f"{fault.codes} {fault.message}"
    name = endpoint.name
    if status == 413 or (fault.status in _TOO_LONG_STATUSES and _TOO_LONG.search(text)):
        return ContextOverflow(f"{name}: the request is longer than the model accepts: {said}")
    if status == 402 or _NO_MONEY.search(text):
        return UserError(
            f"{name}: the account has no quota left: {said} Waiting does not mend that: add credit or raise "
            "the limit at the provider, then start the same command again",
            code=QUOTA_USED_UP,
        )
    if not of_the_server and (_FILTERED.search(text) or _POLICY.search(fault.codes)):
        return UserError(
            f"{name}: the provider's filter refuses the request: {said} Change the prompt, or use another "
            "model",
            code=INPUT_REFUSED,
        )
    if status in (401, 403) or (not of_the_server and _BAD_KEY.search(text)):
        # Not in the provider's words, which may quote a part of the key.
        return UserError(
            f"{name}: the provider does not accept the key{_shown(fault.status)}. Check the key in the "
            "environment or the .env file, and what it may be used for",
            code=KEY_REFUSED,
        )
    if status == 404 or (not of_the_server and _NO_MODEL.search(text)):
        place = f" at {host(endpoint.base_url)}" if endpoint.base_url else ""
        return UserError(
            f"{name}: there is no model {endpoint.model!r}{place} for this key: {said} Check the spelling"
            f"{', and that the base URL ends where its API begins (often /v1)' if place else ''}",
            code=MODEL_UNKNOWN,
        )
    if status < _CLIENT_ERROR:
        return bad_answer(endpoint, f"{_status(fault.status)}, and no completion: {said}")
    if status in _TRANSIENT or status >= _SERVER_ERROR:
        kind = "overloaded" if _OVERLOADED.search(text) else _TRANSIENT.get(status, "server")
        return Transient(f"{name}: {_status(fault.status)}: {said}", kind, fault.retry_after)
    return UserError(
        f"{name}: the provider refuses the request{_shown(fault.status)}: {said} Trying again would not "
        "help: change the settings, or the model",
        code=BAD_REQUEST,
    )


def _status(status: int | None) -> str:
    return f"status {status}" if status else "an error"


def _shown(status: int | None) -> str:
    return f" ({_status(status)})" if status else ""


def _typed_status(codes: str) -> int:
    return next((status for word, status in _TYPED.items() if word in codes), _SERVER_ERROR)


def fault_of(status: int | None, body: object, headers: Mapping[str, str]) -> Fault:
    """What a body of an error says, in any of the forms that servers give it."""
    whole = as_object(body)  # pyright: ignore[reportArgumentType] - whatever the package has parsed
    inner = as_object(whole.get("error")) or whole
    message = as_text(inner.get("message")) or as_text(whole.get("error")) or as_text(whole.get("detail"))
    if not message and body:
        message = body if isinstance(body, str) else str(dict(whole)) if whole else repr(body)
    details = as_object(inner.get("details"))
    codes = [as_text(inner.get("code")), as_text(inner.get("type")), as_text(details.get("error_code"))]
    # Gateways put the status into a body that they send with a status of success.
    status = status or _status_in(inner.get("code"))
    return Fault(status, message or "(no message)", " ".join(filter(None, codes)), retry_after(headers))


def _status_in(code: JsonValue) -> int | None:
    return code if isinstance(code, int) and _CLIENT_ERROR <= code < _NO_STATUS else None


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """The seconds that a provider asks to wait, however it says so; None where it does not."""
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    value = headers.get("retry-after") or ""
    if (seconds := _number(value)) is not None:
        return seconds
    with suppress(ValueError, TypeError, OverflowError):
        date = parsedate_to_datetime(value)
        return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())
    return None


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None


def host(base_url: str) -> str:
    """Where a URL points, without a password or a key that may stand in it."""
    place = re.split(r"[?#]", base_url, maxsplit=1)[0]
    return place.rpartition("@")[2] if "@" in place else place


def dropped(endpoint: Endpoint) -> Transient:
    """The connection was never there, or broke."""
    place = f" to {host(endpoint.base_url)}" if endpoint.base_url else ""
    return Transient(f"{endpoint.name}: no connection{place}, or it broke", "connection")


def timed_out(endpoint: Endpoint) -> Transient:
    """Nothing came for as long as a try may be silent."""
    return Transient(f"{endpoint.name}: nothing came for {endpoint.timeout_s:g} s", "timeout")


def too_slow(endpoint: Endpoint) -> Transient:
    """An answer came, and would not end."""
    return Transient(f"{endpoint.name}: the answer had not ended after {endpoint.answer_s:g} s", "timeout")


def bad_answer(endpoint: Endpoint, what: str) -> Transient:
    """The provider answered, and what it sent is no completion."""
    return Transient(f"{endpoint.name}: {what}", "bad_answer")
