"""From samples to picture questions: balanced within each split, worded, with their rationale."""

from collections.abc import Iterable, Sequence
from typing import Final

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.training.picture.balance import Chosen, balanced, stable_hash
from zwu_ts_assets.training.picture.measures import Measures, measures_of
from zwu_ts_assets.training.picture.question import ANSWER_PREFIX, LETTERS, PictureQuestion
from zwu_ts_assets.training.picture.tasks import PICTURE_TASKS, PictureTask, Text, World
from zwu_ts_assets.training.picture.wordings import HELD_OUT, WORDINGS
from zwu_ts_assets.training.sample import SPLITS, Sample

# Their values are told on the scale of a panel's colours, since DTW distances have no unit.
_DTW_TASKS: Final = frozenset(
    {"closest_pair", "odd_column", "returning_span", "odd_span", "break", "frame_pair"}
)

# How a question with options may be answered. The form belongs to a whole round, as the wording.
FORMS: Final = ("choice", "name")

_PARTS: Final = "The video has one part per frame; part 1 is the first."
_STEPS: Final = "Steps are counted from 0."


def picture_questions(
    samples: Sequence[Sample],
    patches: Sequence[tuple[int, int]],
    tasks: Iterable[str] | None = None,
) -> list[PictureQuestion]:
    """Ask what can be asked of the media of some samples without the text giving it away.

    Args:
        samples: Samples of all splits, of one dataset.
        patches: First step and the step after the last one of the patch behind each frame.
        tasks: Names of tasks; None for all.

    Returns:
        At most one question of each task and sample, by split, task and sample.

    Raises:
        CorpusError: There is no task of a name.
    """
    names = list(PICTURE_TASKS) if tasks is None else list(tasks)
    for name in names:
        if name not in PICTURE_TASKS:
            known = ", ".join(PICTURE_TASKS)
            raise CorpusError(f"picture task {name!r}: expected one of {known}. Correct the name.")
    found: list[PictureQuestion] = []
    for split in SPLITS:
        inside = [sample for sample in samples if sample.split == split]
        if inside:
            found += _of_split(inside, [measures_of(each, patches) for each in inside], names)
    return found


def _of_split(
    samples: Sequence[Sample], measures: Sequence[Measures], tasks: Sequence[str]
) -> list[PictureQuestion]:
    ids = [sample.id for sample in samples]
    columns = tuple(samples[0].features[i] for i in samples[0].panel_columns)
    world = World(measures, columns, _partners(ids), [stable_hash("coin", i) % 2 == 1 for i in ids])
    split = samples[0].split
    found = []
    for name in tasks:
        task = PICTURE_TASKS[name]
        texts = list(task.texts(world))
        chosen = balanced([t.group for t in texts], range(len(ids)), ids, f"{name} {split}")
        found += [_question(task, texts[each.group], each, samples, world) for each in chosen]
    return found


def _partners(ids: Sequence[str]) -> list[int]:
    """Another window for each: the next one in an order by hash, so never a neighbour by rule."""
    order = sorted(range(len(ids)), key=lambda i: stable_hash("partner", ids[i]))
    following = dict(zip(order, [*order[1:], *order[:1]], strict=True))
    return [following[i] for i in range(len(ids))]


def _question(
    task: PictureTask, text: Text, chosen: Chosen, samples: Sequence[Sample], world: World
) -> PictureQuestion:
    sample = samples[chosen.window]
    wording = _wording(task.name, sample.split, text, chosen.round)
    shows_partner = text.uses_partner == "figure" or (
        text.uses_partner == "video" and chosen.answer == 1
    )
    form = FORMS[stable_hash("form", task.name, sample.split, text.group.key, chosen.round) % 2]
    return PictureQuestion(
        id=f"{sample.id}-{task.name}",
        sample_id=sample.id,
        split=sample.split,
        task=task.name,
        level=task.level,
        needs=task.needs,
        subject=text.subject,
        options=text.options,
        right=chosen.answer,
        answer=LETTERS[chosen.answer] if form == "choice" else text.options[chosen.answer],
        wording=wording,
        prompt=_prompt(
            task, WORDINGS[task.name][wording].format(**text.subject), text.options, form
        ),
        rationale=_rationale(task, text, chosen),
        values=text.values_of(chosen.window),
        other_sample=samples[world.partner[chosen.window]].id if shows_partner else "",
        form=form,
    )


def _wording(task: str, split: str, text: Text, round_number: int) -> int:
    """One wording for a whole round, so that it tells nothing about the answer."""
    count = len(WORDINGS[task]) - (HELD_OUT if split == "train" else 0)
    return stable_hash("wording", task, split, text.group.key, round_number) % count


def _prompt(task: PictureTask, sentence: str, options: Sequence[str], form: str) -> str:
    told = [_PARTS] if "part" in f"{sentence} {options}" and "video" in task.needs else []
    told += [_STEPS] if "step" in f"{sentence} {options}" else []
    if form == "choice":
        lines = [f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False)]
        last = LETTERS[len(options) - 1]
        end = f"End with a line `{ANSWER_PREFIX}` and one letter, A to {last}."
    else:
        lines = [f"- {option}" for option in options]
        end = f"End with a line `{ANSWER_PREFIX}` and one of these, word for word."
    return "\n".join([" ".join([sentence, *told]), *lines, end])


def _rationale(task: PictureTask, text: Text, chosen: Chosen) -> str:
    """What is compared and which option wins; the numbers only where the answer rests on them."""
    right = text.options[chosen.answer]
    values = text.values_of(chosen.window)
    told = f"What counts is {task.definition}."
    if values:
        unit = " of the panel's range" if task.name in _DTW_TASKS else ""
        listed = "; ".join(
            f"{option}: {value:.2f}{unit}"
            for option, value in zip(text.options, values, strict=True)
        )
        told += f" {listed}."
    return f"{told} So it is {right}."
