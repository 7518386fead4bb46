"""Anthropic's prompt cache: what of a request is read from it, by the marks that the client set."""

import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from scaffolds.messages import Usage

Json = dict[str, Any]
MOST_MARKS = 4


class PrefixCache:
    """Remembers the prefix of every mark. Entries do not age."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._lock = threading.Lock()

    def usage(self, body: Json, usage: Usage) -> Usage:
        """A usage with its input shared out between cache and fresh, four characters a token."""
        blocks = list(_blocks(body))
        marks = [place for place, block in enumerate(blocks) if "cache_control" in block]
        assert len(marks) <= MOST_MARKS, "the API refuses more marks"
        digest, sizes, prefixes = hashlib.sha256(), [0], list[str]()
        for block in blocks:
            plain = json.dumps({name: value for name, value in block.items() if name != "cache_control"})
            digest.update(plain.encode())
            sizes.append(sizes[-1] + len(plain) // 4)
            prefixes.append(digest.hexdigest())
        with self._lock:
            read = max((sizes[m + 1] for m in marks if prefixes[m] in self._known), default=0)
            self._known.update(prefixes[m] for m in marks)
        marked = max((sizes[m + 1] for m in marks), default=0)
        return replace(usage, input=sizes[-1], cached=read, written=max(0, marked - read))


def _blocks(body: Json) -> Iterator[Json]:
    yield from body.get("tools", ())
    yield from body.get("system", ())
    for message in body["messages"]:
        yield from message["content"]
