"""How this machine reaches package indexes: proxies, index URLs, certificates.

A build needs to know it as well, and must not keep it: it goes in as files that exist for one command only
(BuildKit secrets), never as an argument or a variable of the image.
"""

import configparser
import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxUnavailable

SECRETS = "/run/secrets"
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_PIP = (
    "index-url",
    "extra-index-url",
    "find-links",
    "trusted-host",
    "proxy",
    "timeout",
    "default-timeout",
    "retries",
    "no-index",
)
_PIP_PLACES = ("index-url", "extra-index-url", "find-links")
_CA_VARIABLES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_APT_PROXY = re.compile(r'^Acquire::http::Proxy "(.+)";$', re.MULTILINE | re.IGNORECASE)
# BuildKit refuses larger secrets.
_LARGEST_SECRET = 500 * 1024


@dataclass(frozen=True, slots=True)
class HostAccess:
    """What a build has to be told to reach what this machine reaches."""

    variables: Mapping[str, str]
    """Environment variables for apt and pip."""
    apt: str
    """Lines of apt configuration."""
    ca_bundle: Path | None
    """The certificates that this machine trusts, where it does not trust the usual ones."""

    def proxies(self) -> dict[str, str]:
        """Return environment variables for a program that fetches packages as apt does."""
        configured = _APT_PROXY.search(self.apt)
        found = {"http_proxy": configured[1]} if configured else {}
        return found | {name: value for name, value in self.variables.items() if name.lower() in _PROXIES}

    def secrets(self, folder: Path) -> list[str]:
        """Write the secrets that are needed into `folder`; returns the builder's arguments that name them."""
        variables = dict(self.variables)
        files = {"apt": self.apt.encode()}
        if self.ca_bundle:
            variables |= dict.fromkeys(_CA_VARIABLES, f"{SECRETS}/ca")
            files["ca"] = self.ca_bundle.read_bytes()
        lines = (f"export {name}={shlex.quote(value)}\n" for name, value in sorted(variables.items()))
        files["env"] = "".join(lines).encode()
        arguments: list[str] = []
        for name, content in files.items():
            if content:
                path = folder / name
                path.touch(mode=0o600)
                path.write_bytes(content)
                arguments += ["--secret", f"id={name},src={path}"]
        return arguments


def host_access(environ: Mapping[str, str], ca_bundle: Path | None = None) -> HostAccess:
    """Read how this machine reaches package indexes.

    Args:
        environ: the environment variables; what is found in them goes before pip's configuration files.
        ca_bundle: certificates to trust instead of those that the environment or pip's configuration name.

    Raises:
        SandboxUnavailable: there is no such bundle, or the builder would refuse it.
    """
    configured = _pip_configuration(environ)
    pip = configured | {name: environ[_variable(name)] for name in _PIP if environ.get(_variable(name))}
    reachable = {_variable(name): _elsewhere(name, value) for name, value in pip.items() if name in _PIP}
    proxies = {
        name: environ[name] for lower in _PROXIES for name in (lower, lower.upper()) if environ.get(name)
    }
    named = [environ.get(_CA_VARIABLES[0]), configured.get("cert"), *map(environ.get, _CA_VARIABLES[1:])]
    variables = proxies | {name: value for name, value in reachable.items() if value}
    return HostAccess(variables, _apt_proxies(), _bundle(ca_bundle, named))


def _variable(name: str) -> str:
    return "PIP_" + name.upper().replace("-", "_")


def _elsewhere(name: str, value: str) -> str:
    """Leave out what exists on this machine only: a build cannot see its files."""
    if name not in _PIP_PLACES:
        return value
    return " ".join(place for place in value.split() if "://" in place and not place.startswith("file:"))


def _pip_configuration(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what pip's configuration files say for `pip install`; later files go before earlier ones."""
    if environ.get("PIP_CONFIG_FILE") == os.devnull:  # as pip reads it
        return {}
    home = Path(environ.get("HOME", "/"))
    user = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    places = [
        Path("/etc/xdg/pip/pip.conf"),
        Path("/etc/pip.conf"),
        home / ".pip/pip.conf",
        user / "pip/pip.conf",
    ]
    if environ.get("PIP_CONFIG_FILE"):
        places.append(Path(environ["PIP_CONFIG_FILE"]))
    found: dict[str, str] = {}
    for place in places:
        parser = configparser.RawConfigParser()
        try:
            parser.read(place, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError, OSError) as error:
            raise SandboxUnavailable(f"pip's configuration {str(place)!r} cannot be read: {error}") from None
        for section in ("global", "install"):
            if parser.has_section(section):
                found |= {name.replace("_", "-"): value for name, value in parser.items(section)}
    return found


def _apt_proxies() -> str:
    """Return the proxies that this machine's apt is configured to use; nothing where there is no apt."""
    try:
        dump = subprocess.run(["apt-config", "dump", "Acquire"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    lines = [line for line in dump.stdout.splitlines() if "::proxy" in line.partition(" ")[0].lower()]
    return "".join(f"{line}\n" for line in lines if not line.endswith(' "";'))


def _bundle(chosen: Path | None, named: list[str | None]) -> Path | None:
    if chosen is None:
        chosen = next((Path(name) for name in named if name and Path(name).is_file()), None)
        if chosen is None:
            return None
    if not (chosen.is_file() and os.access(chosen, os.R_OK)):
        raise SandboxUnavailable(f"the CA bundle {str(chosen)!r} is no file that can be read")
    if chosen.stat().st_size > _LARGEST_SECRET:
        raise SandboxUnavailable(
            f"the CA bundle {str(chosen)!r} is larger than {_LARGEST_SECRET // 1024} KiB, the most that the"
            " builder takes; give a file with fewer certificates by --ca-bundle"
        )
    return chosen.resolve()
