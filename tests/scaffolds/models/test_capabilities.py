"""The capability table, by the names that models go by."""

import pytest

from scaffolds.models.capabilities import Capabilities, capabilities, nearest_effort
from scaffolds.models.settings import Effort


@pytest.mark.parametrize(
    "model",
    ["o1", "o1-2024-12-17", "o3-mini", "o4-mini", "gpt-5", "gpt-5.1-codex", "gpt-10", "openrouter/openai/o3"],
)
def test_models_that_reason(model: str) -> None:
    found = capabilities(model)
    assert (found.temperature, found.system, found.thinking) == (False, "developer", "effort")
    assert found.tools
    assert found.strict
    assert found.reasons
    assert found.responses


@pytest.mark.parametrize("model", ["o1-preview", "o1-preview-2024-09-12", "o1-mini", "azure/o1-mini"])
def test_the_first_models_that_reason(model: str) -> None:
    found = capabilities(model)
    assert (found.temperature, found.system, found.tools, found.responses) == (False, "fold", False, False)


@pytest.mark.parametrize("model", ["gpt-4o-2024-08-06", "gpt-4.1", "GPT-4o", "gpt-5-chat-latest"])
def test_models_that_take_all(model: str) -> None:
    found = capabilities(model)
    assert (found.temperature, found.system, found.thinking, found.strict) == (True, "system", "none", True)


@pytest.mark.parametrize("model", ["gpt-4", "gpt-4-turbo-2024-04-09", "gpt-4o-2024-05-13", "gpt-3.5-turbo"])
def test_models_from_before_strict_tools(model: str) -> None:
    assert capabilities(model) == Capabilities(max_tokens=4_096, efforts=())


@pytest.mark.parametrize(
    ("model", "thinking", "temperature", "max_tokens", "room"),
    [
        ("claude-3-opus-20240229", "none", True, 4_096, 128_000),
        ("claude-3-5-sonnet-20240620", "none", True, 8_192, 128_000),
        ("bedrock/anthropic.claude-3-5-sonnet-20240620-v1:0", "none", True, 8_192, 128_000),
        ("claude-3-7-sonnet-20250219", "budget", True, 16_384, 64_000),
        ("claude-opus-4-20250514", "budget", True, 16_384, 32_000),
        ("claude-4-opus-20250514", "budget", True, 16_384, 32_000),
        ("claude-opus-4-1-20250805", "budget", True, 16_384, 32_000),
        ("claude-sonnet-4-0", "budget", True, 16_384, 64_000),
        ("claude-4-sonnet-20250514", "budget", True, 16_384, 64_000),
        ("claude-opus-4-5-20251101", "budget", True, 16_384, 64_000),
        ("claude-haiku-4-5", "budget", True, 16_384, 64_000),
        ("claude-opus-4-6", "adaptive", True, 16_384, 128_000),
        ("claude-opus-4-7", "adaptive", False, 16_384, 128_000),
        ("claude-sonnet-5", "adaptive", False, 16_384, 128_000),
        ("claude-mythos-5", "adaptive", False, 16_384, 128_000),
    ],
)
def test_claude(model: str, thinking: str, temperature: bool, max_tokens: int, room: int) -> None:
    found = capabilities(model)
    assert (found.thinking, found.temperature, found.max_tokens) == (thinking, temperature, max_tokens)
    assert found.room == room
    assert found.tools
    assert not found.strict


@pytest.mark.parametrize(
    ("model", "by_default", "off", "forced"),
    [
        ("claude-opus-4-6", False, "disabled", True),
        ("claude-opus-4-8", False, "disabled", True),
        ("claude-opus-5", True, "disabled", True),
        ("claude-opus-5-20260724", True, "disabled", True),
        ("claude-sonnet-5", True, "disabled", True),
        ("claude-haiku-5-5", True, "disabled", True),
        ("claude-sonnet-5-5", True, "between_tools", False),
        ("openrouter/anthropic/claude-sonnet-5.5", True, "between_tools", False),
        ("claude-opus-5-5", True, None, False),
        ("claude-opus-5.5", True, None, False),
        ("claude-fable-5-1", True, None, False),
        ("claude-mythos-5", True, None, False),
        ("claude-opus-latest", True, None, False),
    ],
)
def test_how_claudes_thinking_ends(model: str, by_default: bool, off: str | None, forced: bool) -> None:
    found = capabilities(model)
    assert (found.by_default, found.off, found.forced) == (by_default, off, forced)


@pytest.mark.parametrize(
    ("model", "efforts"),
    [
        ("o3", "low medium high"),
        ("gpt-5-mini", "minimal low medium high"),
        ("gpt-5-pro", "high"),
        ("gpt-5.1", "none low medium high"),
        ("gpt-5.1-codex-max", "none low medium high xhigh"),
        ("gpt-5.2-chat-latest", "medium"),
        ("chat-latest", "medium"),
        ("gpt-5.4-2026-03-05", "none low medium high xhigh"),
        ("gpt-5.5-pro", "medium high xhigh"),
        ("gpt-6-sol", "none low medium high xhigh max"),
        ("gpt-6.1-sol", "low medium high xhigh max"),
        ("gpt-oss-120b", "low medium high"),
        ("gpt-4o", ""),
        ("o1-mini", ""),
        ("claude-3-5-haiku-latest", ""),
        ("claude-opus-4-1", "none minimal low medium high"),
        ("claude-sonnet-4-5", "none minimal low medium high xhigh"),
        ("claude-opus-4-6", "none low medium high max"),
        ("claude-opus-4-7", "none low medium high xhigh max"),
        ("claude-opus-5-5", "low medium high xhigh max"),
    ],
)
def test_efforts(model: str, efforts: str) -> None:
    found = capabilities(model).efforts
    assert found is not None
    assert " ".join(found) == efforts


@pytest.mark.parametrize(
    ("wanted", "efforts", "told"),
    [
        ("max", None, "max"),
        ("high", (), None),
        ("xhigh", ("low", "medium", "high"), "high"),
        ("none", ("low", "medium"), "low"),
        ("minimal", ("none", "low"), "none"),
        ("xhigh", ("none", "low", "high", "max"), "high"),
    ],
)
def test_an_effort_that_a_model_lacks(
    wanted: Effort, efforts: tuple[Effort, ...] | None, told: str | None
) -> None:
    assert nearest_effort(wanted, efforts) == told


@pytest.mark.parametrize("model", ["gpt-5-chat", "o3-deep-research", "o4-mini-deep-research-2025-06-26"])
def test_models_that_call_no_tools(model: str) -> None:
    assert not capabilities(model).tools


@pytest.mark.parametrize("model", ["meta-llama/llama-3.1-405b-instruct", "mistral-large", "foo1", "zo3"])
def test_models_that_no_line_names_take_everything(model: str) -> None:
    assert capabilities(model) == Capabilities()
