"""The corpus that trainers are run on, and what each of them should make of its exports.

What belongs here: making a small corpus in a folder of its own, reading the exports' manifests, and
the rows that follow from them for a consumer of preflight. What does not: comparing (`verdict`).
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.text.qwen import TextTokenizer
from zwu_ts_assets.training.exports.manifest_reading import (
    DeclaredConversation,
    Manifest,
    read_manifest,
)
from zwu_ts_assets.training.processor import Size
from zwu_ts_assets.training.profiles import PROFILES, ConversationLengths, Profile
from zwu_ts_assets.training.readers import Clip

REPOSITORY: Final = Path(__file__).resolve().parents[2]
DATASET: Final = "sample"
SPLIT: Final = "train"

# Small media, so that a step takes seconds, of a size that some consumers resample: frames of
# 448x256 are above the cap of one and below the least of another.
_SETTINGS: Final = """\
window_length = 48
horizon = 24
patch_length = 12
patch_stride = 6
canvas_width = 448
canvas_height = 256
exports = {exports}

[split]
ratios = [0.7, 0.1, 0.2]

[tasks]
questions_per_conversation = 3
"""


@dataclass(frozen=True)
class ExpectedRow:
    """A row as a consumer should give it to the model; see `record.Row`."""

    tokens: int
    answers: tuple[str, ...]
    images: tuple[tuple[int, ...], ...]
    videos: tuple[tuple[int, ...], ...]
    image_tokens: int
    video_tokens: int


def make_corpus(folder: Path, exports: Sequence[str]) -> Path:
    """Make a corpus of the bundled sample with its exports, by the project's own command.

    Args:
        folder: Where to; what was made there before is kept where it is current.
        exports: Names of the formats.

    Returns:
        The folder of the exports, each in a folder of its name.

    Raises:
        subprocess.CalledProcessError: The command failed; it has told why.
    """
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    csv = (REPOSITORY / "data" / "sample.csv").read_bytes()
    (data / f"{DATASET}.csv").write_bytes(csv)
    settings = _SETTINGS.format(exports=json.dumps(sorted(exports)))
    (data / f"{DATASET}.toml").write_text(settings, encoding="utf-8")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("ZWU_TS_")
    }
    environment |= {
        "ZWU_TS_DATA_DIR": str(data),
        "ZWU_TS_ARTIFACTS_DIR": str(folder / "artifacts"),
        "DAGSTER_HOME": str(folder / "dagster_home"),
    }
    (folder / "dagster_home").mkdir(exist_ok=True)
    instance = (REPOSITORY / ".dagster" / "dagster.yaml").read_bytes()
    (folder / "dagster_home" / "dagster.yaml").write_bytes(instance)
    command = [sys.executable, "-m", "zwu_ts_assets", "run", DATASET]
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    return folder / "artifacts" / DATASET / "exports"


def expected_rows(
    folder: Path,
    consumer: str,
    tokenizer: TextTokenizer,
    *,
    wrapped: bool = True,
    chosen: Callable[[DeclaredConversation], bool] = lambda _: True,
) -> list[ExpectedRow]:
    """What a consumer should give the model of an export's train split.

    Args:
        folder: The export.
        consumer: Name of a profile of preflight.
        tokenizer: Qwen3-VL's.
        wrapped: Whether its release of transformers keeps the delimiters around a video, which
            preflight counts for those that leave the text to the processor.
        chosen: Which conversations it is given.
    """
    profile = next(each for each in PROFILES if each.name == consumer)
    if not wrapped:
        profile = replace(profile, processor=replace(profile.processor, wrapped=False))
    manifest = read_manifest(folder)
    answers = _answers(folder, manifest)
    return [
        _expected(each, manifest, profile, tokenizer, answers[each.id])
        for sample in manifest.samples
        if sample.split == SPLIT
        for each in sample.conversations
        if chosen(each)
    ]


def question_ids(
    folder: Path, chosen: Callable[[DeclaredConversation], bool] = lambda _: True
) -> list[str]:
    """The ids of the questions of an export's train split."""
    return [
        turn.id
        for sample in read_manifest(folder).samples
        if sample.split == SPLIT
        for each in sample.conversations
        if chosen(each)
        for turn in each.turns
    ]


def _expected(
    conversation: DeclaredConversation,
    manifest: Manifest,
    profile: Profile,
    tokenizer: TextTokenizer,
    answers: tuple[str, ...],
) -> ExpectedRow:
    media = {name: manifest.media[name] for name in (*conversation.images, *conversation.videos)}
    sizes = {name: Size(medium.width, medium.height) for name, medium in media.items()}
    pictures = [sizes[name] for name in conversation.images]
    clips = [Clip(sizes[n], media[n].frames, media[n].fps) for n in conversation.videos]
    turns = [(turn.user_tokens, turn.answer_tokens) for turn in conversation.turns]
    tokens = ConversationLengths(tokenizer, [profile]).of(turns, pictures, clips)[profile.name]
    if tokens is None:
        raise CorpusError(f"{conversation.id}: {profile.title} refuses its media")
    images = [profile.image(size) for size in pictures]
    videos = [profile.video(clip, tokenizer) for clip in clips]
    return ExpectedRow(
        tokens=tokens,
        answers=answers,
        images=tuple(each.grid_thw for each in images),
        videos=tuple(each.grid_thw for each in videos),
        image_tokens=sum(each.pads for each in images),
        video_tokens=sum(each.pads for each in videos),
    )


def _answers(folder: Path, manifest: Manifest) -> dict[str, tuple[str, ...]]:
    """What is answered in each row of the train split, by the row's id."""
    return {
        row["id"]: tuple(_said(row))
        for name in manifest.files[SPLIT]
        for row in _rows(folder / name)
    }


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        for batch in pq.ParquetFile(path).iter_batches():
            yield from batch.to_pylist()
    elif path.suffix == ".json":
        yield from json.loads(path.read_text(encoding="utf-8"))
    else:
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def _said(row: Mapping[str, Any]) -> Iterator[str]:
    """The answers of a row, in whatever shape its format has."""
    if "extra_info" in row:
        yield row["extra_info"]["reply"]
        return
    for turn in row.get("messages") or row.get("conversations") or ():
        if turn.get("role") == "assistant" or turn.get("from") == "gpt":
            said = turn.get("content") or turn["value"]
            yield said if isinstance(said, str) else "".join(part["text"] for part in said)
