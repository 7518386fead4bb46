"""The research log: what was done and found, in words, for as long as the session lasts."""

NOTE_CHARS = 500
"""The longest note that the agent itself may append."""


class ResearchLog:
    """Entries in order; kept here and not in the workspace, where a script could change them."""

    def __init__(self, chars: int) -> None:
        """Show at most the latest `chars` characters."""
        self._chars = chars
        self._entries: list[str] = []

    def append(self, entry: str) -> None:
        """Add an entry."""
        self._entries.append(entry.strip())

    def latest(self) -> str:
        """As many of the latest entries as fit, oldest first, and how many are left out."""
        shown: list[str] = []
        room = self._chars
        for entry in reversed(self._entries):
            room -= len(entry)
            if room < 0 and shown:
                break
            shown.append(entry[: self._chars])
        omitted = len(self._entries) - len(shown)
        head = [f"({omitted} earlier entries are left out.)"] if omitted else []
        return "\n\n".join([*head, *reversed(shown)]) or "(empty)"
