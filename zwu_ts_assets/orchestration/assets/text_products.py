"""From windows to their statistics as text, and to that text as tokens.

What belongs here: calling the modules of text and tokens, and saying what there is to know of the
result. What does not: the text and the tokenizers themselves (`text/`), the other products
(`corpus_products.py`).
"""

import functools
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.assets.previews import rows_table, text_block
from zwu_ts_assets.orchestration.work import WARNING, Product
from zwu_ts_assets.storage.artifact_store import Detail, digest
from zwu_ts_assets.text.named_functions import AllowedCode
from zwu_ts_assets.text.qwen import (
    TextTokenizer,
    TokenizerSource,
    load_tokenizer,
    qwen_rows_jsonl,
    resolve_tokenizer,
)
from zwu_ts_assets.text.qwen import vocabulary_json as tokenizer_vocabulary_json
from zwu_ts_assets.text.stats import (
    format_stats,
    hidden_variances,
    parse_stats,
    stats_lines,
)
from zwu_ts_assets.text.verification import qwen_problem
from zwu_ts_assets.text.vocabulary import (
    SPECIALS,
    build_vocabulary,
    resolve_splitter,
    splitter_source,
    token_rows_jsonl,
    vocabulary_json,
)
from zwu_ts_assets.timeseries.windows import Batch, WindowKey, window_key

Files = Mapping[str, bytes]

_LISTED: Final = 20  # names in a detail


def stats_product(
    batches: Mapping[int, Batch], known: int, *, settings: Settings
) -> Product[Files]:
    """The statistics of every window that exists, as text.

    Args:
        batches: Those that exist.
        known: How many there should be.
        settings: Whether a batch has several windows.
    """
    if not batches:
        raise CorpusError(
            "there is no window made with these settings to describe; materialize batch_windows "
            "first"
        )
    varying: Counter[str] = Counter()  # windows in which a feature varies, and hides it
    hidden: Counter[str] = Counter()

    def blocks() -> Iterator[tuple[WindowKey, list[str]]]:
        for batch, content in batches.items():
            for window in content.windows:
                lines = stats_lines(window.values, window.features, settings.stats_format)
                found = hidden_variances(window.values, lines)
                for name, hides in zip(window.features, found, strict=True):
                    varying[name] += hides is not None
                    hidden[name] += hides is True
                yield window_key(batch, window.start, overlapping=settings.overlapping), lines

    text = format_stats(blocks())
    details: dict[str, Detail] = {
        "batches": len(batches),
        "known_batches": known,
        "complete": len(batches) == known,
        "characters": len(text),
    }
    told_nothing = [name for name, count in varying.items() if 2 * hidden[name] > count]
    if told_nothing:
        names = ", ".join(told_nothing[:_LISTED])
        more = len(told_nothing) - _LISTED
        details[f"{WARNING}hidden_variances"] = (
            f"Var=0.00 although they vary: {names}{f' and {more} more' if more > 0 else ''}. Write "
            '`stats_format = "significant"` into the settings, or change the unit of the columns.'
        )
    windows = len(parse_stats(text))
    if settings.overlapping or windows < len(batches):
        details["windows"] = windows
    shown = text.split("\n\n--- ", 1)[0].split("\n")
    return Product({"text": text.encode("utf-8")}, details, preview=text_block(shown))


def splitter_digest(settings: Settings, allowed: AllowedCode) -> str:
    """Which splitting function it is, and its source. Nothing that settings name is executed.

    Raises:
        CorpusError: The function is not allowed, or not there.
    """
    name = settings.splitter
    return digest(name or "", sha256(splitter_source(name, allowed)))


def vocabulary_product(stats: Files, *, settings: Settings, allowed: AllowedCode) -> Product[Files]:
    """The small vocabulary of the stats text and each window's tokens and ids in it."""
    split = resolve_splitter(settings.splitter, allowed)
    rows = parse_stats(stats["text"].decode("utf-8"))
    vocabulary = build_vocabulary((text for _, text in rows), split)
    tokens = token_rows_jsonl(rows, vocabulary, split)
    details: dict[str, Detail] = {
        **_row_counts(rows),
        "entries": len(vocabulary),
        "special_tokens": len(SPECIALS),
        **_token_counts(tokens),
    }
    files = {"vocab": vocabulary_json(vocabulary), "tokens": tokens}
    return Product(files, details, preview=rows_table(tokens))


def tokenizer_source(settings: Settings, project_dir: Path, cache: Path) -> TokenizerSource:
    """Where the tokenizer comes from, without loading it."""
    return resolve_tokenizer(settings.tokenizer, project_dir=project_dir, cache_dir=cache)


@functools.lru_cache(maxsize=2)
def loaded_tokenizer(source: TokenizerSource) -> TextTokenizer:
    """The tokenizer itself, loaded once per process: the asset and its check both need it."""
    return load_tokenizer(source)


def qwen_product(stats: Files, source: TokenizerSource) -> Product[Files]:
    """Text, tokens and ids of each window in the Qwen3-VL tokenizer, and its vocabulary."""
    tokenizer = loaded_tokenizer(source)
    rows = parse_stats(stats["text"].decode("utf-8"))
    tokens = qwen_rows_jsonl(rows, tokenizer)
    details: dict[str, Detail] = {
        **_row_counts(rows),
        "entries": tokenizer.size,
        "tokenizer": f"{source.kind}: {source.location}",
        **_token_counts(tokens),
    }
    files = {"rows": tokens, "vocab": tokenizer_vocabulary_json(tokenizer)}
    return Product(files, details, preview=rows_table(tokens))


def tokens_problem(stats: Files, tokens: Files, source: TokenizerSource) -> str:
    """What is wrong with the token rows; nothing, usually."""
    tokenizer = loaded_tokenizer(source)
    return qwen_problem(stats["text"], tokens["rows"], tokens["vocab"], tokenizer)


def sha256(data: bytes) -> str:
    """The sha256 of some bytes, in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def _row_counts(rows: Sequence[tuple[WindowKey, str]]) -> dict[str, Detail]:
    """How many batches the rows are of, and how many rows there are where batches have several."""
    batches = {key[0] if isinstance(key, tuple) else key for key, _ in rows}
    overlapping = any(isinstance(key, tuple) for key, _ in rows)
    return {"batches": len(batches), **({"windows": len(rows)} if overlapping else {})}


def _token_counts(rows_jsonl: bytes) -> dict[str, Detail]:
    counts = []
    one = "batch"
    for row in map(json.loads, rows_jsonl.splitlines()):
        counts.append(len(row["ids"]))
        one = "window" if "row" in row else one
    return {
        "ids": sum(counts),
        f"fewest_ids_in_a_{one}": min(counts, default=0),
        f"most_ids_in_a_{one}": max(counts, default=0),
    }
