"""Exports that somebody made to harm whoever validates them: each ends in a sentence, soon."""

import io
import json
import os
import struct
import subprocess
import tarfile
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from zwu_ts_assets.figures.verification import PngDecoder
from zwu_ts_assets.training import export_reading
from zwu_ts_assets.training.exports import rl
from zwu_ts_assets.training.exports.formats import FORMATS
from zwu_ts_assets.training.exports.parquet import arrow_schema
from zwu_ts_assets.training.media_tokens import image_tokens
from zwu_ts_assets.training.processor import Size
from zwu_ts_assets.training.validation import Expectations, validate_export
from zwu_ts_assets_tests.training.corpora import drawn_source, write_export

Change = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, source = tmp_path_factory.mktemp("sound"), drawn_source()
    for name, export in FORMATS.items():
        write_export(folder / name, export(source), source)
    return folder


@pytest.fixture
def export(sound: Path, tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """A copy of an export; the test must be over within seconds and megabytes."""

    def copy(name: str) -> Path:
        target = tmp_path / name
        for path in sorted((sound / name).rglob("*")):
            there = target / path.relative_to(sound / name)
            there.parent.mkdir(parents=True, exist_ok=True)
            if path.is_file():
                there.write_bytes(path.read_bytes())
        return target

    started = time.monotonic()
    yield copy
    assert time.monotonic() - started < 120


def problems(folder: Path) -> str:
    expected = Expectations(
        image_tokens=lambda width, height: image_tokens(Size(width, height)).tokens
    )
    return "\n".join(map(str, validate_export(folder, folder.name, expected).problems))


def first_png(folder: Path) -> Path:
    return next(iter(sorted(folder.rglob("images/*.png")) or sorted(folder.rglob("*0.png"))))


def png(width: int, height: int) -> bytes:
    """A PNG of one colour by its specification: a few bytes for however many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    packer = zlib.compressobj(9)
    row = bytes(1 + 3 * width)
    pixels = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def change_manifest(folder: Path, change: Change) -> None:
    path = folder / "corpus.json"
    content = json.loads(path.read_bytes())
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def test_an_eps_that_is_called_png_never_reaches_ghostscript(
    export: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tmp_path / "ran"
    fake = tmp_path / "bin" / "gs"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\ntouch '{ran}'\nexit 1\n", encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n%%EndComments\nshowpage\n%%EOF\n"
    # The attack works where any format is opened.
    failed = pytest.raises((OSError, subprocess.CalledProcessError))
    with failed, Image.open(io.BytesIO(eps)) as image:
        image.load()
    ran.unlink()
    folder = export("qwen")
    first_png(folder).write_bytes(eps)
    assert "does not decode: it is no PNG" in problems(folder)
    assert not ran.exists()


def test_a_png_of_177_megapixels_is_refused_by_its_header(export: Callable[[str], Path]) -> None:
    folder = export("qwen")
    bomb = png(17_700, 10_000)
    assert len(bomb) < 1_000_000
    first_png(folder).write_bytes(bomb)
    assert "is PNG RGB 17700x10000, not PNG RGB" in problems(folder)
    medium = first_png(folder).relative_to(folder).as_posix()
    change_manifest(folder, lambda content: content["media"][medium].update(width=17_700))
    assert f"the width of {medium} is 17700, expected 1 to 4096" in problems(folder)


@pytest.mark.parametrize("name", list(FORMATS))
@pytest.mark.parametrize("kind", ["pipe", "zero", "full", "outside", "folder", "circle"])
def test_what_is_no_file_of_the_export_is_not_read(
    export: Callable[[str], Path], tmp_path: Path, name: str, kind: str
) -> None:
    folder = export(name)
    secret = tmp_path / "secret"
    secret.write_text('{"secret": 1}', encoding="utf-8")
    files = json.loads((folder / "corpus.json").read_bytes())
    rows = folder / files["files"]["test"][0]
    # In some formats they are in the files with rows.
    media = [folder / path for path in files["media"] if (folder / path).is_file()][:1]
    for path in [rows, *media, folder / "corpus.json"]:
        content = path.read_bytes()
        path.unlink()
        match kind:
            case "pipe":
                os.mkfifo(path)
            case "zero" | "full":
                path.symlink_to(f"/dev/{kind}")
            case "outside":
                path.symlink_to(secret)
            case "folder":
                path.mkdir()
            case _:
                path.symlink_to(path)
        told = problems(folder)
        assert "cannot be read" in told
        assert "secret'" not in told
        path.rmdir() if kind == "folder" else path.unlink()
        path.write_bytes(content)
    assert problems(folder) == "" or "tokens" in problems(folder)


def test_links_within_an_export_are_followed(export: Callable[[str], Path]) -> None:
    folder = export("qwen")
    before = problems(folder)
    path = first_png(folder)
    path.rename(folder / "blob")
    path.symlink_to(folder / "blob")
    assert problems(folder) == before


def test_a_shard_whose_members_claim_terabytes_is_told(export: Callable[[str], Path]) -> None:
    folder = export("webdataset")
    shard = folder / "test-000000.tar"
    with tarfile.open(shard) as archive:
        members = [(each, archive.extractfile(each)) for each in archive]
        contents = [(each.name, stream.read()) for each, stream in members if stream is not None]
    with tarfile.open(shard, "w", format=tarfile.GNU_FORMAT) as archive:
        for name, data in contents:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            if name.endswith(".png"):
                member.size = 0
                header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
                header[156:157] = tarfile.GNUTYPE_SPARSE
                header[483:495] = b"77777777777\0"  # the size that it claims to have: 8 GB
                header[148:156] = b"        "
                header[148:156] = b"%06o\0 " % sum(header)
                assert archive.fileobj is not None
                archive.fileobj.write(bytes(header))
                archive.offset += len(header)
                continue
            archive.addfile(member, io.BytesIO(data))
    assert "is sparse" in problems(folder)
    huge = tarfile.TarInfo("x")
    huge.type, huge.size = tarfile.XHDTYPE, 2**40
    with shard.open("wb") as file:
        file.write(huge.tobuf(tarfile.GNU_FORMAT))
        file.truncate(2**40)  # sparse itself: it takes no space
    assert "test-000000.tar: is not a whole tar" in problems(folder)


def test_a_row_without_an_end_is_not_read_to_its_end(export: Callable[[str], Path]) -> None:
    folder = export("qwen")
    with (folder / "test.jsonl").open("wb") as file:
        file.truncate(2**40)
    assert "test.jsonl: is not JSON in UTF-8 (a row has more than 67,108,864 bytes)" in problems(
        folder
    )
    folder = export("llama_factory")
    with (folder / "test.json").open("wb") as file:
        file.truncate(2**40)
    assert "test.json: cannot be read (has 1,099,511,627,776 bytes" in problems(folder)


def test_more_problems_than_anybody_reads_are_not_looked_for(
    export: Callable[[str], Path],
) -> None:
    folder = export("qwen")
    (folder / "test.jsonl").write_bytes(b"{}\n" * 200_000)
    report = validate_export(folder, "qwen", decode=False)
    assert len(report.problems) == 10_001
    assert "more than 10,000 problems are not looked for" in str(report.problems[-1])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"fps": 1e-300}, "the fps of {video} is 1e-300, expected 0.001 to 1000.0"),
        ({"fps": float("nan")}, "the fps of {video} is nan"),
        ({"fps": float("inf")}, "the fps of {video} is inf"),
        ({"width": 0}, "the width of {video} is 0, expected 1 to 4096"),
        ({"height": -1}, "the height of {video} is -1"),
        ({"frames": 0}, "the frames of {video} is 0, expected 1 to 10000"),
        ({"frames": 10**400}, "the frames of {video} is 1000000000"),
    ],
)
def test_numbers_that_no_video_has_are_told(
    export: Callable[[str], Path], change: dict[str, object], told: str
) -> None:
    folder = export("qwen")
    media = json.loads((folder / "corpus.json").read_bytes())["media"]
    video = next(name for name in media if name.endswith(".mp4"))
    change_manifest(folder, lambda content: content["media"][video].update(change))
    assert told.format(video=video) in problems(folder)


@pytest.mark.parametrize("name", ["\ud800.png", "a\0.png", "a/../../b.png", "/etc/passwd.png"])
def test_paths_that_no_file_of_an_export_has_are_told(
    export: Callable[[str], Path], name: str
) -> None:
    folder = export("qwen")

    def add(content: dict[str, Any]) -> None:
        content["media"][name] = next(iter(content["media"].values()))

    change_manifest(folder, add)
    assert "leads out of the export or is no name of a file" in problems(folder)


def test_sizes_that_no_processor_takes_and_spans_without_end_are_told(
    export: Callable[[str], Path],
) -> None:
    folder = export("huggingface")

    def change(content: dict[str, Any]) -> None:
        figure = next(name for name in content["media"] if name.endswith(".png"))
        content["media"][figure].update(width=4096, height=1)
        content["samples"][-1]["target_stop"] = 10**18

    change_manifest(folder, change)
    told = problems(folder)
    assert "4096x1" in told
    assert "the target is not" in told


def test_a_video_with_more_frames_than_declared_is_not_decoded_to_its_end(
    export: Callable[[str], Path],
) -> None:
    folder = export("qwen")
    media = json.loads((folder / "corpus.json").read_bytes())["media"]
    video = next(name for name in media if name.endswith(".mp4"))
    change_manifest(folder, lambda content: content["media"][video].update(frames=2))
    assert f"{video}: has more than 2 frames, not 2" in problems(folder)


def test_a_decoder_that_dies_or_does_not_end_is_a_sentence() -> None:
    good = png(64, 32)
    with PngDecoder() as decoder:
        assert decoder.problem(good, 64, 32) == ""
        assert decoder._process is not None
        decoder._process.kill()
        assert "the decoder ended with exit code -9" in decoder.problem(good, 64, 32)
        assert decoder.problem(good, 64, 32) == "", "another one is started"
    with PngDecoder(seconds=0.0) as slow:
        assert "takes longer than 0 s" in slow.problem(png(4096, 4096), 4096, 4096)


def test_a_text_that_a_parquet_has_once_and_all_rows_show_does_not_fill_the_memory(
    tmp_path: Path,
) -> None:
    schema = arrow_schema(rl.COLUMNS)
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 60_000, pa.int32()), ["x" * 500_000])
    columns = [
        text if field.name == "problem" else pa.nulls(60_000, field.type) for field in schema
    ]
    names = schema.names
    # Without Arrow's own schema nothing says that the texts are told by number.
    pq.write_table(pa.table(columns, names=names), tmp_path / "rows.parquet", store_schema=False)
    # As dense texts, by the schema of the format: 30 GB, in a file of a few kilobytes.
    assert (tmp_path / "rows.parquet").stat().st_size < 1_000_000
    with (tmp_path / "rows.parquet").open("rb") as file:
        before = pa.total_allocated_bytes()
        assert len(next(export_reading._parquet_rows(file, rl.COLUMNS))["problem"]) == 500_000
        assert pa.total_allocated_bytes() - before < 200_000_000
    assert pa.default_memory_pool().max_memory() < 1_000_000_000
