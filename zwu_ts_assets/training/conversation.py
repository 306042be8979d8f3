"""What a conversation is: one question about a sample's media, and its answer.

What belongs here: the type that every export renders in its own shape. What does not: which
questions there are (`tasks`), how they are worded (`prompts`).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Conversation:
    """One training example: media, a question and the answer.

    Attributes:
        id: Unique: the sample's id, a hyphen and the task's name.
        sample_id: The sample it is about.
        split: The sample's split.
        task: Name of the task, for example `forecast`.
        images: Media paths relative to the dataset's artifact folder; one placeholder each.
        videos: Likewise.
        prompt: What the user says, without placeholders of media; every export puts its own,
            images first and then videos, each on a line of its own, in front of it.
        answer: What the assistant says.
    """

    id: str
    sample_id: str
    split: str
    task: str
    images: tuple[str, ...]
    videos: tuple[str, ...]
    prompt: str
    answer: str
