"""Tar shards for WebDataset.

What belongs here: this format's shards and index. What does not: what it shares with Hugging Face
(`rows`).

A sample is three adjacent members: `KEY.json`, `KEY.png` and `KEY.mp4`, where KEY is its id; a
second image, where conversations show one, is `KEY.2.png`. Conversations name media by what follows
the key's dot, which is how WebDataset names the fields of a sample.

Shard k of a split holds its samples k*n to k*n + n - 1. So a changed sample changes one shard, and
further samples only the last one. A split that would have fewer shards than four workers is divided
evenly among four. A shard is built when it is written, one at a time.
"""

import io
import itertools
import json
import tarfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any, BinaryIO, Final

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.training.card import card_files
from zwu_ts_assets.training.export_files import ExportFile, WrittenFile
from zwu_ts_assets.training.exports.manifest import manifest_file
from zwu_ts_assets.training.exports.rows import (
    SAMPLE_COLUMNS,
    Schema,
    json_line,
    sample_row,
    written,
)
from zwu_ts_assets.training.exports.source import Entry, ExportSource, entries_by_split

NAME: Final = "webdataset"

ROW: Final[Schema] = dict(SAMPLE_COLUMNS)

_WORKERS: Final = 4
"""A split has so many shards, if it has as many samples: loaders give each worker its own."""

_MOST_SHARDS: Final = 9_900  # of the 10,000 files in a folder; some are others

_LAYOUT_VERSION: Final = "1"  # raise it when the same samples give other bytes of a shard


def webdataset_export(source: ExportSource) -> Iterator[ExportFile]:
    """The files of the export for WebDataset: `{split}-{number}.tar` and `{split}-index.json`.

    The index lists shards and their samples, in the form that the `wids` reader takes.

    Raises:
        CorpusError: As `entries_by_split` says; shards would hold less than one sample; or there
            would be more than a folder on the hub may have.
    """
    if source.samples_per_shard < 1:
        raise CorpusError(
            f"samples per shard: found {source.samples_per_shard}, expected 1 or more."
        )
    entries = entries_by_split(source)
    count = sum(map(len, entries.values()))
    if -(-count // source.samples_per_shard) > _MOST_SHARDS:
        raise CorpusError(
            f"shards of {source.samples_per_shard} samples would be more than the {_MOST_SHARDS:,} "
            f"that a folder on the hub has room for. Set shard_samples to "
            f"{-(-count // _MOST_SHARDS)} or more."
        )
    files: dict[str, list[str]] = {}
    for split, found in entries.items():
        cuts = _cuts(found, source.samples_per_shard)
        files[split] = [f"{split}-{number:06d}.tar" for number in range(len(cuts))]
        for name, cut in zip(files[split], cuts, strict=True):
            yield _shard(name, cut, source)
        index = {
            "wids_version": 1,
            "name": f"{source.dataset}_{split}",
            "shardlist": [
                {"url": name, "nsamples": len(cut)}
                for name, cut in zip(files[split], cuts, strict=True)
            ],
        }
        content = json.dumps(index, indent=1) + "\n"
        yield written(f"{split}-index.json", content.encode("ascii"))
    yield manifest_file(
        source,
        NAME,
        entries,
        files,
        lambda entry, path: f"{entry.sample.id}.{field_names(entry)[path]}",
        row=_row,
        whole=True,
    )
    few = [split for split, names in files.items() if len(names) < _WORKERS]
    last = f"{len(files['train']) - 1:06d}" if "train" in files else "000000"
    yield from card_files(
        source.card,
        format_name=NAME,
        configurations={"default": {split: [f"{split}-*.tar"] for split in entries}},
        usage=f"""With `webdataset`:

    import webdataset
    corpus = webdataset.WebDataset("train-{{000000..{last}}}.tar", shardshuffle=False)

Where workers are more than shards, add `empty_check=False`: a worker without a shard is an error
otherwise. {_told_of(few)}

A sample has the fields `json`, `png` and `mp4`. The conversations in `json` name the fields that
they show, in the order of the placeholders. `flags` has one flag per line.

Write checkpoints outside of this folder, for example with `TrainingArguments(output_dir=...)` of
`transformers`.""",
    )


def _told_of(splits: Sequence[str]) -> str:
    if not splits:
        return f"Each split has {_WORKERS} shards or more."
    return f"Too small for {_WORKERS} shards: {', '.join(splits)}."


def _cuts(entries: Sequence[Entry], per_shard: int) -> list[Sequence[Entry]]:
    """The samples of each shard."""
    count = len(entries)
    if count > (_WORKERS - 1) * per_shard:
        return [entries[at : at + per_shard] for at in range(0, count, per_shard)]
    shards = min(_WORKERS, count)
    bounds = [count * number // shards for number in range(shards + 1)]
    return [entries[start:stop] for start, stop in itertools.pairwise(bounds)]


def field_names(entry: Entry) -> dict[str, str]:
    """How the fields of a sample's media are named in a shard, by path in the corpus."""
    names = {}
    for paths in (entry.images, entry.videos):
        for number, path in enumerate(paths, start=1):
            extension = PurePosixPath(path).suffix[1:]
            names[path] = extension if number == 1 else f"{number}.{extension}"
    return names


def _shard(name: str, entries: Sequence[Entry], source: ExportSource) -> WrittenFile:
    made_from = sha256(_LAYOUT_VERSION.encode("ascii"))
    for entry in entries:
        made_from.update(_sample_json(entry))
        for path in field_names(entry):
            made_from.update(bytes.fromhex(source.media[path].sha256))
    return WrittenFile(name, made_from.hexdigest(), partial(_tar, entries, source.read_media))


def _row(entry: Entry) -> dict[str, Any]:
    return sample_row(entry, field_names(entry).__getitem__)


def _sample_json(entry: Entry) -> bytes:
    return json_line(_row(entry)).encode("utf-8")


def _tar(entries: Sequence[Entry], read_media: Callable[[str], bytes], sink: BinaryIO) -> None:
    """The same bytes each time: no owner, no time, no order but that of the samples."""
    with tarfile.open(fileobj=sink, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for entry in entries:
            _add(archive, f"{entry.sample.id}.json", _sample_json(entry))
            for path, field in field_names(entry).items():
                _add(archive, f"{entry.sample.id}.{field}", read_media(path))
            # What a tar remembers of each member would grow with the shard.
            archive.members.clear()  # type: ignore[attr-defined]


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)  # mode 0644, owner 0, no names, time 0
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))
