"""Which folders of installed packages are hidden."""

from pathlib import Path

from sandbox.backends.masked import masked


def test_our_packages_are_hidden_wherever_they_are_installed(tmp_path: Path) -> None:
    ours = tmp_path / "ours" / "lib" / "python3.11" / "site-packages"
    foreign = tmp_path / "foreign" / "lib" / "python3.11" / "site-packages"
    for folder in (ours / "benchmark" / "competitions", ours / "experiments", foreign / "benchmark"):
        folder.mkdir(parents=True)
    hidden = masked([tmp_path / "ours", tmp_path / "foreign"])
    assert ours / "benchmark" in hidden
    assert ours / "experiments" in hidden
    assert foreign / "benchmark" not in hidden
