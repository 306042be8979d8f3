"""`python -m zwu_ts_assets_tests.fuzz`: run one target under the guidance of coverage.

Needs atheris, which is made for Linux only.
"""

import argparse
import importlib
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from zwu_ts_assets_tests.fuzz import TARGETS


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a target until so many inputs were tried, or one was found that breaks a promise."""
    parser = argparse.ArgumentParser(prog="python -m zwu_ts_assets_tests.fuzz")
    parser.add_argument("--target", choices=sorted(TARGETS), required=True)
    parser.add_argument("--runs", type=int, default=100_000, help="inputs to try")
    parser.add_argument("--seed", type=int, default=1, help="of the random mutations")
    parser.add_argument("--seconds", type=int, default=5, help="the longest that one may take")
    parser.add_argument("--megabytes", type=int, default=1024, help="the most memory")
    parser.add_argument("--longest", type=int, default=8192, help="bytes of an input")
    parser.add_argument("--keep", type=Path, help="folder for what is found and breaks a promise")
    given = parser.parse_args(arguments)
    try:
        import atheris
    except ImportError:
        sys.exit("atheris cannot be imported; it is made for Linux only, and in the dev lock there")
    # Before anything else imports them: a module is instrumented when it is imported.
    with atheris.instrument_imports(include=["zwu_ts_assets", "tomllib"]):
        target = importlib.import_module(f"zwu_ts_assets_tests.fuzz.{TARGETS[given.target]}")
    with tempfile.TemporaryDirectory(prefix="zwu-ts-fuzz-") as folder:
        corpus = write_corpus(target, Path(folder))
        keep = given.keep or Path(tempfile.mkdtemp(prefix="zwu-ts-fuzz-found-"))
        keep.mkdir(parents=True, exist_ok=True)
        tried = accepted = 0

        def try_one(data: bytes) -> None:
            nonlocal tried, accepted
            accepted += target.check(data)
            tried += 1
            if tried == given.runs:  # libFuzzer ends the process itself
                print(f"{given.target}: {tried} inputs tried, {accepted} accepted", flush=True)

        options = [
            sys.argv[0],
            f"-runs={given.runs}",
            f"-seed={given.seed}",
            f"-timeout={given.seconds}",
            f"-rss_limit_mb={given.megabytes}",
            f"-max_len={given.longest}",
            f"-dict={write_words(target, Path(folder))}",
            f"-artifact_prefix={keep}/",
            "-print_final_stats=1",
            str(corpus),
        ]
        atheris.Setup(options, try_one, internal_libfuzzer=True)
        atheris.Fuzz()


def write_corpus(target: ModuleType, folder: Path) -> Path:
    """The inputs to begin with, a file each."""
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(target.SEEDS):
        (corpus / f"{number:03d}").write_bytes(seed)
    return corpus


def write_words(target: ModuleType, folder: Path) -> Path:
    """The target's words as a dictionary in the form of libFuzzer."""
    lines = ['"' + "".join(f"\\x{byte:02x}" for byte in word) + '"' for word in target.WORDS]
    file = folder / "words"
    file.write_text("\n".join(lines) + "\n", encoding="ascii")
    return file


if __name__ == "__main__":
    main()
