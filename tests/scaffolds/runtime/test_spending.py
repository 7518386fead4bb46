"""Limits of dollars: a run ends before the call that could pass them, in every lane, and on a replay too."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffolds.errors import LimitReached, UserError
from scaffolds.messages import Completion, JsonValue, Message, Usage
from scaffolds.models.protocol import ModelRequest, as_asked
from scaffolds.models.rates import Price
from scaffolds.run import Failure, Run
from scaffolds.runtime import events as ev
from scaffolds.runtime.ledger import Ledger, Limits, Spent
from scaffolds.runtime.log import LogReader
from scaffolds.runtime.session import World
from scaffolds.runtime.size import Size
from scaffolds.runtime.transcript import Conversation
from scaffolds.tools import SANDBOX_TOOLS
from tests.scaffolds.runtime.clockwork import FakeClock, Machine, ask, clockwork, play


@dataclass
class Seller:
    """A model of a price, which counts three bytes to a token and answers with ten tokens."""

    price: Price | None
    name: str = "test/seller"
    asked: int = 0

    def complete(self, request: ModelRequest) -> Completion:
        self.asked += 1
        size = sum(len(message.content.encode()) for message in request.messages)
        usage = Usage(size // 3, output=10)
        return Completion("x" * 30, usage=usage, usd=self.price.usd(usage) if self.price else None)

    def ceiling(self, input_tokens: int, settings: Mapping[str, JsonValue]) -> float | None:
        return self.price.ceiling(input_tokens, as_asked(settings)) if self.price else None


def world(model: Seller, usd: float | None) -> World:
    clock = FakeClock()
    made = clockwork(model, Machine(clock), clock)
    return replace(made, limits=made.limits.model_copy(update={"usd": usd}))


def ask_on(run: Run) -> None:
    """Ask until the end, one message after the other."""
    messages = [Message("user", "a" * 300)]
    while True:
        answer = run.ask(messages, max_tokens=100)
        messages += [answer.message(), Message("user", "b" * 60)]


@given(st.floats(1e-6, 1e-2))
def test_a_run_never_passes_its_dollars(tmp_path_factory: pytest.TempPathFactory, usd: float) -> None:
    folder = tmp_path_factory.mktemp("run")
    model = Seller(Price(input=2.5, cached=1.25, output=10))
    with pytest.raises(LimitReached) as caught:
        play(folder, world(model, usd), ask_on)
    assert caught.value.kind == "usd"
    last = LogReader(folder / "run").events[-1]
    assert last.type == ev.LIMIT
    assert last.data["spent"][3] <= usd
    asked = model.asked
    with pytest.raises(LimitReached, match="may cost"):
        play(folder, world(model, usd), ask_on)
    assert model.asked == asked


def test_a_limit_that_lasts_lets_the_run_use_most_of_it(tmp_path: Path) -> None:
    model = Seller(Price(input=2.5, output=10))
    with pytest.raises(LimitReached):
        play(tmp_path, world(model, 0.05), ask_on)
    spent = LogReader(tmp_path / "run").events[-1].data["spent"]
    assert spent[3] > 0.05 - 0.008


def test_a_model_without_a_price_is_not_asked_under_a_limit(tmp_path: Path) -> None:
    model = Seller(None)
    with pytest.raises(UserError, match=r"configs/prices\.yaml"):
        play(tmp_path / "limited", world(model, 1.0), lambda run: ask(run, "hello"))
    assert model.asked == 0
    spent = play(tmp_path / "free", world(model, None), lambda run: ask(run, "hello"))
    assert (model.asked, spent.usd) == (1, 0.0)


def test_lanes_share_what_is_left(tmp_path: Path) -> None:
    """Two calls may each cost 10 of 15 dollars: one of them is made, whether or not the other is back."""

    def scaffold(run: Run) -> None:
        lanes = run.lanes(2)
        for name in ("a", "b"):
            lanes.start(name, lambda lane: lane.ask([Message("user", "hello")], max_tokens=10))
        results = [lanes.next_done()[1] for _ in range(2)]
        refused = [r.error.code for r in results if isinstance(r, Failure)]
        assert refused == ["limit.usd"]

    spent = play(tmp_path, world(Seller(Price(input=0, output=1_000_000)), 15.0), scaffold)
    assert spent.usd == pytest.approx(10.0)


def test_reservations_count_until_they_are_given_back() -> None:
    ledger = Ledger(Limits(time_s=1, usd=10), Spent())
    ledger.reserve(6)
    with pytest.raises(LimitReached, match=r"may cost \$6, and \$4 are left"):
        ledger.reserve(6)
    ledger.release(6)
    ledger.reserve(6)


def sizes(*requests: tuple[list[Message], Usage]) -> list[int]:
    conversation, size, found = Conversation(), Size(), list[int]()
    for n, (messages, usage) in enumerate(requests):
        found.append(size.of(conversation.prepare("main", messages, (), {}, n), messages))
        size.answered(Completion("b" * 500, usage=usage))
    return found


def test_what_was_counted_is_not_guessed_again() -> None:
    first = [Message("user", "a" * 1000)]
    then = [*first, Message("assistant", "b" * 500), Message("user", "c" * 10)]
    other = [Message("user", "d" * 10)]
    found = sizes((first, Usage(250, output=125)), (then, Usage(400, output=9)), (other, Usage(9)))
    assert 1000 < found[0] < 1100
    assert 375 + 10 < found[1] < 375 + 100
    assert 10 < found[2] < 100


def test_a_last_message_that_is_replaced_does_not_make_the_others_guesses() -> None:
    """Agents that tell what is left at the end of each request, and of that request alone."""
    first = [Message("user", "a" * 1000), Message("user", "10 left")]
    then = [first[0], Message("assistant", "b" * 500), Message("user", "9 left")]
    found = sizes((first, Usage(260, output=125)), (then, Usage(400, output=9)))
    assert 385 < found[1] < 385 + 100


def test_what_a_model_is_told_about_tools_counts_too() -> None:
    conversation, size = Conversation(), Size()
    asked = [Message("user", "go")]
    with_tools = conversation.prepare("main", asked, (SANDBOX_TOOLS["think"],), {}, 0)
    # Anthropic's own words around a tool come to 346 tokens, ours to 1300 bytes.
    assert size.of(with_tools, asked) > 1000
    assert Size().of(Conversation().prepare("main", asked, (), {}, 0), asked) < 100


def test_a_guess_of_the_provider_s_is_no_count() -> None:
    first = [Message("user", "a" * 1000)]
    assert sizes((first, Usage(250, estimated=True)), ([*first, Message("user", "b")], Usage()))[1] > 1000


texts = st.text(max_size=40)
roles = st.sampled_from(["user", "assistant", "tool"])


@given(st.lists(st.tuples(st.integers(0, 6), st.lists(st.builds(Message, roles, texts))), max_size=8))
def test_no_request_has_more_tokens_than_was_expected(edits: list[tuple[int, list[Message]]]) -> None:
    """With a provider that counts every byte and a little for each message, however requests change."""
    messages: list[Message] = []
    conversation, size = Conversation(), Size()
    for n, (keep, more) in enumerate(edits):
        messages = [*messages[:keep], *more]
        if not messages:
            continue
        expected = size.of(conversation.prepare("main", messages, (), {}, n), messages)
        real = sum(len(message.content.encode()) + 4 for message in messages)
        assert real <= expected
        answer = Completion("y" * n, usage=Usage(real, output=n + 4))
        size.answered(answer)
        messages = [*messages, answer.message()]
