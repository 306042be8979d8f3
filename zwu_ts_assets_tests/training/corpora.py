"""A small corpus for tests of exports: samples, conversations, real pictures and videos.

What belongs here: making it, and writing an export to a folder in the plainest way. What does not:
any test.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.figures.figure import Canvas, draw_figure, encode_png
from zwu_ts_assets.figures.video import draw_patch_frames, encode_mp4, film_strip
from zwu_ts_assets.text.stats import stats_lines
from zwu_ts_assets.training.card import CardFacts, CheckFacts, Picture, SplitFacts, TaskFacts
from zwu_ts_assets.training.export_files import ExportFile, MediaFile
from zwu_ts_assets.training.exports.source import ExportSource, Medium
from zwu_ts_assets.training.picture.question import PictureQuestion
from zwu_ts_assets.training.processor import Size
from zwu_ts_assets.training.profiles import PROFILES, Lengths
from zwu_ts_assets.training.readers import Clip
from zwu_ts_assets.training.sample import Conversation, Sample, Turn, sample_id

CANVAS = Canvas(448, 224)
LENGTH, HORIZON, PATCH, STRIDE, FPS = 24, 6, 12, 6, 2.0
FEATURES = ("HUFL", "Öl °C", 'a "quoted"; name')
UNITS = ("kW", "°C", "")
SPLIT_OF_SAMPLE = ("train", "train", "train", "validation", "validation", "test")
START = np.datetime64("2020-01-01T00:00:00", "s")


def series_values(rows: int, columns: int = len(FEATURES), seed: int = 5) -> NDArray[np.float64]:
    """(rows, columns) of a walk, rounded as a CSV would have it."""
    steps = np.random.default_rng(seed).normal(size=(rows, columns))
    return np.asarray(np.round(steps.cumsum(axis=0), 4))


def make_sample(
    number: int,
    split: str,
    values: NDArray[np.float64],
    features: tuple[str, ...] = FEATURES,
    units: tuple[str, ...] = UNITS,
) -> Sample:
    """The sample of window `number`; windows and targets follow each other without sharing rows."""
    start = number * (LENGTH + HORIZON)
    stop = start + LENGTH
    times = START + np.arange(start, stop + HORIZON) * np.timedelta64(3600, "s")
    stats = "\n".join(stats_lines(values[start:stop], features))
    return Sample(
        id=sample_id("demo", start),
        dataset="demo",
        split=split,
        batch=number,
        past_start=start,
        past_stop=stop,
        target_stop=stop + HORIZON,
        past_timestamps=times[:LENGTH],
        target_timestamps=times[LENGTH:],
        features=features,
        units=units,
        past=values[start:stop],
        target=values[stop : stop + HORIZON],
        image=f"correlations/batch_{number}.png",
        video=f"videos/batch_{number}.mp4",
        line_plot="",
        stats_text=stats,
        stats_tokens=count_words(stats),
        image_tokens=100,
        video_tokens=210,
        flags=("constant:HUFL",) if number == 4 else (),
        fingerprints={"batch_windows": f"w{number}", "target": f"t{number}"},
    )


def question(sample: Sample, task: str, prompt: str, needs: tuple[str, ...]) -> PictureQuestion:
    """A question of a sample, whose right answer is computed here and nowhere else."""
    highest = int(np.argmax(sample.past.max(axis=0)))
    return PictureQuestion(
        id=f"{sample.id}-{task}",
        sample_id=sample.id,
        split=sample.split,
        task=task,
        level=1,
        needs=needs,
        subject={"of": task},
        options=sample.features,
        right=highest,
        answer="ABC"[highest],
        given=needs,
        wording=0,
        prompt=prompt,
        rationale=f"{sample.features[highest]} reaches {sample.past.max():.2f}.",
        values=tuple(map(float, sample.past.max(axis=0))),
    )


def conversations_for(sample: Sample) -> list[Conversation]:
    """Two questions about figure and video, and one about the figure alone."""
    names = ", ".join(sample.features)
    asked = [
        question(sample, "watch", "Watch the video.", ("video",)),
        question(sample, "look", "Look at the figure.", ("figure",)),
        question(sample, "highest", f"Which of {names} is highest?", ("figure",)),
    ]
    turns = [Turn(each, each.prompt, each.answer_line) for each in asked]
    told = f"Columns: {names}.\n\n{turns[0].prompt}"
    first = replace(turns[0], prompt=told, images=1, videos=1)
    alone = replace(turns[2], images=1)
    of = {"sample_id": sample.id, "split": sample.split}
    image, video = (sample.image,), (sample.video,)
    return [
        Conversation(f"{sample.id}-c0", **of, images=image, videos=video, turns=(first, turns[1])),
        Conversation(f"{sample.id}-c1", **of, images=image, videos=(), turns=(alone,)),
    ]


def count_words(text: str) -> int:
    """A tokenizer for tests that need none in particular."""
    return len(text.split())


def add_up(
    turns: Sequence[tuple[int, int]], images: Sequence[Size], videos: Sequence[Clip]
) -> Lengths:
    """Lengths by rules for tests that need none in particular; one consumer reads no videos."""
    pictures = sum(width * height // 1024 + 2 for width, height in images)
    films = sum(each.frames * each.size.width * each.size.height // 2048 + 14 for each in videos)
    length = sum(map(sum, turns)) + 10 * len(turns) + len(images) + len(videos) + pictures + films
    return {profile.name: None if videos and not profile.videos else length for profile in PROFILES}


def draw_media(samples: Sequence[Sample]) -> dict[str, bytes]:
    """Figures and videos of samples, by path; seven frames become eight."""
    media = {}
    for sample in samples:
        media[sample.image] = encode_png(draw_figure(sample.past, sample.features, CANVAS))
        media[sample.video] = encode_mp4(patch_frames(sample), FPS)
    return media


def patch_frames(sample: Sample) -> list[NDArray[np.uint8]]:
    """The frames of a sample's video: three patches, the last one twice."""
    frames = draw_patch_frames(
        sample.past, sample.features, patch_length=PATCH, patch_stride=STRIDE, canvas=CANVAS
    )
    return list(frames)


def media_facts(media: dict[str, bytes]) -> dict[str, Medium]:
    """What is declared of media that `draw_media` drew."""
    facts = {}
    for path, content in media.items():
        video = (4, FPS) if path.endswith(".mp4") else (1, 0.0)
        sha256 = hashlib.sha256(content).hexdigest()
        facts[path] = Medium(sha256, len(content), CANVAS.width, CANVAS.height, *video)
    return facts


def card_facts(samples: Sequence[Sample], figure: bytes, strip: bytes) -> CardFacts:
    """A card with something in every field."""
    splits = [
        SplitFacts(name, 0, 30, "2020-01-01 00:00:00", "2020-01-02 05:00:00", 1, 2, 0, 1234)
        for name in ("train", "validation", "test")
    ]
    return CardFacts(
        dataset="demo",
        title="Demo: a *series*",
        description="Three columns of a random walk.",
        source="https://example.org/a_b/demo.csv",
        licence="CC-BY-ND-4.0",
        units=dict(zip(FEATURES, UNITS, strict=True)),
        interval="1 hour",
        splits=splits,
        split_rule="ratio 0.6/0.2/0.2",
        tasks=[TaskFacts("look", 1, ("figure",), len(samples), 0.25, "Look | there.", "Answer: A")],
        evidence="| task | pixels |\n|---|---|\n| `look` | 100.0% |\n",
        baselines="| task | chance |\n|---|---|\n| `look` | 25% |\n",
        rationale="none",
        parameters={"window_length": LENGTH, "line_plot": False, "limit": None},
        checks=[CheckFacts("splits", True, "no row | in two splits")],
        fingerprints={"batch_windows": "0123"},
        versions={"zwu_ts_assets": "0.1.0"},
        figure=Picture("figure", lambda: figure),
        film_strip=Picture("strip", lambda: strip),
    )


def make_source(
    samples: Sequence[Sample],
    media: dict[str, bytes],
    conversations: Sequence[Conversation] | None = None,
    strip: bytes = b"strip",
) -> ExportSource:
    """An export's source from samples and their media."""
    if conversations is None:
        conversations = [each for sample in samples for each in conversations_for(sample)]
    return ExportSource(
        dataset="demo",
        samples=samples,
        conversations=conversations,
        media=media_facts(media),
        read_media=media.__getitem__,
        count_tokens=count_words,
        lengths=add_up,
        tokenizer="words",
        parameters={"window_length": LENGTH, "line_plot": False},
        versions={"zwu_ts_assets": "0.1.0"},
        card=card_facts(samples, next(iter(media.values())), strip),
        samples_per_shard=2,
    )


def drawn_source() -> ExportSource:
    """Six samples in three splits, with real media."""
    values = series_values(len(SPLIT_OF_SAMPLE) * (LENGTH + HORIZON))
    samples = [make_sample(i, split, values) for i, split in enumerate(SPLIT_OF_SAMPLE)]
    return make_source(
        samples, draw_media(samples), strip=film_strip(list(patch_frames(samples[0])))
    )


def text_source(
    splits: Sequence[str] = SPLIT_OF_SAMPLE,
    features: tuple[str, ...] = FEATURES,
    units: tuple[str, ...] = UNITS,
) -> ExportSource:
    """Likewise, quickly made: media are bytes that are no pictures."""
    values = series_values(len(splits) * (LENGTH + HORIZON), len(features))
    samples = [make_sample(i, split, values, features, units) for i, split in enumerate(splits)]
    media = {path: path.encode() for each in samples for path in (each.image, each.video)}
    return make_source(samples, media)


def write_export(folder: Path, files: Iterable[ExportFile], source: ExportSource) -> None:
    """Write an export; a path that is written twice is an error."""
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        content = source.read_media(file.source) if isinstance(file, MediaFile) else file.build()
        with path.open("xb") as stream:
            stream.write(content)


def changed_sample(source: ExportSource, number: int) -> ExportSource:
    """The same source with another figure and another answer for one of its samples."""
    sample = source.samples[number]
    media = {path: source.read_media(path) for path in source.media}
    media[sample.image] += b"changed"
    conversations = [
        replace(each, turns=tuple(replace(turn, answer="changed") for turn in each.turns))
        if each.sample_id == sample.id
        else each
        for each in source.conversations
    ]
    facts = {
        **source.media,
        sample.image: replace(
            source.media[sample.image], sha256=hashlib.sha256(media[sample.image]).hexdigest()
        ),
    }
    return replace(source, conversations=conversations, media=facts, read_media=media.__getitem__)
