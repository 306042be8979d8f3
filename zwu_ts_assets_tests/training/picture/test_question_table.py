"""Questions survive their Parquet file, which others can load."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.training.picture.question import PictureQuestion
from zwu_ts_assets.training.picture.question_table import (
    QUESTION_SCHEMA,
    decode_questions,
    encode_questions,
)

CHOICE = PictureQuestion(
    id="etth1-r0000000-closest_pair",
    sample_id="etth1-r0000000",
    split="test",
    task="closest_pair",
    level=1,
    needs=("figure",),
    subject={"span": "steps 0 to 11", "größe": 3},
    options=("HUFL and OT", "MUFL and OT"),
    right=1,
    answer="B",
    given=("figure",),
    wording=4,
    prompt="Which pair?\nA. HUFL and OT\nB. MUFL and OT",
    rationale="Read off the panel.",
    values=(0.1, 0.30000000000000004),
    other_sample="etth1-r0000096",
)
NUMBER = replace(
    CHOICE,
    id="etth1-r0000000-cell",
    form="number",
    options=(),
    right=-1,
    answer="0.25",
    tolerance=0.01,
    values=(),
    needs=("figure", "video"),
    given=("figure", "video"),
    series="1.00 2.00",
)


def test_what_is_read_is_what_was_written() -> None:
    assert decode_questions(encode_questions([CHOICE, NUMBER])) == [CHOICE, NUMBER]
    assert decode_questions(encode_questions([])) == []


def test_the_same_questions_give_the_same_bytes_whatever_order_a_subject_has() -> None:
    turned = replace(CHOICE, subject=dict(reversed(list(CHOICE.subject.items()))))
    assert encode_questions([CHOICE]) == encode_questions([turned])


def test_datasets_loads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    file = tmp_path / "test.parquet"
    file.write_bytes(encode_questions([CHOICE, NUMBER]))
    loaded = datasets.load_dataset(
        "parquet", data_files={"test": str(file)}, cache_dir=str(tmp_path / "cache")
    )
    assert loaded["test"]["id"][:] == [CHOICE.id, NUMBER.id]
    assert loaded["test"]["options"][0] == list(CHOICE.options)


def test_every_column_is_described() -> None:
    for column in QUESTION_SCHEMA:
        assert column.metadata[b"description"], column.name


@pytest.mark.parametrize("data", [b"", b"no Parquet", encode_questions([CHOICE])[:-9]])
def test_damage_is_told(data: bytes) -> None:
    with pytest.raises(CorpusError, match="damaged"):
        decode_questions(data)


def test_a_file_of_others_is_told(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": ["a"]}), tmp_path / "a.parquet")
    with pytest.raises(CorpusError, match="expected 'zwu_ts_assets questions 1'"):
        decode_questions((tmp_path / "a.parquet").read_bytes())
