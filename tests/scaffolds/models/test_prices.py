"""Dollars of calls: tokens of every kind, long requests, prices that nobody knows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffolds.messages import Usage
from scaffolds.models.prices import Prices
from scaffolds.models.rates import MILLION, Price, Rates

RATE = st.floats(0, 1000)
RATES = st.builds(Rates, input=RATE, output=RATE, cached=st.none() | RATE, written=st.none() | RATE)
PRICES = st.builds(
    Price,
    input=RATE,
    output=RATE,
    cached=st.none() | RATE,
    reasoning=st.none() | RATE,
    above=st.dictionaries(st.integers(1, 500_000), RATES, max_size=3),
    max_output=st.none() | st.integers(1, 100_000),
)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    total, output = draw(st.integers(0, 1_000_000)), draw(st.integers(0, 100_000))
    cached = draw(st.integers(0, total))
    written = draw(st.integers(0, total - cached))
    return Usage(total, cached, output, draw(st.integers(0, output)), written=written)


@given(PRICES, usages(), st.integers(0, 1000))
def test_no_call_costs_more_than_its_ceiling(price: Price, usage: Usage, more: int) -> None:
    usd = price.usd(usage)
    assert usd is not None
    assert 0 <= usd <= price.ceiling(usage.input + more, max(1, usage.output)) * (1 + 1e-9)


def test_every_kind_of_token_has_its_rate() -> None:
    price = Price(input=10, cached=1, written=12.5, output=100, reasoning=200)
    usage = Usage(input=1000, cached=200, written=300, output=50, reasoning=20)
    assert price.usd(usage) == pytest.approx((500 * 10 + 200 + 300 * 12.5 + 30 * 100 + 20 * 200) / MILLION)


def test_kinds_without_a_rate_of_their_own_cost_what_the_others_do() -> None:
    usage = Usage(input=1000, cached=200, written=300, output=50, reasoning=20)
    assert Price(input=10, output=100).usd(usage) == pytest.approx((1000 * 10 + 50 * 100) / MILLION)


@pytest.mark.parametrize(("tokens", "rate"), [(200_000, 1), (200_001, 2), (400_000, 2), (400_001, 4)])
def test_a_long_request_is_charged_at_its_own_rates_from_the_first_token(tokens: int, rate: int) -> None:
    price = Price(
        input=1, output=1, above={400_000: Rates(input=4, output=4), 200_000: Rates(input=2, output=2)}
    )
    assert price.usd(Usage(tokens, output=10)) == pytest.approx((tokens + 10) * rate / MILLION)


def test_a_guess_of_tokens_is_no_price() -> None:
    guess = Usage(100, output=10, estimated=True)
    assert Price(input=1, output=1).usd(guess) is None
    assert Price(input=0, output=0).usd(guess) == 0


def test_prices_come_from_the_table_and_from_the_user_first() -> None:
    name = "openai/gpt-4o-2024-08-06"
    assert Prices().of(name) == Price(input=2.5, cached=1.25, output=10, max_output=16_384)
    own = Price(input=1, output=1)
    assert Prices({name: own}).of(name) == own.model_copy(update={"max_output": 16_384})
    assert Prices({"openai-compatible/local": own}).of("openai-compatible/local") == own


def test_tiers_come_from_the_table() -> None:
    gemini = Prices().of("litellm/gemini/gemini-2.5-pro")
    assert gemini is not None
    assert gemini.above == {200_000: Rates(input=2.5, cached=0.25, output=15)}
    qwen = Prices().of("litellm/dashscope/qwen3-max")
    assert qwen is not None
    assert (qwen.input, sorted(qwen.above)) == (1.2, [32_000, 128_000])


def test_a_longest_answer_of_nothing_is_one_that_the_table_does_not_know() -> None:
    embedding = Prices().of("litellm/vercel_ai_gateway/mistral/mistral-embed")
    assert embedding is not None
    assert embedding.max_output is None


@pytest.mark.parametrize(
    "name",
    [
        "openai/no-such-model",
        "anthropic/gpt-4o",
        "openai-compatible/gpt-4o",
        "litellm/ollama/llama3",  # 0 in the table
        "litellm/gpt-4o",
        "sample_spec",
        "",
    ],
)
def test_what_nobody_knows_has_no_price(name: str) -> None:
    assert Prices().of(name) is None


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("openai/gpt-4o-2024-08-06", "gpt-4o-2024-08-06"),
        ("openai/gpt-5.4", "gpt-5.4"),
        ("anthropic/claude-sonnet-4-5", "claude-sonnet-4-5"),
        ("litellm/gemini/gemini-2.5-pro", "gemini/gemini-2.5-pro"),
        ("litellm/deepseek/deepseek-chat", "deepseek/deepseek-chat"),
        ("litellm/dashscope/qwen3-max", "dashscope/qwen3-max"),
    ],
)
@pytest.mark.parametrize("usage", [Usage(1000, 100, 50), Usage(300_000, 250_000, 900)])
def test_a_call_costs_what_litellm_says(
    name: str, theirs: str, usage: Usage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # the file that is installed, not the net's
    from litellm import cost_per_token  # pyright: ignore[reportUnknownVariableType, reportPrivateImportUsage]
    from litellm.types.utils import PromptTokensDetailsWrapper
    from litellm.types.utils import Usage as Theirs

    price = Prices().of(name)
    assert price is not None
    counted = Theirs(
        prompt_tokens=usage.input,
        completion_tokens=usage.output,
        prompt_tokens_details=PromptTokensDetailsWrapper(cached_tokens=usage.cached),
    )
    asked = cost_per_token(model=theirs, usage_object=counted)
    assert price.usd(usage) == pytest.approx(sum(asked))
