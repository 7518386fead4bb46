from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffolds.messages import Message, Role, ToolCall
from scaffolds.runtime.events import MODEL_REQUEST
from scaffolds.runtime.log import EVENTS_FILE, EventLog, LogReader
from scaffolds.runtime.transcript import Conversation, message_record, recorded_messages

ROLES: list[Role] = ["system", "user", "assistant", "tool"]
CALLS = st.builds(ToolCall, st.text(max_size=3), st.text(max_size=3), st.text(max_size=9))
MESSAGES = st.builds(
    Message, st.sampled_from(ROLES), st.text(max_size=40), st.lists(CALLS, max_size=2).map(tuple)
)


@given(requests=st.lists(st.lists(MESSAGES, max_size=5), min_size=1, max_size=6))
def test_every_request_can_be_put_together_again(
    tmp_path_factory: pytest.TempPathFactory, requests: list[list[Message]]
) -> None:
    folder = tmp_path_factory.mktemp("log")
    log = EventLog(folder)
    conversation = Conversation()
    for messages in requests:
        prepared = conversation.prepare("main", messages, (), {}, 0)
        blobs = {"messages": [log.blobs.put(encoded) for encoded in prepared.encoded]}
        log.append(MODEL_REQUEST, {"role": "main", "keep": prepared.keep}, blobs=blobs)
    log.close()
    reader = LogReader(folder)
    for event, messages in zip(reader.events, requests, strict=True):
        wanted = [message_record(message) for message in messages]
        assert recorded_messages(reader.events, reader.blobs, event) == wanted


def test_a_long_conversation_is_written_once(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    conversation = Conversation()
    messages = [Message("system", "s" * 2000)]
    for turn in range(500):
        messages.append(Message("user", f"turn {turn} " + "word " * 50))
        prepared = conversation.prepare("main", messages, (), {}, turn)
        blobs = {"messages": [log.blobs.put(encoded) for encoded in prepared.encoded]}
        log.append(MODEL_REQUEST, {"role": "main", "keep": prepared.keep}, blobs=blobs)
    log.close()
    size = (tmp_path / EVENTS_FILE).stat().st_size + (tmp_path / "blobs" / "pack").stat().st_size
    assert size < 500 * 1000


def test_a_changed_message_changes_the_digest() -> None:
    one, two = Message("user", "one"), Message("user", "two")
    digests = {
        Conversation().prepare("main", messages, (), settings, seed).digest
        for messages, settings, seed in (
            ([one], {}, 0),
            ([two], {}, 0),
            ([one, two], {}, 0),
            ([one], {"temperature": 1.0}, 0),
            ([one], {}, 1),
        )
    }
    assert len(digests) == 5
