"""Fixtures that several tests of the corpus share because they are slow to make."""

from pathlib import Path

import pytest

from zwu_ts_assets.corpus.qwen_embedded import embedded_tokenizer_folder


@pytest.fixture(scope="session")
def embedded_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exact Qwen3-VL tokenizer, built once (3 s)."""
    return embedded_tokenizer_folder(tmp_path_factory.mktemp("tokenizers"))
