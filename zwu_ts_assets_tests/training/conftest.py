"""Fixtures that several tests of exports share because they are slow to make."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from zwu_ts_assets.training.exports.formats import FORMATS
from zwu_ts_assets.training.exports.source import ExportSource
from zwu_ts_assets_tests.training.corpora import drawn_source, write_export


@pytest.fixture(scope="session")
def source() -> ExportSource:
    """Six samples in three splits, with real media."""
    return drawn_source()


@pytest.fixture(scope="session")
def exports_once(source: ExportSource, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export in every format, in a folder of the format's name; not to be changed."""
    folder = tmp_path_factory.mktemp("exports")
    for name, export in FORMATS.items():
        write_export(folder / name, export(source), source)
    return folder


@pytest.fixture
def moved_export(exports_once: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Copy the export of a format to a place of its own, and give the folder."""

    def copy(name: str) -> Path:
        folder = tmp_path / "moved elsewhere" / name
        shutil.copytree(exports_once / name, folder)
        return folder

    return copy


@pytest.fixture(scope="session")
def embedded_tokenizer(embedded_folder: Path) -> Tokenizer:
    """The exact Qwen3-VL tokenizer, read by the library that wrote it."""
    return Tokenizer.from_file(str(embedded_folder / "tokenizer.json"))
