"""What the formats share whose rows are single questions: for rewards and for evaluation.

What belongs here: a question with its media in a conversation of its own, what is right about it,
and the reward. What does not: any format's shape, Parquet (`parquet`).
"""

from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from typing import Final

from zwu_ts_assets.storage.spool import Spool
from zwu_ts_assets.training import reward
from zwu_ts_assets.training.conversation import Conversation, Turn
from zwu_ts_assets.training.export_files import WrittenFile
from zwu_ts_assets.training.exports.rows import written
from zwu_ts_assets.training.exports.source import ExportSource
from zwu_ts_assets.training.reward import Truth, truth_json
from zwu_ts_assets.training.sample import Sample

REWARD: Final = "reward.py"
"""The file that reads and grades answers, in every export of single questions."""


def single_source(source: ExportSource) -> ExportSource:
    """The same questions, each in a conversation of its own that has the question's id.

    A question that was not the first of its conversation is asked with all media shown up to it.
    """
    made = (each for conversation in source.conversations for each in _singly(conversation))
    return replace(source, conversations=Spool(made))


def _singly(conversation: Conversation) -> Iterator[Conversation]:
    images = videos = 0
    for turn in conversation.turns:
        images, videos = images + turn.images, videos + turn.videos
        yield replace(
            conversation,
            id=turn.question.id,
            images=conversation.images[:images],
            videos=conversation.videos[:videos],
            turns=(replace(turn, images=images, videos=videos),),
        )


def truth_text(sample: Sample, turn: Turn) -> str:
    """What is right about a question, as the reward takes it."""
    question = turn.question
    column = question.subject.get("feature")
    ahead = question.form == "numbers" and column in sample.features
    last = float(sample.past[-1, sample.features.index(str(column))]) if ahead else None
    truth = Truth(question.form, question.answer, question.options, question.tolerance, last)
    return truth_json(truth)


def reward_file() -> WrittenFile:
    """The file with the reward, as the scorer has it."""
    # Beside the module that is imported, wherever that is.
    content = resources.files(reward.__package__ or "").joinpath(REWARD).read_bytes()
    return written(REWARD, content)
