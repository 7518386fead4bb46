"""How pandas before 3.1 read numbers: to tell another table from one that only rounds otherwise.

MLE-bench's recorded checksums are of tables that such a pandas read and wrote. Its reader takes the first 17
digits, multiplies and divides doubles, and so misses the nearest double for about a third of the numbers of
16 or 17 digits. Checked against pandas 2.2.3 on 200,000 numbers.
"""

import hashlib
import re
from pathlib import Path

DIGITS = 17
"""How many digits the old reader looks at, leading zeros among them."""
_LINES = 1 << 22
"""Bytes of lines that are looked at together."""
# A whole cell that is a number of at least 16 digits, and what stands before it; shorter ones were exact.
_LONG = re.compile(rb"([,\t\n]-?)(?=[\d.]{17})(\d+\.\d+(?:e[-+]?\d+)?)(?![^,\t\r\n])")


def read_as_before(text: str) -> float:
    """The number that the old reader made of a decimal text."""
    mantissa, _, power = text.lstrip("-").partition("e")
    whole, _, decimals = mantissa.partition(".")
    number, exponent = 0.0, int(power or 0) + max(0, len(whole) - DIGITS)
    for digit in (whole + decimals)[:DIGITS]:
        number = number * 10.0 + int(digit)
    exponent -= max(0, min(len(decimals), DIGITS - len(whole)))
    number = -number if text.startswith("-") else number
    if exponent > 308:
        return float("inf")
    if exponent >= 0:
        return number * float(f"1e{exponent}")
    if exponent < -308:
        return number / float(f"1e{-308 - exponent}") / 1e308
    return number / float(f"1e{-exponent}")


def md5_as_before(path: Path) -> str:
    """The MD5 sum that a CSV table would have, had the old reader read its numbers."""
    total = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while lines := file.readlines(_LINES):
            total.update(_LONG.sub(_rewritten, b"\n" + b"".join(lines))[1:])
    return total.hexdigest()


def _rewritten(cell: re.Match[bytes]) -> bytes:
    return cell[1] + repr(read_as_before(cell[2].decode())).encode()
