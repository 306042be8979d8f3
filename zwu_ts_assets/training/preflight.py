"""What each consumer would make of a corpus, before anybody trains on it.

What belongs here: the report: sizes seen, frames kept, tokens per sample and in all, and whether
figures stay legible. What does not: the rule (`legibility`), what to do (`advice`), how the report
is shown (`preflight_views`).
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.text.qwen import TextTokenizer
from zwu_ts_assets.training.advice import advice, text_advice
from zwu_ts_assets.training.legibility import Drawn, Legibility, Verdict, legibility
from zwu_ts_assets.training.media_tokens import ImageTokens, VideoTokens
from zwu_ts_assets.training.profiles import PROFILES, Profile
from zwu_ts_assets.training.readers import Clip


@dataclass(frozen=True)
class TextTokens:
    """Tokens of text per sample: everything but the media, the chat template included.

    Attributes:
        samples: Number of samples.
        minimum: Of the shortest.
        median: Of the middle one; halfway between the two middle ones of an even number.
        maximum: Of the longest.
        total: Of all together.
    """

    samples: int
    minimum: int
    median: float
    maximum: int
    total: int

    @classmethod
    def of(cls, counts: Sequence[int]) -> "TextTokens":
        """Summarise the counts of one or more samples.

        Raises:
            CorpusError: There are none.
        """
        if not counts:
            raise CorpusError("a preflight of no samples: expected at least one. Make samples.")
        return cls(len(counts), min(counts), statistics.median(counts), max(counts), sum(counts))


@dataclass(frozen=True)
class CorpusShape:
    """What a preflight needs to know of a corpus whose samples have figures and a video each.

    Attributes:
        figure: What the figures are drawn with.
        frame: What the frames of the videos are drawn with.
        frames: Frames of a video.
        fps: Frames per second that its file declares.
        text: Tokens of text.
        pictures: Pictures of a sample: the figure, and a line plot on the same canvas if it is 2.
        columns: How many columns are used.
        longest: Tokens of the longest text of each task.
    """

    figure: Drawn
    frame: Drawn
    frames: int
    fps: float
    text: TextTokens
    pictures: int = 1
    columns: int = 1
    longest: Mapping[str, int] = field(default_factory=dict)

    @property
    def clip(self) -> Clip:
        """The video as a file."""
        return Clip(self.frame.size, self.frames, self.fps)


@dataclass(frozen=True)
class ConsumerReport:
    """What one consumer makes of the corpus.

    Attributes:
        profile: The consumer.
        image: The figure as the model gets it; None where it is refused.
        image_legibility: Whether it can be read; None where it is refused.
        video: The video, likewise.
        video_legibility: Likewise.
        refused: Why the figure or the video is refused.
        visual_tokens: Tokens of a sample's media, timestamps and delimiters included.
        minimum: Tokens of the shortest sample, text included.
        median: Of the middle one.
        maximum: Of the longest.
        total: Of all samples.
        advice: What to set where something is lost; empty where nothing is.
    """

    profile: Profile
    image: ImageTokens | None
    image_legibility: Legibility | None
    video: VideoTokens | None
    video_legibility: Legibility | None
    refused: tuple[str, ...]
    visual_tokens: int
    minimum: int
    median: float
    maximum: int
    total: int
    advice: tuple[str, ...]

    @property
    def too_long(self) -> bool:
        """Whether the longest sample is beyond the consumer's limit."""
        limit = self.profile.length_limit
        return limit is not None and self.maximum > limit

    @property
    def verdict(self) -> Verdict:
        """The worst verdict on figure and video; a refused one cannot be read at all."""
        judged = [judgement.verdict for judgement in self._judgements if judgement]
        if self.refused:
            judged.append(Verdict.NOT_LEGIBLE)
        return Verdict.worst(judged)

    @property
    def _judgements(self) -> tuple[Legibility | None, Legibility | None]:
        return self.image_legibility, self.video_legibility


@dataclass(frozen=True)
class Preflight:
    """The report on a corpus.

    Attributes:
        corpus: What was looked at.
        consumers: One report each, in the order of the profiles.
        text_advice: What makes very long texts shorter; empty where there is none.
    """

    corpus: CorpusShape
    consumers: tuple[ConsumerReport, ...]
    text_advice: tuple[str, ...] = ()


def preflight(
    corpus: CorpusShape, tokenizer: TextTokenizer, profiles: Sequence[Profile] = PROFILES
) -> Preflight:
    """Report what each consumer would make of a corpus.

    Args:
        corpus: The corpus.
        tokenizer: Qwen3-VL's, for the timestamps of the videos.
        profiles: The consumers.

    Returns:
        Exact counts, not estimates. What a consumer refuses is part of the report.
    """
    return Preflight(
        corpus,
        tuple(_consumer_report(corpus, tokenizer, profile) for profile in profiles),
        text_advice(corpus.longest, corpus.columns),
    )


def _consumer_report(
    corpus: CorpusShape, tokenizer: TextTokenizer, profile: Profile
) -> ConsumerReport:
    image: ImageTokens | None = None
    video: VideoTokens | None = None
    refused = []
    try:
        image = profile.image(corpus.figure.size)
    except CorpusError as error:
        refused.append(str(error))
    try:
        video = profile.video(corpus.clip, tokenizer)
    except CorpusError as error:
        refused.append(str(error))
    pictures = image.tokens * corpus.pictures if image else 0
    visual = pictures + (video.tokens if video else 0)
    text = corpus.text
    further = pictures - image.tokens if image else 0
    return ConsumerReport(
        profile=profile,
        image=image,
        image_legibility=legibility(corpus.figure, image.size) if image else None,
        video=video,
        video_legibility=legibility(corpus.frame, video.size) if video else None,
        refused=tuple(refused),
        visual_tokens=visual,
        minimum=visual + text.minimum,
        median=visual + text.median,
        maximum=visual + text.maximum,
        total=visual * text.samples + text.total,
        advice=advice(
            profile,
            figure=corpus.figure,
            frame=corpus.frame,
            clip=corpus.clip,
            image=image,
            video=video,
            longest_text=text.maximum + further,
            tokenizer=tokenizer,
        ),
    )
