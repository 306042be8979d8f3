"""The consumers of a corpus as data, and how many tokens a conversation is for each of them.

What belongs here: how each reads media, its caps, how to raise them, and where each number was
read; adding up prompts, answers, media and the chat template. What does not: the arithmetic of
media (`processor`, `media_tokens`, `readers`), what follows for a corpus (`preflight`).

Every number is a default that somebody meets who changes nothing. The sources were read at the
versions named; a trainer of another version may differ.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.text.qwen import TextTokenizer
from zwu_ts_assets.training.media_tokens import ImageTokens, VideoTokens
from zwu_ts_assets.training.processor import Processor, Size
from zwu_ts_assets.training.readers import (
    Clip,
    LlamaFactory,
    ProcessorAlone,
    QwenVlUtils,
    Reader,
)


@dataclass(frozen=True)
class Caps:
    """How the settings of a consumer are raised; each sentence is for the user.

    Attributes:
        image: Pixels of an image to the setting that lets it through; None where there is none.
        video: Pixels of a frame and number of frames kept to the setting, likewise.
        length: Tokens of the longest conversation to the setting, likewise.
    """

    image: Callable[[int], str] | None = None
    video: Callable[[int, int], str] | None = None
    length: Callable[[int], str] | None = None


@dataclass(frozen=True)
class Profile:
    """A consumer with its defaults.

    Attributes:
        name: Lower-case name, unique.
        title: Name for people.
        source: Which files of which version the numbers were read in.
        reader: How it reads media.
        processor: Qwen3-VL's processor with this consumer's settings.
        caps: How to raise what limits the media.
        length_limit: The longest conversation in tokens; None where only the model limits it.
        beyond_limit: What happens to a longer one.
        videos: Whether it reads videos at all.
        line_ends: Whether it keeps the line end behind the placeholder of a medium.
    """

    name: str
    title: str
    source: str
    reader: Reader = field(default_factory=ProcessorAlone)
    processor: Processor = field(default_factory=Processor)
    caps: Caps = field(default_factory=Caps)
    length_limit: int | None = None
    beyond_limit: str = ""
    videos: bool = True
    line_ends: bool = True

    @property
    def sampling_fps(self) -> float:
        """Frames per second that it keeps of a video."""
        if isinstance(self.reader, QwenVlUtils | LlamaFactory):
            return self.reader.sampling_fps
        return self.processor.sampling_fps

    def image(self, size: Size) -> ImageTokens:
        """An image of so many pixels as the model gets it.

        Raises:
            CorpusError: It is refused.
        """
        return self.reader.image(size, self.processor)

    def video(self, clip: Clip, tokenizer: TextTokenizer) -> VideoTokens:
        """A video as the model gets it.

        Raises:
            CorpusError: It is refused, or this consumer reads no videos.
        """
        if not self.videos:
            raise CorpusError(
                f"{self.title} reads no videos. Export samples with the figure alone for it, or "
                "train with another: a row with a video in its place ends in an error, and where "
                "the text alone names the video, it trains on the rest and says nothing."
            )
        return self.reader.video(clip, tokenizer, self.processor)


def _tokens(pixels: int) -> int:
    return -(-pixels // Processor().block ** 2)


# Pixels published in the models' preprocessor_config.json and video_preprocessor_config.json;
# sampling in transformers 5.23, models/qwen3_vl/video_processing_qwen3_vl.py.
_PUBLISHED = Profile(
    name="qwen3_vl",
    title="Qwen3-VL's processor",
    source=(
        "transformers 5.23, models/qwen3_vl and models/qwen2_vl, with the preprocessor settings "
        "published with Qwen3-VL-2B-Instruct"
    ),
    caps=Caps(
        image=lambda pixels: f"image_processor.size['longest_edge'] = {pixels}",
        video=lambda pixels, frames: f"video_processor.size['longest_edge'] = {pixels * frames}",
    ),
)

# The same with the option that transformers announces as its future default: it caps each frame
# at 768 tokens (class attribute max_video_tokens of the video processor).
_CAPPED = Profile(
    name="qwen3_vl_capped",
    title="Qwen3-VL's processor, frames capped",
    source="transformers 5.23, models/qwen3_vl/video_processing_qwen3_vl.py: cap_pixels_per_frame",
    processor=Processor(frame_max_tokens=768),
    caps=Caps(
        image=lambda pixels: f"image_processor.size['longest_edge'] = {pixels}",
        video=lambda pixels, frames: f"video_processor.max_video_tokens = {_tokens(pixels)}",
    ),
)

_FINETUNE_CAPS = Caps(
    image=lambda pixels: f"--max_pixels {pixels}",
    # A cap on the whole clip, unlike everybody else's.
    video=lambda pixels, frames: f"--video_max_pixels {pixels * frames}",
)
_CUT_OFF = "its end, and with it the answer, is cut off"

# class DataArguments: max_pixels, min_pixels, video_*; class TrainingArguments: model_max_length.
# The pixels of a video replace `size` of the video processor, which counts all frames together.
# Written for transformers 4.57, which swallows the outer delimiters. (update_processor_pixels asks
# whether `size` is a dict; in transformers 5 it is none, and the caps are not set at all: a row of
# a figure and a video then has 13,917 tokens.) Its --model_max_length reaches no collator, so
# nothing is cut.
_FINETUNE_PROCESSOR = Processor(
    image_min_pixels=28 * 28 * 16,
    image_max_pixels=28 * 28 * 576,
    video_min_pixels=256 * 28 * 28,
    video_max_pixels=1024 * 28 * 28,
    sampling_fps=2.0,
    min_frames=4,
    max_frames=8,
    wrapped=False,
)
_FINETUNE = Profile(
    name="qwen_finetune",
    title="Qwen-VL fine-tuning (transformers 4.57), arguments' defaults",
    source="QwenLM/Qwen3-VL at 96588727, qwen-vl-finetune/qwenvl/train/argument.py",
    processor=_FINETUNE_PROCESSOR,
    caps=_FINETUNE_CAPS,
    line_ends=False,
)

# The launch script passes --max_pixels 50176 --min_pixels 784 --model_max_length 8192.
_FINETUNE_SCRIPT = Profile(
    name="qwen_finetune_script",
    title="Qwen-VL fine-tuning (transformers 4.57), launch script",
    source="QwenLM/Qwen3-VL at 96588727, qwen-vl-finetune/scripts/sft_qwen3_4b.sh",
    processor=Processor(
        image_min_pixels=784,
        image_max_pixels=50_176,
        video_min_pixels=_FINETUNE_PROCESSOR.video_min_pixels,
        video_max_pixels=_FINETUNE_PROCESSOR.video_max_pixels,
        min_frames=_FINETUNE_PROCESSOR.min_frames,
        max_frames=_FINETUNE_PROCESSOR.max_frames,
        wrapped=False,
    ),
    caps=_FINETUNE_CAPS,
    line_ends=False,
)


def _swift_video(pixels: int, frames: int) -> str:
    setting = f"VIDEO_MAX_TOKEN_NUM={_tokens(pixels)}"
    # A frame may not have more than its share of the budget of the whole video either.
    needed = QwenVlUtils().sequence_needed(pixels, frames, Processor().block)
    return setting if needed is None else f"{setting} MODEL_SEQ_LEN={needed}"


_SWIFT_CAPS = Caps(
    image=lambda pixels: f"IMAGE_MAX_TOKEN_NUM={_tokens(pixels)}", video=_swift_video
)

# docs/source_en/Instruction/Command-line-parameters.md, section qwen3_vl: IMAGE_MIN_TOKEN_NUM 4,
# IMAGE_MAX_TOKEN_NUM 16384, VIDEO_MIN_TOKEN_NUM 128, VIDEO_MAX_TOKEN_NUM 768, FPS 2.0, FRAME_FACTOR
# 2, FPS_MIN_FRAMES 4, FPS_MAX_FRAMES 768, which are the constants of qwen-vl-utils 0.0.14. The
# frames then go to the processor with do_resize=False (swift/template/templates/qwen.py). Without
# max_length only the model limits a sample; a longer one is deleted (truncation_strategy). Scripts
# that call qwen_vl_utils.process_vision_info themselves read in the same way.
_SWIFT = Profile(
    name="ms_swift",
    title="ms-swift, and qwen-vl-utils",
    source=(
        "modelscope/ms-swift v4.5.2, docs/source_en/Instruction/Command-line-parameters.md and "
        "swift/template/templates/qwen.py; qwen-vl-utils 0.0.14, vision_process.py"
    ),
    reader=QwenVlUtils(),
    caps=_SWIFT_CAPS,
)

# docs/source_en/BestPractices/Qwen3-VL-Best-Practice.md starts every training with
# IMAGE_MAX_TOKEN_NUM=1024 VIDEO_MAX_TOKEN_NUM=128 FPS_MAX_FRAMES=16.
_SWIFT_GUIDE = Profile(
    name="ms_swift_guide",
    title="ms-swift, its guide for Qwen3-VL",
    source="modelscope/ms-swift v4.5.2, docs/source_en/BestPractices/Qwen3-VL-Best-Practice.md",
    reader=QwenVlUtils(image_max_tokens=1024, frame_max_tokens=128, max_frames=16),
    caps=_SWIFT_CAPS,
)

# image_max_pixels 768*768, image_min_pixels 32*32, video_max_pixels 256*256, video_min_pixels
# 16*16, video_fps 2.0, video_maxlen 128 in model_args.py; cutoff_len 2048 in data_args.py. Its
# plugin for Qwen3-VL builds the text itself, without outer delimiters.
_LLAMA_FACTORY = Profile(
    name="llama_factory",
    title="LLaMA-Factory",
    source=(
        "hiyouga/LLaMA-Factory v0.9.5, src/llamafactory/hparams/model_args.py and data_args.py, "
        "src/llamafactory/data/mm_plugin.py"
    ),
    reader=LlamaFactory(),
    processor=Processor(wrapped=False),
    caps=Caps(
        image=lambda pixels: f"image_max_pixels: {pixels}",
        video=lambda pixels, frames: f"video_max_pixels: {pixels}",
        length=lambda tokens: f"cutoff_len: {tokens}",
    ),
    length_limit=2048,
    # Cut in the middle of the media's tokens, which no longer fit the media: seen with 0.9.5.
    beyond_limit="training ends in an error (shape mismatch)",
)

# max_length 1024 with truncation_mode "keep_start" in sft_config.py; the collator for vision in
# sft_trainer.py reads the column `images` and none with videos, and leaves images to the processor.
_TRL = Profile(
    name="trl",
    title="TRL's SFTTrainer",
    source="huggingface/trl v1.16.0, trl/trainer/sft_config.py and sft_trainer.py",
    caps=Caps(
        image=lambda pixels: f"image_processor.size['longest_edge'] = {pixels}",
        length=lambda tokens: "max_length=None",
    ),
    length_limit=1024,
    beyond_limit=_CUT_OFF,
    videos=False,
)

PROFILES: Final = (
    _PUBLISHED,
    _CAPPED,
    _FINETUNE,
    _FINETUNE_SCRIPT,
    _SWIFT,
    _SWIFT_GUIDE,
    _LLAMA_FACTORY,
    _TRL,
)
"""All consumers, in the order of the report; Qwen3-VL's own processor first."""


_TURN: Final = "<|im_start|>user\n<|im_end|>\n<|im_start|>assistant\n<|im_end|>\n"
_LINE_END: Final = "<|vision_end|>\n<|vision_end|>"

Lengths = dict[str, int | None]
"""By the name of a consumer: tokens; None where it refuses the media, or reads no videos."""

TurnTokens = tuple[int, int]
"""Tokens of a prompt and of its answer, without white space around them."""

MeasureLengths = Callable[[Sequence[TurnTokens], Sequence[Size], Sequence[Clip]], Lengths]
"""`ConversationLengths.of`."""


class ConversationLengths:
    """Measures conversations for each consumer with its defaults, before it cuts anything.

    The template of Qwen3-VL: no system message; each medium between two delimiters, on a line of
    its own. Special tokens and line ends cut the text around prompts and answers, which begin with
    no white space, so the tokens of all parts add up.
    """

    def __init__(self, tokenizer: TextTokenizer, profiles: Sequence[Profile] = PROFILES) -> None:
        """Count what is the same in all conversations.

        Args:
            tokenizer: Qwen3-VL's, with which prompts and answers are counted too.
            profiles: The consumers.
        """
        self._tokenizer = tokenizer
        self._profiles = profiles
        self._turn = len(tokenizer.encode(_TURN)[1])
        self._line_end = len(tokenizer.encode(_LINE_END)[1]) - 2
        self._media: dict[tuple[str, Size | Clip], int | None] = {}

    def text(self, turns: Sequence[TurnTokens], media: int) -> int:
        """Tokens of a conversation without its media, whose delimiters are counted with them.

        Args:
            turns: Tokens of each prompt and answer.
            media: How many media the conversation shows.
        """
        return sum(map(sum, turns)) + self._turn * len(turns) + self._line_end * media

    def of(
        self, turns: Sequence[TurnTokens], images: Sequence[Size], videos: Sequence[Clip]
    ) -> Lengths:
        """Tokens of a conversation.

        Args:
            turns: Tokens of each prompt and answer.
            images: Pixels of each image that is shown.
            videos: The videos that are shown.
        """
        shown: list[Size | Clip] = [*images, *videos]
        text = self.text(turns, len(shown))
        found: Lengths = {}
        for profile in self._profiles:
            media = [self._medium(profile, each) for each in shown]
            known = [count for count in media if count is not None]
            lost = 0 if profile.line_ends else self._line_end * len(shown)
            found[profile.name] = text - lost + sum(known) if len(known) == len(shown) else None
        return found

    def _medium(self, profile: Profile, medium: Size | Clip) -> int | None:
        """Tokens of a medium, delimiters and timestamps included; None where it is refused."""
        key = (profile.name, medium)
        if key not in self._media:
            try:
                if isinstance(medium, Clip):
                    self._media[key] = profile.video(medium, self._tokenizer).tokens
                else:
                    self._media[key] = profile.image(medium).tokens
            except CorpusError:
                self._media[key] = None
        return self._media[key]
