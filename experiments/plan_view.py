"""A plan in words: what multiplies, what it costs at most, and what is missing."""

from typing import Any

from rich.console import Console

from experiments.plan import Plan
from sandbox.text import printable

_NAMED = 8
"""How many entries of an axis are shown."""


def print_plan(plan: Plan, done: int, sweep: str, console: Console) -> None:
    """Show a plan of which `done` cells are done; `sweep` is the command that runs it."""

    def say(text: str, style: str | None = None) -> None:
        console.print(printable(text), style=style, markup=False, soft_wrap=True)

    for axis, entries in plan.axes.items():
        more = f" and {len(entries) - _NAMED} more" if len(entries) > _NAMED else ""
        say(f"{len(entries):>5} {axis:13} {', '.join(entries[:_NAMED])}{more}")
    if plan.sweep.data_version != 1:
        say(f"{'':>5} {'data version':13} {plan.sweep.data_version}")
    say(f"{plan.size:>5} {'cells':13} {done} of them done; {plan.sweep.parallel} at a time")
    say(f"{plan.hours:>9,.2f} working hours at most, {plan.gpu_hours:,.2f} GPU-hours")
    limit = plan.sweep.max_usd
    say(
        f"{'':>5} {'dollars':13} "
        + (f"the sweep stops at ${limit:,.2f}" if limit else "no limit (`max_usd`)")
    )
    if plan.unpriced:
        say(f"{'':>5} {'':13} not counted in dollars, for want of a price: {', '.join(plan.unpriced)}")
    if not plan.problems:
        say("Nothing is missing.")
        return
    say(f"\nMissing ({len(plan.problems)}):", style="bold red")
    for problem in plan.problems:
        say(f"- {problem.kind}: {problem.what}")
        if problem.fix:
            say(f"    {problem.command(sweep)}")


def plan_record(plan: Plan, done: int, sweep: str) -> dict[str, Any]:
    """The same for a program."""
    return {
        "axes": plan.axes,
        "data_version": plan.sweep.data_version,
        "cells": plan.size,
        "done": done,
        "hours": round(plan.hours, 3),
        "gpu_hours": round(plan.gpu_hours, 3),
        "max_usd": plan.sweep.max_usd,
        "unpriced": list(plan.unpriced),
        "missing": [{"kind": p.kind, "what": p.what, "fix": p.command(sweep)} for p in plan.problems],
    }
