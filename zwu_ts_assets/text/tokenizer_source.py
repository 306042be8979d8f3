"""Which tokenizer is meant, and where its files are.

What belongs here: turning what a user names (or does not name) into a place and a digest of what
lies there, and saying what is wrong with a folder that holds no tokenizer. What does not: loading a
tokenizer and encoding text (`qwen`), building the embedded one (`qwen_embedded`).

This is the only module of the corpus that may use the network, and only for a model id other than
the default one that is not in the local model cache yet.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.text.qwen_embedded import embedded_digest, embedded_tokenizer_path

DEFAULT_TOKENIZER = "Qwen/Qwen3-VL-2B-Instruct"
"""The model whose tokenizer is used when none is named."""

# The files that make a tokenizer; nothing else in a model folder is read, hashed or downloaded.
_VOCABULARIES = (
    "vocab.json",
    "vocab.txt",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tekken.json",
)
_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "config.json",  # its model type decides the class that reads the folder
    "special_tokens_map.json",
    "added_tokens.json",
    "merges.txt",
    *_VOCABULARIES,
)
_EXPECTED = f"tokenizer.json, or tokenizer_config.json with one of {', '.join(_VOCABULARIES)}"

_MODEL_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_LFS_POINTER = b"version https://git-lfs"


@dataclass(frozen=True)
class TokenizerSource:
    """Where a tokenizer comes from.

    Attributes:
        kind: `folder` (the user's), `cache` (the local Hugging Face model cache), `embedded` (the
            exact Qwen3-VL one, built when it is loaded) or `hub` (downloaded just now).
        location: The folder with the tokenizer's files.
        digest: sha256 in hex of the tokenizer's files, whatever their place; a changed tokenizer
            has another one.
    """

    kind: Literal["folder", "cache", "embedded", "hub"]
    location: str
    digest: str


def resolve_tokenizer(name: str | None, *, project_dir: Path, cache_dir: Path) -> TokenizerSource:
    """Find the tokenizer that is meant, without loading it.

    A name that is absolute, starts with `./`, `../` or `~`, or exists below `project_dir` is a
    folder. Any other is a model id, `owner/name`. For no name or `Qwen/Qwen3-VL-2B-Instruct` the
    order is: the folder `Qwen3-VL-2B-Instruct` in `project_dir`, the local Hugging Face model
    cache, the embedded tokenizer; the network is never used. Another model id is looked up in the
    local model cache and then downloaded (the tokenizer's files only).

    Args:
        name: A folder or a model id; None means the default.
        project_dir: The folder that relative names start from.
        cache_dir: Where the embedded tokenizer is kept once it is built.

    Returns:
        The source, its digest included (a few files are read, at most about 0.2 s).

    Raises:
        CorpusError: If the folder holds no tokenizer, if the name is neither a folder nor a model
            id, or if the model id cannot be downloaded.
    """
    if name is not None and _is_path(name, project_dir):
        return _local_source("folder", project_dir / _without_tilde(name))
    model_id = DEFAULT_TOKENIZER if name is None else name
    if not _MODEL_ID.fullmatch(model_id) or ".." in model_id or "--" in model_id:
        raise CorpusError(
            f"tokenizer {name!r}: there is no such folder in {project_dir}, and it is not a model "
            "id of the form owner/name (letters, digits, '.', '_' and '-'). Name a folder with a "
            "tokenizer (starting with / or ./ to be sure) or a model id."
        )
    if model_id == DEFAULT_TOKENIZER:
        beside = project_dir / DEFAULT_TOKENIZER.rpartition("/")[2]
        if beside.exists():
            return _local_source("folder", beside)
    cached = _cached_folder(model_id)
    if cached is not None:
        return _local_source("cache", cached)
    if model_id == DEFAULT_TOKENIZER:
        location = str(embedded_tokenizer_path(cache_dir))
        return TokenizerSource("embedded", location, embedded_digest())
    return _local_source("hub", _download(model_id))


def _is_path(name: str, project_dir: Path) -> bool:
    if name.startswith(("./", "../", "~")) or Path(name).is_absolute():
        return True
    return name not in ("", ".", "..") and (project_dir / name).exists()


def _without_tilde(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError as error:
        raise CorpusError(
            f"tokenizer {name!r}: there is no user with that home folder ({error}). Write the "
            "whole path of the tokenizer folder."
        ) from error


def _local_source(kind: Literal["folder", "cache", "hub"], folder: Path) -> TokenizerSource:
    """Look at a folder that should hold a tokenizer and hash what makes it."""
    if not folder.exists():
        raise CorpusError(
            f"{folder}: the tokenizer folder does not exist. Name a folder that holds {_EXPECTED}."
        )
    if not folder.is_dir():
        raise CorpusError(
            f"{folder}: this is a file, expected a tokenizer folder that holds {_EXPECTED}. Name "
            "the folder, not a file in it."
        )
    if not _holds_tokenizer(folder):
        found = ", ".join(sorted(file.name for file in folder.iterdir())[:8]) or "nothing"
        raise CorpusError(
            f"{folder}: this is not a tokenizer folder. Found: {found}. Expected: {_EXPECTED}. "
            "Put the model's tokenizer files there or name another folder."
        )
    digest = hashlib.sha256()
    for name in sorted(_FILES):
        file = folder / name
        if file.exists() or file.is_symlink():
            content = _checked_content(file)
            digest.update(f"{name} {len(content)} ".encode() + content)
    return TokenizerSource(kind, str(folder), digest.hexdigest())


def _holds_tokenizer(folder: Path) -> bool:
    if (folder / "tokenizer.json").exists():
        return True
    has_vocabulary = any((folder / name).exists() for name in _VOCABULARIES)
    return has_vocabulary and (folder / "tokenizer_config.json").exists()


def _checked_content(file: Path) -> bytes:
    """Read a file, and say here what a tokenizer library would tell in its own terms."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise CorpusError(
            f"{file}: this tokenizer file cannot be read ({error.strerror or error}). Put the "
            "model's file there again."
        ) from error
    if content.startswith(_LFS_POINTER):
        raise CorpusError(
            f"{file}: this is a Git LFS pointer, not the tokenizer file itself. Run `git lfs pull` "
            "in the folder, or download the file."
        )
    if file.suffix == ".json":
        try:
            json.loads(content)
        except ValueError as error:
            raise CorpusError(
                f"{file}: this tokenizer file is not valid JSON ({error}); it may have been cut "
                "short. Put the model's file there again."
            ) from error
    return content


def _cached_folder(model_id: str) -> Path | None:
    """Find a model's tokenizer in the local Hugging Face cache; the network is not used."""
    from huggingface_hub import constants  # light, and knows where the user keeps the cache

    # The folder's name is the documented layout of that cache. Looking for it first spares the
    # common case, no such model, the half second that importing the library takes.
    if not (Path(constants.HF_HUB_CACHE) / f"models--{model_id.replace('/', '--')}").is_dir():
        return None
    from huggingface_hub import try_to_load_from_cache

    for name in ("tokenizer.json", "tokenizer_config.json"):
        found = try_to_load_from_cache(model_id, name)
        if isinstance(found, str) and _holds_tokenizer(Path(found).parent):
            return Path(found).parent
    return None


def _download(model_id: str) -> Path:
    """Fetch a model's tokenizer files, and nothing else of it, into the local model cache."""
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(model_id, allow_patterns=list(_FILES)))
    except Exception as error:  # the library's errors have no base class in common
        reason = " ".join(str(error).split())
        raise CorpusError(
            f"tokenizer {model_id!r}: it is neither a folder nor in the local model cache, and the "
            f"model hub did not give it ({type(error).__name__}: {reason}). Check the name and the "
            f"network, or download its files on another machine ({_EXPECTED}), put them in a "
            "folder and name that folder."
        ) from error
