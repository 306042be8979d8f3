"""A gallery of as many samples as one wants, which all show the same figure and the same video."""

from dataclasses import replace
from pathlib import Path

from zwu_ts_assets.gallery.site import Corpus, Film, gallery_files
from zwu_ts_assets.training.split_rule import SPLITS
from zwu_ts_assets.training.splits import SplitReport
from zwu_ts_assets_tests.training.corpora import (
    FEATURES,
    HORIZON,
    LENGTH,
    conversations_for,
    draw_media,
    make_sample,
    series_values,
)

ROWS = LENGTH + HORIZON


def corpus_of(count: int, features: tuple[str, ...] = FEATURES) -> Corpus:
    """Samples of which three of six are for training, two for validation and one is for tests.

    The fifth has a flag; the last window is embargoed.
    """
    values = series_values(count * ROWS)
    stops = [0, count * 3 // 6, count * 5 // 6, count]
    split_of = [name for at, name in enumerate(SPLITS) for _ in range(stops[at], stops[at + 1])]
    samples = [
        make_sample(number, split, values, features) for number, split in enumerate(split_of)
    ]
    conversations = [each for sample in samples for each in conversations_for(sample)]
    report = SplitReport(
        samples={name: split_of.count(name) for name in SPLITS},
        unused={"embargoed": 1, "target incomplete": 40, "target has a gap": 2},
        left_out={
            "embargoed": (count * ROWS,),
            "target incomplete": tuple(range(7000, 7040)),
            "target has a gap": (5000, 6000),
        },
        embargoed=(count * ROWS,),
        rows={name: (stops[at] * ROWS, stops[at + 1] * ROWS) for at, name in enumerate(SPLITS)},
        times=dict.fromkeys(SPLITS, ("2016-07-01T00:00:00", "2016-08-01T00:00:00")),
        embargo_rows=0,
    )
    return Corpus(
        dataset="demo",
        card={"title": "", "description": "", "source": "", "licence": ""},
        command="zwu-ts-assets look demo",
        samples=samples,
        report=report,
        conversations=conversations,
        film=Film(8, 2.0, [(0, 12), (6, 18), (12, 24)]),
        tokens={each.id: [(50, 4)] * len(each.turns) for each in conversations},
        left_out={"lag": "no lag is long enough"},
        evidence={"rows": [_evidence("look")]},
        pictures={},
    )


def _evidence(task: str) -> dict[str, object]:
    def rate(right: int) -> dict[str, object]:
        return {"right": right, "asked": 6, "interval": [0.1, 0.9]}

    return {
        **{"task": task, "split": "all", "questions": 6, "chance": 0.25},
        **{"blind": {"most frequent": rate(2), "shortest": rate(1)}, "wrong_picture": rate(3)},
        "pixels": {"native": rate(6)},
    }


def write_gallery(corpus: Corpus, folder: Path) -> None:
    """Write the pages of a corpus, and one figure and one video for all of its samples."""
    first = corpus.samples[0]
    for name, content in draw_media([first]).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    samples = [replace(each, image=first.image, video=first.video) for each in corpus.samples]
    talks = [each for sample in samples for each in conversations_for(sample)]
    for file in gallery_files(replace(corpus, samples=samples, conversations=talks)):
        path = folder / "gallery" / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.build())
