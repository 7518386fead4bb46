"""Builds the image, or finds that it is built already."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sandbox.image.bootstrap import bootstrapped
from sandbox.image.client import Docker, Image
from sandbox.image.context import context_files, recipe
from sandbox.image.errors import ImageFailed
from sandbox.image.host import HostAccess
from sandbox.image.names import BOOTSTRAP, DEFAULT_BASE, LABEL_KIND, LABEL_RECIPE, LATEST, Kind, tag_of
from sandbox.image.progress import Progress

Network = Literal["default", "host"]


@dataclass(frozen=True, slots=True)
class Wish:
    """Which image is asked for, and how it may be built."""

    kind: Kind
    base: str = DEFAULT_BASE
    """An image's name, or `bootstrap`."""
    tag: str | None = None
    """Its only name; left out, it is named for its kind, and `latest`."""
    network: Network = "default"
    """`host` lets the build use this machine's network as it is."""
    force: bool = False
    """Build anew what is there already, a bootstrapped base included."""

    @property
    def tags(self) -> list[str]:
        """The names that the image gets."""
        return [self.tag] if self.tag else [tag_of(self.kind), LATEST]


@dataclass(frozen=True, slots=True)
class Built:
    """An image that is as it was asked for."""

    image: Image
    fresh: bool
    """Whether it was built just now."""


def build_image(docker: Docker, wish: Wish, access: HostAccess, progress: Progress) -> Built:
    """Build an image, unless one with the same recipe has its name.

    Args:
        docker: builds and keeps it.
        wish: which image.
        access: how package indexes are reached.
        progress: is told each step.

    Raises:
        SandboxUnavailable: something is missing here; the message says what to do.
        ImageFailed: it was tried and did not work.
    """
    digest = recipe(wish.kind, wish.base)
    there = docker.image(wish.tags[0])
    if there and there.labels.get(LABEL_RECIPE) == digest and not wish.force:
        for tag in wish.tags[1:]:
            docker.tag(there.id, tag)
        return Built(there, fresh=False)
    base = _base(docker, wish, access.proxies(), progress)
    labels = {LABEL_KIND: wish.kind, LABEL_RECIPE: digest}
    with tempfile.TemporaryDirectory(prefix="mle-sandbox-") as folder:
        context, secrets = Path(folder) / "context", Path(folder) / "secrets"
        context.mkdir()
        secrets.mkdir(mode=0o700)
        for name, content in context_files(wish.kind).items():
            (context / name).write_bytes(content)
        docker.build(context, [*_arguments(wish, base, labels), *access.secrets(secrets)], progress)
    built = docker.image(wish.tags[0])
    if built is None:
        raise ImageFailed(f"the builder ended well, but {wish.tags[0]!r} is not there; try again")
    return Built(built, fresh=True)


def _base(docker: Docker, wish: Wish, proxies: Mapping[str, str], progress: Progress) -> str:
    if wish.base == BOOTSTRAP:
        return bootstrapped(docker, wish.kind, proxies, progress, force=wish.force)
    if docker.image(wish.base) is None:
        docker.pull(wish.base, progress)
    return wish.base


def _arguments(wish: Wish, base: str, labels: Mapping[str, str]) -> list[str]:
    return [
        f"--build-arg=BASE_IMAGE={base}",
        f"--build-arg=KIND={wish.kind}",
        f"--network={wish.network}",
        *(f"--label={name}={value}" for name, value in labels.items()),
        *(f"--tag={tag}" for tag in wish.tags),
        *(["--no-cache"] if wish.force else []),
    ]
