"""The rows that trainers with verifiable rewards read: TRL, verl, EasyR1 and ms-swift.

What belongs here: this format's row and files. What does not: the reward (`training/reward.py`, of
which the export holds a copy), what it shares with formats for evaluation (`rows`).

One Parquet file per split serves all four, since they look for different columns:

* TRL 1.16.0 `GRPOTrainer` takes `prompt`, and puts the pictures of `images` before it; so it has no
  placeholders. It reads no videos.
* verl 0.9.1 `RLHFDataset` takes messages with placeholders, `data.prompt_key=messages`, then
  `images`, `videos`, `data_source`, `reward_model` and `extra_info`.
* EasyR1 (commit 46c6c21) takes one text with placeholders, `data.prompt_key=problem`, `images` and
  `answer`. It reads no videos of these rows.
* ms-swift 4.6.0 takes `messages`, `images` and `videos`, and hands all other columns to its reward.
  A column `options` would be taken for one of its own.

Questions about videos are in files of their own, `{split}-video.parquet`, for those who read them.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from zwu_ts_assets.training.card import card_files
from zwu_ts_assets.training.export_files import ExportFile, MediaFile, WrittenFile
from zwu_ts_assets.training.exports.manifest import manifest_file
from zwu_ts_assets.training.exports.parquet import IMAGES, ParquetRow, parquet_files, row_schema
from zwu_ts_assets.training.exports.rows import (
    MESSAGE,
    QUESTION,
    Schema,
    in_media_folder,
    question_row,
    reward_file,
    single_source,
    truth_text,
    user_text,
)
from zwu_ts_assets.training.exports.source import (
    Entry,
    ExportSource,
    conversations_of,
    entries_by_split,
    rows_of,
)
from zwu_ts_assets.training.sample import Conversation, Sample

NAME: Final = "rl"

COLUMNS: Final[dict[str, Any]] = {
    "id": str,
    "data_source": str,
    "ability": str,
    "prompt": [MESSAGE],
    "messages": [MESSAGE],
    "problem": str,
    "images": IMAGES,
    "videos": [str],
    "answer": str,
    "solution": str,
    "reward_model": {"style": str, "ground_truth": str},
    "extra_info": {"index": int, "split": str, "reply": str, "question": QUESTION},
}
"""Columns and types, as `arrow_schema` takes them."""

ROW: Final[Schema] = row_schema(COLUMNS)


def rl_export(source: ExportSource) -> Iterator[ExportFile]:
    """The files for trainers with rewards: `{split}.parquet`, `{split}-video.parquet`, `reward.py`.

    Raises:
        CorpusError: As `entries_by_split` says.
    """
    source = single_source(source)
    entries = entries_by_split(source, even=False)
    files: dict[str, list[str]] = {}
    used: dict[str, None] = {}
    for split, found in entries.items():
        asked = rows_of(found)
        apart = [at for at, films in asked.items() if not films]
        with_film = [at for at, films in asked.items() if films]
        written = [
            *rl_files(split, found, apart, source),
            *rl_files(f"{split}-video", found, with_film, source, len(apart)),
        ]
        files[split] = [file.path for file in written]
        yield from written
        used |= dict.fromkeys(path for each in conversations_of(found) for path in each.videos)
    for path in used:
        yield MediaFile(in_media_folder(path), path, source.media[path].sha256)
    yield reward_file()
    yield manifest_file(source, NAME, entries, files, lambda _, path: in_media_folder(path))
    yield from card_files(
        source.card,
        format_name=NAME,
        configurations={"default": files},
        usage=_usage(sorted(files)),
    )


def rl_files(
    stem: str,
    entries: Sequence[Entry],
    asked: Sequence[tuple[int, int]],
    source: ExportSource,
    first: int = 0,
) -> list[WrittenFile]:
    """The files with a row per question.

    Args:
        stem: Of the files' names.
        entries: The samples with their conversations.
        asked: Which conversations, by the numbers of entry and conversation.
        source: What the export is made from.
        first: The first row's `index`.
    """

    def row(numbered: tuple[int, tuple[int, int]]) -> ParquetRow:
        index, (number, at) = numbered
        entry = entries[number]
        conversation = entry.conversations[at]
        columns = rl_row(source.dataset, entry.sample, conversation, index)
        return columns, {"images": conversation.images}

    return parquet_files(stem, enumerate(asked, start=first), row, COLUMNS, source)


def rl_row(dataset: str, sample: Sample, conversation: Conversation, index: int) -> dict[str, Any]:
    """A row without its pictures."""
    (turn,) = conversation.turns
    truth = truth_text(sample, turn)
    text = user_text(turn)
    return {
        "id": conversation.id,
        "data_source": f"zwu_ts_assets/{dataset}",
        "ability": turn.question.task,
        "prompt": [{"role": "user", "content": turn.prompt.strip()}],
        "messages": [{"role": "user", "content": text}],
        "problem": text,
        "videos": [in_media_folder(path) for path in conversation.videos],
        "answer": truth,
        "solution": truth,
        "reward_model": {"style": "rule", "ground_truth": truth},
        "extra_info": {
            "index": index,
            "split": conversation.split,
            "reply": turn.answer,
            "question": question_row(turn.question),
        },
    }


_PROMPT_TOKENS: Final = 16_384
"""Room for two figures and a video of the default canvas with a question."""


def _usage(splits: Sequence[str]) -> str:
    evaluated = "validation" if "validation" in splits else "train"
    return f"""`reward.py` reads and grades answers and needs no package. A reward is 0.1 for a last
line `Answer: ...` and up to 0.9 for what it says; several answers, all options, or an answer in
the thoughts alone get nothing. `{{split}}-video.parquet` has the questions about videos, whose
paths are relative to this folder: start the trainer here. Write checkpoints elsewhere.

TRL, which reads no videos:

    from datasets import load_dataset
    from trl import GRPOConfig, GRPOTrainer
    from reward import reward
    data = load_dataset("parquet", data_files={{"train": "train.parquet"}})
    GRPOTrainer(
        model="...", reward_funcs=[reward], train_dataset=data["train"],
        args=GRPOConfig(output_dir="/path/to/checkpoints"),
    ).train()

verl:

    data.train_files=train.parquet data.val_files={evaluated}.parquet data.prompt_key=messages
    data.max_prompt_length={_PROMPT_TOKENS}
    reward.custom_reward_function.path=reward.py reward.custom_reward_function.name=compute_score

EasyR1:

    data.train_files=train.parquet data.val_files={evaluated}.parquet data.prompt_key=problem
    data.answer_key=answer data.image_key=images data.max_prompt_length={_PROMPT_TOKENS}
    worker.reward.reward_function=reward.py:easyr1_reward

Both leave out, without a word, rows of more tokens than `data.max_prompt_length`, which is 1,024
and 512 unless it is set: no video of the default canvas is below that. verl reads videos with
`qwen-vl-utils`; install `decord` or `torchcodec` for it, since `torchvision` from 0.26 reads none
and verl then leaves out every row with a video.

ms-swift, with `trl` from 0.26:

    swift rlhf --rlhf_type grpo --dataset train.parquet --external_plugins reward.py \\
        --reward_funcs zwu_ts --output_dir /path/to/checkpoints ..."""
