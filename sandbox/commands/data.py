"""The data folder of a sandbox that a person opens."""

from pathlib import Path


def make_data(folder: Path) -> Path:
    """Make an empty folder that agents can read, whatever this process withholds from others by default."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    return folder
