"""From settings to the parts of a search: ours, or with the original's defects."""

from collections.abc import Callable
from dataclasses import replace

from scaffolds.aide import original
from scaffolds.aide.config import AideConfig
from scaffolds.aide.evaluator import Clock, Evaluator, SampledRepairs, SelfReported
from scaffolds.aide.folders import OwnFolders
from scaffolds.aide.memory import BoundedMemory, MemoryScope, NoMemory, WholeMemory
from scaffolds.aide.operators import Asking, PromptedOperator
from scaffolds.aide.policy import GreedyPolicy
from scaffolds.aide.replies import read_reply, unread_reply
from scaffolds.aide.reseed import ReseedTopK
from scaffolds.aide.reviews import Reviewer
from scaffolds.aide.search import Parts, WholeOutputs
from scaffolds.aide.selector import BestValidation, MeanMinusSE, OneSEEarliest, Selector
from scaffolds.aide.tree import Tree
from scaffolds.aide.vote import TopKVote
from scaffolds.briefing import Briefing
from scaffolds.prompts import Prompts
from scaffolds.run import Run

_OPERATORS = ("draft", "improve", "debug")
_LEAST_RESERVE_S = 60.0
_SHORT_SHARE = 0.1
"""No more of a short run is held back for that."""


def assembled(config: AideConfig, prompts: Prompts, brief: Briefing) -> Parts:
    """The parts of a search for one run."""
    asking = Asking(
        prompts=prompts,
        memory=_memory(config),
        system=_systems(config, prompts, brief),
        temperature=config.temperature,
        reader=read_reply,
        unread=unread_reply,
        told={},
        submission=brief.task.card.submission,
        more=config.prompts == "full",
    )
    selector = chosen_selector(config)
    clock = Clock(config.exec_timeout_s, reserve_s(config, selector, brief.total.seconds))
    reviewer = Reviewer(prompts, _reviewing(config, prompts, brief), config.temperature)
    parts = Parts(
        tree=Tree(brief.task.metric),
        policy=GreedyPolicy(config.num_drafts, config.debug_prob, config.max_debug_depth),
        operators={name: PromptedOperator(name, asking) for name in _OPERATORS},
        evaluator=_evaluator(config, reviewer, clock, brief),
        selector=selector,
        outputs=WholeOutputs(),
        folders=OwnFolders(),
        clock=clock,
        workers=config.workers,
        packages=config.packages,
    )
    return _with_defects(config, parts, asking, reviewer, brief) if config.parity else parts


def reserve_s(config: AideConfig, selector: Selector, total_s: float) -> float:
    """Seconds at the end of a run that no script of the search may use.

    Of a short run, a selector's share would not last for what follows a script: to keep what it wrote, to
    check and to review it, and to put it in its place.
    """
    if config.reserve is not None:
        return config.reserve * total_s
    return max(selector.reserve_share * total_s, min(_LEAST_RESERVE_S, _SHORT_SHARE * total_s))


def _with_defects(
    config: AideConfig, parts: Parts, asking: Asking, reviewer: Reviewer, brief: Briefing
) -> Parts:
    """The same with the original's defects, each a strategy of `scaffolds.aide.original`."""
    depth = original.one_repair_more(config.max_debug_depth)
    asking = replace(
        asking,
        memory=WholeMemory(),
        reader=original.read_original,
        unread=original.unread_original,
        more=False,
    )
    metric, submission = brief.task.metric, brief.task.card.submission
    return replace(
        parts,
        tree=Tree(metric, original.LastBetter(metric)),
        policy=GreedyPolicy(config.num_drafts, config.debug_prob, depth),
        operators={name: PromptedOperator(name, asking) for name in _OPERATORS},
        evaluator=original.OriginalEvaluator(
            replace(reviewer, number=original.only_floats, form=original.SUBMIT_REVIEW),
            config.exec_timeout_s,
            submission,
        ),
        outputs=original.OmittedOutputs(),
        folders=original.OneFolder(submission),
        clock=Clock(config.exec_timeout_s, 0.0),
    )


def _systems(config: AideConfig, prompts: Prompts, brief: Briefing) -> Callable[[Run], str]:
    """The system message of a worker, which names the hardware that it has; each is rendered once."""
    known: dict[str, str] = {}

    def system(run: Run) -> str:
        hardware = run.task.hardware
        if hardware not in known:
            known[hardware] = prompts.render(
                "system", brief=replace(brief, task=run.task), folds=config.folds, workers=config.workers
            )
        return known[hardware]

    return system


def _reviewing(config: AideConfig, prompts: Prompts, brief: Briefing) -> str:
    """The reviewer's system message. The original's reviewer is told all that the engineer is."""
    whole = config.prompts == "original"
    return prompts.render("review_system", brief=brief, whole=whole, checked=not config.parity)


def _evaluator(config: AideConfig, reviewer: Reviewer, clock: Clock, brief: Briefing) -> Evaluator:
    card = brief.task.card
    evaluator = SelfReported(reviewer, clock, card.submission)
    if config.debug_sample_rows is None or "train" not in card.files:
        return evaluator
    return SampledRepairs(evaluator, config.debug_sample_rows, card.files["train"].removeprefix("input/"))


def _memory(config: AideConfig) -> MemoryScope:
    match config.memory:
        case "all":
            return WholeMemory()
        case "none":
            return NoMemory()
        case "bounded":
            return BoundedMemory()


def chosen_selector(config: AideConfig) -> Selector:
    """The selector that the settings name."""
    match config.selector:
        case "best_val":
            return BestValidation()
        case "mean_minus_se":
            return MeanMinusSE()
        case "one_se_earliest":
            return OneSEEarliest()
        case "reseed_top_k":
            return ReseedTopK(config.select_k, config.select_seeds)
        case "top_k_vote":
            return TopKVote(config.select_k)
