"""`python -m tests.wire`: the server as a process of its own; its first line says where it is."""

import argparse
import json
import threading

from tests.wire.brains import Offline, Script
from tests.wire.faults import faults_at_rate, no_faults
from tests.wire.server import WireServer


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--brain", choices=("offline", "pong"), default="offline")
    parser.add_argument("--fault-rate", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--key")
    options = parser.parse_args()
    server = WireServer(
        Offline() if options.brain == "offline" else Script(),
        faults_at_rate(options.fault_rate, options.seed) if options.fault_rate else no_faults,
        options.key,
        port=options.port,
    ).start()
    print(json.dumps({"url": server.url, "openai_url": server.openai_url}), flush=True)  # noqa: T201
    threading.Event().wait()


if __name__ == "__main__":
    main()
