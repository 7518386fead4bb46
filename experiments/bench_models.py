"""What a model call costs beyond the provider's package: `python -m experiments.bench --model-overhead`.

Ours is everything that a scaffold waits for: `Run.ask`, with the log and its syncs, the slot, the retry
layer and the client. Bare is the package's own call with the same messages. Both go to the same server,
in a process of its own, that answers at once; they take turns, so that whatever the machine does meanwhile
hits both. The log lies in memory where that can be: what a disk takes for a sync is the disk's doing, and
`--steps` measures it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import anthropic
import openai

from scaffolds.messages import Message
from scaffolds.models.protocol import Model
from scaffolds.models.providers import Access, Provider
from scaffolds.models.registry import connect
from scaffolds.models.secrets import Secrets
from scaffolds.runtime.durable import DurableRun
from scaffolds.runtime.session import Session, World

_CALLS = 200
"""Requests of two messages, as AIDE sends them."""
_TURNS = 500
_MEMORY = "/dev/shm"
_WINDOW = 20
"""Turns over which the ends of a conversation are taken."""
_KEY = "bench"
_OPENAI, _ANTHROPIC = "gpt-4o-2024-08-06", "claude-sonnet-4-5"
_SYSTEM = Message("system", "You are a machine learning engineer. " * 20)
_TASK = "Predict y from x, and say how.\n" * 60

Ask = Callable[[Sequence[Message]], object]


def measure_models(make_world: Callable[[Model], World]) -> dict[str, dict[str, float]]:
    """Milliseconds per call by provider, ours and the bare package's."""
    memory = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=memory))
    try:
        with _server() as address:
            bare = {"openai": _bare_openai(address), "anthropic": _bare_anthropic(address)}
            return {
                provider: _measure(folder / provider, make_world(model), bare[provider])
                for provider, model in _ours(folder, address).items()
            }
    finally:
        shutil.rmtree(folder)


def _measure(folder: Path, world: World, bare: Ask) -> dict[str, float]:
    session = Session(folder, world, {})
    try:
        run = DurableRun(session)
        single = [[_SYSTEM, Message("user", f"{_TASK}{n}")] for n in range(_CALLS)]
        ours_s, bare_s = _in_turns(single, run.ask, bare)
        talk = [_SYSTEM]
        for n in range(_TURNS):
            talk += [Message("user", f"What came of script {n}: {'score 0.5 ' * 20}")]
            talk += [Message("assistant", f"Ridge regression, number {n}. {'I would try next ' * 20}")]
        turns = [talk[: 2 * n + 2] for n in range(_TURNS)]

        def ask(messages: Sequence[Message]) -> object:
            return run.ask(messages, role="talk")

        first_s = _in_turns(turns[:_WINDOW], ask, bare)
        for turn in turns[_WINDOW:-_WINDOW]:
            ask(turn)
        last_s = _in_turns(turns[-_WINDOW:], ask, bare)
    finally:
        session.close_sandboxes()
        session.log.close()
    return {
        "ours_ms": _ms(ours_s),
        "bare_sdk_ms": _ms(bare_s),
        "ratio": round(median(ours_s) / median(bare_s), 3),
        "ours_ms_turn_1": _ms(first_s[0]),
        f"ours_ms_turn_{_TURNS}": _ms(last_s[0]),
        "bare_sdk_ms_turn_1": _ms(first_s[1]),
        f"bare_sdk_ms_turn_{_TURNS}": _ms(last_s[1]),
    }


def _in_turns(requests: Sequence[Sequence[Message]], ours: Ask, bare: Ask) -> tuple[list[float], list[float]]:
    """Seconds of each call, one way and the other; which goes first changes from one to the next."""
    times: dict[Ask, list[float]] = {ours: [], bare: []}
    for ask in (ours, bare):
        ask(requests[0])  # opens the connection
    for n, messages in enumerate(requests):
        for ask in (ours, bare) if n % 2 else (bare, ours):
            began = time.perf_counter()
            ask(messages)
            times[ask].append(time.perf_counter() - began)
    return times[ours], times[bare]


def _ours(folder: Path, address: str) -> dict[str, Model]:
    access = Access(
        {"openai": Provider(base_url=f"{address}/v1"), "anthropic": Provider(base_url=address)},
        secrets=Secrets({"OPENAI_API_KEY": _KEY, "ANTHROPIC_API_KEY": _KEY}),
        slots=folder / "slots",
    )
    return {
        "openai": connect(f"openai/{_OPENAI}", access),
        "anthropic": connect(f"anthropic/{_ANTHROPIC}", access),
    }


def _bare_openai(address: str) -> Ask:
    client = openai.OpenAI(api_key=_KEY, base_url=f"{address}/v1", max_retries=0)

    def ask(messages: Sequence[Message]) -> object:
        sent = [{"role": message.role, "content": message.content} for message in messages]
        return client.responses.create(model=_OPENAI, input=sent, store=False)  # pyright: ignore[reportArgumentType]

    return ask


def _bare_anthropic(address: str) -> Ask:
    client = anthropic.Anthropic(api_key=_KEY, base_url=address, max_retries=0)

    def ask(messages: Sequence[Message]) -> object:
        system, *rest = messages
        sent = [{"role": message.role, "content": message.content} for message in rest]
        return client.messages.create(
            model=_ANTHROPIC,
            max_tokens=16_384,
            system=system.content,
            messages=sent,  # pyright: ignore[reportArgumentType]
        )

    return ask


@contextmanager
def _server() -> Generator[str]:
    words = [sys.executable, "-m", "experiments.bench_server"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin and server.stdout
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        server.stdin.close()


def _ms(seconds: Sequence[float]) -> float:
    return round(1000 * median(seconds), 3)
