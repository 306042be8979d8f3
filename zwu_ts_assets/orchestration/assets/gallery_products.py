"""The gallery: from samples, questions and proof to the files of its pages.

What belongs here: gathering what the pages show, and the page above several galleries. What does
not: the pages (`gallery/site.py`), serving them (`web/pages.py`).
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from zwu_ts_assets.errors import CorpusError, entered
from zwu_ts_assets.gallery.site import (
    INDEX,
    OVERVIEW,
    Corpus,
    Film,
    gallery_files,
    overview,
)
from zwu_ts_assets.orchestration.assets.media_records import film_of
from zwu_ts_assets.orchestration.assets.sample_views import View
from zwu_ts_assets.orchestration.datasets import Dataset
from zwu_ts_assets.orchestration.layout import dataset_store
from zwu_ts_assets.orchestration.too_short import outlook
from zwu_ts_assets.orchestration.work import Batches, Product
from zwu_ts_assets.storage.places import Place
from zwu_ts_assets.timeseries.windows import patch_spans
from zwu_ts_assets.training.export_files import ExportFile
from zwu_ts_assets.training.split_rule import SPLITS

Files = Mapping[str, bytes]

_CARD: Final = ("title", "description", "source", "licence")


def gallery_product(
    view: View, evidence: Files, media: Mapping[str, Batches]
) -> Product[Iterator[ExportFile]]:
    """The files of a gallery, made one by one as they are asked for.

    Args:
        view: The samples, worded and counted.
        evidence: What readers made of the questions.
        media: The batches of figures and videos.
    """
    settings, count = view.dataset.settings, view.counts.of_text
    frames, fps = film_of(media["patch_videos"].record(view.samples[0].batch))
    patches = patch_spans(settings.window_length, settings.patch_length, settings.patch_stride)
    plot = view.dataset.specs["evidence"].files["plot"]
    corpus = Corpus(
        dataset=view.dataset.name,
        card={name: getattr(settings, name) for name in _CARD},
        command=f"zwu-ts-assets look {view.dataset.name}",
        samples=view.samples,
        report=view.report,
        conversations=view.conversations,
        film=Film(frames, fps, patches),
        tokens={
            each.id: [(count(turn.prompt), count(turn.answer)) for turn in each.turns]
            for each in view.conversations
        },
        left_out=json.loads(view.asked["report"])["left_out"],
        evidence=json.loads(evidence["numbers"]),
        pictures={"Evidence": plot},
        missing=_missing(view),
    )
    details = {
        "samples": len(corpus.samples),
        "conversations": len(corpus.conversations),
        "questions": sum(len(each.turns) for each in corpus.conversations),
    }
    return Product(gallery_files(corpus), details)


def _missing(view: View) -> list[str]:
    """What splits lack, as the commands tell it; a page names no folder of this machine."""
    csv = view.dataset.csv
    asked = json.loads(view.asked["report"])
    counts = Counter(turn.question.split for each in view.conversations for turn in each.turns)
    questions = {f"{name}_questions": counts[name] for name in SPLITS}
    told = outlook(
        csv,
        view.dataset.settings,
        view.report.details,
        {"questions": asked["questions"], **questions},
    )
    return [sentence.removeprefix(f"{csv}: ") for sentence in told]


def page_to_open(datasets: Sequence[Dataset], artifacts: Place) -> tuple[str, str]:
    """The address of the page that shows some datasets, and a sentence that tells it.

    Of several datasets it is a page above their galleries, which is written by this.

    Args:
        datasets: Whose galleries were made.
        artifacts: The folder of all artifacts.

    Returns:
        No address where a browser can open none: artifacts in an object store are served by the web
        UI alone.

    Raises:
        CorpusError: There is no gallery.
    """
    folders = {
        dataset.name: "".join(f"{part}/" for part in dataset.prefix)
        for dataset in datasets
        if dataset_store(artifacts, dataset.prefix).is_there(f"gallery/{INDEX}")
    }
    if not folders:
        raise CorpusError("there is no gallery: no split has a sample; add rows to the CSV")
    if len(folders) == 1:
        (folder,) = folders.values()
        page = f"{folder}gallery/{INDEX}"
    else:
        page = OVERVIEW
        dataset_store(artifacts, ()).write(page, overview(folders))
    if isinstance(artifacts, Path):
        address = (artifacts / page).resolve().as_uri()
        return address, f"Look at it: {address}"
    return "", (
        f"The gallery is in {artifacts}, which a browser cannot open. {entered('dev')} serves "
        f"it, under the address that it prints, at /artifacts/{page}"
    )
