"""What a conversation is: media of a window, and questions about them with their answers.

What belongs here: the types that every export renders in its own shape. What does not: which
questions there are (`picture/`), which of them share a conversation (`conversations`).
"""

from dataclasses import dataclass

from zwu_ts_assets.training.picture.question import PictureQuestion


@dataclass(frozen=True)
class Turn:
    """One question and its answer within a conversation.

    Attributes:
        question: What is asked, with its typed answer.
        prompt: What the user says, without placeholders of media; every export puts its own, images
            first and then videos, each on a line of its own, in front of it.
        answer: What the assistant says.
        images: How many of the conversation's images the user shows with this turn.
        videos: Likewise.
    """

    question: PictureQuestion
    prompt: str
    answer: str
    images: int = 0
    videos: int = 0


@dataclass(frozen=True)
class Conversation:
    """One training example: media and one or more questions about them.

    Attributes:
        id: Unique: the sample's id, `-c` and a number.
        sample_id: The sample whose figure it shows.
        split: The sample's split.
        images: Media paths relative to the dataset's artifact folder, in the order in which the
            turns show them; one placeholder each.
        videos: Likewise.
        turns: At least one.
    """

    id: str
    sample_id: str
    split: str
    images: tuple[str, ...]
    videos: tuple[str, ...]
    turns: tuple[Turn, ...]
