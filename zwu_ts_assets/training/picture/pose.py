"""From samples to questions: balanced within each split, worded, with their rationale.

What belongs here: all of the project's own tasks by name, asking them, the shares of the whole that
some may have, prompts and rationales. What does not: what a task asks (`tasks`, `line_tasks`,
`series_tasks`, `label_tasks`), what is known of the windows (`world`), which windows a text is
asked of (`balance`).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.storage.spool import Spool
from zwu_ts_assets.training.picture.balance import Chosen, balanced, stable_hash
from zwu_ts_assets.training.picture.label_tasks import LABEL_TASKS
from zwu_ts_assets.training.picture.line_tasks import LINE_TASKS
from zwu_ts_assets.training.picture.own_tasks import checked_texts
from zwu_ts_assets.training.picture.question import (
    ALTERED,
    ANSWER_PREFIX,
    LETTERS,
    TASK_NAMES,
    PictureQuestion,
    QuestionSet,
)
from zwu_ts_assets.training.picture.series_tasks import SERIES_TASKS
from zwu_ts_assets.training.picture.task import Asking, PictureTask, Text, World
from zwu_ts_assets.training.picture.tasks import PANEL_TASKS
from zwu_ts_assets.training.picture.wordings import HELD_OUT
from zwu_ts_assets.training.picture.world import world_of
from zwu_ts_assets.training.sample import SPLITS, Sample

_BY_NAME: Final = {task.name: task for task in (*PANEL_TASKS, *LINE_TASKS, *SERIES_TASKS)}

PICTURE_TASKS: Final[Mapping[str, PictureTask]] = {name: _BY_NAME[name] for name in TASK_NAMES}
"""In the order in which questions are listed."""

LABELLED_TASKS: Final[Mapping[str, PictureTask]] = {task.name: task for task in LABEL_TASKS}
"""Those about labels of the user's own, which are asked where there are any, after the others."""

_PROJECTS: Final = {**PICTURE_TASKS, **LABELLED_TASKS}

_PARTS: Final = "The video has one part per frame; part 1 is the first."
_STEPS: Final = "Steps are counted from 0."


def questions_of(
    samples: Sequence[Sample],
    patches: Sequence[tuple[int, int]],
    asking: Asking = Asking(),  # noqa: B008 - frozen
) -> QuestionSet:
    """Ask what can be asked about some samples without the text giving it away.

    Args:
        samples: Samples of all splits, of one dataset.
        patches: First step and the step after the last one of the patch behind each frame.
        asking: What is asked for.

    Returns:
        At most one question of each task and sample, by split, task and sample; and why tasks have
        none.

    Raises:
        CorpusError: There is no task of a name, or a weight is not a share.
    """
    splits, labels = [], {""}
    for sample in samples:
        splits.append(sample.split)
        labels.update(sample.labels)
    label_names = tuple(sorted(labels - {""}))
    tasks = _tasks(asking, labelled=bool(label_names))
    counts = dict.fromkeys((task.name for task in tasks), len(splits))
    found: Spool[PictureQuestion] = Spool()
    reasons: dict[str, str] = {}
    for split in SPLITS:
        inside = [at for at, name in enumerate(splits) if name == split]
        if inside:
            world = world_of(samples, inside, patches, asking, label_names)
            unfit = {task.name: task.unfit(world) for task in tasks}
            reasons |= {name: reason for name, reason in unfit.items() if reason}
            asked = [
                _thinned(_posed(task, world, split), asking.weights.get(task.name, 1.0))
                for task in tasks
                if not unfit[task.name]
            ]
            for each in _capped(asked, asking):
                for question in each.questions:
                    found.append(question)
                if each.places:
                    counts.pop(each.task.name, None)
    left_out = {
        name: reasons.get(name)
        or _thinned_away(name, asking)
        or f"in the {count} windows no text has each of its answers clearly and equally often"
        for name, count in counts.items()
    }
    return QuestionSet(found, left_out)


def _thinned_away(name: str, asking: Asking) -> str:
    task = _PROJECTS.get(name)
    if asking.weights.get(name, 1.0) == 0.0:
        return "its weight is 0"
    if task and task.needs == ("text",) and asking.text_share == 0.0:
        return "text_share is 0"
    if task and not task.needs and asking.ahead_share == 0.0:
        return "ahead_share is 0"
    if name.endswith("_if_shown") and asking.unanswerable == 0.0:
        return "unanswerable is 0"
    return ""


def _tasks(asking: Asking, *, labelled: bool) -> list[PictureTask]:
    names = [*PICTURE_TASKS, *(LABELLED_TASKS if labelled else ())]
    names = names if asking.tasks is None else list(asking.tasks)
    for name in names:
        if name not in _PROJECTS:
            known = ", ".join(_PROJECTS)
            raise CorpusError(f"task {name!r}: expected one of {known}. Correct the name.")
    tasks = [*(_PROJECTS[name] for name in names), *asking.own]
    for name, weight in asking.weights.items():
        if name not in {*_PROJECTS, *(task.name for task in asking.own)}:
            raise CorpusError(f"weight of task {name!r}: there is no such task. Correct the name.")
        if not 0 <= weight <= 1:
            raise CorpusError(
                f"weight of task {name!r}: found {weight}, expected 0 to 1, the share of its "
                "questions that are asked"
            )
    return tasks


@dataclass(frozen=True)
class _Posed:
    """The questions of a task in a split, with the round that each belongs to.

    Attributes:
        task: The task.
        kept: Questions of this task, and perhaps others.
        places: Where each of its questions is among them.
        answerable: Whether each can be answered from what it shows.
        rounds: Group and number of the round of each.
    """

    task: PictureTask
    kept: Spool[PictureQuestion]
    places: list[int]
    answerable: list[bool]
    rounds: list[tuple[int, int]]

    @property
    def questions(self) -> Iterator[PictureQuestion]:
        """Its questions, one by one."""
        return map(self.kept.__getitem__, self.places)


def _posed(task: PictureTask, world: World, split: str) -> _Posed:
    own = task.name not in _PROJECTS
    # Each is dealt as it comes: together they have a number for each window and option.
    texts = [
        _dealt(text, task, world) if task.among else text
        for text in (checked_texts(task, world) if own else task.texts(world))
    ]
    seed = f"{task.name} {split}"
    chosen = balanced([text.answers for text in texts], range(len(world.ids)), world.ids, seed)
    posed = _Posed(task, Spool(), [], [], [(each.text, each.round) for each in chosen])
    for each in chosen:
        question = _question(task, texts[each.text], each, split, world)
        posed.places.append(posed.kept.append(question))
        posed.answerable.append(question.answerable)
    return posed


def _dealt(text: Text, task: PictureTask, world: World) -> Text:
    """The text, for windows in which its columns are of the task's groups."""
    right = {
        window: option
        for window, option in text.answers.right.items()
        if world.group_of(window, text.subject) in task.among
    }
    return replace(text, answers=replace(text.answers, right=right))


def _capped(asked: Sequence[_Posed], asking: Asking) -> list[_Posed]:
    """Take out whole rounds, so that what is left stays balanced, until the shares are kept."""
    rules: list[tuple[float, Callable[[_Posed], bool], Callable[[_Posed], int]]] = [
        (asking.text_share, lambda p: p.task.needs == ("text",), lambda p: len(p.places)),
        (asking.ahead_share, lambda p: not p.task.needs, lambda p: len(p.places)),
        (
            asking.unanswerable,
            lambda p: not all(p.answerable),
            lambda p: p.answerable.count(False),
        ),
    ]
    total = sum(len(each.places) for each in asked)
    bound = [each for each in asked if any(concerns(each) for _, concerns, _ in rules)]
    free = total - sum(len(each.places) for each in bound)
    # What is left when all shares are full: the shares are of the whole, not of the free part.
    whole = min(total, free / max(1.0 - sum(share for share, _, _ in rules), 0.05))
    kept = []
    for each in asked:
        for share, concerns, counts in rules:
            if concerns(each):
                same = [other for other in asked if concerns(other)]
                count = sum(map(counts, same))
                if count > share * whole:
                    each = _thinned(each, share * whole / count)
                break
        kept.append(each)
    return kept


def _thinned(posed: _Posed, share: float) -> _Posed:
    """About a share of the rounds, chosen by hash."""
    rounds = sorted(
        set(posed.rounds), key=lambda each: stable_hash("thinned", posed.task.name, *each)
    )
    kept = set(rounds[: int(share * len(rounds) + 1e-9)])
    left = [at for at, each in enumerate(posed.rounds) if each in kept]
    return replace(
        posed,
        places=[posed.places[at] for at in left],
        answerable=[posed.answerable[at] for at in left],
        rounds=[posed.rounds[at] for at in left],
    )


def _question(
    task: PictureTask, text: Text, chosen: Chosen, split: str, world: World
) -> PictureQuestion:
    sample_id = world.ids[chosen.window]
    wording = _wording(task, split, text, chosen.round)
    shows_partner = text.uses_partner == "figure" or (
        text.uses_partner != "" and chosen.answer == 1
    )
    # The form belongs to a whole round, as the wording.
    form = task.forms[
        stable_hash("form", task.name, split, text.answers.key, chosen.round) % len(task.forms)
    ]
    offered = text.options if form in ("choice", "name") else ()
    if text.answer_of:
        answer = text.answer_of(chosen.window)
    else:
        answer = LETTERS[chosen.answer] if form == "choice" else text.options[chosen.answer]
    series = text.series(chosen.window) if text.series else ""
    sentence = task.wordings[wording].format(**text.subject)
    return PictureQuestion(
        id=f"{sample_id}-{task.name}",
        sample_id=sample_id,
        split=split,
        task=task.name,
        level=task.level,
        needs=task.needs,
        subject=text.subject,
        options=offered,
        right=chosen.answer if offered else -1,
        answer=answer,
        given=task.instead if chosen.answer == text.unknown else task.needs,
        wording=wording,
        prompt=_prompt(task, sentence, series, offered, form),
        rationale=_rationale(task, text, chosen, answer),
        values=text.values_of(chosen.window) if offered else (),
        series=series,
        other_sample=world.ids[world.partner[chosen.window]] if shows_partner else "",
        form=form,
        tolerance=text.tolerance if form == "number" else 0.0,
    )


def _wording(task: PictureTask, split: str, text: Text, round_number: int) -> int:
    """One wording for a whole round, so that it tells nothing about the answer."""
    count = len(task.wordings) - (HELD_OUT if split == "train" else 0)
    return stable_hash("wording", task.name, split, text.answers.key, round_number) % count


def _prompt(
    task: PictureTask, sentence: str, series: str, options: Sequence[str], form: str
) -> str:
    told = [_PARTS] if "part" in f"{sentence} {options}" and "video" in task.needs else []
    told += [_STEPS] if re.search(r"\bsteps? \d", f"{sentence} {options}") else []
    lines: list[str] = [series] if series else []
    if form == "choice":
        lines += [f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False)]
        last = LETTERS[len(options) - 1]
        end = f"End with a line `{ANSWER_PREFIX}` and one letter, A to {last}."
    elif form == "name":
        lines += [f"- {option}" for option in options]
        end = f"End with a line `{ANSWER_PREFIX}` and one of these, word for word."
    elif form == "number":
        end = f"End with a line `{ANSWER_PREFIX}` and the number."
    else:
        end = f"End with a line `{ANSWER_PREFIX}` and the numbers with spaces between them."
    return "\n".join([" ".join([sentence, *told]), *lines, end])


def _rationale(task: PictureTask, text: Text, chosen: Chosen, answer: str) -> str:
    """What is compared and which option wins; the numbers only where the answer rests on them."""
    told = [f"What counts is {task.definition}."]
    values = text.values_of(chosen.window)
    if chosen.answer == text.unknown:
        told = [f"That takes {_views(task.needs)}, which is not shown."]
    elif text.told:
        told.append(text.told(chosen.window))
    elif values:
        listed = "; ".join(
            f"{option}: {value:.2f}{task.unit}"
            for option, value in zip(text.options, values, strict=True)
        )
        told.append(f"{listed}.")
    right = text.options[chosen.answer] if text.options else answer
    verb = "it " if chosen.answer == text.unknown else "the answer is: "
    return f"{' '.join(told)} So {verb}{right}."


_NAMES: Final[Mapping[str, str]] = {
    "figure": "the figure",
    "video": "the video",
    "lines": "the plot of the values as lines",
    ALTERED: "the plot of the altered copy",
}


def _views(needs: Sequence[str]) -> str:
    return " and ".join(_NAMES[view] for view in needs)
