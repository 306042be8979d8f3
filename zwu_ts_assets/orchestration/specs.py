"""Every asset of a dataset, described once.

What belongs here: what an asset is called and made from, which files it has, which settings and
checks are its own, how Dagster shows it, its code version, and which functions tell what it comes
from and make it. Lineage, layout, digests of settings, reserved names, the comparison, Dagster's
definitions and the reference in the documentation follow from these. What does not: those functions
(`origins.py`, `assets/`).

Raise a code version when the same input and settings give different content or other bytes.
"""

from collections.abc import Mapping
from functools import partial
from typing import Final

from zwu_ts_assets.config.settings import EXPORTS, Settings
from zwu_ts_assets.orchestration import origins
from zwu_ts_assets.orchestration.asset_spec import CSV_SETTINGS, AssetSpec, Specs
from zwu_ts_assets.orchestration.assets import (
    checks,
    corpus_assets,
    training_assets,
    training_checks,
)
from zwu_ts_assets.training.split_rule import SPLITS

# The stride also where the content alone would do: it decides on names of files and headings.
_DRAWING: Final = ("canvas_width", "canvas_height", "title_batch_index", "window_stride")

# What every prompt tells of the series.
_TOLD: Final = ("column_descriptions", "tell_description")

_SIZE: Final[Mapping[str, type[float]]] = {"width": float, "height": float}

_PROMPTS: Final = ("prompts", origins.prompts_digest)

_MEDIA: Final = {
    name: name for name in ("correlation_pngs", "line_plots", "altered_lines", "patch_videos")
}

# What tells nothing of the content of an export, or is told by a fingerprint instead.
_NOT_EXPORTED: Final = ("exports", "max_batches", "preset", "splitter", "tokenizer", "each_series")


def _of_video_size(settings: Settings, values: Mapping[str, object]) -> dict[str, object]:
    """The size that a video gets is what counts, whichever settings it comes from."""
    width, height = settings.video_size
    others = {n: v for n, v in values.items() if n not in ("video_width", "video_height")}
    return others | {"canvas_width": width, "canvas_height": height}


def _export(format_name: str, description: str, *kinds: str) -> AssetSpec:
    return AssetSpec(
        name=EXPORTS[format_name],
        description=description,
        inputs={
            **_MEDIA,
            "samples": "samples",
            "questions": "questions",
            "evidence": "evidence",
            "baselines": "baselines",
        },
        origins=origins.of_worded,
        body=partial(training_assets.export, format_name),
        made_with=_PROMPTS,
        asked_by=("exports", format_name),
        folder=f"exports/{format_name}",
        code_version="8",  # cards name commands as they are entered without make, too
        # An export tells its parameters, and so is out of date when one of them changes.
        settings=tuple(name for name in Settings.model_fields if name not in _NOT_EXPORTED),
        io_manager="exports_io",
        effort=2.0,
        kinds=frozenset(kinds),
        checks=(training_checks.export_is_sound(format_name),),
        last_mile=True,
        may_make_nothing=True,
    )


_SPECS: Final = (
    AssetSpec(
        name="raw",
        description=(
            "The validated table of the CSV, with its timestamps.\n\n"
            "Materializing it also tells the instance which batches there are."
        ),
        # The only input is the CSV, which is no asset of ours.
        files={"table": "{asset}.parquet"},
        # `max_batches` changes which batches there are, not what is in one: told here alone.
        origins=origins.of_raw,
        foretold=True,
        details={"batches": float},
        settings=(
            *("time_column", "features", "lags", "window_length", "window_stride", "max_batches"),
            *CSV_SETTINGS,
        ),
        io_manager="series_io",
        kinds=frozenset({"csv", "parquet"}),
    ),
    AssetSpec(
        name="batch_windows",
        description=(
            "The rows of each batch's windows, with timestamps, column names and target spans."
        ),
        inputs={"series": "raw"},
        files={"table": "batch_windows/batch_{key}.parquet"},
        # Columns too: windows of other columns must not be taken for windows of this corpus.
        # Which columns are shown is part of the content, whichever settings it comes from.
        origins=origins.of_windows,
        body=corpus_assets.batch_windows,
        foretold=True,
        details={"target_rows": float, "target_span": str},
        settings=("time_column", "features", "window_length", "window_stride", "horizon"),
        per_batch=True,
        io_manager="windows_io",
        effort=0.4,
        kinds=frozenset({"parquet"}),
        checks=(checks.MATRICES_ARE_SOUND,),
    ),
    AssetSpec(
        name="colour_ranges",
        description=(
            "Colour ranges that all figures share, fitted on the windows of the training split."
        ),
        inputs={"series": "raw", "windows": "batch_windows"},
        files={"ranges": "correlations/colour_ranges.json"},
        origins=origins.of_colour_ranges,
        body=corpus_assets.colour_ranges,
        settings=("patch_length", "patch_stride", "split"),
        kinds=frozenset({"json"}),
        enabled_by=("colour_range", "train"),
    ),
    AssetSpec(
        name="correlation_pngs",
        description=(
            "A 2x3 figure per window: DTW, covariance, Pearson, feature by feature and time by "
            "time.\n\n"
            "The feature panels' covariance and Pearson are of FFT magnitudes along time."
        ),
        inputs={"windows": "batch_windows", "ranges": "colour_ranges"},
        files={"png": "correlations/batch_{key}.png"},
        window_file="correlations/batch_{key}/{role}.png",
        origins=origins.of_figures,
        body=corpus_assets.correlation_pngs,
        details=_SIZE,
        settings=(*_DRAWING, "colour_range", "figure_look"),
        code_version="3",  # white cells explained, long names numbered; other bytes of all pixels
        per_batch=True,
        effort=1.0,
        kinds=frozenset({"png"}),
        checks=(checks.PNGS_DECODE_TO_THE_CANVAS,),
    ),
    AssetSpec(
        name="line_plots",
        description="The values of each window as lines, one panel per column.",
        inputs={"windows": "batch_windows"},
        files={"png": "line_plots/batch_{key}.png"},
        window_file="line_plots/batch_{key}/{role}.png",
        origins=origins.of_figures,
        body=corpus_assets.line_plots,
        code_version="2",  # other bytes of the same pixels
        details=_SIZE,
        settings=(*_DRAWING, "units"),
        per_batch=True,
        effort=1.5,
        kinds=frozenset({"png"}),
        checks=(checks.PNGS_DECODE_TO_THE_CANVAS,),
        last_mile=True,
        asked_by=("line_plots", True),
        enabled_by=("draws_lines", True),
    ),
    AssetSpec(
        name="altered_lines",
        description=(
            "The values of an altered copy of each window as lines, for questions about what was "
            "put in.\n\n"
            "A spike, a level shift, a flat stretch, noise, or nothing; `samples` says what."
        ),
        inputs={"windows": "batch_windows"},
        files={"png": "altered_lines/batch_{key}.png"},
        window_file="altered_lines/batch_{key}/{role}.png",
        origins=origins.of_figures,
        body=corpus_assets.altered_lines,
        code_version="2",  # other bytes of the same pixels
        details=_SIZE,
        settings=(*_DRAWING, "units"),
        per_batch=True,
        effort=1.0,
        kinds=frozenset({"png"}),
        checks=(checks.PNGS_DECODE_TO_THE_CANVAS,),
        last_mile=True,
        enabled_by=("draws_altered_lines", True),
    ),
    AssetSpec(
        name="batch_stats",
        description=(
            "Mean, maximum and variance per feature of every window that exists, as text."
        ),
        inputs={"windows": "batch_windows"},
        files={"text": "correlations/batch_stats.txt"},
        origins=origins.of_stats,
        body=corpus_assets.batch_stats,
        settings=("window_stride", "stats_format"),
        kinds=frozenset({"text"}),
        checks=(checks.TEXT_COVERS_EVERY_BATCH, checks.TEXT_TELLS_EVERY_VARIANCE),
    ),
    AssetSpec(
        name="vocab",
        description=(
            "The small vocabulary of the stats text, and each window's tokens and ids in it."
        ),
        inputs={"stats": "batch_stats"},
        files={
            "vocab": "correlations/vocab.json",
            "tokens": "correlations/batch_stats_tokens.jsonl",
        },
        origins=origins.of_vocabulary,
        body=corpus_assets.vocab,
        settings=("splitter",),
        kinds=frozenset({"json"}),
        checks=(checks.IDS_GIVE_THE_TOKENS,),
    ),
    AssetSpec(
        name="qwen_tokens",
        description=(
            "Text, tokens and ids of each window in the Qwen3-VL tokenizer, and its vocabulary."
        ),
        inputs={"stats": "batch_stats"},
        files={
            "rows": "correlations/batch_stats_qwen.jsonl",
            "vocab": "correlations/vocab_qwen.json",
        },
        origins=origins.of_tokens,
        body=corpus_assets.qwen_tokens,
        settings=("tokenizer",),
        effort=0.2,
        kinds=frozenset({"json", "huggingface"}),
        checks=(checks.IDS_DECODE_TO_THE_TEXT,),
    ),
    AssetSpec(
        name="patch_videos",
        description=(
            "A PatchTST-style video per window: one figure per patch of its past rows.\n\n"
            "The rows that follow are the sample's target span, told in the metadata."
        ),
        inputs={"windows": "batch_windows", "ranges": "colour_ranges"},
        files={"video": "patch_videos/batch_{key}.mp4"},
        window_file="patch_videos/batch_{key}/{role}.mp4",
        origins=origins.of_videos,
        body=corpus_assets.patch_videos,
        details={**_SIZE, "frames": float, "fps": float},
        settings=(
            *_DRAWING,
            *("patch_length", "patch_stride", "fps", "frame_multiple", "colour_range"),
            *("video_width", "video_height", "figure_look"),
        ),
        code_version="3",  # another build of x264, in the process
        digested=_of_video_size,
        per_batch=True,
        effort=5.0,
        kinds=frozenset({"mp4"}),
        checks=(checks.VIDEOS_DECODE_TO_EVERY_FRAME,),
    ),
    AssetSpec(
        name="samples",
        description=(
            "One row per usable window, by split: rows, target, media, text, tokens, flags."
        ),
        inputs={
            "series": "raw",
            "batch_windows": "batch_windows",
            **_MEDIA,
            "stats": "batch_stats",
            "tokens": "qwen_tokens",
        },
        files={
            **{name: f"samples/{name}.parquet" for name in SPLITS},
            "report": "samples/splits.json",
        },
        origins=origins.of_samples,
        body=training_assets.samples,
        details={f"{name}_samples": float for name in SPLITS},
        code_version="4",  # smaller groups of rows; which windows are in no split; no interval
        settings=("horizon", "patch_length", "patch_stride", "split", "units", "window_stride"),
        kinds=frozenset({"parquet"}),
        checks=(training_checks.SPLITS_SHARE_NO_ROW,),
        last_mile=True,
    ),
    AssetSpec(
        name="questions",
        description=(
            "Questions about the samples with typed answers, balanced so that their text gives "
            "nothing away."
        ),
        inputs={"samples": "samples"},
        files={
            **{name: f"questions/{name}.parquet" for name in SPLITS},
            "report": "questions/questions.json",
        },
        origins=origins.of_questions,
        body=training_assets.questions,
        details={"questions": float},
        code_version="2",  # tasks about altered copies of windows
        settings=("tasks", "patch_length", "patch_stride", "covariates", "events"),
        effort=1.3,
        kinds=frozenset({"parquet"}),
        checks=(training_checks.ANSWERS_ARE_BALANCED,),
        last_mile=True,
        may_make_nothing=True,
    ),
    AssetSpec(
        name="evidence",
        description=(
            "The proof that questions need their media: what a blind reader gets right, and "
            "one of pixels."
        ),
        inputs={**_MEDIA, "samples": "samples", "questions": "questions"},
        files={
            "report": "evidence/evidence.md",
            "numbers": "evidence/evidence.json",
            "plot": "evidence/evidence.png",
        },
        origins=origins.of_evidence,
        body=training_assets.evidence,
        code_version="3",  # tasks with too few questions to tell
        settings=("patch_length", "patch_stride"),
        effort=10.0,
        kinds=frozenset({"markdown", "png"}),
        checks=(training_checks.QUESTIONS_NEED_THEIR_MEDIA,),
        last_mile=True,
        may_make_nothing=True,
    ),
    AssetSpec(
        name="baselines",
        description=(
            "What a model has to beat: guessing, the most frequent answer, and forecasts that "
            "anyone can make."
        ),
        inputs={"samples": "samples", "questions": "questions"},
        files={"report": "baselines/baselines.md", "numbers": "baselines/baselines.json"},
        origins=origins.of_evidence,
        body=training_assets.baselines,
        code_version="2",  # what forecasts are measured by
        settings=(),
        kinds=frozenset({"markdown"}),
        last_mile=True,
        may_make_nothing=True,
    ),
    AssetSpec(
        name="preflight",
        description="What each trainer makes of the corpus: tokens, sizes, frames, legibility.",
        inputs={name: name for name in ("patch_videos", "samples", "questions", "evidence")},
        files={"report": "preflight/preflight.md", "plot": "preflight/preflight.png"},
        origins=origins.of_worded,
        body=training_assets.preflight,
        made_with=_PROMPTS,
        code_version="6",  # line plots
        settings=("tasks", "prompts", *_TOLD),
        effort=0.6,
        kinds=frozenset({"markdown", "png"}),
        checks=(training_checks.CONSUMERS_LOSE_NOTHING,),
        last_mile=True,
        may_make_nothing=True,
    ),
    AssetSpec(
        name="gallery",
        description=(
            "Pages to look at the corpus: every sample with its media and conversations, tasks, "
            "splits.\n\n"
            "Open `index.html` in a browser; no server is needed."
        ),
        inputs={
            **{name: name for name in ("correlation_pngs", "patch_videos")},
            **{name: name for name in ("samples", "questions", "evidence")},
        },
        origins=origins.of_gallery,
        body=training_assets.gallery,
        code_version="4",  # the command is named as it is entered without make
        made_with=_PROMPTS,
        folder="gallery",
        settings=("tasks", "prompts", *_TOLD, *("title", "description", "source", "licence")),
        io_manager="exports_io",
        kinds=frozenset({"html"}),
        last_mile=True,
        may_make_nothing=True,
    ),
    _export(
        "qwen",
        "The samples as Qwen-VL's own fine-tuning reads them: JSON Lines and media.",
        "json",
    ),
    _export(
        "ms_swift",
        "The samples as ms-swift reads them: messages in JSON Lines, and media.",
        "json",
    ),
    _export(
        "llama_factory",
        "The samples as LLaMA-Factory reads them: messages, `dataset_info.json`, media.",
        "json",
    ),
    _export(
        "huggingface",
        "The conversations as the Hugging Face hub shows them: Parquet with its media in it.",
        *("parquet", "huggingface"),
    ),
    _export(
        "webdataset",
        "The samples in tar shards for WebDataset, with an index.",
        "tar",
    ),
    _export(
        "rl",
        "The questions one by one, with a reward, as TRL, verl, EasyR1 and ms-swift read them.",
        *("parquet", "huggingface"),
    ),
    _export(
        "vlmevalkit",
        "The questions with options about pictures as VLMEvalKit reads them: TSV.",
        "tsv",
    ),
    _export(
        "lmms_eval",
        "The questions one by one as a task folder of lmms-eval, with its scorer.",
        *("parquet", "yaml"),
    ),
)

SPECS: Final = Specs(_SPECS)
"""The assets of every dataset, in an order in which they can be made."""

TRAINING: Final = SPECS.last_mile
"""The last mile: made for those who ask for it, and kept current from then on. What is drawn for it
alone comes along."""
