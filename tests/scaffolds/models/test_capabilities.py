"""The capability table, by the names that models go by."""

import pytest

from scaffolds.models.capabilities import Capabilities, capabilities


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
    assert capabilities(model) == Capabilities(max_tokens=4_096)


@pytest.mark.parametrize(
    ("model", "thinking", "temperature", "max_tokens"),
    [
        ("claude-3-opus-20240229", "none", True, 4_096),
        ("claude-3-5-sonnet-20240620", "none", True, 8_192),
        ("bedrock/anthropic.claude-3-5-sonnet-20240620-v1:0", "none", True, 8_192),
        ("claude-3-7-sonnet-20250219", "budget", True, 16_384),
        ("claude-opus-4-20250514", "budget", True, 16_384),
        ("claude-opus-4-1-20250805", "budget", True, 16_384),
        ("claude-sonnet-4-0", "budget", True, 16_384),
        ("claude-haiku-4-5", "budget", True, 16_384),
        ("claude-opus-4-6", "adaptive", True, 16_384),
        ("claude-opus-4-7", "adaptive", False, 16_384),
        ("claude-sonnet-5", "adaptive", False, 16_384),
        ("claude-mythos-5", "always", False, 16_384),
    ],
)
def test_claude(model: str, thinking: str, temperature: bool, max_tokens: int) -> None:
    found = capabilities(model)
    assert (found.thinking, found.temperature, found.max_tokens) == (thinking, temperature, max_tokens)
    assert found.tools
    assert not found.strict


@pytest.mark.parametrize("model", ["meta-llama/llama-3.1-405b-instruct", "mistral-large", "foo1", "zo3"])
def test_models_that_no_line_names_take_everything(model: str) -> None:
    assert capabilities(model) == Capabilities()
