"""What a sandbox leaves on the host when the process that held it dies: its files can still be read."""

from pathlib import Path

from sandbox.protocols import BlobStore
from sandbox.results import Snapshot
from sandbox.snapshot import Snapshots
from sandbox.workspace import Workspace


def salvage(root: Path, store: BlobStore) -> Snapshot | None:
    """Copy the workspace below `root` into `store`; None when there is none.

    Nothing inside may run any more; links are not followed, and the caps of every snapshot hold.
    """
    workspace = Workspace(root)
    if not workspace.home.is_dir():
        return None
    return Snapshots(workspace.home, leave_out=workspace.left_out()).take(store)
