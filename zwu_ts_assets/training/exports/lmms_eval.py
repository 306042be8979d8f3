"""A task folder for lmms-eval: rows in Parquet, a YAML per split, and our scorer.

What belongs here: this format's files. What does not: its rows, which trainers with rewards share
(`rl`), how answers are read and graded (`training/reward.py`).

lmms-eval 0.7.3 finds tasks in the folders that `--include_path` names, loads `utils.py` from beside
the YAML, and opens data files from the folder it was started in. It hands a task's pictures to the
model as they are; what the model does to them is its own (`max_pixels` of its Qwen3-VL is 1,605,632
by default, below a figure of 1792x992).
"""

from collections.abc import Iterator
from importlib import resources
from typing import Final

from zwu_ts_assets.training.card import card_files
from zwu_ts_assets.training.export_files import ExportFile, MediaFile
from zwu_ts_assets.training.exports.manifest import manifest_file
from zwu_ts_assets.training.exports.rl import rl_files
from zwu_ts_assets.training.exports.rows import in_media_folder, reward_file, single_source, written
from zwu_ts_assets.training.exports.source import (
    ExportSource,
    conversations_of,
    entries_by_split,
    rows_of,
)

NAME: Final = "lmms_eval"
UTILS: Final = "utils.py"

_MOST_TOKENS: Final = 1024
"""Of an answer: thinking models need room before the last line."""


def lmms_eval_export(source: ExportSource) -> Iterator[ExportFile]:
    """The files for lmms-eval: `{split}.parquet`, `{dataset}_{split}.yaml`, `utils.py`, the reward.

    Raises:
        CorpusError: As `entries_by_split` says.
    """
    source = single_source(source)
    entries = entries_by_split(source, even=False)
    files: dict[str, list[str]] = {}
    used: dict[str, None] = {}
    for split, found in entries.items():
        tables = rl_files(split, found, list(rows_of(found)), source)
        files[split] = [file.path for file in tables]
        yield from tables
        task = f"{source.dataset}_{split}"
        yield written(f"{task}.yaml", _yaml(task, split, files[split]).encode("utf-8"))
        used |= dict.fromkeys(path for each in conversations_of(found) for path in each.videos)
    for path in used:
        yield MediaFile(in_media_folder(path), path, source.media[path].sha256)
    yield written(UTILS, _utils())
    yield reward_file()
    yield manifest_file(source, NAME, entries, files, lambda _, path: in_media_folder(path))
    tasks = ",".join(f"{source.dataset}_{split}" for split in entries if split != "train")
    yield from card_files(
        source.card, format_name=NAME, configurations={"default": files}, usage=_usage(tasks)
    )


def _yaml(task: str, split: str, names: list[str]) -> str:
    listed = "".join(f"\n      - {name}" for name in names)
    return f"""task: {task}
dataset_path: parquet
dataset_kwargs:
  data_files:
    {split}:{listed}
test_split: {split}
output_type: generate_until
doc_to_visual: !function utils.doc_to_visual
doc_to_text: !function utils.doc_to_text
doc_to_target: answer
process_results: !function utils.process_results
generation_kwargs:
  max_new_tokens: {_MOST_TOKENS}
  temperature: 0
  do_sample: false
metric_list:
  - metric: accuracy
    aggregation: mean
    higher_is_better: true
  - metric: well_formed
    aggregation: mean
    higher_is_better: true
metadata:
  version: 1.0
"""


def _utils() -> bytes:
    return resources.files("zwu_ts_assets.training.templates").joinpath(_TEMPLATE).read_bytes()


_TEMPLATE: Final = "lmms_eval_utils.py.txt"


def _usage(tasks: str) -> str:
    return f"""Start lmms-eval in this folder, because it opens data files from the folder it is
started in:

    python -m lmms_eval --model ... --include_path . --tasks {tasks or "..."} \\
        --batch_size 1 --log_samples --output_path /path/to/results

`accuracy` is the share of answers that are right, `well_formed` that of last lines `Answer: ...`.
A forecast counts as right where it is nearer than the last value. The samples that it logs are
predictions for `score`: their `id` is in `doc`, the text in `filtered_resps`.

Give the model room for the pictures, for example `max_pixels=1806336` in `--model_args`: with the
default of lmms-eval's Qwen3-VL a figure of 1792x992 is shrunk."""
