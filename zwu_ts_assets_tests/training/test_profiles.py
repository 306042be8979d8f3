"""What each consumer makes of a figure and a video by its defaults.

The expected sizes of the default corpus were computed by hand from the caps that the trainers
document; those of trainers whose code was only read, not run, rest on the reading.
"""

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.training.processor import Processor, Size
from zwu_ts_assets.training.profiles import PROFILES, Profile
from zwu_ts_assets.training.readers import Clip, LlamaFactory, QwenVlUtils
from zwu_ts_assets_tests.training.stand_in import TimestampTokenizer

NAMED = {profile.name: profile for profile in PROFILES}
CANVAS = Size(1792, 992)
QUICK = TimestampTokenizer()
SIZES = st.builds(Size, st.integers(64, 4096), st.integers(64, 4096))


@pytest.mark.parametrize(
    ("name", "figure", "video", "figure_tokens", "video_tokens"),
    [
        ("qwen3_vl", (1792, 992), (1792, 992), 1738, 6978),
        # sqrt(1792*992 / (768*32*32)) = 1.503: 1191x659, and so 37x20 blocks.
        ("qwen3_vl_capped", (1792, 992), (1184, 640), 1738, 4 * 740 + 34),
        # sqrt(1792*992 / (576*28*28)) = 1.984: 903x500; sqrt(8*1792*992 / (1024*28*28)) = 4.209.
        ("qwen_finetune", (896, 480), (416, 224), 422, 4 * 91 + 32),
        ("qwen_finetune_script", (288, 160), (416, 224), 47, 4 * 91 + 32),
        ("ms_swift", (1792, 992), (1184, 640), 1738, 4 * 740 + 34),
        # 1.05 times the least of 128 tokens is above the cap of 128 and takes its place.
        ("ms_swift_guide", (1376, 736), (480, 256), 991, 4 * 120 + 34),
        # 1032x571 and 344x190 by its own caps, and then to the nearest blocks.
        ("llama_factory", (1024, 576), (352, 192), 578, 4 * 66 + 32),
    ],
)
def test_the_default_corpus_as_each_consumer_sees_it(
    name: str,
    figure: tuple[int, int],
    video: tuple[int, int],
    figure_tokens: int,
    video_tokens: int,
) -> None:
    profile = NAMED[name]
    image = profile.image(CANVAS)
    assert (image.size, image.tokens) == (figure, figure_tokens)
    clip = profile.video(Clip(CANVAS, 8, 2.0), QUICK)
    assert (clip.size, clip.tokens, clip.kept) == (video, video_tokens, tuple(range(8)))


def test_qwen_vl_utils_drops_a_frame_of_seven() -> None:
    clip = NAMED["ms_swift"].video(Clip(CANVAS, 7, 2.0), QUICK)
    assert clip.kept == (0, 1, 2, 4, 5, 6)
    assert clip.timestamps == ("0.2", "1.5", "2.8")


def test_llama_factory_rounds_frames_down_and_repeats_an_odd_last_one() -> None:
    profile = NAMED["llama_factory"]
    seven = profile.video(Clip(CANVAS, 7, 2.0), QUICK)
    assert seven.kept == tuple(range(7))
    assert seven.grid_thw[0] == 4
    # 8 frames at 30 fps last a quarter of a second, of which 2 fps keep one frame.
    short = profile.video(Clip(CANVAS, 8, 30.0), QUICK)
    assert (short.kept, short.grid_thw[0], short.timestamps) == ((0,), 1, ("0.0",))
    thinned = profile.video(Clip(CANVAS, 7, 4.0), QUICK)
    assert thinned.kept == (0, 3, 6)
    assert thinned.timestamps == ("0.4", "1.5")


def test_llama_factory_stretches_what_is_too_thin_for_the_processor() -> None:
    reader = LlamaFactory()
    assert reader.image(Size(8000, 30), Processor()).size.width > 0
    with pytest.raises(CorpusError, match="of 1000000x1 pixels"):
        reader.image(Size(1_000_000, 1), Processor())


def test_qwen_vl_utils_shares_a_budget_among_many_frames() -> None:
    reader = QwenVlUtils()
    few = reader.video(Clip(CANVAS, 300, 2.0), QUICK, Processor())
    many = reader.video(Clip(CANVAS, 700, 2.0), QUICK, Processor())
    assert few.size == (1184, 640)
    pixels = many.size.width * many.size.height
    assert pixels <= 128_000 * 32 * 32 * 0.9 / 700 * 2 < 768 * 32 * 32


def test_qwen_vl_utils_keeps_a_thin_image_at_least_a_block_wide() -> None:
    assert QwenVlUtils().image(Size(1000, 10), Processor()).size == (992, 32)


def test_a_video_of_one_frame_is_refused_by_those_who_need_a_pair() -> None:
    for name in ("qwen3_vl", "ms_swift"):
        with pytest.raises(CorpusError, match="setting `frame_multiple`"):
            NAMED[name].video(Clip(CANVAS, 1, 2.0), QUICK)


def test_trl_reads_no_videos_and_says_what_to_do() -> None:
    with pytest.raises(
        CorpusError, match=r"reads no videos\. Export samples with the figure alone"
    ):
        NAMED["trl"].video(Clip(CANVAS, 8, 2.0), QUICK)


def test_profiles_have_names_titles_and_sources_of_their_own() -> None:
    assert len({profile.name for profile in PROFILES}) == len(PROFILES)
    assert len({profile.title for profile in PROFILES}) == len(PROFILES)
    for profile in PROFILES:
        assert any(character.isdigit() for character in profile.source), "no version named"
        assert (profile.length_limit is None) == (profile.beyond_limit == "")


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: str(profile.name))
@settings(max_examples=60, deadline=None)
@given(size=SIZES, frames=st.integers(2, 200), fps=st.sampled_from([1.0, 2.0, 4.0, 30.0]))
def test_every_consumer_sees_whole_blocks_and_frames_in_order(
    profile: Profile, size: Size, frames: int, fps: float
) -> None:
    assume(max(size) / min(size) < 20)
    image = profile.image(size)
    assert image.size.width % 32 == image.size.height % 32 == 0
    assert image.tokens == image.size.width * image.size.height // 1024 + 2
    if not profile.videos:
        return
    video = profile.video(Clip(size, frames, fps), QUICK)
    assert video.size.width % 32 == video.size.height % 32 == 0
    assert list(video.kept) == sorted(set(video.kept))
    assert 0 <= video.kept[0] <= video.kept[-1] < frames
    assert video.pads == video.grid_thw[0] * video.size.width * video.size.height // 1024
    assert len(video.timestamps) == video.grid_thw[0] == -(-len(video.kept) // 2)


@settings(max_examples=60, deadline=None)
@given(size=SIZES, cap=st.integers(4, 2000), more=st.integers(0, 2000))
def test_a_higher_cap_of_qwen_vl_utils_never_shows_less(size: Size, cap: int, more: int) -> None:
    assume(max(size) / min(size) < 20)
    lower = QwenVlUtils(image_max_tokens=cap)
    higher = replace(lower, image_max_tokens=cap + more)
    assert lower.image(size, Processor()).pads <= higher.image(size, Processor()).pads
