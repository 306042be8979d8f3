"""Token counts of images and videos, held against the real processor's answers and its own code."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.text.qwen import TextTokenizer, TokenizerSource, load_tokenizer
from zwu_ts_assets.text.qwen_embedded import embedded_tokenizer_folder
from zwu_ts_assets.training.media_tokens import (
    image_tokens,
    sample_media_tokens,
    timestamps,
    video_tokens,
)
from zwu_ts_assets.training.processor import (
    QWEN3_VL,
    Processor,
    Size,
)
from zwu_ts_assets_tests.reference import GOLDEN
from zwu_ts_assets_tests.training.stand_in import TimestampTokenizer
from zwu_ts_assets_tests.training.transformers_source import function_of

SIDES = st.integers(1, 6000)
SIZES = st.builds(Size, SIDES, SIDES)
RATES = st.sampled_from([0.5, 1, 2, 2.5, 3, 4, 8, 23.976, 24, 25, 29.97, 30, 60])
PROCESSORS = st.sampled_from(
    [
        QWEN3_VL,
        Processor(image_max_pixels=451_584, image_min_pixels=12_544, video_max_pixels=802_816),
        Processor(frame_max_tokens=768),
        Processor(patch=14, image_max_pixels=1_003_520, min_frames=2, max_frames=16),
    ]
)
QUICK = TimestampTokenizer()


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> TextTokenizer:
    folder = embedded_tokenizer_folder(tmp_path_factory.mktemp("tokenizers"))
    return load_tokenizer(TokenizerSource("embedded", str(folder), ""))


def golden_cases(kind: str) -> list[dict[str, Any]]:
    text = Path(GOLDEN / "qwen3vl_media_tokens.json").read_text(encoding="utf-8")
    cases: list[dict[str, Any]] = json.loads(text)[kind]
    return cases


@pytest.mark.shared
def test_every_golden_image_has_the_processors_grid_pads_and_tokens() -> None:
    cases = golden_cases("images")
    assert len(cases) == 16
    for case in cases:
        counted = image_tokens(Size(case["width"], case["height"]))
        assert counted.grid_thw == tuple(case["grid_thw"]), case
        assert counted.pads == case["image_pads"], case
        assert counted.tokens == case["tokens"], case
        assert counted.size == Size(16 * counted.grid_thw[2], 16 * counted.grid_thw[1])


@pytest.mark.shared
def test_every_golden_video_has_the_processors_grid_pads_timestamps_and_tokens(
    qwen: TextTokenizer,
) -> None:
    cases = golden_cases("videos")
    assert len(cases) == 20
    refused = 0
    for case in cases:
        size = Size(case["width"], case["height"])
        if "error" in case:
            refused += 1
            with pytest.raises(CorpusError, match="groups of 2 and refuses fewer"):
                video_tokens(size, case["frames"], case["fps"], qwen)
            continue
        counted = video_tokens(size, case["frames"], case["fps"], qwen)
        assert counted.grid_thw == tuple(case["grid_thw"]), case
        assert counted.pads == case["video_pads"], case
        assert list(counted.timestamps) == case["timestamps"], case
        assert counted.tokens == case["tokens"], case
    assert refused == 1


def test_a_default_sample_is_what_the_readme_says(qwen: TextTokenizer) -> None:
    canvas = Size(1792, 992)
    counted = sample_media_tokens(canvas, canvas, 8, 2.0, qwen)
    assert (counted.image.pads, counted.image.tokens) == (1736, 1738)
    assert (counted.video.pads, counted.video.tokens) == (6944, 6978)
    assert counted.video.kept == tuple(range(8))
    assert counted.tokens == 1738 + 6978
    small = sample_media_tokens(canvas, Size(896, 512), 8, 2.0, qwen)
    assert small.video.pads == 1792


@pytest.mark.parametrize(("fps", "kept"), [(4.0, (0, 2, 5, 7)), (30.0, (0, 2, 5, 7))])
def test_a_video_at_another_rate_is_thinned(fps: float, kept: tuple[int, ...]) -> None:
    assert video_tokens(Size(896, 512), 8, fps, QUICK).kept == kept


def test_the_quick_tokenizer_of_these_tests_counts_timestamps_as_the_real_one(
    qwen: TextTokenizer,
) -> None:
    for seconds in ("0.0", "0.2", "9.9", "10.0", "123.4", "1999.5"):
        text = f"<{seconds} seconds>"
        tokens, _ = qwen.encode(text)
        assert [token.replace("Ġ", " ") for token in tokens] == QUICK.encode(text)[0]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, 5000), min_size=1, max_size=40), RATES)
def test_timestamps_are_those_of_transformers_own_function(
    positions: list[int], fps: float
) -> None:
    theirs = function_of("models.qwen3_vl.processing_qwen3_vl", "_calculate_timestamps")
    expected = [f"{seconds:.1f}" for seconds in theirs(None, list(positions), fps, 2)]
    assert list(timestamps(positions, fps, 2)) == expected


@pytest.mark.parametrize("size", [(1800, 1000), (448, 224), (100, 100), (33, 2000), (700, 301)])
def test_an_image_has_the_grid_that_the_real_image_processor_gives(size: tuple[int, int]) -> None:
    # The one without torch, which comes with transformers too.
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    processor = Qwen2VLImageProcessorPil(
        patch_size=16,
        size={
            "shortest_edge": QWEN3_VL.image_min_pixels,
            "longest_edge": QWEN3_VL.image_max_pixels,
        },
    )
    out = processor(Image.new("RGB", size), return_tensors="np")
    counted = image_tokens(Size(*size))
    assert np.array_equal(out["image_grid_thw"], [counted.grid_thw])
    assert len(out["pixel_values"]) == counted.pads * QWEN3_VL.merge**2


@settings(max_examples=300, deadline=None)
@given(SIZES, PROCESSORS)
def test_an_image_is_seen_in_whole_blocks_and_within_its_caps(
    size: Size, processor: Processor
) -> None:
    assume(max(size) / min(size) <= 20)
    counted = image_tokens(size, processor)
    assert counted.size.width % processor.block == counted.size.height % processor.block == 0
    pixels = counted.size.width * counted.size.height
    assert processor.image_min_pixels <= pixels <= processor.image_max_pixels
    assert pixels == counted.pads * processor.block**2
    assert counted.tokens == counted.pads + 2


@settings(max_examples=200, deadline=None)
@given(SIZES, st.integers(2, 400), RATES)
def test_a_video_is_seen_in_pairs_of_whole_blocks_and_within_its_cap(
    size: Size, frames: int, fps: float
) -> None:
    assume(max(size) / min(size) <= 20)
    counted = video_tokens(size, frames, fps, QUICK)
    assert counted.size.width % 32 == counted.size.height % 32 == 0
    assert list(counted.kept) == sorted(set(counted.kept))
    assert counted.kept[0] == 0
    assert counted.kept[-1] == frames - 1
    assert counted.grid_thw[0] == len(counted.timestamps) == -(-len(counted.kept) // 2)
    # An odd last frame is counted before it is repeated, so that the repetition is beyond the cap.
    frame = counted.size.width * counted.size.height
    assert frame * (len(counted.kept) // 2 * 2) <= QWEN3_VL.video_max_pixels
    assert counted.tokens > counted.pads + 2 * counted.grid_thw[0]


@settings(max_examples=200, deadline=None)
@given(SIZES, st.integers(65_536, 4_000_000), st.integers(0, 4_000_000))
def test_a_higher_cap_never_shows_less(size: Size, cap: int, more: int) -> None:
    assume(max(size) / min(size) <= 20)
    lower = image_tokens(size, Processor(image_min_pixels=1, image_max_pixels=cap))
    higher = image_tokens(size, Processor(image_min_pixels=1, image_max_pixels=cap + more))
    assert lower.pads <= higher.pads


def test_what_the_processor_cannot_take_is_refused_with_the_reason() -> None:
    with pytest.raises(CorpusError, match=r"6001x30 pixels: .* ratio is above 200, found 200\.0"):
        image_tokens(Size(6001, 30))
    with pytest.raises(CorpusError, match="0x30 pixels: expected sides of at least 1 pixel"):
        image_tokens(Size(0, 30))
    with pytest.raises(CorpusError, match="setting `frame_multiple`"):
        video_tokens(Size(320, 320), 1, 2.0, QUICK)
    for frames, fps in ((0, 2.0), (8, 0.0), (8, float("nan")), (8, float("inf"))):
        with pytest.raises(CorpusError, match="expected at least 1 frame and a rate"):
            video_tokens(Size(320, 320), frames, fps, QUICK)


def test_older_transformers_and_own_text_have_no_outer_delimiters() -> None:
    wrapped = video_tokens(Size(896, 512), 8, 2.0, QUICK)
    bare = video_tokens(Size(896, 512), 8, 2.0, QUICK, Processor(wrapped=False))
    assert wrapped.tokens == bare.tokens + 2 == 1826


def test_neither_torch_nor_transformers_is_loaded() -> None:
    code = (
        "import sys, zwu_ts_assets.training.preflight_views, zwu_ts_assets.training.media_tokens;"
        "print([name for name in ('torch', 'transformers', 'dagster') if name in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
