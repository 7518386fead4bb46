"""`python -m sandbox build-image`: the Docker image that agents live in."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sandbox.image.build import Network, Wish, build_image
from sandbox.image.client import find_docker
from sandbox.image.host import host_access
from sandbox.image.names import DEFAULT_BASE
from sandbox.image.progress import Progress

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

Slim = Annotated[
    bool, typer.Option("--slim", help="Only the tool layer and packages for tables: small, soon built.")
]
BaseImage = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="The image to begin with; 'bootstrap' makes one of Debian's packages (as root).",
    ),
]
CaBundle = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Certificates to trust during the build; default: those that pip is set to trust.",
    ),
]
BuildNetwork = Annotated[
    Network, typer.Option(metavar="default|host", help="'host' builds on this machine's own network.")
]
Tag = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The image's only name, instead of mle-sandbox:full."),
]
Force = Annotated[bool, typer.Option("--force", help="Build anew what is there already.")]


@app.command()
def build_image_command(
    slim: Slim = False,
    base_image: BaseImage = DEFAULT_BASE,
    ca_bundle: CaBundle = None,
    network: BuildNetwork = "default",
    tag: Tag = None,
    force: Force = False,
) -> None:
    """Build the Docker image that agents live in; what is built already is left alone.

    This machine's proxies, index URLs and certificates serve the build and stay out of the image.
    """
    access = host_access(os.environ, ca_bundle)
    docker = find_docker()
    wish = Wish("slim" if slim else "full", base_image, tag, network, force)
    progress = Progress(Console(stderr=True, highlight=False, soft_wrap=True))
    with progress.live():
        built = build_image(docker, wish, access, progress)
    state = "built" if built.fresh else "up to date (--force builds it anew)"
    typer.echo(f"{' and '.join(wish.tags)}: {state}, {built.image.size / 1e6:.0f} MB")
