"""`prepare`: makes the data of competitions."""

import traceback
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.output import DATA_DIR, AsJson, DataDir, DataVersion, clear_errors, say, say_json, warn
from benchmark.cli.progress import Telling
from benchmark.cli.selecting import present
from benchmark.competition import Competition
from benchmark.errors import BenchmarkError, MissingCompetitions
from benchmark.kaggle.errors import BadCredentials, KaggleUnreachable, NoCredentials
from benchmark.preparation.checksums import SAME
from benchmark.prepare import Options, Prepared, outdated, prepare
from benchmark.registry import all_ids, expand, find, missing
from benchmark.versions import at_version, has_version

Names = Annotated[
    list[str] | None, typer.Argument(metavar="NAME...", help="Splits, and ids of competitions.")
]
Lite = Annotated[bool, typer.Option("--lite", help="The 22 competitions of low complexity.")]
Dev = Annotated[bool, typer.Option("--dev", help="The 7 competitions for development.")]
All = Annotated[bool, typer.Option("--all", help="Every competition that this version can prepare.")]
RawFolder = Annotated[
    Path | None,
    typer.Option(
        "--raw",
        help="Prepare from files there: DIR/<id>, DIR/<id>/raw (mle-bench's), or DIR itself for just one.",
    ),
]
KeepRaw = Annotated[bool, typer.Option("--keep-raw", help="Keep the unpacked download.")]
AnyDownload = Annotated[
    bool, typer.Option("--any-download", help="Take a download whose checksum is not the recorded one.")
]


class NothingNamed(BenchmarkError):
    """The command was given no competition."""

    code = "nothing_named"

    def __init__(self) -> None:
        super().__init__("name competitions or splits, or give --lite, --dev or --all")


def prepare_command(
    names: Names = None,
    lite: Lite = False,
    dev: Dev = False,
    everything: All = False,
    raw: RawFolder = None,
    keep_raw: KeepRaw = False,
    any_download: AnyDownload = False,
    data_version: DataVersion = 1,
    data_dir: DataDir = DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Prepare competitions; what today's facts and code have prepared is left alone."""
    with clear_errors():
        chosen = _chosen(names or [], {"low": lite, "dev": dev}, everything)
        options = Options(raw, len(chosen) == 1, keep_raw, not any_download, again=True)
        wanted = _with_version(chosen, data_version, names or [])
        results = [_attempt(competition, data_version, data_dir, options, as_json) for competition in wanted]
    if as_json:
        say_json(results)
    if any("error" in result for result in results):
        raise typer.Exit(1)


def _chosen(names: list[str], sets: Mapping[str, bool], everything: bool) -> list[Competition]:
    wanted = [
        *names,
        *(name for name, given in sets.items() if given),
        *(_preparable() if everything else ()),
    ]
    if not wanted:
        raise NothingNamed
    ids = expand(wanted)
    if missing(ids) == ids:
        raise MissingCompetitions(ids)
    return present(ids, " ".join(wanted))


def _with_version(chosen: list[Competition], version: int, named: list[str]) -> list[Competition]:
    """The competitions without those of a set that lack a data version; these are named once."""
    lacking = [one.id for one in chosen if not has_version(one, version) and one.id not in named]
    if lacking:
        warn(f"left out, for they have no data version {version}: {', '.join(lacking)}")
    return [one for one in chosen if one.id not in lacking]


def _preparable() -> tuple[str, ...]:
    return tuple(name for name in all_ids() if find(name).preparation is not None)


def _attempt(
    competition: Competition, version: int, data_dir: Path, options: Options, quiet: bool
) -> dict[str, object]:
    """Prepares one competition and says what came of it; a failure does not stop the others."""
    try:
        wanted = at_version(competition, version)
        _mind_memory(wanted)
        if outdated(wanted, data_dir):
            warn(f"{wanted.id}: prepared by other facts or other code than today's; preparing it again")
        with Telling(competition.id, quiet) as telling:
            told = replace(options, say=telling.say, grow=telling.grow)
            folders = prepare(wanted, data_dir, told)
    except (NoCredentials, BadCredentials, KaggleUnreachable):  # the others would fail alike
        raise
    except BenchmarkError as error:
        return _failed(competition, error.code, str(error))
    except OSError as error:
        return _failed(competition, "os", f"{error.strerror}: {str(error.filename or '')!r}")
    except Exception as error:  # noqa: BLE001 - here it becomes an outcome; the other competitions go on
        return _failed(competition, "unexpected", _unexpected(error))
    result = _result(wanted, folders)
    if not quiet:
        _tell(result)
    return result


def _failed(competition: Competition, code: str, message: str) -> dict[str, object]:
    named = repr(competition.id) in message
    warn(f"error: {message}" if named else f"error: {competition.id}: {message}")
    return {"id": competition.id, "error": code, "message": message}


def _unexpected(error: Exception) -> str:
    """What is said of an error that no preparation foresees: raw files of another form, or our fault."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(place.filename).name}, line {place.lineno}"
    return (
        f"unexpected {type(error).__name__} ({where}): {error}; is this the whole Kaggle download? If it is, "
        "this is a fault of the preparation"
    )


def _mind_memory(competition: Competition) -> None:
    """Says beforehand that there may be too little memory."""
    needed = competition.preparation.memory_gb if competition.preparation is not None else None
    if needed is None:
        return
    import psutil

    free = psutil.virtual_memory().available / 1e9
    if free < needed:
        warn(f"{competition.id}: preparing takes about {needed:g} GB of memory, and {free:.1f} GB are free")


def _result(competition: Competition, folders: Prepared) -> dict[str, object]:
    tables = folders.manifest.tables if folders.manifest is not None else ()
    return {
        "id": competition.id,
        "data_version": competition.data_version,
        "folder": str(folders.public.parent),
        "digest": folders.digest,
        "tables": {table.file: table.verdict for table in tables},
        "same_as_upstream": all(table.verdict in SAME for table in tables) if tables else None,
        "warning": competition.preparation.warning if competition.preparation is not None else None,
    }


def _tell(result: Mapping[str, object]) -> None:
    say(f"{result['id']}: prepared in {result['folder']}, public digest {str(result['digest'])[:16]}")
    tables = result["tables"]
    if isinstance(tables, dict) and tables:
        same = result["same_as_upstream"]
        say(f"  {'its tables are those of MLE-bench' if same else 'not all tables are those of MLE-bench'}:")
        for file, verdict in tables.items():  # pyright: ignore[reportUnknownVariableType]
            say(f"    {file}: {verdict}")
    if result["same_as_upstream"] is False:
        warn(
            f"{result['id']}: the raw files are not those that MLE-bench used, but a part or other ones, and "
            "scores are not comparable with its own; download again, without --raw and --any-download"
        )
    if result["warning"]:
        warn(f"{result['id']}: {result['warning']}")
