"""The whole proof over drawn pictures of made-up data sets: few columns, many, and a rhythm.

Pictures are as `corpus` draws them; only the video's codec is left out.
"""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from zwu_ts_assets.evidence.reading import Gallery
from zwu_ts_assets.evidence.report import ALL_SPLITS, NATIVE, prove
from zwu_ts_assets.figures.figure import draw_figure
from zwu_ts_assets.figures.figure_layout import Canvas
from zwu_ts_assets.figures.line_plot import draw_line_plot
from zwu_ts_assets.figures.video import draw_patch_frames
from zwu_ts_assets.timeseries.windows import patch_spans
from zwu_ts_assets.training.picture.alterations import altered_values
from zwu_ts_assets.training.picture.pose import questions_of
from zwu_ts_assets.training.picture.task import Asking
from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets_tests.training.builders import sample_of

STEPS, HORIZON, WINDOWS = 48, 8, 60
PATCHES = patch_spans(STEPS, 12, 6)


def walks(columns: int) -> NDArray[np.float64]:
    return (
        np.random.default_rng(columns)
        .normal(size=(WINDOWS, STEPS + HORIZON, columns))
        .cumsum(axis=1)
    )


def rhythms(columns: int) -> NDArray[np.float64]:
    random = np.random.default_rng(7)
    periods = random.uniform(8, 24, size=(WINDOWS, 1, 1))
    phases = random.uniform(0, 2 * np.pi, size=(WINDOWS, 1, columns))
    steps = np.arange(STEPS + HORIZON)[None, :, None]
    waves: NDArray[np.float64] = np.sin(2 * np.pi * steps / periods + phases)
    return waves + random.normal(size=waves.shape) * 0.2


def samples_of(values: NDArray[np.float64]) -> list[Sample]:
    names = [f"s{i:02}" for i in range(values.shape[2])]
    samples = []
    for number, window in enumerate(values):
        split = "train" if number < 36 else "validation" if number < 48 else "test"
        sample = sample_of(window[:STEPS], window[STEPS:], names, start=number * STEPS)
        samples.append(replace(sample, split=split, line_plot="drawn", altered_plot="drawn"))
    return samples


@pytest.mark.slow
@pytest.mark.parametrize(
    ("values", "canvas", "least"),
    [
        (walks(6), Canvas(1792, 992), 23),
        (rhythms(4), Canvas(896, 512), 23),
        (walks(30), Canvas(1792, 992), 20),
    ],
    ids=["six walks", "four rhythms on a small canvas", "thirty walks"],
)
def test_every_task_of_a_made_up_data_set_is_proven(
    values: NDArray[np.float64], canvas: Canvas, least: int
) -> None:
    samples = samples_of(values)
    asked = questions_of(samples, PATCHES, Asking(canvas=(canvas.width, canvas.height)))
    by_id = {sample.id: sample for sample in samples}
    names = samples[0].features
    gallery = Gallery(
        lambda sample: draw_figure(by_id[sample].past, names, canvas),
        lambda sample: list(
            draw_patch_frames(
                by_id[sample].past, names, canvas=canvas, patch_length=12, patch_stride=6
            )
        ),
        names,
        STEPS,
        PATCHES,
        lambda sample: draw_line_plot(by_id[sample].past, names, canvas),
        lambda sample: draw_line_plot(altered_values(sample, by_id[sample].past), names, canvas),
    )
    evidence = prove(asked.questions, gallery)
    assert evidence.problems == []
    rows = [row for row in evidence.rows if row.split == ALL_SPLITS]
    assert len(rows) >= least, asked.left_out
    # Of thirty walks one always has a spike of its own; four of them may have none.
    few = {"anomaly", "anomaly_span"} if len(names) < 30 else set()
    assert few | {"anomaly_column"} <= {row.task for row in rows}
    for row in rows:
        read = row.pixels[NATIVE]
        assert read.right >= 0.99 * read.asked, row.task
