"""Samples and questions -> conversations: several questions share one set of media.

What belongs here: which questions share a conversation, which media they need, and in which order
they come. What does not: the questions (`picture/`), how media are introduced (`templates/`).

A picture costs a thousand tokens and more, and a question some dozens: asked one by one, nearly all
that a trainer computes would be pictures that it has computed before.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.training.conversation import Conversation, Turn
from zwu_ts_assets.training.facts import MediaFacts, prompt_facts
from zwu_ts_assets.training.picture.question import PictureQuestion
from zwu_ts_assets.training.prompts import PromptTemplates
from zwu_ts_assets.training.reserved import require_usable_names, reserved_word
from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets.training.task_settings import Rationale, TaskSettings

Medium = tuple[str, str]
"""A view, `figure`, `lines` or `video`, and the id of the sample that it shows."""

_SECOND: Final = {
    "figure": "Here is the figure of another window of the same series: the second figure.",
    "lines": "Here are the values of another window as lines: the second line plot.",
}


def shown_media(question: PictureQuestion) -> tuple[Medium, ...]:
    """The media that a question is about, in the order in which its text speaks of them.

    Where figure and video are compared, the video is that of the other sample if there is one.
    Else the other sample adds a second figure, or a second line plot.
    """
    own, other = question.sample_id, question.other_sample
    compared = "figure" in question.needs and "video" in question.needs
    media: list[Medium] = []
    for view in ("figure", "lines", "video"):
        if view in question.needs:
            media.append((view, other if view == "video" and compared and other else own))
    if other and not compared:
        second = "lines" if question.needs[-1:] == ("lines",) else "figure"
        if second in question.needs:
            media.append((second, other))
    return tuple(media)


def make_conversations(
    samples: Sequence[Sample],
    questions: Sequence[PictureQuestion],
    settings: TaskSettings,
    templates: PromptTemplates,
    media: MediaFacts,
) -> list[Conversation]:
    """Put every question into exactly one conversation of its split.

    A sample has one conversation, in which its figure is shown once and all questions about it are
    asked, unless `questions_per_conversation` says otherwise. A video is asked about where it is
    shown: next to the figure of another sample, where the question is whether the two belong
    together.

    Args:
        samples: All samples.
        questions: All questions about them.
        settings: How many questions share a conversation, and whether answers have a rationale.
        templates: How media are introduced.
        media: How the media were made.

    Returns:
        The conversations, by sample.

    Raises:
        CorpusError: A column's name holds a reserved word, or a template is not valid.
    """
    for sample in samples[:1]:
        require_usable_names(sample.features, sample.units)
    by_id = {sample.id: sample for sample in samples}
    main, apart = _planned(samples, questions)
    made = []
    for sample in samples:
        groups: list[Sequence[PictureQuestion]] = []
        for asked in (main[sample.id], apart[sample.id]):
            size = settings.questions_per_conversation or max(len(asked), 1)
            groups += [asked[at : at + size] for at in range(0, len(asked), size)]
        for number, group in enumerate(groups):
            made.append(
                _conversation(
                    *(f"{sample.id}-c{number}", sample, group, by_id),
                    *(settings, templates, media),
                )
            )
    return made


_Plan = dict[str, list[PictureQuestion]]


def _planned(
    samples: Sequence[Sample], questions: Sequence[PictureQuestion]
) -> tuple[_Plan, _Plan]:
    """The questions about each sample's media in their order, and those about its video alone.

    The latter are those of a video that is shown nowhere else: beside the sample's figure there is
    another one's.
    """
    beside = {sample.id: sample.id for sample in samples}
    for question in questions:
        for view, sample in shown_media(question):
            if view == "video" and len(question.needs) > 1:
                beside[question.sample_id] = sample
    host = {video: sample for sample, video in reversed(beside.items())}
    host |= {sample: sample for sample, video in beside.items() if sample == video}
    main: _Plan = {sample.id: [] for sample in samples}
    apart: _Plan = {sample.id: [] for sample in samples}
    for question in sorted(questions, key=_place):
        about = question.sample_id
        if about not in main:
            raise CorpusError(
                f"question {question.id!r} is about the sample {about!r}, which does not exist; "
                "materialize questions again"
            )
        if question.needs != ("video",):
            main[about].append(question)
        elif about in host:
            main[host[about]].append(question)
        else:
            apart[about].append(question)
    return main, apart


def _place(question: PictureQuestion) -> tuple[int, str]:
    """Questions that compare figure and video come first, those with text of their own last."""
    needs = question.needs
    if "figure" in needs and "video" in needs:
        place = 0
    elif not needs or needs == ("text",):
        place = 4
    elif question.other_sample:
        place = 3
    else:
        place = 2 if needs == ("video",) else 1
    return place, question.id


def _conversation(
    name: str,
    sample: Sample,
    questions: Sequence[PictureQuestion],
    by_id: Mapping[str, Sample],
    settings: TaskSettings,
    templates: PromptTemplates,
    media: MediaFacts,
) -> Conversation:
    first = list(_introduced(questions))
    images = [m for m in first if m[0] != "video"]
    videos = [m for m in first if m[0] == "video"]
    facts = prompt_facts(
        sample,
        settings,
        media,
        views=tuple(view for view, _ in [*images, *videos]),
        compared=any("figure" in q.needs and "video" in q.needs for q in questions),
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
        images=tuple(_path(by_id[of], view) for view, of in images),
        videos=tuple(_path(by_id[of], view) for view, of in videos),
        turns=tuple(turns),
    )


def _introduced(questions: Sequence[PictureQuestion]) -> Iterator[Medium]:
    """What the first turn shows: all but second figures and second line plots, each once."""
    found: dict[Medium, None] = {}
    views: set[str] = set()
    for question in questions:
        for medium in shown_media(question):
            if medium[0] not in views:
                views.add(medium[0])
                found[medium] = None
    order = ("figure", "lines", "video")
    yield from sorted(found, key=lambda medium: order.index(medium[0]))


def _path(sample: Sample, view: str) -> str:
    return {"figure": sample.image, "lines": sample.line_plot, "video": sample.video}[view]


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
