"""The Parquet files that the Hugging Face hub shows and its `datasets` loads.

What belongs here: this format's rows and files. What does not: Parquet with media in it
(`parquet`).

A row is a conversation, and there are two kinds in folders of their own: `images` has those that
show pictures alone, `videos` those that show a video, so that a trainer that reads no videos (such
as TRL's `SFTTrainer`) takes the first as it is. The card makes each folder a configuration, and the
samples behind the conversations a third one.

Messages are lists of parts, as chat templates take them. A line end stands behind each medium, as
it does where a placeholder has a line of its own: so a conversation has the same tokens as in the
formats with placeholders.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from zwu_ts_assets.training.card import card_files
from zwu_ts_assets.training.export_files import ExportFile
from zwu_ts_assets.training.exports.manifest import manifest_file
from zwu_ts_assets.training.exports.parquet import (
    IMAGES,
    VIDEOS,
    ParquetRow,
    parquet_files,
    row_schema,
)
from zwu_ts_assets.training.exports.rows import (
    IMAGE_PLACEHOLDER,
    QUESTION,
    SAMPLE_COLUMNS,
    VIDEO_PLACEHOLDER,
    Schema,
    in_media_folder,
    lengths_of,
    messages,
    question_rows,
    sample_row,
)
from zwu_ts_assets.training.exports.source import Entry, ExportSource, entries_by_split, rows_of
from zwu_ts_assets.training.profiles import PROFILES

NAME: Final = "huggingface"

KINDS: Final = ("images", "videos")
"""The configurations with conversations. The first with rows in all splits is the default, else
the first with rows."""

SAMPLES: Final = "samples"
"""The configuration with the samples behind them."""

COLUMNS: Final[Mapping[str, Any]] = {
    "id": str,
    "sample": str,
    "messages": [{"role": str, "content": [{"type": str, "text": str | None}]}],
    "images": IMAGES,
    "videos": VIDEOS,
    "questions": [QUESTION],
    "length": int | None,
    "tokens": {profile.name: int | None for profile in PROFILES},
}
"""Of a conversation: `length` are its tokens in Qwen3-VL's own processor, `tokens` in each
consumer, null where it reads no videos."""

SAMPLE_ROW_COLUMNS: Final[Mapping[str, Any]] = {
    **{n: k for n, k in SAMPLE_COLUMNS.items() if n not in ("images", "videos", "conversations")},
    "image": str,
    "video": str,
}
"""Of a sample: `image` and `video` are paths of media in the rows of conversations, empty where
none of its own shows them."""

ROW: Final[Schema] = row_schema(COLUMNS)

_LINE_END: Final = "\n"
_PARTS: Final = {"image": IMAGE_PLACEHOLDER, "video": VIDEO_PLACEHOLDER}


def huggingface_export(source: ExportSource) -> Iterator[ExportFile]:
    """The files of the export for the hub: `{configuration}/{split}.parquet`.

    Raises:
        CorpusError: As `entries_by_split` says.
    """
    entries = entries_by_split(source, even=False)
    files: dict[str, list[str]] = {split: [] for split in entries}
    configurations: dict[str, dict[str, list[str]]] = {}
    for split, found in entries.items():
        asked = rows_of(found)
        for kind in KINDS:
            shown = [at for at, films in asked.items() if (kind == "videos") == films]
            row = partial(_conversation_row, source, found)
            made = parquet_files(f"{kind}/{split}", shown, row, COLUMNS, source)
            if made:
                configurations.setdefault(kind, {})[split] = [file.path for file in made]
            yield from made
        made = parquet_files(
            *(f"{SAMPLES}/{split}", range(len(found)), partial(_sample_row, found)),
            *(SAMPLE_ROW_COLUMNS, source),
        )
        configurations.setdefault(SAMPLES, {})[split] = [file.path for file in made]
        yield from made
    kinds = [kind for kind in KINDS if kind in configurations]
    order = [*sorted(kinds, key=lambda kind: len(configurations[kind]) < len(entries)), SAMPLES]
    for name in order:
        for split, paths in configurations[name].items():
            files[split] += paths
    yield manifest_file(
        source, NAME, entries, files, lambda _, path: in_media_folder(path), row=_row
    )
    yield from card_files(
        source.card,
        format_name=NAME,
        configurations={name: configurations[name] for name in order},
        usage=_usage(order),
    )


def _sample_row(entries: Sequence[Entry], number: int) -> ParquetRow:
    return _row(entries[number]), {}


def _conversation_row(
    source: ExportSource, entries: Sequence[Entry], at: tuple[int, int]
) -> ParquetRow:
    entry = entries[at[0]]
    conversation = entry.conversations[at[1]]
    lengths = lengths_of(conversation, source)
    row = {
        "id": conversation.id,
        "sample": entry.sample.id,
        "messages": [
            {"role": said["role"], "content": parts(said["content"])}
            for said in messages(conversation)
        ],
        "questions": question_rows(conversation),
        "length": lengths[PROFILES[0].name],
        "tokens": lengths,
    }
    return row, {"images": conversation.images, "videos": conversation.videos}


def parts(text: str) -> list[dict[str, str | None]]:
    """A text whose first lines are placeholders, as the parts of a message."""
    found: list[dict[str, str | None]] = []
    rest = text
    for kind, placeholder in _PARTS.items():
        while rest.startswith(placeholder + _LINE_END):
            rest = rest.removeprefix(placeholder + _LINE_END)
            found += [{"type": kind, "text": None}, {"type": "text", "text": _LINE_END}]
    if not found:
        return [{"type": "text", "text": rest}]
    return [*found[:-1], {"type": "text", "text": _LINE_END + rest}]


def text_of(content: Sequence[Mapping[str, Any]]) -> str:
    """The text of which `parts` made a message."""
    return "".join(_PARTS.get(each["type"], each["text"] or "") for each in content)


def _row(entry: Entry) -> dict[str, Any]:
    """The row of a sample."""
    shown = {path for each in entry.conversations for path in (*each.images, *each.videos)}
    whole = sample_row(entry, in_media_folder)
    named = {
        kind: in_media_folder(path) if path in shown else ""
        for kind, path in (("image", entry.sample.image), ("video", entry.sample.video))
    }
    return {name: (whole | named)[name] for name in SAMPLE_ROW_COLUMNS}


def _usage(configurations: Sequence[str]) -> str:
    first, *others = configurations
    told = {
        "images": "conversations that show pictures alone",
        "videos": "conversations that show a video",
        SAMPLES: "the windows behind them: rows, times, target, statistics",
    }
    lines = "\n".join(f"* `{name}`: {told[name]}" for name in configurations)
    further = "".join(
        f'\n    {name} = load_dataset("/path/to/this/folder", "{name}")' for name in others
    )
    return f"""With `datasets` from 4.0:

    from datasets import load_dataset
    {first} = load_dataset("/path/to/this/folder"){further}

{lines}

`images` are decoded with the package `pillow`. `videos` are decoded with the packages `torch` and
`torchcodec` and the FFmpeg of the system, to `torchcodec` decoders; without them, have the bytes of
the MP4: `videos.cast_column("videos", datasets.List(datasets.Video(decode=False)))`.

TRL's `SFTTrainer` reads pictures and no videos, and takes the rows of `images` as they are:

    from datasets import load_dataset
    from trl import SFTConfig, SFTTrainer
    corpus = load_dataset("/path/to/this/folder", "images")
    SFTTrainer(
        model="...", train_dataset=corpus["train"],
        args=SFTConfig(
            output_dir="/path/to/checkpoints", max_length=None, assistant_only_loss=True
        ),
    ).train()

With its defaults it would cut conversations to 1,024 tokens, and learn the questions too.
`assistant_only_loss` needs `transformers` from 5.18.

A row is a conversation: `messages` with its media in their place, `questions` with task, level,
needs, form, options, answer, tolerance and rationale of each turn, one per user's message. `length`
is its number of tokens in Qwen3-VL's own processor (`group_by_length` of `transformers` looks for
this column), `tokens` that in each consumer with its defaults, before it cuts anything.

Write checkpoints outside of this folder, with `TrainingArguments(output_dir=...)` of
`transformers`."""
