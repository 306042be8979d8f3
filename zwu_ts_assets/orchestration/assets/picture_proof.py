"""The command behind `evidence`: picture questions of a corpus, and the proof that goes with them.

What belongs here: bringing samples, media and readers together, and writing what a user asked for.
What does not: how questions are made (`training/picture/`), how they are read (`evidence/`).
"""

import io
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from zwu_ts_assets.config.datasets import Dataset
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.evidence.media import read_video
from zwu_ts_assets.evidence.report import Evidence, Gallery, Pixels, markdown, prove
from zwu_ts_assets.orchestration.assets.sample_views import samples_of
from zwu_ts_assets.orchestration.layout import file_names
from zwu_ts_assets.orchestration.work import WHOLE
from zwu_ts_assets.storage.artifact_store import ArtifactStore
from zwu_ts_assets.storage.folder_store import FolderStore
from zwu_ts_assets.timeseries.window_rows import patch_spans
from zwu_ts_assets.training.picture.pose import picture_questions
from zwu_ts_assets.training.picture.question import PictureQuestion
from zwu_ts_assets.training.sample import SPLITS, Sample


def questions_and_proof(
    dataset: Dataset, store: ArtifactStore, sizes: Mapping[str, int] | None = None
) -> tuple[list[Sample], list[PictureQuestion], Evidence]:
    """Ask picture questions of a corpus and have every reader answer them.

    Args:
        dataset: The dataset; its samples and media are current.
        store: Its artifacts.
        sizes: Further sizes at which pixels are read, see `prove`.

    Raises:
        CorpusError: There is no sample, or no question that its text does not give away.
    """
    files = {role: store.read(name) for role, name in file_names("samples", WHOLE).items()}
    samples = samples_of(files)
    settings = dataset.settings
    patches = patch_spans(settings.window_length, settings.patch_length, settings.patch_stride)
    questions = picture_questions(samples, patches)
    if not questions:
        raise CorpusError(
            f"{dataset.name}: {len(samples)} samples give no picture question whose text does not "
            "give its answer away; add rows, or set a smaller window_stride, for more windows"
        )
    by_id = {sample.id: sample for sample in samples}

    def figure(sample: str) -> Pixels:
        with Image.open(io.BytesIO(store.read(by_id[sample].image)), formats=("PNG",)) as picture:
            return np.asarray(picture.convert("RGB"), dtype=np.uint8)

    def video(sample: str) -> Sequence[Pixels]:
        with tempfile.NamedTemporaryFile(suffix=".mp4") as copy:
            copy.write(store.read(by_id[sample].video))
            copy.flush()
            return read_video(Path(copy.name))

    first = samples[0]
    columns = tuple(first.features[i] for i in first.panel_columns)
    gallery = Gallery(figure, video, columns, settings.window_length, patches)
    return samples, questions, prove(questions, gallery, sizes)


def question_row(question: PictureQuestion, samples: Mapping[str, Sample]) -> dict[str, object]:
    """A question as one row of JSON: `messages` and media as trainers take them, and typed columns.

    Args:
        question: The question.
        samples: By id.
    """
    own, other = samples[question.sample_id], samples.get(question.other_sample)
    both = len(question.needs) > 1
    images = [own.image] if "figure" in question.needs else []
    images += [other.image] if other and not both else []
    videos = [(other if other and both else own).video] if "video" in question.needs else []
    placeholders = ["<image>"] * len(images) + ["<video>"] * len(videos)
    return {
        "id": question.id,
        "sample": question.sample_id,
        "split": question.split,
        "task": question.task,
        "level": question.level,
        "needs": list(question.needs),
        "options": list(question.options),
        "answer": question.answer,
        "form": question.form,
        "rationale": question.rationale,
        "messages": [
            {"role": "user", "content": "\n".join([*placeholders, question.prompt])},
            {"role": "assistant", "content": question.answer_line},
        ],
        "images": images,
        "videos": videos,
    }


def write_proof(
    folder: Path,
    samples: Sequence[Sample],
    questions: Sequence[PictureQuestion],
    evidence: Evidence,
) -> list[str]:
    """Write the questions of each split, and the proof as a table and as numbers.

    Args:
        folder: Made if it is not there.
        samples: All samples.
        questions: The questions.
        evidence: What the readers made of them.

    Returns:
        The names of the files, each written in one step.

    Raises:
        CorpusError: The folder cannot be used.
    """
    by_id = {sample.id: sample for sample in samples}
    contents = {
        f"questions-{split}.jsonl": "".join(
            json.dumps(question_row(question, by_id), ensure_ascii=False) + "\n"
            for question in questions
            if question.split == split
        )
        for split in SPLITS
    }
    contents["evidence.md"] = markdown(evidence)
    contents["evidence.json"] = json.dumps(evidence.to_json(), indent=1) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        store = FolderStore(folder)
        for name, text in contents.items():
            store.write(name, text.encode("utf-8"))
    except OSError as error:
        raise CorpusError(
            f"{folder}: cannot be written ({error.strerror}); name another folder"
        ) from error
    return list(contents)
