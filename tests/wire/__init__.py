"""A server that speaks the wire formats of model providers, for tests with the real packages.

    with WireServer() as server:
        openai.OpenAI(base_url=server.openai_url, ...)
        anthropic.Anthropic(base_url=server.url, ...)

It answers with a brain (`brains`), fails as it is told to (`faults`), and remembers what it was sent and what
it has charged for. `python -m tests.wire` runs one as a process of its own.
"""

from tests.wire.brains import Brain, Offline, Reply, Script
from tests.wire.faults import MENDED, Fault, Raw, faults_at_rate, faults_in_turn
from tests.wire.server import Served, WireServer

__all__ = [
    "MENDED",
    "Brain",
    "Fault",
    "Offline",
    "Raw",
    "Reply",
    "Script",
    "Served",
    "WireServer",
    "faults_at_rate",
    "faults_in_turn",
]
