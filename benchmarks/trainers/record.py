"""What a trainer puts into its training steps, and the losses that come out.

What belongs here: the record, its JSON, and taking it while a trainer runs. What does not: starting
trainers (`runs`), judging what they did (`verdict`).

Imported by trainers' environments and by the project's: needs nothing but the standard library
until something is recorded.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

IGNORED = -100
"""The label of a token that is not learned, by PyTorch's convention."""


@dataclass(frozen=True)
class Row:
    """A row of a training batch as the model gets it.

    Attributes:
        tokens: How many, without padding.
        learned: The text of each run of labels, special tokens included.
        images: Patches of each image: frames, rows, columns (`image_grid_thw`).
        videos: Of each video, likewise; a frame here is two of the file.
        image_tokens: Placeholders that the model replaces by what it sees of images.
        video_tokens: Of videos, likewise.
        misplaced: Labels that are not the token at their place.
    """

    tokens: int
    learned: tuple[str, ...]
    images: tuple[tuple[int, ...], ...]
    videos: tuple[tuple[int, ...], ...]
    image_tokens: int
    video_tokens: int
    misplaced: int


@dataclass
class Record:
    """What a trainer did.

    Attributes:
        version: The trainer's, for the table.
        rows: Of one pass over the split.
        losses: Of the steps on one row, in order.
        rewards: What the export's reward gave for completions, in order.
        rewarded: The question that each of these completions answers.
        notes: Further findings, by name.
    """

    version: str = ""
    rows: list[Row] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    rewards: list[float] = field(default_factory=list)
    rewarded: list[str] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write the record as JSON."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")


def read_record(path: Path) -> Record:
    """Read a record that a trainer's process wrote."""
    found = json.loads(path.read_text(encoding="utf-8"))
    rows = [
        Row(
            tokens=row["tokens"],
            learned=tuple(row["learned"]),
            images=tuple(tuple(grid) for grid in row["images"]),
            videos=tuple(tuple(grid) for grid in row["videos"]),
            image_tokens=row["image_tokens"],
            video_tokens=row["video_tokens"],
            misplaced=row["misplaced"],
        )
        for row in found.pop("rows")
    ]
    return Record(rows=rows, **found)


@dataclass
class Steps:
    """The batches and losses of training steps, as a `transformers.Trainer` is given them."""

    rows: list[Row] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)


@contextmanager
def recorded(tokenizer: Any) -> Iterator[Steps]:
    """Record every training step of any `transformers.Trainer`, whoever makes it.

    Trainers here have one row in a batch. What they subclass calls this method of theirs, so the
    batch is seen when all of their own processing is done.

    Args:
        tokenizer: Decodes labels.
    """
    import transformers

    steps = Steps()
    trainer_class: Any = transformers.Trainer
    original = trainer_class.training_step

    def training_step(self: Any, model: Any, inputs: Any, *others: Any, **named: Any) -> Any:
        if "labels" in inputs:
            steps.rows.append(row_of(inputs, tokenizer))
        loss = original(self, model, inputs, *others, **named)
        steps.losses.append(float(loss.detach()))
        return loss

    trainer_class.training_step = training_step
    try:
        yield steps
    finally:
        trainer_class.training_step = original


def row_of(batch: Mapping[str, Any], tokenizer: Any) -> Row:
    """The row of a batch that has one.

    Args:
        batch: Tensors by name: `input_ids` and `labels`, both of shape (1, tokens).
        tokenizer: Decodes labels.

    Raises:
        ValueError: The batch has more rows, or labels of another shape.
    """
    ids, labels = batch["input_ids"].tolist(), batch["labels"].tolist()
    if len(ids) != 1 or [len(ids[0])] != [len(each) for each in labels]:
        raise ValueError(f"a batch of {len(ids)} rows: expected 1, with a label for each token")
    (ids,), (labels,) = ids, labels
    mask = batch.get("attention_mask")
    kept = [True] * len(ids)
    if mask is not None and tuple(mask.shape) == (1, len(ids)):
        kept = [bool(each) for each in mask[0].tolist()]
    runs: list[list[int]] = []
    before = IGNORED
    for label in labels:
        if label != IGNORED:
            if before == IGNORED:
                runs.append([])
            runs[-1].append(label)
        before = label
    place = {
        name: tokenizer.convert_tokens_to_ids(f"<|{name}_pad|>") for name in ("image", "video")
    }
    shown = [token for token, is_kept in zip(ids, kept, strict=True) if is_kept]
    return Row(
        tokens=len(shown),
        learned=tuple(tokenizer.decode(run, skip_special_tokens=False) for run in runs),
        images=_grids(batch, "image_grid_thw"),
        videos=_grids(batch, "video_grid_thw"),
        image_tokens=shown.count(place["image"]),
        video_tokens=shown.count(place["video"]),
        misplaced=sum(
            label not in (IGNORED, token) for token, label in zip(ids, labels, strict=True)
        ),
    )


def _grids(batch: Mapping[str, Any], name: str) -> tuple[tuple[int, ...], ...]:
    grids = batch.get(name)
    return () if grids is None else tuple(tuple(map(int, grid)) for grid in grids.tolist())
