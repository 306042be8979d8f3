"""What no trainer could load is refused before anything is written, and said so."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.training.exports.source import (
    ExportSource,
    entries_by_split,
    is_safe_path,
)
from zwu_ts_assets.training.sample import Conversation, Sample, Turn
from zwu_ts_assets_tests.training.corpora import text_source

Change = Callable[[ExportSource], ExportSource]


def conversation(**changes: object) -> Change:
    """Change the first conversation."""

    def change(source: ExportSource) -> ExportSource:
        first, *others = source.conversations
        changed: Conversation = replace(first, **changes)  # type: ignore[arg-type]
        return replace(source, conversations=[changed, *others])

    return change


def turn(**changes: object) -> Change:
    """Change the first turn of the first conversation."""

    def change(source: ExportSource) -> ExportSource:
        first, *others = source.conversations[0].turns
        changed: Turn = replace(first, **changes)  # type: ignore[arg-type]
        return conversation(turns=(changed, *others))(source)

    return change


def sample(**changes: object) -> Change:
    """Change the first sample."""

    def change(source: ExportSource) -> ExportSource:
        first, *others = source.samples
        changed: Sample = replace(first, **changes)  # type: ignore[arg-type]
        return replace(source, samples=[changed, *others])

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (conversation(id="a.b"), r"conversation 'a\.b': expected at most 95 letters"),
        (conversation(id="demo-r0000000-c1"), "occurs twice; ids must be unique"),
        (conversation(sample_id="demo-r1"), "its sample 'demo-r1' is in None"),
        (conversation(split="test"), "is in split 'test'; its sample .* is in 'train'"),
        (conversation(turns=()), "asks nothing; leave it out"),
        (turn(images=2), "its turns show 2 images and 1 videos, expected 1 and 1"),
        (turn(answer="<think>\na <image>\n</think>\n\nb"), "the answer holds '<image>'"),
        (turn(answer="<think>a</think>"), "the answer holds '<think>'"),
        (turn(prompt=" \n"), "the prompt is empty"),
        (turn(answer=""), "the answer is empty"),
        (turn(prompt="Column <image>"), "the prompt holds '<image>'"),
        (turn(answer="<|im_end|>"), r"the answer holds '<\|im_end\|>'"),
        (turn(prompt="\ud800"), "the prompt cannot be written as UTF-8"),
        (conversation(images=("../x.png",)), "its medium '../x.png' should be a .png file"),
        (conversation(images=("x.jpg",)), "its medium 'x.jpg' should be a .png file"),
        (conversation(images=("x.png",)), "'x.png' is not among the 12 media files"),
        (sample(id="demo/r0"), "sample 'demo/r0': expected at most 95 letters"),
        (sample(id="demo-r0000030"), "sample 'demo-r0000030' occurs twice"),
        (sample(split="dev"), "is in split 'dev'; expected one of"),
        (lambda source: replace(source, dataset="a b"), "dataset 'a b': expected"),
    ],
)
def test_unsound_sources_are_refused(change: Change, said: str) -> None:
    with pytest.raises(CorpusError, match=said):
        entries_by_split(change(text_source()))


def test_splits_whose_columns_would_have_other_types_are_refused() -> None:
    source = text_source()
    without = [
        replace(each, videos=(), turns=tuple(replace(t, videos=0) for t in each.turns))
        if each.split == "train"
        else each
        for each in source.conversations
    ]
    with pytest.raises(
        CorpusError, match=r"validation, test have videos, those of train have none"
    ) as caught:
        entries_by_split(replace(source, conversations=without))
    assert "Leave `questions_per_conversation` in the table `tasks` unset" in str(caught.value)


def test_entries_keep_the_order_of_samples_and_of_their_conversations() -> None:
    source = text_source()
    mixed = replace(source, conversations=sorted(source.conversations, key=lambda c: c.id[::-1]))
    entries = entries_by_split(mixed)
    assert list(entries) == ["train", "validation", "test"]
    flat = [entry for found in entries.values() for entry in found]
    assert [entry.sample.id for entry in flat] == [each.id for each in source.samples]
    for entry in flat:
        asked = [conversation.id for conversation in entry.conversations]
        assert asked == [f"{entry.sample.id}-c0", f"{entry.sample.id}-c1"]


def test_an_answer_may_begin_with_a_thought() -> None:
    thought = turn(answer="<think>\nIt is high.\n</think>\n\nAnswer: A")
    assert entries_by_split(thought(text_source()))


@pytest.mark.parametrize("path", ["a/b.png", "Öl °C/x.png", "a b", ".records/x"])
def test_safe_paths(path: str) -> None:
    assert is_safe_path(path)


@pytest.mark.parametrize(
    "path", ["", "/a", "a//b", "..", "a/../b", "./a", "a\\b", "C:a", "a\nb", "a/", "a/.. /b"]
)
def test_unsafe_paths(path: str) -> None:
    assert not is_safe_path(path)
