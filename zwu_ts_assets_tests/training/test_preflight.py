"""The report on a corpus: exact sums, and advice that works when it is followed."""

import io
import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.figure import Canvas
from zwu_ts_assets.training.advice import text_advice
from zwu_ts_assets.training.legibility import Drawn, Verdict, drawn_figure
from zwu_ts_assets.training.preflight import (
    ConsumerReport,
    ConversationShape,
    CorpusShape,
    Preflight,
    preflight,
)
from zwu_ts_assets.training.preflight_views import preflight_markdown, preflight_png
from zwu_ts_assets.training.profiles import PROFILES, Profile
from zwu_ts_assets.training.readers import LlamaFactory, QwenVlUtils
from zwu_ts_assets_tests.reference import REPOSITORY
from zwu_ts_assets_tests.training.stand_in import TimestampTokenizer

NAMED = {profile.name: profile for profile in PROFILES}
FEATURES = ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")
TEXTS = tuple(ConversationShape(text, text // 20, 4) for text in (400, 480, 520, 900))
QUICK = TimestampTokenizer()


@lru_cache
def drawn(rows: int, canvas: Canvas) -> Drawn:
    return drawn_figure(FEATURES, rows, canvas)


def shape(
    figure: Canvas = Canvas(),  # noqa: B008 - frozen
    frame: Canvas = Canvas(),  # noqa: B008 - frozen
    frames: int = 8,
    fps: float = 2.0,
    texts: tuple[ConversationShape, ...] = TEXTS,
) -> CorpusShape:
    return CorpusShape(drawn(96, figure), drawn(24, frame), frames, fps, texts)


def report_of(name: str, corpus: CorpusShape) -> ConsumerReport:
    return preflight(corpus, QUICK, [NAMED[name]]).consumers[0]


@pytest.fixture(scope="module")
def default() -> Preflight:
    return preflight(shape(), QUICK)


def test_a_preflight_of_nothing_is_refused() -> None:
    with pytest.raises(CorpusError, match="of no conversation"):
        shape(texts=())


@settings(max_examples=50)
@given(
    st.lists(
        st.builds(
            ConversationShape,
            text=st.integers(1, 10_000),
            learned=st.integers(0, 500),
            questions=st.integers(1, 20),
            images=st.integers(0, 2),
            videos=st.integers(0, 1),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_tokens_are_exact_sums_over_conversations(texts: list[ConversationShape]) -> None:
    ours = report_of("qwen3_vl", shape(texts=tuple(texts)))
    media = [1738 * each.images + 6978 * each.videos for each in texts]
    whole = [visual + each.text for visual, each in zip(media, texts, strict=True)]
    assert (ours.visual_tokens, ours.total) == (sum(media), sum(whole))
    assert (ours.minimum, ours.median, ours.maximum) == (min(whole), np.median(whole), max(whole))
    assert ours.per_question == sum(media) / sum(each.questions for each in texts)
    learned = sum(each.learned for each in texts)
    assert ours.learned_per_thousand == pytest.approx(1000 * learned / max(sum(media), 1))


def test_tokens_of_the_default_corpus(default: Preflight) -> None:
    ours = default.consumers[0]
    assert ours.visual_tokens == 4 * (1738 + 6978)
    assert (ours.minimum, ours.median, ours.maximum) == (9116, 9216, 9616)
    assert ours.per_question == (1738 + 6978) / 4
    assert ours.verdict == Verdict.LEGIBLE
    assert ours.advice == ()


def test_very_long_texts_are_told_with_what_makes_them_shorter() -> None:
    wide = replace(shape(texts=(ConversationShape(64_199, 300),)), columns=862)
    report = preflight(wide, QUICK)
    (sentence,) = report.text_advice
    assert sentence.startswith("The texts of a conversation have up to 64,199 tokens for 862 col")
    assert all(f"`{name}`" in sentence for name in ("features", "questions_per_conversation"))
    assert f"**Texts**\n\n- {sentence}\n" in preflight_markdown(report)


@pytest.mark.parametrize(("tokens", "sentences"), [(10_000, 0), (10_001, 1)])
def test_texts_are_long_where_they_are_more_than_figure_and_video(
    tokens: int, sentences: int
) -> None:
    assert tokens > 1738 + 6978
    assert len(text_advice(tokens, 7)) == sentences


def test_the_default_corpus_is_read_differently_by_each_consumer(default: Preflight) -> None:
    verdicts = {consumer.profile.name: consumer.verdict for consumer in default.consumers}
    assert verdicts == {
        "qwen3_vl": Verdict.LEGIBLE,
        "qwen3_vl_capped": Verdict.LEGIBLE,
        "qwen_finetune": Verdict.NOT_LEGIBLE,
        "qwen_finetune_script": Verdict.NOT_LEGIBLE,
        "ms_swift": Verdict.LEGIBLE,
        "ms_swift_guide": Verdict.NOT_LEGIBLE,
        "llama_factory": Verdict.NOT_LEGIBLE,
        "trl": Verdict.NOT_LEGIBLE,  # it reads no videos
    }
    too_long = {consumer.profile.name for consumer in default.consumers if consumer.too_long}
    assert too_long == {"trl"}


def _follow(profile: Profile, advice: str) -> Profile:
    """The consumer with the settings that a sentence names set, each as its trainer would."""
    processor, reader = profile.processor, profile.reader
    for name, value in re.findall(r"`?(?:--)?([A-Za-z_]+)(?:=| |: )(\d+)", advice):
        number = int(value)
        if name == "max_pixels":
            processor = replace(processor, image_max_pixels=number)
        elif name == "video_max_pixels" and isinstance(reader, LlamaFactory):
            reader = replace(reader, frame_max_pixels=number)
        elif name == "video_max_pixels":
            processor = replace(processor, video_max_pixels=number)
        elif name == "image_max_pixels":
            assert isinstance(reader, LlamaFactory)
            reader = replace(reader, image_max_pixels=number)
        elif name == "IMAGE_MAX_TOKEN_NUM":
            assert isinstance(reader, QwenVlUtils)
            reader = replace(reader, image_max_tokens=number)
        elif name == "VIDEO_MAX_TOKEN_NUM":
            assert isinstance(reader, QwenVlUtils)
            reader = replace(reader, frame_max_tokens=number)
        elif name == "MODEL_SEQ_LEN":
            assert isinstance(reader, QwenVlUtils)
            reader = replace(reader, sequence_tokens=number)
        elif name in ("model_max_length", "cutoff_len"):
            profile = replace(profile, length_limit=number)
    return replace(profile, processor=processor, reader=reader)


@pytest.mark.parametrize(
    "name", ["qwen_finetune", "qwen_finetune_script", "ms_swift_guide", "llama_factory"]
)
@pytest.mark.parametrize("frames", [8, 7])
def test_following_the_advice_makes_everything_arrive_as_drawn(name: str, frames: int) -> None:
    corpus = shape(frames=frames)
    before = report_of(name, corpus)
    assert before.advice
    # The first way of each sentence; a lost frame is mended in the corpus.
    followed = before.profile
    for sentence in before.advice:
        followed = _follow(followed, sentence.split("; or ")[0])
        if "even number of frames" in sentence:
            corpus = replace(corpus, frames=corpus.frames + corpus.frames % 2)
    (after,) = preflight(corpus, QUICK, [followed]).consumers
    assert after.advice == ()
    assert after.verdict == Verdict.LEGIBLE
    assert not after.too_long
    told = " ".join(before.advice)
    for what, medium in (("The figure:", after.image), ("The video:", after.video)):
        assert medium is not None
        if what in told:
            assert medium.size == (1792, 992)
            assert f"{medium.tokens:,} tokens" in told
    assert "The video:" in told


def test_following_the_second_way_works_too() -> None:
    before = report_of("llama_factory", shape())
    (sentence,) = (sentence for sentence in before.advice if sentence.startswith("The video"))
    way = sentence.split("; or ")[1]
    width, height = map(int, re.findall(r"canvas of (\d+)x(\d+)", way)[0])
    assert (width, height) == (896, 512)
    followed = _follow(replace(before.profile, length_limit=None), way)
    (after,) = preflight(shape(frame=Canvas(width, height)), QUICK, [followed]).consumers
    assert after.verdict == Verdict.LEGIBLE
    assert after.video is not None
    assert f"{after.video.tokens:,} tokens" in way


def test_a_canvas_below_the_cap_is_recommended_where_there_is_one() -> None:
    # Shrunk to 896x480 the default figure is doubtful; 896x512 is within the cap too.
    capped = NAMED["qwen_finetune"]
    capped = replace(
        capped, processor=replace(capped.processor, image_max_pixels=460_000), length_limit=None
    )
    report = preflight(shape(), QUICK, [capped]).consumers[0]
    canvas = re.findall(r"canvas of (\d+)x(\d+), which needs no setting", report.advice[0])
    (width, height) = map(int, canvas[0])
    assert width * height <= 460_000
    after = preflight(shape(figure=Canvas(width, height)), QUICK, [capped]).consumers[0]
    assert after.image_legibility is not None
    assert after.image_legibility.verdict == Verdict.LEGIBLE
    assert after.image is not None
    assert after.image.size == (width, height)


def test_what_was_measured_goes_before_the_rule_on_sizes() -> None:
    """A canvas whose digits are small, of which nothing that needs digits is asked."""
    small = shape(figure=Canvas(448, 224), frame=Canvas(448, 224))
    profile = next(each for each in PROFILES if each.name == "qwen3_vl")
    for share, verdict, told in (
        (1.0, Verdict.LEGIBLE, False),
        (0.95, Verdict.DOUBTFUL, True),
        (0.5, Verdict.NOT_LEGIBLE, True),
    ):
        read = {profile.title: {"figure": share, "video": share}}
        report = preflight(small, QUICK, [profile], read)
        (ours,) = report.consumers
        assert ours.verdict == verdict
        assert bool(ours.advice) is told
        assert f"{verdict}: {share:.0%} read" in preflight_markdown(report)


LINES = replace(shape(), has_lines=True)


@pytest.mark.parametrize("view", ["lines", "altered"])
@pytest.mark.parametrize("name", ["qwen_finetune_script", "ms_swift_guide", "llama_factory"])
def test_line_plots_that_cannot_be_read_are_not_called_legible(name: str, view: str) -> None:
    profile = NAMED[name]
    read = {"figure": 1.0, "video": 1.0, "lines": 1.0, "altered": 1.0, view: 0.0}
    report = preflight(LINES, QUICK, [profile], {profile.title: read}, {"figure": 3, view: 2})
    (ours,) = report.consumers
    assert ours.image_verdict == Verdict.LEGIBLE
    assert ours.lines_verdict == ours.verdict == Verdict.NOT_LEGIBLE
    (sentence,) = (each for each in ours.advice if each.startswith("The line plots"))
    assert "to see them as they are drawn, 1,738 tokens each" in sentence
    assert "`line_plots = false`" in sentence
    followed = profile
    for each in ours.advice:
        followed = _follow(followed, each.split("; or ")[0])
    everything = dict.fromkeys(read, 1.0)
    (after,) = preflight(LINES, QUICK, [followed], {profile.title: everything}).consumers
    assert after.image is not None
    assert after.image.size == (1792, 992)
    assert after.verdict == Verdict.LEGIBLE
    assert after.advice == ()  # the limit has room for it
    table = preflight_markdown(report)
    assert " figure tokens | line plots are | video seen |" in table
    assert "| not legible: 0% read |" in table
    told = "line plots" if view == "lines" else "altered copies"
    assert f"on the questions of some samples: 3 about figures, 2 about {told}." in table


def test_line_plots_that_are_read_or_not_there_change_nothing() -> None:
    profile = NAMED["ms_swift"]
    read = {profile.title: {"figure": 1.0, "video": 1.0, "lines": 1.0, "altered": 1.0}}
    (ours,) = preflight(LINES, QUICK, [profile], read).consumers
    assert (ours.verdict, ours.advice) == (Verdict.LEGIBLE, ())
    read[profile.title]["lines"] = 0.0
    report = preflight(shape(), QUICK, [profile], read)
    assert report.consumers[0].verdict == Verdict.LEGIBLE
    assert "line plots" not in preflight_markdown(report)


def test_line_plots_that_nobody_measured_are_told_as_that() -> None:
    report = preflight(LINES, QUICK, [NAMED["ms_swift"]])
    assert report.consumers[0].lines_verdict is None
    assert "| not measured |" in preflight_markdown(report)


def test_line_plots_that_cannot_be_read_as_drawn_are_not_blamed_on_the_consumer() -> None:
    profile = NAMED["qwen3_vl"]
    read = {profile.title: {"figure": 1.0, "video": 1.0, "lines": 0.5}}
    (ours,) = preflight(LINES, QUICK, [profile], read).consumers
    assert ours.advice == (
        "The line plots cannot be read even as they are drawn. Draw them on a larger canvas, or "
        "show fewer columns (setting `figure_columns`).",
    )


def test_a_raised_cap_counts_for_every_picture_of_the_longest_conversation() -> None:
    several = (ConversationShape(text=1000, learned=40, questions=7, images=3, videos=0),)
    profile = NAMED["llama_factory"]
    read = {profile.title: {"figure": 1.0, "video": 1.0, "lines": 0.0}}
    corpus = replace(shape(texts=several), has_lines=True)
    (ours,) = preflight(corpus, QUICK, [profile], read).consumers
    assert f"would have {1000 + 3 * 1738:,} tokens" in ours.advice[-1]


def test_a_figure_that_cannot_be_read_as_drawn_is_not_blamed_on_the_consumer() -> None:
    report = report_of("qwen3_vl", shape(figure=Canvas(448, 224)))
    assert report.advice == (
        "The figure cannot be read even as it is drawn. Draw it on a larger canvas, or show fewer "
        "features or shorter windows.",
    )


@pytest.mark.parametrize(
    ("name", "frames", "fps", "said"),
    [
        ("qwen3_vl", 8, 4.0, "Only 4 of 8 frames are kept: write the videos at 2 frames per sec"),
        ("qwen3_vl", 8, 30.0, "Only 4 of 8 frames are kept: write the videos at 2 frames per sec"),
        ("ms_swift", 7, 2.0, "Only 6 of 7 frames are kept: give the videos an even number of fr"),
        ("ms_swift", 7, 4.0, "Only 4 of 7 frames are kept: write the videos at 2 frames per sec"),
        ("llama_factory", 8, 30.0, "Only 1 of 8 frames are kept: write the videos at 2 frames"),
        ("qwen_finetune", 20, 2.0, "Only 8 of 20 frames are kept: at most 8 ever are. Make fewer"),
    ],
)
def test_a_lost_frame_is_told_with_what_keeps_it(
    name: str, frames: int, fps: float, said: str
) -> None:
    report = report_of(name, shape(frame=Canvas(896, 512), frames=frames, fps=fps))
    assert any(sentence.startswith(said) for sentence in report.advice), report.advice


def test_what_is_refused_is_in_the_report_and_costs_nothing() -> None:
    report = report_of("qwen3_vl", shape(frames=1))
    assert report.video is None
    assert report.visual_tokens == 4 * 1738
    assert "refuses fewer" in report.refused[0]
    assert report.verdict == Verdict.NOT_LEGIBLE


def test_the_table_names_every_consumer_with_its_numbers(default: Preflight) -> None:
    text = preflight_markdown(default)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 * (2 + len(PROFILES))
    for block in (rows[: 2 + len(PROFILES)], rows[2 + len(PROFILES) :]):
        assert len({row.count("|") for row in block}) == 1
    assert "| Qwen3-VL's processor | 1792x992 | 10.1 / 4.4 | legible | 1,738 |" in text
    assert "| LLaMA-Factory | 1024x576 | 5.8 / 2.5 | legible | 578 | 352x192 |" in text
    assert "at least 5 pixels high" in text
    for consumer in default.consumers:
        assert f"- {consumer.profile.title}: {consumer.profile.source}" in text
        for sentence in consumer.advice:
            assert f"- {sentence}" in text


def test_the_plot_decodes_and_has_a_colour_for_what_cannot_be_read(default: Preflight) -> None:
    image = Image.open(io.BytesIO(preflight_png(default)))
    pixels = np.asarray(image.convert("RGB"))
    assert image.size[0] == 1200
    red = (pixels == (0xB3, 0x39, 0x2F)).all(axis=2)
    legend_only = 1000
    assert red.sum() > legend_only
    fine = preflight_png(preflight(shape(), QUICK, PROFILES[:1]))
    pixels = np.asarray(Image.open(io.BytesIO(fine)).convert("RGB"))
    assert (pixels == (0xB3, 0x39, 0x2F)).all(axis=2).sum() < legend_only


def test_the_documentation_shows_the_plot_as_it_is_drawn_now(tmp_path: Path) -> None:
    # The shortest, the two middle ones and the longest conversation of ETTh1, and what `evidence`
    # read at the sizes of each consumer that loses something.
    conversations = (
        ConversationShape(text=147, learned=4, questions=1, images=1, videos=0),
        ConversationShape(text=959, learned=40, questions=7, images=1, videos=0),
        ConversationShape(text=849, learned=37, questions=6, images=2, videos=0),
        ConversationShape(text=5302, learned=136, questions=27, images=3, videos=1),
    )
    views = ("figure", "video", "lines", "altered")
    read = {profile.title: dict.fromkeys(views, 1.0) for profile in PROFILES}
    for title in read:
        if "launch script" in title:
            read[title] |= {"lines": 2 / 31, "altered": 0.0}
        if title.startswith(("Qwen-VL fine-tuning", "LLaMA-Factory")):
            read[title]["figure"] = 114 / 127
        elif "its guide" in title:
            read[title]["figure"] = 121 / 127
    corpus = replace(shape(texts=conversations), has_lines=True)
    drawn = preflight_png(preflight(corpus, QUICK, read=read))
    new = tmp_path / "preflight.png"
    new.write_bytes(drawn)
    shown = np.asarray(Image.open(REPOSITORY / "docs" / "preflight.png").convert("RGB"))
    same = np.array_equal(np.asarray(Image.open(new).convert("RGB")), shown)
    assert same, f"look at {new}, and put it into docs/"


def test_the_same_report_gives_the_same_bytes(default: Preflight) -> None:
    again = preflight(shape(), QUICK)
    assert preflight_markdown(again) == preflight_markdown(default)
    assert preflight_png(again) == preflight_png(default)
