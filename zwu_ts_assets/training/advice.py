"""What to set where a consumer would shrink, drop or cut something, and where texts are very long.

What belongs here: sentences with a setting of the consumer's, or of the corpus' canvas, each tried
out on the consumer's own arithmetic before it is given; and with settings that shorten texts. What
does not: judging legibility (`legibility`) and the consumers' numbers (`profiles`).
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.figure_layout import DESIGN_DPI, Canvas
from zwu_ts_assets.text.qwen import TextTokenizer
from zwu_ts_assets.training.legibility import Drawn, Verdict, legibility
from zwu_ts_assets.training.media_tokens import ImageTokens, VideoTokens, gridded_image
from zwu_ts_assets.training.processor import Processor, Size
from zwu_ts_assets.training.profiles import Profile
from zwu_ts_assets.training.readers import Clip

_BLOCK = Processor().block

LONG_TEXT: Final = 10_000
"""Texts of more tokens call for advice: figure and video of the default canvas are 8,716, so that
most of such a conversation is text."""


def advice(
    profile: Profile,
    *,
    figure: Drawn,
    frame: Drawn,
    clip: Clip,
    image: ImageTokens | None,
    video: VideoTokens | None,
    longest_text: int,
    tokenizer: TextTokenizer,
    images: int = 1,
    videos: int = 1,
    image_read: bool = False,
    lines_read: bool = True,
    video_read: bool = False,
) -> tuple[str, ...]:
    """Say what to set for one consumer.

    Args:
        profile: The consumer.
        figure: What the figures are drawn with.
        frame: What the frames of the videos are drawn with.
        clip: A video of the corpus.
        image: A figure as the model gets it; None where it is refused, which needs no advice
            beside the reason.
        video: A video, likewise.
        longest_text: Tokens of the longest conversation's text.
        tokenizer: Qwen3-VL's, for the timestamps.
        images: Images of that conversation.
        videos: Its videos.
        image_read: Whether it was measured that figures can be read as the model gets them; then
            the rule on the size of digits and cells is not asked.
        lines_read: Whether it was not measured that line plots cannot be read; there is no rule.
        video_read: As `image_read`, of videos.

    Returns:
        Sentences; none where everything arrives legible, whole and within the limit. Each assumes
        that those before it are followed, each in the first way that it names.
    """
    sentences = []
    tokens = longest_text
    if image:
        raised = image.tokens  # by a cap that figures and line plots share
        if not image_read and legibility(figure, image.size).verdict != Verdict.LEGIBLE:
            sentence, raised = _image_advice(profile, figure, image)
            sentences.append(sentence)
        if not lines_read:
            sentence, tokens_then = _lines_advice(profile, figure.size, image)
            sentences.append(sentence)
            raised = max(raised, tokens_then)
        tokens += raised * images
    if video:
        if len(video.kept) < clip.frames:
            sentence, clip = _frames_advice(profile, clip, video, tokenizer)
            sentences.append(sentence)
            video = profile.video(clip, tokenizer)
        raised = video.tokens
        if not video_read and legibility(frame, video.size).verdict != Verdict.LEGIBLE:
            sentence, raised = _video_advice(profile, frame, clip, video, tokenizer)
            sentences.append(sentence)
        tokens += raised * videos
    if profile.length_limit is not None and tokens > profile.length_limit:
        sentences.append(_length_advice(profile, profile.length_limit, tokens))
    return tuple(sentences)


def text_advice(longest: int, columns: int) -> tuple[str, ...]:
    """Say what makes texts shorter, whoever reads them.

    Args:
        longest: Tokens of the longest conversation's text.
        columns: How many columns are used.

    Returns:
        Sentences; none where no text has more than `LONG_TEXT` tokens.
    """
    if longest <= LONG_TEXT:
        return ()
    return (
        f"The texts of a conversation have up to {longest:,} tokens for {columns} columns: make "
        "`questions_per_conversation` smaller, or use fewer columns in `features`, which are all "
        "named where media are introduced.",
    )


def _image_advice(profile: Profile, figure: Drawn, image: ImageTokens) -> tuple[str, int]:
    raised = profile.caps.image

    def setting(size: Size) -> str | None:
        return raised(size.width * size.height) if raised else None

    return _ways(
        "figure",
        figure,
        setting=setting,
        seen=lambda size: profile.image(size).size,
        tokens=lambda size: gridded_image(size, profile.processor).tokens,
        now=image.tokens,
    )


def _lines_advice(profile: Profile, drawn: Size, image: ImageTokens) -> tuple[str, int]:
    """What makes line plots legible, and the tokens of one then; no rule tells a smaller size."""
    raised = profile.caps.image
    if image.size == drawn:
        sentence = (
            "The line plots cannot be read even as they are drawn. Draw them on a larger canvas, "
            "or show fewer columns (setting `figure_columns`)."
        )
        return sentence, image.tokens
    if raised is None:
        sentence = (
            "The line plots cannot be made legible: nothing raises the cap. Use another consumer, "
            "or write `line_plots = false`, so that nothing is asked about them."
        )
        return sentence, image.tokens
    tokens = gridded_image(drawn, profile.processor).tokens
    sentence = (
        f"The line plots: set `{raised(drawn.width * drawn.height)}` to see them as they are "
        f"drawn, {tokens:,} tokens each; or write `line_plots = false`, so that nothing is asked "
        "about them."
    )
    return sentence, tokens


def _video_advice(
    profile: Profile, frame: Drawn, clip: Clip, video: VideoTokens, tokenizer: TextTokenizer
) -> tuple[str, int]:
    pairs = video.grid_thw[0]
    raised = profile.caps.video

    def setting(size: Size) -> str | None:
        frames = pairs * profile.processor.temporal_patch
        return raised(size.width * size.height, frames) if raised else None

    def seen(size: Size) -> Size:
        return profile.video(replace(clip, size=size), tokenizer).size

    def tokens(size: Size) -> int:
        # Timestamps and delimiters stay; only the pads of each pair of frames change.
        return video.tokens - video.pads + pairs * gridded_image(size, profile.processor).pads

    return _ways("video", frame, setting=setting, seen=seen, tokens=tokens, now=video.tokens)


def _ways(
    what: str,
    drawn: Drawn,
    *,
    setting: Callable[[Size], str | None],
    seen: Callable[[Size], Size],
    tokens: Callable[[Size], int],
    now: int,
) -> tuple[str, int]:
    """The ways to make a medium legible, and its tokens after the first of them."""
    if legibility(drawn, drawn.size).verdict != Verdict.LEGIBLE:
        sentence = (
            f"The {what} cannot be read even as it is drawn. Draw it on a larger canvas, or show "
            "fewer features or shorter windows."
        )
        return sentence, now
    ways, counts = [], []
    whole = setting(drawn.size)
    if whole:
        counts.append(tokens(drawn.size))
        ways.append(f"set `{whole}` to see it as it is drawn, {counts[-1]:,} tokens")
    smaller = list(_legible_canvases(drawn))
    below = next((size for size in smaller if _passes(size, seen)), None)
    if below:
        counts.append(tokens(below))
        ways.append(
            f"draw it on a canvas of {below}, which needs no setting, {counts[-1]:,} tokens"
        )
    elif smaller and (least := setting(smaller[-1])):
        counts.append(tokens(smaller[-1]))
        ways.append(
            f"draw it on a canvas of {smaller[-1]}, the smallest that can be read, and set "
            f"`{least}`, {counts[-1]:,} tokens"
        )
    if not ways:
        sentence = (
            f"The {what} cannot be made legible: nothing raises the cap, and no canvas that can be "
            "read is below it. Use another consumer."
        )
        return sentence, now
    return f"The {what}: {'; or '.join(ways)}.", counts[0]


def _passes(size: Size, seen: Callable[[Size], Size]) -> bool:
    try:
        return seen(size) == size
    except CorpusError:
        return False


def _legible_canvases(drawn: Drawn) -> Iterator[Size]:
    """Smaller canvases of about the same shape that can be read as drawn, the largest first."""
    for width in range(drawn.size.width - _BLOCK, 0, -_BLOCK):
        height = round(width * drawn.size.height / drawn.size.width / _BLOCK) * _BLOCK
        try:
            canvas = Canvas(width, height)
        except CorpusError:
            return  # too small to be drawn at all
        # Text is drawn by the canvas' scale; panels and cells follow its sides.
        scale = min(width / drawn.size.width, height / drawn.size.height)
        dpi = DESIGN_DPI * canvas.scale
        size = Size(width, height)
        smaller = replace(drawn, size=size, dpi=dpi, cell=drawn.cell * scale)
        if legibility(smaller, size).verdict == Verdict.LEGIBLE:
            yield size


def _frames_advice(
    profile: Profile, clip: Clip, video: VideoTokens, tokenizer: TextTokenizer
) -> tuple[str, Clip]:
    """What keeps every frame, and the video as it is then."""
    lost = f"Only {len(video.kept)} of {clip.frames} frames are kept: "
    at_rate = replace(clip, fps=profile.sampling_fps)
    even = replace(at_rate, frames=clip.frames + clip.frames % 2)
    rate = f"write the videos at {profile.sampling_fps:g} frames per second"
    tries = (
        (
            even if clip.fps == even.fps else None,
            "give the videos an even number of frames (setting `frame_multiple`).",
        ),
        (at_rate, f"{rate} (setting `fps`)."),
        (even, f"{rate} with an even number of frames (settings `fps` and `frame_multiple`)."),
    )
    for changed, way in tries:
        if changed and len(profile.video(changed, tokenizer).kept) == changed.frames:
            return lost + way, changed
    most = len(profile.video(even, tokenizer).kept)
    way = f"at most {most} ever are. Make fewer patches (setting `patch_stride`)."
    return lost + way, replace(even, frames=most)


def _length_advice(profile: Profile, limit: int, tokens: int) -> str:
    way = profile.caps.length
    setting = f" Set `{way(tokens)}`." if way else ""
    return (
        f"The longest conversation would have {tokens:,} tokens, beyond the limit of {limit:,}: "
        f"{profile.beyond_limit}.{setting}"
    )
