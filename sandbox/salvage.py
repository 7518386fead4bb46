"""What a sandbox leaves on the host when the process that held it dies: its files can still be read."""

from pathlib import Path

from sandbox.protocols import BlobStore
from sandbox.snapshot import Snapshots
from sandbox.workspace import Workspace


def salvage(root: Path, store: BlobStore, tree: str | None) -> str | None:
    """Copy the workspace below `root` into `store`; returns its hash there.

    Nothing inside may run any more; links are not followed, and the caps of every snapshot hold.

    Args:
        root: the sandbox's folder.
        store: where to.
        tree: the last copy, if there was one: it is returned where no workspace is left, or one that this
            was just being brought back into.
    """
    workspace = Workspace(root)
    if not workspace.home.is_dir() or (tree is not None and not workspace.whole):
        return tree
    return Snapshots(workspace.home, leave_out=workspace.left_out()).take(store).tree
