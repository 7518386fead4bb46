"""`python -m experiments.inspect RUN --plain`: read one run in the terminal.

Header, solution tree, steps, and one node with plan, code, output and prompts; steps that make no node with
what was said, called and shown in them. Everything that an agent or a model wrote passes through
`printable`, so it cannot act on the terminal.
"""

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from experiments.cell import CELL_FILE, PROCESS_LOG
from experiments.chosen_model import ChosenModel
from experiments.console import command, type_next
from experiments.conversation import show_exchanges, show_step, show_whole_step
from experiments.printing import block, say, title
from experiments.results import read_grade, score_words
from experiments.trajectory import NodeView, StepView, Trajectory
from scaffolds.errors import UserError
from scaffolds.runtime import events as ev
from scaffolds.runtime.log import EVENTS_FILE
from scaffolds.words import count, one_line

_LISTED = 20
_SUMMARY_CHARS = 300
_TRACE = "Traceback (most recent call last):"
_TREE_DEPTH = 24
"""Levels drawn with lines; deeper nodes say how deep they are."""


def main(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    plain: Annotated[bool, typer.Option("--plain", help="Plain text: the only view so far.")] = True,
    node: Annotated[
        int | None,
        typer.Option(help="Which node to show, or which step without one; the submitted node if left out."),
    ] = None,
    prompts: Annotated[bool, typer.Option(help="Show the node's prompts and replies too.")] = True,
) -> None:
    """Read one run."""
    trajectory = Trajectory(find_run(run))
    if not trajectory.log.events:
        raise UserError(
            f"{str(run)!r} has not begun: its log is empty. Begin it with: "
            f"python -m experiments.run {quote(str(run / CELL_FILE))}"
        )
    _header(trajectory, run)
    if node is not None and node not in trajectory.nodes:
        _one_step(trajectory, node, prompts=prompts)
        return
    if trajectory.nodes:
        _tree(trajectory)
    _steps(trajectory)
    chosen = _chosen(trajectory, node)
    if chosen is not None:
        _node(trajectory, chosen, prompts=prompts)
        _hint(trajectory, run, chosen)


def find_run(path: Path) -> Path:
    """The run folder that a path means.

    Raises:
        UserError: it is no run; for the folder of a sweep the message names its runs.
    """
    if (path / EVENTS_FILE).exists():
        return path
    inside = sorted(p.parent.name for p in path.glob(f"*/{EVENTS_FILE}"))
    if inside:
        typed = [f"  python -m experiments.inspect {quote(str(path / name))} --plain" for name in inside]
        more = [f"  and {len(inside) - _LISTED} more"] if len(inside) > _LISTED else []
        listed = "\n".join([*typed[:_LISTED], *more])
        raise UserError(f"{str(path)!r} is a sweep of {len(inside)} runs; choose one:\n{listed}")
    raise UserError(f"{str(path)!r} is not a run: it has no {EVENTS_FILE}. Runs are kept below runs/")


def _header(trajectory: Trajectory, run: Path) -> None:
    state, facts = trajectory.state, trajectory.state.facts
    grade = read_grade(run)
    title(str(facts.get("cell", run.name)))
    chosen = {role: ChosenModel.model_validate(said) for role, said in facts.get("models", {}).items()}
    models = ", ".join(f"{role}: {model.label}" for role, model in chosen.items())
    say(f"scaffold     {facts.get('scaffold')} {facts.get('scaffold_version')}, models {models}")
    limits = facts.get("limits", {})
    version = facts.get("data_version", 1)
    data = "" if version == 1 else f", data version {version}"
    say(f"competition  {facts.get('competition')}{data}, seed {facts.get('seed')}")
    cards = f"; graphics cards {', '.join(state.cards)}" if state.cards else ""
    say(f"machine      {facts.get('machine')}; isolation {', '.join(state.backends) or '-'}{cards}")
    say(
        f"used         {state.spent.seconds:.1f} s of {limits.get('time_s')} s, {state.step} steps, "
        f"{state.model_calls} model calls, {state.spent.tokens} tokens, "
        + (f"at least {state.spent.usd:.4f}" if state.unpriced else f"{state.spent.usd:.4f}")
        + " dollars"
        + (" (some calls have no known price)" if state.unpriced else "")
        + (f"; {state.spent.waited:.0f} s of waiting for providers not counted" if state.spent.waited else "")
    )
    if state.fork:
        say(f"forked       from {state.fork}")
    summary = _ending(trajectory, run)
    if grade:
        medal = next((m for m in ("gold", "silver", "bronze") if grade[f"{m}_medal"]), "no medal")
        median = grade["median_threshold"]
        say(f"grade        {score_words(grade)}; {medal}; median of the leaderboard {median}")
    block("where it failed", "".join(summary.partition(_TRACE)[1:]))


def _ending(trajectory: Trajectory, run: Path) -> str:
    """How it ended; of one that did not, where its process spoke last. Returns its own words on that."""
    state, log = trajectory.state, trajectory.log
    ending = f"{state.outcome} {state.code}".strip() or "not finished"
    say(f"ended        {ending}; resumed {count(state.resumes, 'time')}")
    summary = "".join(str(log.value(end, "summary", "")) for end in log.of_type(ev.RUN_END))
    if summary:
        say(f"outcome      {one_line(summary.partition(_TRACE)[0], _SUMMARY_CHARS)}")
    spoken = run / PROCESS_LOG
    if not state.outcome and spoken.exists() and spoken.stat().st_size:
        say(f"             what its process printed is in {spoken}")
    return summary


def _tree(trajectory: Trajectory) -> None:
    good = sum(node.status == "ok" for node in trajectory.nodes.values())
    title(f"Solution tree ({len(trajectory.nodes)} nodes, {good} good)")
    for node, lasts in trajectory.walk():
        depth = len(lasts) - 1
        lines = "".join("   " if last else "│  " for last in lasts[1:-1][-_TREE_DEPTH:])
        branch = ("└─ " if lasts[-1] else "├─ ") if depth else ""
        deep = f"(depth {depth}) " if depth > _TREE_DEPTH else ""
        mark = " ← submitted" if node.id == trajectory.state.pick else ""
        say(f"{lines}{branch}{deep}{node.id} {node.operator}: {_result(trajectory, node)}{mark}")


def _result(trajectory: Trajectory, node: NodeView) -> str:
    if node.score is not None:
        return f"{node.score:.6g}" + (" (read by the model)" if node.source == "self" else "")
    findings = str(trajectory.log.value(node.event, "findings", ""))
    return f"{node.status} – {one_line(findings, 90)}"


def _steps(trajectory: Trajectory) -> None:
    title("Steps")
    for step in trajectory.steps.values():
        say(_step_line(trajectory, step))
        if step.number not in trajectory.nodes:
            show_step(trajectory, step)


def _one_step(trajectory: Trajectory, wanted: int, *, prompts: bool) -> None:
    """A step that made no node, in full."""
    if wanted not in trajectory.steps:
        raise UserError(f"there is no node or step {wanted}; the steps are: 0 to {max(trajectory.steps)}")
    title(f"Step {wanted}")
    show_whole_step(trajectory, wanted, prompts=prompts)


def _step_line(trajectory: Trajectory, step: StepView) -> str:
    asks, calls = step.count(ev.MODEL_RESPONSE), step.count(ev.TOOL_RESULT)
    name = f"step {step.number}" if step.number else "start"
    line = f"{name:8} {step.seconds:7.1f} s  {asks} asks, {calls} calls, from event {step.events[0].seq}"
    node = trajectory.nodes.get(step.number)
    return f"{line}  {node.operator}: {_result(trajectory, node)}" if node else line


def _chosen(trajectory: Trajectory, wanted: int | None) -> NodeView | None:
    if wanted is None:
        pick = trajectory.state.pick
        last = max(trajectory.nodes, default=None)
        return trajectory.nodes.get(pick if pick is not None else last if last is not None else -1)
    return trajectory.nodes[wanted]


def _node(trajectory: Trajectory, node: NodeView, *, prompts: bool) -> None:
    fields = trajectory.fields(node.event)
    made = f"{node.operator} of {', '.join(map(str, node.parents))}" if node.parents else node.operator
    title(f"Node {node.id} ({made}): {_result(trajectory, node)}")
    for name in ("plan", "findings", "code"):
        block(name, str(fields.get(name, "")))
    for call, result in trajectory.calls(node.id):
        if call["tool"] == "run_script" and result:
            block("output", str(result["text"]))
    if prompts:
        show_exchanges(trajectory, node.id)


def _hint(trajectory: Trajectory, run: Path, shown: NodeView) -> None:
    others = [node_id for node_id in trajectory.nodes if node_id != shown.id]
    if others:
        say("\nAnother node:")
        type_next("experiments.inspect", run, "--plain", "--node", others[0])


if __name__ == "__main__":
    command(main)()
