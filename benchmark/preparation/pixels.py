"""Reads pictures as numbers."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.preparation.errors import BadRaw, MissingPackage


def gray_levels(path: Path) -> NDArray[np.uint8]:
    """The gray levels of a picture, rows by columns, 0 (black) to 255.

    Raises:
        BadRaw: It is no picture.
        MissingPackage: Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingPackage("pillow", "prepare", "the answers are made of pictures") from error
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("L"))
    except OSError as error:  # Pillow's word for anything that is not a picture
        raise BadRaw(path, f"not a picture: {error}") from error
