"""What a sample and a conversation are: a window with all that is known of it, and what is asked.

What belongs here: the types that everything behind the samples shares, and that every export
renders in its own shape. What does not: how samples are made (`samples`) and kept (`sample_table`),
which split one is in (`splits`), which questions there are (`picture/`), and which of them share a
conversation (`conversations`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.timeseries.series import FIXED, TimeAxis
from zwu_ts_assets.timeseries.windows import Selection
from zwu_ts_assets.training.picture.question import PictureQuestion
from zwu_ts_assets.training.split_rule import SPLITS

__all__ = ["SPLITS", "Conversation", "Sample", "Turn", "sample_id"]


@dataclass(frozen=True, eq=False)
class Sample:
    """One usable window: its past, its target span and its media.

    Attributes:
        id: Unique and stable: the dataset and the first row of the past, see `sample_id`.
        dataset: Name of the dataset.
        split: One of `SPLITS`.
        batch: Index of the batch that owns the window.
        past_start: First row of the past, counted from 0 in the CSV's data rows.
        past_stop: The row after the past's last one; the target begins here.
        target_stop: The row after the target's last one.
        past_timestamps: (past_stop - past_start,) datetime64[s].
        target_timestamps: (target_stop - past_stop,) datetime64[s].
        features: Names of the columns, in order.
        units: Unit of each column; an empty string where none is known.
        past: (past rows, features) float64: the numbers behind the media.
        target: (target rows, features) float64: what a forecast is held against.
        image: The figure, relative to the dataset's artifact folder, with `/` between its parts.
        video: The video, likewise.
        line_plot: The plot of its values, likewise; empty if none was drawn.
        altered_plot: The plot of its altered copy's values, likewise.
        alteration: What was done to that copy, such as `a spike in HUFL, steps 24 to 35`; empty
            where none was drawn.
        stats_text: The window's statistics as text, as the corpus has them.
        stats_tokens: Ids of that text in the corpus' tokenizer.
        image_tokens: Tokens of the figure in Qwen3-VL, with its two delimiters.
        video_tokens: Tokens of the video in Qwen3-VL, with timestamps and delimiters.
        flags: Data quality flags, such as `constant:LUFL`; empty for an ordinary window.
        fingerprints: Content version of what it was made from, by asset name: `batch_windows`,
            `correlation_pngs`, `patch_videos`, and `target` for the rows of the target.
        shown: The columns that the feature panels show; None where they show all.
        axis: What a step is.
        labels: What each row of the past is labelled; empty where nothing labels the rows.
    """

    id: str
    dataset: str
    split: str
    batch: int
    past_start: int
    past_stop: int
    target_stop: int
    past_timestamps: NDArray[np.datetime64]
    target_timestamps: NDArray[np.datetime64]
    features: tuple[str, ...]
    units: tuple[str, ...]
    past: NDArray[np.float64]
    target: NDArray[np.float64]
    image: str
    video: str
    line_plot: str
    stats_text: str
    stats_tokens: int
    image_tokens: int
    video_tokens: int
    flags: tuple[str, ...]
    fingerprints: Mapping[str, str]
    shown: Selection | None = None
    axis: TimeAxis = FIXED
    altered_plot: str = ""
    alteration: str = ""
    labels: tuple[str, ...] = ()

    @property
    def panel_columns(self) -> tuple[int, ...]:
        """The columns of the feature panels, in their order: what can be read off the figure."""
        return self.shown.columns if self.shown else tuple(range(len(self.features)))


def sample_id(dataset: str, past_start: int) -> str:
    """The id of the sample whose past starts at a row, for example `etth1-r0001632`.

    Told by the row and not by the batch, so that it stays unique when windows overlap and a batch
    owns several. It has no dot: WebDataset would take what follows for a file's extension.
    """
    return f"{dataset}-r{past_start:07d}"


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
