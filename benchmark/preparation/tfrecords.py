"""Reads TFRecord files of `tf.train.Example` messages without tensorflow; copies them with less.

A file is a chain of frames: length (8 bytes, little endian), masked CRC-32C of these, the message, masked
CRC-32C of the message. An Example holds one map from names to features, in protocol buffers' wire format.
"""

import struct
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from benchmark.preparation.errors import BadRaw

_BYTES = 2  # wire type: length and content
_MOST = 1 << 30  # bytes of one record; images are about 1 MB


class Field(NamedTuple):
    """One field of a protocol buffer message that has a length."""

    number: int
    content: bytes


def records(path: Path) -> Iterator[bytes]:
    """The messages of a file, one at a time.

    Raises:
        BadRaw: The file ends in the middle of one, or a length does not fit its checksum.
    """
    with path.open("rb") as file:
        while head := file.read(12):
            if len(head) < 12 or _unmasked(head[8:]) != crc32c(head[:8]):
                raise BadRaw(path, "a record's length is broken")
            (length,) = struct.unpack("<Q", head[:8])
            if length > _MOST:
                raise BadRaw(path, f"a record of {length} bytes")
            message, check = file.read(length), file.read(4)
            if len(message) < length or len(check) < 4:
                raise BadRaw(path, "the file ends in the middle of a record")
            yield message


def texts_of(path: Path, name: str) -> list[str]:
    """The text of one feature of every record.

    Raises:
        BadRaw: A record is broken or lacks the feature.
    """
    return [_text(path, message, name) for message in records(path)]


def copy_without(source: Path, target: Path, names: Collection[str]) -> None:
    """Copies a file, leaving out features by name.

    Raises:
        BadRaw: A record is broken.
    """
    with target.open("xb") as out:
        for message in records(source):
            kept = b"".join(
                _field(1, entry) for entry in _entries(source, message) if _name(source, entry) not in names
            )
            out.write(frame(_field(1, kept)))


def frame(message: bytes) -> bytes:
    """A message with its length and checksums around it."""
    head = struct.pack("<Q", len(message))
    return head + _masked(crc32c(head)) + message + _masked(crc32c(message))


def _entries(path: Path, message: bytes) -> Iterator[bytes]:
    """The entries of the one map of an Example."""
    for features in fields(path, message):
        yield from (entry.content for entry in fields(path, features.content))


def _name(path: Path, entry: bytes) -> str:
    return next(field.content for field in fields(path, entry) if field.number == 1).decode()


def _text(path: Path, message: bytes, name: str) -> str:
    for entry in _entries(path, message):
        if _name(path, entry) == name:
            feature = next(field.content for field in fields(path, entry) if field.number == 2)
            values = next(fields(path, feature)).content
            return next(fields(path, values)).content.decode()
    raise BadRaw(path, f"a record has no feature {name!r}")


def fields(path: Path, message: bytes) -> Iterator[Field]:
    """The fields of a message; Examples have none but those with a length.

    Raises:
        BadRaw: The message is broken.
    """
    place = 0
    while place < len(message):
        tag, place = _number(path, message, place)
        if tag & 7 != _BYTES:
            raise BadRaw(path, f"a record has a field of wire type {tag & 7}")
        length, place = _number(path, message, place)
        if place + length > len(message):
            raise BadRaw(path, "a field is longer than its record")
        yield Field(tag >> 3, message[place : place + length])
        place += length


def _number(path: Path, message: bytes, place: int) -> tuple[int, int]:
    """A number of 7 bits a byte, and the place after it."""
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(message):
            break
        byte = message[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
    raise BadRaw(path, "a record has a broken number")


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _table() -> tuple[int, ...]:
    table: list[int] = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return tuple(table)


_TABLE = _table()


def crc32c(content: bytes) -> int:
    """The CRC-32C (Castagnoli) of some bytes."""
    value = 0xFFFFFFFF
    for byte in content:
        value = _TABLE[(value ^ byte) & 255] ^ value >> 8
    return value ^ 0xFFFFFFFF


def _masked(check: int) -> bytes:
    """How TFRecord stores a checksum, so that a checksum of checksums stays one."""
    return struct.pack("<I", ((check >> 15 | check << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def _unmasked(stored: bytes) -> int:
    value = (struct.unpack("<I", stored)[0] - 0xA282EAD8) & 0xFFFFFFFF
    return (value >> 17 | value << 15) & 0xFFFFFFFF
