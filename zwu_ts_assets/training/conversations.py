"""Samples and questions -> conversations: several questions share one set of media.

What belongs here: which questions share a conversation, which media they need, and in which order
they come. What does not: the questions (`picture/`), how media are introduced (`templates/`).

A picture costs a thousand tokens and more, and a question some dozens: asked one by one, nearly all
that a trainer computes would be pictures that it has computed before.
"""

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.storage.spool import Spool
from zwu_ts_assets.training.facts import MediaFacts, prompt_facts
from zwu_ts_assets.training.picture.question import ALTERED, PictureQuestion
from zwu_ts_assets.training.prompts import PromptTemplates
from zwu_ts_assets.training.reserved import require_usable_names, reserved_word
from zwu_ts_assets.training.sample import Conversation, Sample, Turn
from zwu_ts_assets.training.task_settings import Rationale, TaskSettings

Medium = tuple[str, str]
"""A view, `figure`, `lines`, `altered` or `video`, and the id of the sample that it shows."""

_ORDER: Final = ("figure", "lines", ALTERED, "video")

_COMPARED: Final = ("lines", "video")

_SECOND: Final = {
    "figure": "Here is the figure of another window of the same series: the second figure.",
    "lines": "Here are the values of another window as lines: the second line plot.",
}


def shown_media(question: PictureQuestion) -> tuple[Medium, ...]:
    """The media that a question shows, in the order in which its text speaks of them.

    Where the figure is compared with video or line plot, these are the other sample's if there is
    one. Else the other sample adds a second figure, or a second line plot.
    """
    own, other = question.sample_id, question.other_sample
    views = [view for view in _ORDER if view in question.given]
    compared = compared_views(question)
    media = [(view, other if view in compared and other else own) for view in views]
    if other and not compared:
        media.append((views[-1], other))
    return tuple(media)


def compared_views(question: "PictureQuestion | _Asked") -> tuple[str, ...]:
    """The views of which a question asks if they show the same window as the figure."""
    if "figure" not in question.needs:
        return ()
    return tuple(view for view in _COMPARED if view in question.needs)


def make_conversations(
    samples: Sequence[Sample],
    questions: Sequence[PictureQuestion],
    settings: TaskSettings,
    templates: PromptTemplates,
    media: MediaFacts,
    *,
    videos_apart: bool = False,
) -> Spool[Conversation]:
    """Put every question into exactly one conversation of its split.

    A sample has one conversation, in which its figure is shown once and all questions about it are
    asked, unless `questions_per_conversation` says otherwise. A video is asked about where it is
    shown: next to the figure of another sample, where the question is whether the two belong
    together. An altered copy is asked about in a conversation that shows nothing else.

    Args:
        samples: All samples; each is looked at twice.
        questions: All questions about them; each is looked at twice, and none is kept.
        settings: How many questions share a conversation, and whether answers have a rationale.
        templates: How media are introduced.
        media: How the media were made.
        videos_apart: Whether questions that show a video have conversations of their own, for
            consumers that read none.

    Returns:
        The conversations, by sample; of many windows they are more than memory should hold.

    Raises:
        CorpusError: A column's name holds a reserved word, or a template is not valid.
    """
    return Spool(_made(samples, questions, settings, templates, media, videos_apart))


def _made(
    samples: Sequence[Sample],
    questions: Sequence[PictureQuestion],
    settings: TaskSettings,
    templates: PromptTemplates,
    media: MediaFacts,
    videos_apart: bool,
) -> Iterator[Conversation]:
    paths: dict[str, Mapping[str, str]] = {}
    for sample in samples:
        if not paths:
            require_usable_names(sample.features, sample.units)
        paths[sample.id] = _paths(sample)
    asked = [_Asked.of(number, question) for number, question in enumerate(questions)]
    planned = _planned(list(paths), asked)
    size = settings.questions_per_conversation
    shown = {view for question in asked for view in question.given if view in _ORDER}
    shown.discard(ALTERED)
    for sample in samples:
        together, *apart = planned.pop(sample.id)
        moved = {view for asked in apart for each in asked for view in each.given}
        if videos_apart:
            moved.add("video")
            apart.insert(0, [each for each in together if "video" in each.given])
            together = [each for each in together if "video" not in each.given]
        groups: list[tuple[Sequence[_Asked], set[str]]] = []
        if size is None:
            # All of what the corpus shows, also of a window of which few questions are asked: a
            # split without any video, for example, would have rows of another type.
            groups = [(together, shown - moved), *((asked, set()) for asked in apart)]
        else:
            for asked in (together, *apart):
                groups += [(asked[at : at + size], set()) for at in range(0, len(asked), size)]
        for number, (group, views) in enumerate(pair for pair in groups if pair[0]):
            whole = [questions[each.number] for each in group]
            yield _conversation(
                *(f"{sample.id}-c{number}", sample, whole, views, paths),
                *(settings, templates, media),
            )


class _Asked(NamedTuple):
    """What decides on where a question is asked; its texts are left where they are."""

    number: int
    id: str
    sample_id: str
    other_sample: str
    needs: tuple[str, ...]
    given: tuple[str, ...]
    answerable: bool

    @classmethod
    def of(cls, number: int, question: PictureQuestion) -> "_Asked":
        return cls(
            number,
            question.id,
            sys.intern(question.sample_id),
            sys.intern(question.other_sample),
            tuple(map(sys.intern, question.needs)),
            tuple(map(sys.intern, question.given)),
            question.answerable,
        )


def _planned(samples: Sequence[str], questions: Sequence[_Asked]) -> dict[str, list[list[_Asked]]]:
    """The questions about each sample, in their order, by what can be shown together."""
    together: dict[str, list[_Asked]] = {sample: [] for sample in samples}
    apart: dict[str, dict[tuple[str, ...], list[_Asked]]] = {sample: {} for sample in samples}
    hosts = {view: _hosts(view, samples, questions) for view in _COMPARED}
    for question in sorted(questions, key=_place):
        about = question.sample_id
        if about not in together:
            raise CorpusError(
                f"question {question.id!r} is about the sample {about!r}, which does not exist; "
                "materialize questions again"
            )
        alone = question.given[0] if len(question.given) == 1 else ""
        if not question.answerable or ALTERED in question.given:
            # What it needs must not be shown; and a copy is not what the window is.
            apart[about].setdefault(question.given, []).append(question)
        elif alone not in hosts:
            together[about].append(question)
        elif about in hosts[alone]:
            together[hosts[alone][about]].append(question)
        else:
            apart[about].setdefault(question.given, []).append(question)
    for sample in samples:
        lonely = apart[sample].get(("figure",))
        if lonely and not any(map(compared_views, together[sample])):
            # The figure is shown there, and need not be shown twice.
            moved = [each for each in together[sample] if each.given == ("figure",)]
            together[sample] = [each for each in together[sample] if each not in moved]
            lonely[:0] = moved
    return {name: [asked, *apart[name].values()] for name, asked in together.items()}


def _hosts(view: str, samples: Sequence[str], questions: Sequence[_Asked]) -> dict[str, str]:
    """Beside whose figure each sample's video or line plot is shown.

    It is the sample's own, unless it is asked if another one's belongs to it.
    """
    beside = {sample: sample for sample in samples}
    for question in questions:
        if view in compared_views(question):
            beside[question.sample_id] = question.other_sample or question.sample_id
    hosts = {shown: sample for sample, shown in reversed(beside.items())}
    return hosts | {sample: sample for sample, shown in beside.items() if sample == shown}


def _place(question: _Asked) -> tuple[int, str]:
    """Questions that compare views come first, those with numbers of their own last."""
    if compared_views(question):
        place = 0
    elif not set(question.given) & set(_ORDER):
        place = len(_ORDER) + 2
    elif question.other_sample:
        place = len(_ORDER) + 1
    else:
        place = 1 + _ORDER.index(next(view for view in _ORDER if view in question.given))
    return place, question.id


def _conversation(
    name: str,
    sample: Sample,
    questions: Sequence[PictureQuestion],
    views: Collection[str],
    paths: Mapping[str, Mapping[str, str]],
    settings: TaskSettings,
    templates: PromptTemplates,
    media: MediaFacts,
) -> Conversation:
    first = _introduced(sample, questions, views)
    images = [m for m in first if m[0] != "video"]
    videos = [m for m in first if m[0] == "video"]
    facts = prompt_facts(
        sample,
        settings,
        media,
        views=tuple(view for view, _ in [*images, *videos]),
        compared=tuple(
            view for view in _ORDER if any(view in compared_views(each) for each in questions)
        ),
    )
    introduction = templates.introduction(facts)
    turns: list[Turn] = []
    for question in questions:
        further = [m for m in shown_media(question) if m not in images and m not in videos]
        shown = further if turns else [*images, *videos, *further]
        told = [] if turns else [introduction]
        told += [_SECOND[view] for view, _ in further]
        prompt = "\n\n".join([*told, question.prompt])
        images += further
        turns.append(
            Turn(
                question=question,
                prompt=_checked(prompt, name, "prompt"),
                answer=reply(question, settings.rationale),
                images=sum(view != "video" for view, _ in shown),
                videos=sum(view == "video" for view, _ in shown),
            )
        )
    return Conversation(
        id=name,
        sample_id=sample.id,
        split=sample.split,
        images=tuple(paths[of][view] for view, of in images),
        videos=tuple(paths[of][view] for view, of in videos),
        turns=tuple(turns),
    )


def _introduced(
    sample: Sample, questions: Sequence[PictureQuestion], views: Collection[str]
) -> list[Medium]:
    """What the first turn shows: all but second figures and second line plots, each once."""
    found: dict[str, Medium] = {}
    for question in questions:
        for medium in shown_media(question):
            found.setdefault(medium[0], medium)
    for view in views:
        found.setdefault(view, (view, sample.id))
    return [found[view] for view in _ORDER if view in found]


def _paths(sample: Sample) -> dict[str, str]:
    """Its media by view."""
    return {
        "figure": sample.image,
        "lines": sample.line_plot,
        ALTERED: sample.altered_plot,
        "video": sample.video,
    }


def reply(question: PictureQuestion, rationale: Rationale) -> str:
    """What the assistant says: the answer's line, and before it how it was read where wanted.

    Raises:
        CorpusError: The rationale holds a reserved word, which is the name of a column.
    """
    if rationale == "none":
        return question.answer_line
    if rationale == "answer":
        return f"{_checked(question.rationale, question.id, 'rationale')}\n{question.answer_line}"
    told = _checked(question.rationale, question.id, "rationale")
    return f"<think>\n{told}\n</think>\n\n{question.answer_line}"


def _checked(text: str, name: str, part: str) -> str:
    if word := reserved_word(text):
        raise CorpusError(
            f"{name}: the {part} holds {word!r}, which a trainer or the chat template takes for "
            "something else than text. Rename the column or unit, or reword the template."
        )
    return text
