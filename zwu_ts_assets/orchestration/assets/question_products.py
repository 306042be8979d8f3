"""Questions about the samples, and the proof that they need their media.

What belongs here: bringing samples, media and readers together, and saying what there is to know of
the result. What does not: how questions are made (`training/picture/`), how they are read
(`evidence/`).
"""

import io
import json
import tempfile
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.evidence.media import read_video
from zwu_ts_assets.evidence.plot import evidence_png
from zwu_ts_assets.evidence.reading import Expect, Gallery, Mapped, Pixels, Shown
from zwu_ts_assets.evidence.report import Evidence, markdown, prove
from zwu_ts_assets.orchestration.assets.media_records import file_reader, film_of, size_of
from zwu_ts_assets.orchestration.assets.sample_views import samples_of
from zwu_ts_assets.orchestration.datasets import Dataset
from zwu_ts_assets.orchestration.work import Batches, Product
from zwu_ts_assets.scoring.baselines import baselines, baselines_json, baselines_markdown
from zwu_ts_assets.storage.artifact_store import Detail
from zwu_ts_assets.storage.spool import Spool
from zwu_ts_assets.text.named_functions import AllowedCode
from zwu_ts_assets.text.qwen import TextTokenizer
from zwu_ts_assets.timeseries.windows import patch_spans
from zwu_ts_assets.training.picture.own_tasks import own_task
from zwu_ts_assets.training.picture.pose import LABELLED_TASKS, PICTURE_TASKS, questions_of
from zwu_ts_assets.training.picture.question import PictureQuestion, QuestionSet
from zwu_ts_assets.training.picture.question_table import encode_questions, questions_in
from zwu_ts_assets.training.picture.task import Asking, PictureTask
from zwu_ts_assets.training.profiles import PROFILES
from zwu_ts_assets.training.readers import Clip
from zwu_ts_assets.training.sample import SPLITS, Sample

Files = Mapping[str, bytes]

NOTHING_ASKED: Final = (
    "no question was asked: of so few windows none can be chosen of which no option is right more "
    "often than another; add rows, or set a smaller window_stride, for more windows"
)


def asked_of(samples: Sequence[Sample], settings: Settings, allowed: AllowedCode) -> QuestionSet:
    """The questions about some samples, as the settings want them; and why tasks have none.

    Args:
        samples: All samples of a dataset: answers are balanced among them.
        settings: Those of the dataset.
        allowed: Whose functions may give tasks.

    Raises:
        CorpusError: A task of the user's own cannot be used.
    """
    patches = patch_spans(settings.window_length, settings.patch_length, settings.patch_stride)
    chosen = settings.tasks
    labelled = LABELLED_TASKS if any(sample.labels for sample in samples) else {}
    names = tuple(
        name
        for name, task in {**PICTURE_TASKS, **labelled}.items()
        if (chosen.tasks is None or name in chosen.tasks)
        and task.level in chosen.levels
        and set(task.views) <= set(chosen.views)
    )
    own = own_tasks(settings, allowed)
    asking = Asking(
        tasks=names,
        own=tuple(own.values()),
        weights={_task_name(name, own): share for name, share in chosen.weights.items()},
        decimals=chosen.decimals,
        forecast_steps=chosen.forecast_steps,
        unanswerable=chosen.unanswerable,
        canvas=settings.canvas_size,
        events=settings.events,
        covariates=settings.covariates,
    )
    return questions_of(samples, patches, asking)


def own_tasks(settings: Settings, allowed: AllowedCode) -> dict[str, PictureTask]:
    """The tasks of the user's own that the settings name, by `package.module:function`."""
    names = [name for name in settings.tasks.tasks or () if ":" in name]
    return {name: own_task(name, allowed) for name in names}


def _task_name(name: str, own: Mapping[str, PictureTask]) -> str:
    return own[name].name if name in own else name


def questions_product(
    dataset: Dataset, sample_files: Files, allowed: AllowedCode
) -> Product[Files]:
    """The questions of a dataset by split, and a report on what was asked.

    Args:
        dataset: Whose samples they are about.
        sample_files: The samples by split.
        allowed: Whose functions may give tasks.
    """
    samples = samples_of(sample_files)
    asked = asked_of(samples, dataset.settings, allowed)
    questions = asked.questions
    files = {
        split: encode_questions(each for each in questions if each.split == split)
        for split in SPLITS
    }
    counts = Counter((each.task, each.split) for each in questions)
    by_task = {
        task: {split: count for split in SPLITS if (count := counts[task, split])}
        for task in dict.fromkeys(task for task, _ in counts)
    }
    needs = Counter(each.needs for each in questions)
    report = {
        "questions": len(questions),
        "samples": len(samples),
        "tasks": by_task,
        "left_out": dict(asked.left_out),
    }
    files["report"] = (json.dumps(report, indent=1) + "\n").encode("ascii")
    details: dict[str, Detail] = {
        "questions": len(questions),
        "questions_per_sample": round(len(questions) / max(len(samples), 1), 2),
        "need_media": sum(n for views, n in needs.items() if set(views) - {"text"}),
        "need_video": sum(n for views, n in needs.items() if "video" in views),
        **{
            f"{split}_questions": sum(n for (_, name), n in counts.items() if name == split)
            for split in SPLITS
        },
    }
    return Product(files, details, preview=_preview(asked))


def read_questions(files: Files) -> Spool[PictureQuestion]:
    """All questions, by split; of many windows they are more than memory should hold."""
    return Spool(question for split in SPLITS for question in questions_in(files[split]))


def evidence_product(
    dataset: Dataset,
    question_files: Files,
    sample_files: Files,
    media: Mapping[str, Batches],
    tokenizer: TextTokenizer,
    allowed: AllowedCode,
    mapped: Mapped = map,
    expect: Expect = lambda _: None,
) -> Product[Files]:
    """What each reader made of the questions: table, numbers and plot.

    Args:
        dataset: Whose questions they are.
        question_files: The questions by split.
        sample_files: The samples by split.
        media: The batches of each asset whose files questions are about.
        tokenizer: For the timestamps of videos, by which consumers are told.
        allowed: Whose functions may give tasks.
        mapped: Maps the reading of samples over worker processes.
        expect: Told how many samples will be read.
    """
    questions, samples = read_questions(question_files), samples_of(sample_files)
    found = Evidence(())
    if questions:
        own = own_tasks(dataset.settings, allowed)
        found = prove(
            questions,
            gallery_of(dataset.settings, samples, media),
            _consumers(media, samples[0].batch, tokenizer),
            {task.name: task.reader for task in own.values() if task.reader is not None},
            mapped,
            expect,
        )
    table = markdown(found) if found.rows else f"{NOTHING_ASKED[0].upper()}{NOTHING_ASKED[1:]}.\n"
    plot = evidence_png(found)
    numbers = json.dumps(found.to_json(), indent=1) + "\n"
    details: dict[str, Detail] = {
        "questions": len(questions),
        "tasks": len({row.task for row in found.rows}),
        "proven": not found.problems and not found.too_few and bool(found.rows),
        "not_proven": len(found.problems),
        "too_few_questions": len(found.too_few),
    }
    return Product(
        {"report": table.encode("utf-8"), "numbers": numbers.encode("utf-8"), "plot": plot},
        details,
        preview=table,
    )


def _consumers(
    media: Mapping[str, Batches], batch: int, tokenizer: TextTokenizer
) -> dict[str, Shown]:
    """How each consumer shows figures and videos to its model, by its title."""
    figure = size_of(media["correlation_pngs"].record(batch))
    film = media["patch_videos"].record(batch)
    clip = Clip(size_of(film), *film_of(film))
    found = {}
    for profile in PROFILES:
        image, frame, kept = None, None, None
        with suppress(CorpusError):  # what is refused is not shown
            seen = profile.image(figure).size
            image = seen.width, seen.height
        with suppress(CorpusError):
            video = profile.video(clip, tokenizer)
            frame, kept = (video.size.width, video.size.height), tuple(video.kept)
        found[profile.title] = Shown(image, frame, kept)
    return found


def baselines_product(question_files: Files, sample_files: Files) -> Product[Files]:
    """What has to be beaten, by task and split: table and numbers.

    Args:
        question_files: The questions by split.
        sample_files: The samples by split.
    """
    rows = baselines(read_questions(question_files), samples_of(sample_files))
    table = (
        baselines_markdown(rows) if rows else f"{NOTHING_ASKED[0].upper()}{NOTHING_ASKED[1:]}.\n"
    )
    numbers = json.dumps(baselines_json(rows), indent=1) + "\n"
    details: dict[str, Detail] = {
        "tasks": len({row.task for row in rows}),
        "questions": sum(row.asked for row in rows),
    }
    files = {"report": table.encode("utf-8"), "numbers": numbers.encode("utf-8")}
    return Product(files, details, preview=table)


def gallery_of(
    settings: Settings, samples: Sequence[Sample], media: Mapping[str, Batches]
) -> Gallery:
    """Where the readers find the media of samples."""
    read = file_reader(media)
    first = samples[0]
    files = {
        sample.id: (
            sample.batch,
            {
                "figure": ("correlation_pngs", sample.image),
                "video": ("patch_videos", sample.video),
                "lines": ("line_plots", sample.line_plot),
                "altered": ("altered_lines", sample.altered_plot),
            },
        )
        for sample in samples
    }

    def content(view: str, name: str) -> bytes:
        batch, paths = files[name]
        asset, path = paths[view]
        return read(asset, batch, path)

    columns = tuple(first.features[i] for i in first.panel_columns)
    whole = Gallery(
        figure=lambda name: _pixels(content("figure", name)),
        video=lambda name: _frames(content("video", name)),
        columns=columns,
        steps=settings.window_length,
        patches=patch_spans(settings.window_length, settings.patch_length, settings.patch_stride),
        lines=(lambda name: _pixels(content("lines", name))) if first.line_plot else None,
        altered=(lambda name: _pixels(content("altered", name))) if first.altered_plot else None,
    )

    def packed(name: str, views: Collection[str]) -> Gallery:
        held = {view: content(view, name) for view in views}
        return replace(
            whole,
            figure=partial(_picture, held.get("figure", b"")),
            video=partial(_film, held.get("video", b"")),
            lines=partial(_picture, held["lines"]) if "lines" in held else None,
            altered=partial(_picture, held["altered"]) if "altered" in held else None,
        )

    return replace(whole, packed=packed)


def _picture(content: bytes, sample: str) -> Pixels:
    """The picture of the only sample of a gallery that was packed."""
    return _pixels(content)


def _film(content: bytes, sample: str) -> Sequence[Pixels]:
    """Its video, likewise."""
    return _frames(content)


def _frames(content: bytes) -> Sequence[Pixels]:
    with tempfile.NamedTemporaryFile(suffix=".mp4") as copy:
        copy.write(content)
        copy.flush()
        return read_video(Path(copy.name))


def _pixels(content: bytes) -> Pixels:
    with Image.open(io.BytesIO(content), formats=("PNG",)) as picture:
        return np.asarray(picture.convert("RGB"), dtype=np.uint8)


def _preview(asked: QuestionSet) -> str:
    questions = asked.questions
    lines = ["| task | level | needs | questions | example | answer |", "|---|---|---|---|---|---|"]
    counts: Counter[str] = Counter()
    examples: dict[str, PictureQuestion] = {}
    for question in questions:
        counts[question.task] += 1
        examples.setdefault(question.task, question)
    for task, count in counts.items():
        example = examples[task]
        sentence = example.prompt.split("\n")[0].replace("|", "\\|")
        needs = " + ".join(example.needs) or "nothing given"
        lines.append(
            f"| `{task}` | {example.level} | {needs} | {count} | {sentence} "
            f"| {example.answer.replace('|', chr(92) + '|')} |"
        )
    if asked.left_out:
        lines += ["", "| left out | why |", "|---|---|"]
        lines += [f"| `{task}` | {reason} |" for task, reason in asked.left_out.items()]
    return "\n".join(lines)
