"""The last mile on the real ETTh1: the counts that the documentation tells, without a figure."""

import hashlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from zwu_ts_assets.config.environment import allowed_code, cache_dir
from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.figures.figure import Canvas
from zwu_ts_assets.orchestration.assets import corpus_products as products
from zwu_ts_assets.orchestration.assets import preflight_products
from zwu_ts_assets.orchestration.assets import training_products as training
from zwu_ts_assets.orchestration.assets.question_products import questions_product
from zwu_ts_assets.orchestration.assets.sample_views import View, view_of
from zwu_ts_assets.orchestration.chosen_datasets import etth1
from zwu_ts_assets.orchestration.datasets import Dataset
from zwu_ts_assets.orchestration.specs import SPECS
from zwu_ts_assets.storage.artifact_store import FileRecord, Record
from zwu_ts_assets.text.qwen import TextTokenizer
from zwu_ts_assets.training.legibility import drawn_figure
from zwu_ts_assets.training.picture.question import TASK_NAMES, PictureQuestion
from zwu_ts_assets.training.preflight import ConversationShape, CorpusShape, preflight
from zwu_ts_assets.training.sample import SPLITS, Conversation
from zwu_ts_assets_tests.reference import ETTH1_CSV, REPOSITORY

pytestmark = [pytest.mark.shared, pytest.mark.slow]


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    """The samples of ETTh1, with media that are declared and not drawn."""
    return declared_corpus(tmp_path_factory.mktemp("data"))


def declared_corpus(folder: Path, **changed: object) -> View:
    (folder / "ETTh1.csv").symlink_to(ETTH1_CSV)
    dataset = etth1(folder)
    dataset = replace(dataset, settings=Settings.model_validate(changed))
    settings = dataset.settings
    raw = products.raw_product(dataset.csv, settings)
    batches = range(int(raw.details["batches"] or 0))
    windows = {
        batch: products.batch_product(batch, series=raw.value, settings=settings).value
        for batch in batches
    }
    source = products.tokenizer_source(settings, folder, cache_dir())
    stats = products.stats_product(windows, len(batches), settings=settings).value
    tokens = products.qwen_product(stats, source).value
    records = {
        "batch_windows": {batch: declared(f"batch_{batch}.parquet") for batch in batches},
        "correlation_pngs": {batch: declared(f"batch_{batch}.png", dataset) for batch in batches},
        "patch_videos": {batch: declared(f"batch_{batch}.mp4", dataset, 8) for batch in batches},
        **{
            name: {batch: declared(f"{name}/batch_{batch}.png", dataset) for batch in batches}
            for name in ("line_plots", "altered_lines")
            if SPECS[name].is_enabled(settings)
        },
    }
    tokenizer = training.tokenizer_of(settings, folder, cache_dir())
    made = training.samples_product(dataset, raw.value, windows, records, stats, tokens, tokenizer)
    asked = questions_product(dataset, made.value, allowed_code(dataset.csv))
    return view_of(dataset, made.value, asked.value, folder, cache_dir())


def declared(name: str, dataset: Dataset | None = None, frames: int = 0) -> Record:
    details: dict[str, str | int | float | bool | None] = {}
    if dataset is not None:
        details["width"], details["height"] = dataset.settings.canvas_size
    if dataset is not None and frames:
        details |= {"frames": frames, "fps": dataset.settings.fps}
    sha256 = hashlib.sha256(name.encode("ascii")).hexdigest()
    return Record("", "", sha256, {name: FileRecord(1, sha256)}, details)


def test_the_published_borders_give_so_many_samples_and_embargo_two(view: View) -> None:
    assert view.report.samples == {"train": 89, "validation": 29, "test": 29}
    assert view.report.unused["embargoed"] == 2
    assert sum(view.report.unused.values()) + 147 == 181
    assert training.leak_of(view.files, view.dataset.settings) == ""


def chat_tokens(conversation: Conversation, tokenizer: TextTokenizer) -> int:
    """Tokens of a conversation without its media: the chat template's, the prompt, the answer.

    The template of Qwen3-VL: no system message; each medium between two delimiters, on a line of
    its own. The delimiters are counted with the media.
    """
    media = len(conversation.images) + len(conversation.videos)
    text = "".join(
        "<|im_start|>user\n"
        + "<|vision_start|><|vision_end|>\n" * (turn.images + turn.videos)
        + f"{turn.prompt}<|im_end|>\n"
        + f"<|im_start|>assistant\n{turn.answer}<|im_end|>\n"
        for turn in conversation.turns
    )
    return len(tokenizer.encode(text)[1]) - 2 * media


def test_qwen3_vl_reads_so_many_tokens(view: View) -> None:
    settings = view.dataset.settings
    tokenizer = view.counts.tokenizer
    counts = [chat_tokens(conversation, tokenizer) for conversation in view.conversations]
    shapes = [preflight_products._shape_of(each, view.counts) for each in view.conversations]
    assert [shape.text for shape in shapes] == counts
    canvas = Canvas(*settings.canvas_size)
    features = view.samples[0].features
    # How large the numbers in the figures are is of no account for tokens.
    shape = CorpusShape(
        figure=drawn_figure(features, settings.window_length, canvas),
        frame=drawn_figure(features, settings.patch_length, canvas),
        frames=8,
        fps=settings.fps,
        conversations=tuple(
            ConversationShape(
                count, 0, len(each.turns), images=len(each.images), videos=len(each.videos)
            )
            for count, each in zip(counts, view.conversations, strict=True)
        ),
    )
    (ours,) = (
        each for each in preflight(shape, tokenizer).consumers if each.profile.name == "qwen3_vl"
    )
    assert ours.total == ours.visual_tokens + sum(counts)
    # The aim: at least ten questions of each sample, at most 1,000 visual tokens for each.
    assert shape.questions >= 10 * len(view.samples)
    assert ours.per_question <= 1_000


def test_the_compact_preset_takes_at_most_300_visual_tokens_for_a_question(
    tmp_path: Path,
) -> None:
    compact = declared_corpus(tmp_path, preset="compact")
    assert {"lines", "altered"} <= {view for q in questions_of(compact) for view in q.needs}
    assert visual_tokens(compact) / len(questions_of(compact)) <= 300


def test_most_questions_need_a_picture_and_a_quarter_the_video(view: View) -> None:
    questions = questions_of(view)
    media = [q for q in questions if set(q.needs) - {"text"}]
    assert len(media) >= 0.75 * len(questions)
    assert sum("video" in q.needs for q in questions) >= 0.25 * len(questions)
    assert set(TASK_NAMES) == {q.task for q in questions}


def test_three_tenths_of_the_label_tokens_are_names_and_numbers_that_only_media_give(
    view: View,
) -> None:
    """Of all tokens that a model learns to say; letters of options count among the rest."""
    count = view.counts.of_text
    turns = [turn for each in view.conversations for turn in each.turns]
    seen = [
        count(turn.answer) - count("Answer:")
        for turn in turns
        if set(turn.question.needs) - {"text"} and turn.question.form in ("name", "number")
    ]
    assert sum(seen) >= 0.3 * sum(count(turn.answer) for turn in turns)


def questions_of(view: View) -> list[PictureQuestion]:
    return [turn.question for each in view.conversations for turn in each.turns]


def visual_tokens(view: View) -> int:
    """Tokens of all pictures and videos of all conversations, in Qwen3-VL."""
    samples = {sample.id: sample for sample in view.samples}
    return sum(
        len(each.images) * samples[each.sample_id].image_tokens
        + len(each.videos) * samples[each.sample_id].video_tokens
        for each in view.conversations
    )


def test_the_documentation_tells_how_many_questions_conversations_and_tokens_there_are(
    view: View,
) -> None:
    samples = {sample.id: sample for sample in view.samples}
    found = {name: Counter[str]() for name in (*SPLITS, "together")}
    longest = 0
    for each in view.conversations:
        sample = samples[each.sample_id]
        tokens = chat_tokens(each, view.counts.tokenizer)
        tokens += len(each.images) * sample.image_tokens + len(each.videos) * sample.video_tokens
        longest = max(longest, tokens)
        for name in (each.split, "together"):
            found[name].update(questions=len(each.turns), conversations=1, tokens=tokens)
    rows = {"questions": "questions", "conversations": "conversations"}
    rows["tokens"] = "tokens in Qwen3-VL, media and chat template included"
    page = (REPOSITORY / "docs" / "training-data.md").read_text(encoding="utf-8")
    told = view.report.samples
    row = " | ".join(map(str, (*(told[name] for name in SPLITS), sum(told.values()))))
    assert f"| samples | {row} |\n" in page
    for name, title in rows.items():
        row = " | ".join(f"{counts[name]:,}" for counts in found.values())
        assert f"| {title} | {row} |\n" in page
    most = max(len(each.turns) for each in view.conversations)
    assert f"at most {most} questions and {longest:,} tokens" in page


def test_every_sample_tells_the_tokens_of_its_media(view: View) -> None:
    assert {sample.image_tokens for sample in view.samples} == {1_738}
    assert {sample.video_tokens for sample in view.samples} == {6_978}
