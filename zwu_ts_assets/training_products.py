"""From the corpus to training data: one function per asset of that last mile.

What belongs here: calling the modules of `training/` and saying what there is to know of the
result. What does not: the training data itself (`training/`), Dagster, artifact paths.

Importing this module imports numpy, matplotlib and the rest, so asset bodies import it when they
run and never when definitions load.
"""

import base64
import functools
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from PIL import Image

from zwu_ts_assets.artifact_store import Detail, Record, digest
from zwu_ts_assets.corpus.dependence import DependenceMatrices, dependence_matrices
from zwu_ts_assets.corpus.errors import CorpusError
from zwu_ts_assets.corpus.figure import Canvas
from zwu_ts_assets.corpus.qwen import TextTokenizer, TokenizerSource
from zwu_ts_assets.corpus.series import Series
from zwu_ts_assets.corpus.stats import parse_stats
from zwu_ts_assets.corpus.windows import Window, content_digest, patch_spans
from zwu_ts_assets.datasets import Dataset, Settings
from zwu_ts_assets.lineage import samples_made_from, training_made_from
from zwu_ts_assets.products import loaded_tokenizer, tokenizer_source
from zwu_ts_assets.training.conversation import Conversation
from zwu_ts_assets.training.conversations import make_conversations
from zwu_ts_assets.training.facts import MediaFacts
from zwu_ts_assets.training.leaks import leak_problem
from zwu_ts_assets.training.legibility import Verdict, drawn_figure
from zwu_ts_assets.training.media_tokens import sample_media_tokens
from zwu_ts_assets.training.preflight import CorpusShape, Preflight, TextTokens, preflight
from zwu_ts_assets.training.preflight_views import preflight_markdown, preflight_png
from zwu_ts_assets.training.processor import Size
from zwu_ts_assets.training.prompts import PromptTemplates, load_templates
from zwu_ts_assets.training.sample import SPLITS, Sample
from zwu_ts_assets.training.sample_table import decode_samples, encode_samples
from zwu_ts_assets.training.samples import WindowAssets, make_samples
from zwu_ts_assets.training.splits import SplitReport, resolve_borders
from zwu_ts_assets.work import Product

Files = Mapping[str, bytes]


def samples_inputs(
    series: Series,
    versions: Mapping[str, Mapping[int, str]],
    stats: str,
    tokens: str,
) -> str:
    """What the samples are made from.

    Args:
        series: The whole table.
        versions: Content versions by per-batch asset and batch.
        stats: sha256 of the statistics text.
        tokens: sha256 of the token rows.
    """
    whole = Window(0, series.timestamps, series.values, series.features, 0)
    rows = [
        f"{name} {batch} {version}"
        for name, found in sorted(versions.items())
        for batch, version in sorted(found.items())
    ]
    return samples_made_from([content_digest(whole), stats, tokens, *rows])


def samples_product(
    dataset: Dataset,
    series: Series,
    windows: Mapping[int, Window],
    records: Mapping[str, Mapping[int, Record]],
    stats: Files,
    tokens: Files,
    tokenizer: TextTokenizer,
) -> Product[Files]:
    """The samples of all windows that have a figure, a film and statistics, by split.

    Args:
        dataset: Whose they are.
        series: The whole table.
        windows: By batch.
        records: Of the per-batch assets by name, by batch.
        stats: The statistics text.
        tokens: The token rows of that text.
        tokenizer: For the timestamps of videos.
    """
    settings = dataset.settings
    texts = dict(parse_stats(stats["text"].decode("utf-8")))
    ids = {row["batch"]: len(row["ids"]) for row in map(json.loads, tokens["rows"].splitlines())}
    count = functools.lru_cache(maxsize=64)(functools.partial(_media_tokens, tokenizer=tokenizer))
    assets = []
    for batch, window in windows.items():
        missing = [name for name, found in records.items() if batch not in found]
        missing += [] if batch in texts and batch in ids else ["batch_stats"]
        if missing:
            raise CorpusError(
                f"batch {batch} has a window and lacks its {' and '.join(missing)}; materialize "
                "that first"
            )
        figure, film = records["correlation_pngs"][batch], records["patch_videos"][batch]
        image, video = count(_size(figure), _size(film), *_film(film))
        lines = records["line_plots"][batch] if "line_plots" in records else None
        assets.append(
            WindowAssets(
                batch=batch,
                window=window,
                image=media_path(figure),
                video=media_path(film),
                line_plot=media_path(lines) if lines else "",
                stats_text=texts[batch],
                stats_tokens=ids[batch],
                image_tokens=image,
                video_tokens=video,
                versions={name: found[batch].version for name, found in records.items()},
            )
        )
    samples, report = make_samples(
        assets,
        dataset=dataset.name,
        series=series,
        borders=resolve_borders(dataset.split_rule(series.rows), series.timestamps),
        horizon=settings.horizon,
        patches=patch_spans(settings.window_length, settings.patch_length, settings.patch_stride),
        units=settings.units,
    )
    files = {name: encode_samples([s for s in samples if s.split == name]) for name in SPLITS}
    files["report"] = (json.dumps(asdict(report), indent=1) + "\n").encode("ascii")
    return Product(files, report_details(report), preview=_samples_table(samples))


@dataclass(frozen=True)
class TokenCounts:
    """Texts and videos counted in a tokenizer that is loaded when it is first used.

    Attributes:
        source: Where the tokenizer comes from.
    """

    source: TokenizerSource

    @property
    def tokenizer(self) -> TextTokenizer:
        """The tokenizer; one per process."""
        return loaded_tokenizer(self.source)

    def of_text(self, text: str) -> int:
        """Tokens of a text; each is counted once, since all exports ask for the same ones."""
        return _text_tokens(self.source, text)


@functools.lru_cache(maxsize=200_000)
def _text_tokens(source: TokenizerSource, text: str) -> int:
    return len(loaded_tokenizer(source).encode(text)[1])


@dataclass(frozen=True, eq=False)
class View:
    """The samples as preflight and exports see them: worded, and counted in tokens.

    Attributes:
        dataset: Whose samples they are.
        files: The samples by split, and the report on the splits.
        templates: How questions are worded.
        source: Where the tokenizer comes from.
        made_from: Of everything above, in a string.
    """

    dataset: Dataset
    files: Files
    templates: PromptTemplates
    source: TokenizerSource
    made_from: str

    @cached_property
    def samples(self) -> list[Sample]:
        """The samples of all splits, in the order of time."""
        return samples_of(self.files)

    @cached_property
    def report(self) -> SplitReport:
        """How many windows are in which split, or in none."""
        return SplitReport(**json.loads(self.files["report"]))

    @property
    def counts(self) -> TokenCounts:
        """Texts and videos counted in its tokenizer."""
        return TokenCounts(self.source)

    @cached_property
    def conversations(self) -> list[Conversation]:
        """What is asked of the samples."""
        return conversations_of(self.files, self.dataset.settings, self.templates)


def view_of(dataset: Dataset, files: Files, project_dir: Path, cache: Path) -> View:
    """The samples as preflight and exports see them.

    Args:
        dataset: Whose samples they are.
        files: The samples by split, and the report on the splits.
        project_dir: What folders in the settings are relative to.
        cache: Where the embedded tokenizer is kept.

    Raises:
        CorpusError: The prompts or the tokenizer cannot be used.
    """
    source = tokenizer_source(dataset.settings, project_dir, cache)
    made_from = training_inputs(dataset, samples_version(files), source, project_dir)
    return View(dataset, files, templates_of(dataset, project_dir), source, made_from)


def training_inputs(
    dataset: Dataset, samples_version: str, source: TokenizerSource, project_dir: Path
) -> str:
    """What preflight and exports are made from."""
    templates = templates_of(dataset, project_dir)
    return training_made_from(
        samples_version, f"{templates.digest} {version('zwu-ts-assets')}", source.digest
    )


def samples_version(files: Files) -> str:
    """The content version of the samples, as their record has it."""
    return digest(*(sha256(files[role]) for role in (*SPLITS, "report")))


def sha256(data: bytes) -> str:
    """The sha256 of some bytes, in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def tokenizer_of(settings: Settings, project_dir: Path, cache: Path) -> TextTokenizer:
    """The tokenizer of a dataset."""
    return loaded_tokenizer(tokenizer_source(settings, project_dir, cache))


def report_details(report: SplitReport) -> dict[str, Detail]:
    """Counts and borders of the splits, for metadata."""
    details: dict[str, Detail] = {f"{name}_samples": report.samples[name] for name in SPLITS}
    for reason, windows in report.unused.items():
        details[f"windows_{reason.replace(' ', '_')}"] = windows
    for name in SPLITS:
        start, stop = report.rows[name]
        details[f"{name}_rows"] = f"{start}..{stop - 1}" if stop > start else "none"
    return details


def samples_of(files: Files) -> list[Sample]:
    """The samples of all splits, in the order of time."""
    return [sample for name in SPLITS for sample in decode_samples(files[name])]


def leak_of(files: Files, settings: Settings) -> str:
    """Which samples of two splits share a row, proved from the samples alone; usually none."""
    return leak_problem(samples_of(files), settings.split.embargo_rows)


def templates_of(dataset: Dataset, project_dir: Path) -> PromptTemplates:
    """The prompts of a dataset: the project's, and what the folder that its settings name has."""
    folder = dataset.settings.prompts
    return load_templates(project_dir / Path(folder).expanduser() if folder else None)


def media_facts(settings: Settings) -> MediaFacts:
    """What prompts say of how the media were made."""
    return MediaFacts(
        patch_length=settings.patch_length,
        patch_stride=settings.patch_stride,
        frame_multiple=settings.frame_multiple,
        fps=settings.fps,
        fixed_colours=settings.colour_range == "train",
    )


# Several exports of one run are made of the same conversations, which take seconds.
_MADE: dict[tuple[str, str], list[Conversation]] = {}


def conversations_of(
    files: Files, settings: Settings, templates: PromptTemplates
) -> list[Conversation]:
    """The conversations of all samples.

    Args:
        files: The samples, by split.
        settings: What is asked, and how the media were made.
        templates: How it is worded.
    """
    media = media_facts(settings)
    key = (samples_version(files), f"{templates.digest} {settings.tasks!r} {media!r}")
    if key not in _MADE:
        made = list(make_conversations(samples_of(files), settings.tasks, templates, media))
        _MADE.clear()
        _MADE[key] = made
    return _MADE[key]


def chat_tokens(conversation: Conversation, tokenizer: TextTokenizer) -> int:
    """Tokens of a conversation without its media: the chat template's, the prompt, the answer.

    The template of Qwen3-VL: no system message; each medium between two delimiters, on a line of
    its own. The delimiters are counted with the media.
    """
    media = len(conversation.images) + len(conversation.videos)
    text = (
        "<|im_start|>user\n"
        + "<|vision_start|><|vision_end|>\n" * media
        + f"{conversation.prompt}<|im_end|>\n"
        + f"<|im_start|>assistant\n{conversation.answer}<|im_end|>\n"
    )
    return len(tokenizer.encode(text)[1]) - 2 * media


def preflight_report(view: View, windows: Iterable[Window], films: Iterable[Record]) -> Preflight:
    """What each consumer makes of the corpus.

    Args:
        view: The samples.
        windows: All windows; the size of the numbers in a figure depends on the numbers.
        films: The records of the videos.

    Raises:
        CorpusError: There is nothing to look at.
    """
    settings, tokenizer = view.dataset.settings, view.counts.tokenizer
    spans = patch_spans(settings.window_length, settings.patch_length, settings.patch_stride)
    whole: list[DependenceMatrices] = []
    patches: list[DependenceMatrices] = []
    features: tuple[str, ...] = ()
    for window in windows:
        features = window.features
        whole.append(dependence_matrices(window.values))
        patches += [dependence_matrices(window.values[start:stop]) for start, stop in spans]
    counts = [chat_tokens(conversation, tokenizer) for conversation in view.conversations]
    film = next(iter(films), None)
    if not counts or film is None:
        raise CorpusError("no split has a sample, so there is nothing to look at before training")
    frames, fps = _film(film)
    size = _size(film)
    shape = CorpusShape(
        figure=drawn_figure(
            features,
            settings.window_length,
            Canvas(settings.canvas_width, settings.canvas_height),
            whole,
        ),
        frame=drawn_figure(
            features, settings.patch_length, Canvas(size.width, size.height), patches
        ),
        frames=frames,
        fps=fps,
        text=TextTokens.of(counts),
    )
    return preflight(shape, tokenizer)


def preflight_product(report: Preflight) -> Product[Files]:
    """The report as a table and a plot."""
    table = preflight_markdown(report)
    verdicts = {each.profile.name: each for each in report.consumers}
    details: dict[str, Detail] = {"conversations": report.corpus.text.samples}
    for name, each in verdicts.items():
        details[f"{name}_tokens"] = each.total
        details[f"{name}_verdict"] = str(each.verdict) + (", too long" if each.too_long else "")
    details["legible_everywhere"] = not trouble_of(report)
    plot = preflight_png(report)
    # The web UI shows what is in the metadata, which is kept in the event log: in few colours the
    # plot is small enough for that.
    few_colours = io.BytesIO()
    Image.open(io.BytesIO(plot)).convert("RGB").quantize(32).save(few_colours, "PNG", optimize=True)
    shown = base64.b64encode(few_colours.getvalue()).decode("ascii")
    preview = f"![tokens of a sample by consumer](data:image/png;base64,{shown})\n\n{table}"
    return Product({"report": table.encode("utf-8"), "plot": plot}, details, preview=preview)


def trouble_of(report: Preflight) -> dict[str, str]:
    """The consumers that lose something with their defaults, and what to set for each."""
    return {
        each.profile.name: " ".join(each.advice or each.refused) or str(each.verdict)
        for each in report.consumers
        if each.verdict is not Verdict.LEGIBLE or each.too_long or each.advice
    }


def media_path(record: Record) -> str:
    """The only file of a figure or a video, relative to the dataset's artifact folder."""
    (path,) = record.files
    return path


def medium_facts(record: Record) -> dict[str, Any]:
    """What a record knows of a figure or a video: sha256, width, height, frames, fps."""
    (file,) = record.files.values()
    size = _size(record)
    facts: dict[str, Any] = {"sha256": file.sha256, "width": size.width, "height": size.height}
    if "frames" in record.details:
        facts["frames"], facts["fps"] = _film(record)
    return facts


def _media_tokens(
    image: Size, video: Size, frames: int, fps: float, *, tokenizer: TextTokenizer
) -> tuple[int, int]:
    counted = sample_media_tokens(image, video, frames, fps, tokenizer)
    return counted.image.tokens, counted.video.tokens


def _size(record: Record) -> Size:
    return Size(int(record.details["width"] or 0), int(record.details["height"] or 0))


def _film(record: Record) -> tuple[int, float]:
    return int(record.details["frames"] or 0), float(record.details["fps"] or 0)


def _samples_table(samples: Sequence[Sample]) -> str:
    lines = ["| id | split | past rows | target rows | flags |", "|---|---|---|---|---|"]
    for sample in samples[:12]:
        flags = ", ".join(sample.flags).replace("|", "\\|").replace("\n", " ")
        lines.append(
            f"| {sample.id} | {sample.split} | {sample.past_start}..{sample.past_stop - 1} "
            f"| {sample.past_stop}..{sample.target_stop - 1} | {flags} |"
        )
    return "\n".join(lines)
