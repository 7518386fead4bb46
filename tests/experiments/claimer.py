"""Processes that claim parts of a machine, for the tests of `experiments.leases`.

`python -m tests.experiments.claimer hold FOLDER CORES GPUS` prints the UUIDs of what it got and keeps it
until its input ends; with `--child` it leaves a process behind that sleeps on. `hammer FOLDER LEDGER ROUNDS
SEED` takes and releases, and checks against a ledger of its own that nothing is granted twice.
"""

import fcntl
import json
import random
import subprocess
import sys
import time
from pathlib import Path

from experiments.leases import Claim, Lease, Leases
from sandbox.machine import Gpu, Machine

SMALL = Machine(3, 8.0, (Gpu(0, "GPU-a", "NVIDIA A10", 24.0), Gpu(1, "GPU-b", "NVIDIA A10", 24.0)))
"""The machine that is hammered."""


def hold(folder: Path, cores: float, gpus: int, child: bool) -> None:
    """Take a claim on this machine, as its `nvidia-smi` shows it, and keep it."""
    lease = Leases(folder, Machine.here()).take(Claim(cores, 0, gpus), "a holder")
    uuids = [card.uuid for card in lease.gpus] if lease else None
    pid = subprocess.Popen(["sleep", "1000"], start_new_session=True).pid if child else None
    sys.stdout.write(json.dumps({"gpus": uuids, "child": pid}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


def hammer(folder: Path, ledger: Path, rounds: int, rng: random.Random) -> None:
    """Take random claims, so many of them that are granted."""
    leases = Leases(folder, SMALL)
    for _ in range(rounds):
        claim = Claim(rng.choice([1 / 3, 1, 2]), rng.choice([1, 8 / 3]), rng.choice([0, 1, 2]))
        while (lease := leases.take(claim, "a hammerer")) is None:
            time.sleep(rng.uniform(0, 0.002))
        book(ledger, claim, lease, +1)
        time.sleep(rng.uniform(0, 0.002))
        book(ledger, claim, lease, -1)
        lease.release()


def book(ledger: Path, claim: Claim, lease: Lease, sign: int) -> None:
    """Add a claim to what is in use, or take it off, and check that the machine has as much."""
    with ledger.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        used: dict[str, float] = json.load(file)
        amounts = {"cores": claim.cores, "memory_gb": claim.memory_gb}
        for name, amount in (amounts | {card.uuid: 1.0 for card in lease.gpus}).items():
            used[name] = used.get(name, 0) + sign * amount
        limits = {"cores": SMALL.cores, "memory_gb": SMALL.memory_gb}
        over = {name: amount for name, amount in used.items() if amount > limits.get(name, 1) + 1e-3}
        assert not over, f"granted more than there is: {over}"
        assert len(lease.gpus) == claim.gpus
        file.seek(0)
        file.truncate()
        json.dump(used, file)


def main() -> None:
    """Do what the command line says."""
    match sys.argv[1:]:
        case ["hold", folder, cores, gpus, *options]:
            hold(Path(folder), float(cores), int(gpus), "--child" in options)
        case ["hammer", folder, ledger, rounds, seed]:
            hammer(Path(folder), Path(ledger), int(rounds), random.Random(int(seed)))
        case other:
            raise SystemExit(f"what is {other}?")


if __name__ == "__main__":
    main()
