"""`python -m benchmark`: prepare competitions, check and grade submissions, read facts."""

import io
import sys

import typer

from benchmark.cli import batching, benching, describing, facts, grading, medalling, preparing, verifying

app = typer.Typer(
    name="benchmark",
    help="Competitions for machine-learning agents: prepare, validate, grade.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("prepare")(preparing.prepare_command)
app.command("validate")(grading.validate)
app.command("grade")(batching.grade_command)
app.command("grade-sample")(grading.grade_sample)
app.command("list")(facts.list_command)
app.command("info")(facts.info)
app.command("descriptions")(describing.descriptions)
app.command("leaderboard")(medalling.leaderboard)
app.command("medals")(medalling.medals)
app.command("verify")(verifying.verify_command)
app.command("bench")(benching.bench)

if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):  # a name in letters that the terminal lacks ends no command
        sys.stdout.reconfigure(errors="replace")  # pyright: ignore[reportUnknownMemberType] - a hole in its types
    app(prog_name="python -m benchmark")
