"""What a build is told of this machine's way to package indexes."""

import subprocess
from pathlib import Path

import pytest

from sandbox.errors import SandboxUnavailable
from sandbox.image.host import host_access

PROXY = 'http://someone:it\'s $HOME & "more"@proxy.invalid:3128'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    (folder / ".config/pip").mkdir(parents=True)
    return folder


def configure(home: Path, text: str) -> dict[str, str]:
    (home / ".config/pip/pip.conf").write_text(text)
    return {"HOME": str(home)}


def test_settings_of_pip_are_found_and_the_environment_goes_first(home: Path) -> None:
    env = configure(
        home,
        "[global]\nindex-url = https://file.invalid/simple\ntrusted_host = x.invalid\n[list]\nproxy = no\n",
    )
    found = host_access(env).variables
    assert found["PIP_INDEX_URL"] == "https://file.invalid/simple"
    assert found["PIP_TRUSTED_HOST"] == "x.invalid"
    assert "PIP_PROXY" not in found
    found = host_access(env | {"PIP_INDEX_URL": "https://env.invalid/simple"}).variables
    assert found["PIP_INDEX_URL"] == "https://env.invalid/simple"


def test_what_exists_on_this_machine_only_is_left_out(home: Path) -> None:
    env = configure(
        home,
        "[global]\nextra-index-url = file:///srv/simple\n  https://x.invalid\nfind-links = /srv/wheels\n",
    )
    found = host_access(env).variables
    assert found["PIP_EXTRA_INDEX_URL"] == "https://x.invalid"
    assert "PIP_FIND_LINKS" not in found


def test_nothing_else_of_the_environment_is_told() -> None:
    env = {"PIP_CONFIG_FILE": "/dev/null", "API_KEY": "secret", "HTTPS_PROXY": PROXY, "no_proxy": "localhost"}
    assert host_access(env).variables == {"HTTPS_PROXY": PROXY, "no_proxy": "localhost"}


def test_secrets_are_files_for_this_user_that_a_shell_reads_back(tmp_path: Path) -> None:
    bundle, folder = tmp_path / "ca.crt", tmp_path / "secrets"
    bundle.write_text("certificates\n")
    folder.mkdir()
    access = host_access({"PIP_CONFIG_FILE": "/dev/null", "https_proxy": PROXY}, bundle)
    arguments = access.secrets(folder)
    assert not any("proxy.invalid" in argument for argument in arguments)
    assert (folder / "ca").read_text() == "certificates\n"
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    script = f'. {folder}/env; printf "%s\\n" "$https_proxy" "$PIP_CERT" "$SSL_CERT_FILE"'
    read = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, env={})
    assert read.stdout.splitlines() == [PROXY, "/run/secrets/ca", "/run/secrets/ca"]


def test_certificates_that_pip_trusts_are_taken_unless_others_are_given(home: Path, tmp_path: Path) -> None:
    pips, given = tmp_path / "pip.crt", tmp_path / "given.crt"
    for path in (pips, given):
        path.write_text("certificates")
    env = configure(home, f"[global]\ncert = {pips}\n")
    assert host_access(env).ca_bundle == pips
    assert host_access(env, given).ca_bundle == given


def test_a_broken_configuration_of_pip_is_named(home: Path) -> None:
    with pytest.raises(SandboxUnavailable, match=r"pip\.conf"):
        host_access(configure(home, "index-url = x\n"))
