"""Two streams in one, as the Docker daemon sends them: pieces of output, each after a header of 8 bytes."""

import struct

_HEADER = struct.Struct(">B3xI")
_OUTPUT, _ERRORS = 1, 2
_KEPT = 2048
"""Bytes of standard error, the last ones."""


class Garbled(ValueError):
    """Bytes that the daemon would not send."""


class Demultiplexer:
    """Takes the bytes as they come, cut anywhere; announced lengths are counted down, never allocated."""

    def __init__(self) -> None:
        self.output = bytearray()
        """Standard output that nobody has taken yet."""
        self.errors = bytearray()
        """The end of standard error."""
        self._header = bytearray()
        self._kind = _OUTPUT
        self._left = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the connection.

        Raises:
            Garbled: a piece that belongs to no stream.
        """
        at = 0
        while at < len(data):
            if not self._left:
                at = self._begin(data, at)
                continue
            piece = data[at : at + self._left]
            at += len(piece)
            self._left -= len(piece)
            if self._kind == _OUTPUT:
                self.output += piece
            else:
                self.errors += piece
                del self.errors[:-_KEPT]

    def _begin(self, data: bytes, at: int) -> int:
        piece = data[at : at + _HEADER.size - len(self._header)]
        self._header += piece
        if len(self._header) == _HEADER.size:
            self._kind, self._left = _HEADER.unpack(self._header)
            self._header.clear()
            if self._kind not in (_OUTPUT, _ERRORS):
                raise Garbled(f"a piece of stream {self._kind}")
        return at + len(piece)
