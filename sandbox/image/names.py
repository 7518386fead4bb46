"""What images are called, and what their labels say."""

from typing import Literal

Kind = Literal["slim", "full"]
"""`slim` has the tool layer and packages for tables, `full` what people who do machine learning expect."""

REPOSITORY = "mle-sandbox"
BUILD = "python -m sandbox build-image"
"""Makes the images of that name."""
LATEST = f"{REPOSITORY}:latest"
"""The image that was built last, of either kind."""
DEFAULT_BASE = "ubuntu:22.04"
BOOTSTRAP = "bootstrap"
"""Stands for a base made from Debian's packages, where no registry can be reached."""

LABEL_PYTHON = "org.mle-sandbox.python"
"""The path of the interpreter with the packages, inside."""
LABEL_KIND = "org.mle-sandbox.kind"
LABEL_RECIPE = "org.mle-sandbox.recipe"
"""A digest of everything that an image was made from; the same digest needs no other build."""


def tag_of(kind: Kind) -> str:
    """Return the tag of the image of a kind."""
    return f"{REPOSITORY}:{kind}"


def base_tag_of(kind: Kind) -> str:
    """Return the tag of the base that `bootstrap` makes; it holds the system packages of its kind."""
    return f"{REPOSITORY}-base:{BOOTSTRAP}-{kind}"
