"""What a sandbox leaves on the host when the process that held it dies: its files can still be read."""

from pathlib import Path

from sandbox import interpreter
from sandbox.protocols import BlobStore
from sandbox.results import Snapshot
from sandbox.snapshot import Snapshots
from sandbox.workspace import CLIENT, Workspace


def salvage(root: Path, store: BlobStore) -> Snapshot | None:
    """Copy the workspace below `root` into `store`; None when there is none.

    Nothing inside may run any more; links are not followed, and the caps of every snapshot hold.
    """
    home = Workspace(root).home
    if not home.is_dir():
        return None
    inside = {name for place in ("/home", str(home)) for name in interpreter.names_below(place)}
    return Snapshots(home, leave_out=frozenset({"data", CLIENT, *inside})).take(store)
