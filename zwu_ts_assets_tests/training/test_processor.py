"""Sizes and frames, held against the code of the installed transformers itself."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.training.processor import (
    QWEN3_VL,
    Processor,
    Size,
    fit_clip,
    fit_image,
    sampled_frames,
)
from zwu_ts_assets_tests.training.transformers_source import function_of, sampling_settings

SIDES = st.integers(1, 6000)
SIZES = st.builds(Size, SIDES, SIDES)
FRAMES = st.integers(1, 1200)
RATES = st.sampled_from([0.5, 1, 2, 2.5, 3, 4, 8, 23.976, 24, 25, 29.97, 30, 60])
PROCESSORS = st.sampled_from(
    [
        QWEN3_VL,
        Processor(image_max_pixels=451_584, image_min_pixels=12_544, video_max_pixels=802_816),
        Processor(frame_max_tokens=768),
        Processor(patch=14, image_max_pixels=1_003_520, min_frames=2, max_frames=16),
    ]
)


@settings(max_examples=300, deadline=None)
@given(SIZES, PROCESSORS)
@example(Size(1808, 1008), QWEN3_VL)
@example(Size(1, 200), QWEN3_VL)
@example(Size(1, 201), QWEN3_VL)
@example(Size(16, 1000), QWEN3_VL)
def test_image_sizes_are_those_of_transformers_own_function(
    size: Size, processor: Processor
) -> None:
    theirs = function_of("models.qwen2_vl.image_processing_qwen2_vl", "smart_resize")
    try:
        height, width = theirs(
            size.height,
            size.width,
            factor=processor.block,
            min_pixels=processor.image_min_pixels,
            max_pixels=processor.image_max_pixels,
        )
    except ValueError:
        with pytest.raises(CorpusError, match="ratio is above 200"):
            fit_image(size, processor)
        return
    assert fit_image(size, processor) == Size(width, height)


@settings(max_examples=300, deadline=None)
@given(SIZES, FRAMES, st.sampled_from([1, 4_096, 200_704]), st.sampled_from([802_816, 25_165_824]))
@example(Size(1792, 992), 20, 4_096, 25_165_824)
@example(Size(1792, 992), 5, 4_096, 802_816)
@example(Size(31, 31), 7, 4_096, 25_165_824)
@example(Size(320, 320), 1, 4_096, 25_165_824)
def test_frame_sizes_are_those_of_transformers_own_function(
    size: Size, frames: int, least: int, most: int
) -> None:
    theirs = function_of("models.qwen3_vl.video_processing_qwen3_vl", "smart_resize")
    processor = Processor(video_min_pixels=least, video_max_pixels=most)
    try:
        height, width = theirs(
            num_frames=frames,
            height=size.height,
            width=size.width,
            temporal_factor=2,
            factor=32,
            min_pixels=least,
            max_pixels=most,
        )
    except ValueError:
        with pytest.raises(CorpusError, match="refuses"):
            fit_clip(size, frames, processor)
        return
    assert fit_clip(size, frames, processor) == Size(width, height)


@settings(max_examples=200, deadline=None)
@given(SIZES, st.integers(2, 900))
def test_the_cap_per_frame_is_the_one_of_transformers_own_resize(size: Size, frames: int) -> None:
    assume(max(size) / min(size) < 100)
    theirs = function_of("models.qwen3_vl.video_processing_qwen3_vl", "get_num_of_video_patches")
    theirs.__globals__["smart_resize"] = function_of(
        "models.qwen3_vl.video_processing_qwen3_vl", "smart_resize"
    )
    processor = SimpleNamespace(
        size={"shortest_edge": 4_096, "longest_edge": 25_165_824},
        patch_size=16,
        merge_size=2,
        temporal_patch_size=2,
        cap_pixels_per_frame=True,
        max_video_tokens=768,
    )
    patches = theirs(processor, frames, size.height, size.width)
    seen = fit_clip(size, frames, replace(QWEN3_VL, frame_max_tokens=768))
    assert (seen.height // 16) * (seen.width // 16) * -(-frames // 2) == patches


@settings(max_examples=300, deadline=None)
@given(FRAMES, RATES, PROCESSORS)
@example(8, 30, QWEN3_VL)
@example(1, 2, QWEN3_VL)
def test_frames_are_those_that_transformers_own_function_samples(
    frames: int, fps: float, processor: Processor
) -> None:
    theirs = function_of("models.qwen3_vl.video_processing_qwen3_vl", "sample_frames")
    sampler = sampling_settings(processor.sampling_fps, processor.min_frames, processor.max_frames)
    metadata = SimpleNamespace(total_num_frames=frames, fps=fps)
    expected = theirs(sampler, metadata)
    assert sampled_frames(frames, fps, processor) == tuple(expected.tolist())


@pytest.mark.parametrize("frames", range(2, 40))
def test_at_the_sampling_rate_every_frame_is_kept(frames: int) -> None:
    assert sampled_frames(frames, 2.0) == tuple(range(frames))
