"""Where scripts run, and what is left of them."""

from typing import Protocol

_DELETE = 'cd ~/code && find . "$TMPDIR" -mindepth 1 -delete'
CLEAN = f'({_DELETE}) 2>/dev/null || {{ chmod -R u+rwX ~/code "$TMPDIR"; {_DELETE}; }}'
"""Removes what lies in the code folder and among temporary files, folders that nobody may write included."""


class Folders(Protocol):
    """Where scripts run."""

    def of(self, step: int) -> str:
        """The directory of a step, relative to the code folder."""
        ...

    def clean(self, directory: str) -> str:
        """The command after a script's run."""
        ...


class OwnFolders:
    """A directory for each script; nothing that it left there, beside it or among temporary files stays."""

    def of(self, step: int) -> str:
        """See `Folders.of`."""
        return f"nodes/{step}"

    def clean(self, directory: str) -> str:
        """See `Folders.clean`."""
        del directory
        return CLEAN
