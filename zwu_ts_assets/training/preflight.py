"""What each consumer would make of a corpus, before anybody trains on it.

What belongs here: the report: sizes seen, frames kept, tokens per conversation and question, and
whether figures stay legible. What does not: the rule (`legibility`), what to do (`advice`), how the
report is shown (`preflight_views`).
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.text.qwen import TextTokenizer
from zwu_ts_assets.training.advice import advice, text_advice
from zwu_ts_assets.training.legibility import Drawn, Legibility, Verdict, legibility
from zwu_ts_assets.training.media_tokens import ImageTokens, VideoTokens
from zwu_ts_assets.training.profiles import PROFILES, Profile
from zwu_ts_assets.training.readers import Clip

READ_WELL: Final = 0.99
"""Of the questions answered from pixels, what counts as legible."""

READ_POORLY: Final = 0.9
"""Below this share, what is shown counts as not legible."""


@dataclass(frozen=True)
class ConversationShape:
    """What a preflight needs to know of a conversation.

    Attributes:
        text: Tokens of everything but the media, the chat template included.
        learned: Those among them that a trainer learns: the answers.
        questions: How many it asks.
        images: How many images it shows, figures and line plots, all on one canvas.
        videos: How many videos.
    """

    text: int
    learned: int
    questions: int = 1
    images: int = 1
    videos: int = 1


@dataclass(frozen=True)
class CorpusShape:
    """What a preflight needs to know of a corpus.

    Attributes:
        figure: What the figures are drawn with.
        frame: What the frames of the videos are drawn with.
        frames: Frames of a video.
        fps: Frames per second that its file declares.
        conversations: At least one.
        columns: How many columns are used.
        has_lines: Whether some of the images are line plots, which are drawn as large as figures.
    """

    figure: Drawn
    frame: Drawn
    frames: int
    fps: float
    conversations: tuple[ConversationShape, ...]
    columns: int = 1
    has_lines: bool = False

    def __post_init__(self) -> None:
        """Refuse an empty corpus.

        Raises:
            CorpusError: There is no conversation.
        """
        if not self.conversations:
            raise CorpusError(
                "a preflight of no conversation: expected at least one. Make questions."
            )

    @property
    def questions(self) -> int:
        """How many questions all conversations ask."""
        return sum(each.questions for each in self.conversations)

    @property
    def learned(self) -> int:
        """Tokens of all answers."""
        return sum(each.learned for each in self.conversations)

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
        image_read: The share of questions about figures that pixels answer at this size, as
            measured; None where it was not.
        lines_read: Likewise of line plots and of altered copies: the smaller of the two.
        video_read: Likewise of videos.
        refused: Why the figure or the video is refused.
        visual_tokens: Tokens of the media of all conversations, timestamps and delimiters included.
        median_visual: Of those of the middle conversation.
        minimum: Tokens of the shortest conversation, text included.
        median: Of the middle one.
        maximum: Of the longest.
        longest: The longest conversation.
        total: Of all conversations.
        per_question: Visual tokens for each question, on average.
        learned_per_thousand: Learned tokens for each 1,000 visual ones.
        advice: What to set where something is lost; empty where nothing is.
    """

    profile: Profile
    image: ImageTokens | None
    image_legibility: Legibility | None
    video: VideoTokens | None
    video_legibility: Legibility | None
    image_read: float | None
    lines_read: float | None
    video_read: float | None
    refused: tuple[str, ...]
    visual_tokens: int
    median_visual: float
    minimum: int
    median: float
    maximum: int
    longest: ConversationShape
    total: int
    per_question: float
    learned_per_thousand: float
    advice: tuple[str, ...]

    @property
    def too_long(self) -> bool:
        """Whether the longest conversation is beyond the consumer's limit."""
        limit = self.profile.length_limit
        return limit is not None and self.maximum > limit

    @property
    def verdict(self) -> Verdict:
        """The worst verdict on pictures and video; a refused one cannot be read at all."""
        judged = [verdict for verdict in (self.pictures_verdict, self.video_verdict) if verdict]
        if self.refused:
            judged.append(Verdict.NOT_LEGIBLE)
        return Verdict.worst(judged)

    @property
    def image_verdict(self) -> Verdict | None:
        """Whether figures can be read: as measured, else by the rule; None where refused."""
        return _verdict(self.image_legibility, self.image_read)

    @property
    def lines_verdict(self) -> Verdict | None:
        """Whether line plots can be read, as measured; None where refused or not measured."""
        if self.image is None or self.lines_read is None:
            return None
        return _measured(self.lines_read)

    @property
    def pictures_verdict(self) -> Verdict | None:
        """The worse of the verdicts on figures and line plots."""
        judged = [verdict for verdict in (self.image_verdict, self.lines_verdict) if verdict]
        return Verdict.worst(judged) if judged else None

    @property
    def video_verdict(self) -> Verdict | None:
        """Likewise of videos."""
        return _verdict(self.video_legibility, self.video_read)


def _verdict(judged: Legibility | None, read: float | None) -> Verdict | None:
    if judged is None:
        return None
    return judged.verdict if read is None else _measured(read)


def _measured(read: float) -> Verdict:
    if read >= READ_WELL:
        return Verdict.LEGIBLE
    return Verdict.DOUBTFUL if read >= READ_POORLY else Verdict.NOT_LEGIBLE


@dataclass(frozen=True)
class Preflight:
    """The report on a corpus.

    Attributes:
        corpus: What was looked at.
        consumers: One report each, in the order of the profiles.
        text_advice: What makes very long texts shorter; empty where there is none.
        asked: Of how many questions the shares that are read were measured, by view.
    """

    corpus: CorpusShape
    consumers: tuple[ConsumerReport, ...]
    text_advice: tuple[str, ...] = ()
    asked: Mapping[str, int] = field(default_factory=dict)


def preflight(
    corpus: CorpusShape,
    tokenizer: TextTokenizer,
    profiles: Sequence[Profile] = PROFILES,
    read: Mapping[str, Mapping[str, float]] | None = None,
    asked: Mapping[str, int] | None = None,
) -> Preflight:
    """Report what each consumer would make of a corpus.

    Args:
        corpus: The corpus.
        tokenizer: Qwen3-VL's, for the timestamps of the videos.
        profiles: The consumers.
        read: What share of the questions about pictures and videos a reader of pixels answers at
            each consumer's sizes, by its title and by view; what was not measured is judged by the
            size of digits and cells, but for line plots.
        asked: How many questions that were, by view.

    Returns:
        Exact counts, not estimates. What a consumer refuses is part of the report.
    """
    return Preflight(
        corpus,
        tuple(
            _consumer_report(corpus, tokenizer, profile, (read or {}).get(profile.title, {}))
            for profile in profiles
        ),
        text_advice(max(each.text for each in corpus.conversations), corpus.columns),
        asked or {},
    )


def _consumer_report(
    corpus: CorpusShape, tokenizer: TextTokenizer, profile: Profile, read: Mapping[str, float]
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
    visual = [
        (image.tokens if image else 0) * each.images + (video.tokens if video else 0) * each.videos
        for each in corpus.conversations
    ]
    texts = [
        each.text - (0 if profile.line_ends else each.images + each.videos)
        for each in corpus.conversations
    ]
    totals = [media + text for media, text in zip(visual, texts, strict=True)]
    longest = corpus.conversations[totals.index(max(totals))]
    of_lines = [read[view] for view in ("lines", "altered") if view in read]
    lines_read = min(of_lines) if of_lines and corpus.has_lines else None
    return ConsumerReport(
        profile=profile,
        image=image,
        image_legibility=legibility(corpus.figure, image.size) if image else None,
        video=video,
        video_legibility=legibility(corpus.frame, video.size) if video else None,
        image_read=read.get("figure"),
        lines_read=lines_read,
        video_read=read.get("video"),
        refused=tuple(refused),
        visual_tokens=sum(visual),
        median_visual=statistics.median(visual),
        minimum=min(totals),
        median=statistics.median(totals),
        maximum=max(totals),
        longest=longest,
        total=sum(totals),
        per_question=sum(visual) / corpus.questions,
        learned_per_thousand=1000 * corpus.learned / max(sum(visual), 1),
        advice=advice(
            profile,
            figure=corpus.figure,
            frame=corpus.frame,
            clip=corpus.clip,
            image=image,
            video=video,
            longest_text=longest.text,
            images=longest.images,
            videos=longest.videos,
            tokenizer=tokenizer,
            image_read=read.get("figure", 0.0) >= READ_WELL,
            lines_read=lines_read is None or lines_read >= READ_WELL,
            video_read=read.get("video", 0.0) >= READ_WELL,
        ),
    )
