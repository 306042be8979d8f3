"""Samples x tasks -> conversations.

What belongs here: bringing question, prompt and answer together. What does not: any of the three.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.training.conversation import Conversation
from zwu_ts_assets.training.facts import MediaFacts, prompt_facts
from zwu_ts_assets.training.prompts import PromptTemplates
from zwu_ts_assets.training.reserved import require_usable_names, reserved_word
from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets.training.task_settings import TaskSettings
from zwu_ts_assets.training.tasks import check_answer, questions_of

_MOST_DECIMALS: Final = 15
"""As many as the setting allows."""


def make_conversations(
    samples: Sequence[Sample],
    settings: TaskSettings,
    templates: PromptTemplates,
    media: MediaFacts,
) -> Iterator[Conversation]:
    """The conversations of all samples, in their order, each with its checked answer.

    What a sample is asked depends on itself and the settings alone, so that a sample that is new or
    changed changes no other one's conversations.

    Args:
        samples: The samples.
        settings: What is asked.
        templates: How it is worded.
        media: How the media were made.

    Returns:
        Made one by one: each is ready while the next is being made.

    Raises:
        CorpusError: A column's name holds a reserved word, numbers would vanish behind the
            decimals, or a setting or template is not valid.
    """
    _require_visible_numbers(samples, settings)
    for sample in samples:
        yield from sample_conversations(sample, settings, templates, media)


def sample_conversations(
    sample: Sample, settings: TaskSettings, templates: PromptTemplates, media: MediaFacts
) -> list[Conversation]:
    """The conversations of one sample; arguments and errors as for `make_conversations`."""
    require_usable_names(sample.features, sample.units)
    conversations = []
    for task, question in questions_of(sample, settings).items():
        problem = check_answer(sample, task, question.answer, settings)
        if not problem and reserved_word(question.answer):
            problem = f"it holds {reserved_word(question.answer)!r}"
        if problem:  # two computations of ours differ: no user can mend that
            raise AssertionError(f"{sample.id}, {task}: wrong answer made: {problem}")
        prompt = templates.render(task, prompt_facts(sample, question, settings, media))
        conversations.append(
            Conversation(
                id=f"{sample.id}-{task}",
                sample_id=sample.id,
                split=sample.split,
                task=task,
                images=(sample.image, *([sample.line_plot] if sample.line_plot else [])),
                videos=(sample.video,),
                prompt=prompt,
                answer=question.answer,
            )
        )
    return conversations


def conversation_problem(
    conversation: Conversation,
    sample: Sample,
    settings: TaskSettings,
    templates: PromptTemplates,
    media: MediaFacts,
) -> str:
    """What is wrong with a conversation, made earlier, about a sample; empty if nothing.

    Args:
        conversation: The conversation, for example read back from an export.
        sample: Its sample, with the numbers of the CSV as they are now.
        settings: What was asked.
        templates: How it was worded.
        media: How the media were made.
    """
    expected = f"{sample.id}-{conversation.task}"
    if conversation.id != expected:
        return f"the id is {conversation.id!r}, expected {expected!r}"
    if conversation.split != sample.split:
        return f"{expected}: is in {conversation.split}, expected {sample.split}"
    for what, text in (("prompt", conversation.prompt), ("answer", conversation.answer)):
        word = reserved_word(text)
        if word:
            return f"{expected}: the {what} holds the reserved word {word!r}"
    problem = check_answer(sample, conversation.task, conversation.answer, settings)
    if problem:
        return f"{expected}: the answer is wrong: {problem}"
    question = questions_of(sample, settings).get(conversation.task)
    if question is None:
        return f"{expected}: the sample is not asked this with these settings"
    prompt = templates.render(conversation.task, prompt_facts(sample, question, settings, media))
    return "" if prompt == conversation.prompt else f"{expected}: the prompt is another one"


def _require_visible_numbers(samples: Sequence[Sample], settings: TaskSettings) -> None:
    """Refuse decimals behind which all numbers of a column look alike.

    A corpus of answers that all say 0.00 would train without an error.
    """
    unit = 10.0**-settings.decimals
    lowest: dict[str, float] = {}
    highest: dict[str, float] = {}
    for sample in samples:
        lows, highs = sample.past.min(axis=0), sample.past.max(axis=0)
        for name, low, high in zip(sample.features, lows, highs, strict=True):
            lowest[name] = min(lowest.get(name, np.inf), float(low))
            highest[name] = max(highest.get(name, -np.inf), float(high))
    for name, low in lowest.items():
        spread = highest[name] - low
        if 0 < spread < 2 * unit:
            wanted = math.ceil(-math.log10(spread)) + 3
            do = f"Write `decimals = {wanted}` below `[tasks]` in the settings, or change"
            raise CorpusError(
                f"column {name!r} varies by {spread:.3g} in all samples, but numbers have "
                f"{settings.decimals} decimals, so that its answers would say nothing. "
                f"{do if wanted <= _MOST_DECIMALS else 'Change'} the unit of the column."
            )
