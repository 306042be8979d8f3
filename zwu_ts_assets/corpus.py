"""A corpus in Python, without Dagster and without artifacts: `from zwu_ts_assets import Corpus`.

What belongs here: the windows of a table as a notebook looks at them. What does not: how anything
is made. Everything calls what the assets call, so that media have the bytes of the artifacts.
"""

import base64
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Final, overload

import numpy as np

from zwu_ts_assets.figures.colours import ColourRanges
from zwu_ts_assets.figures.dependence import DependenceMatrices, dependence_matrices
from zwu_ts_assets.orchestration.assets import corpus_products as products
from zwu_ts_assets.orchestration.assets.batch_products import feature_selection
from zwu_ts_assets.orchestration.chosen_datasets import dataset_at
from zwu_ts_assets.orchestration.work import Product
from zwu_ts_assets.text.stats import stats_lines
from zwu_ts_assets.timeseries.series import Series
from zwu_ts_assets.timeseries.windows import Window, batch_count, patch_spans
from zwu_ts_assets.training.sample import SPLITS
from zwu_ts_assets.training.samples import WindowAssets, make_samples
from zwu_ts_assets.training.splits import resolve_borders

if TYPE_CHECKING:
    import pandas as pd
    from PIL.Image import Image

# Of a sample, what tells of artifacts that nobody has made.
_OF_ARTIFACTS: Final = (
    *("image", "video", "line_plot", "altered_plot", "fingerprints", "axis", "shown"),
    *("image_tokens", "video_tokens", "stats_tokens"),
)


class Corpus:
    """A table cut into windows, with what a corpus makes of each, made when asked for.

    Attributes:
        dataset: Name, table and settings.
        series: The validated table.
    """

    def __init__(self, csv: str | PathLike[str], **settings: object) -> None:
        """Reads the table, and the settings in a TOML file beside it if there is one.

        Args:
            csv: A table as in the data folder: CSV, TSV, Parquet and so on.
            settings: Settings by name, over those of the file, such as `window_length=48`.

        Raises:
            CorpusError: The table or the settings cannot be used; it says where and why.
        """
        self.dataset = dataset_at(Path(csv), settings)
        read = products.raw_product(self.dataset.csv, self.dataset.settings)
        self.series: Series = read.value
        self._told = read.details

    def __repr__(self) -> str:
        return (
            f"<Corpus {self.dataset.name}: {self.series.rows} rows, "
            f"{len(self.series.features)} columns, {len(self.windows)} windows of "
            f"{self.dataset.settings.window_length} rows>"
        )

    @property
    def notes(self) -> dict[str, object]:
        """How the table was read, columns that were left out among it."""
        return dict(self._told)

    @cached_property
    def windows(self) -> "Windows":
        """The windows in the order of time."""
        return Windows(self)

    @cached_property
    def colour_ranges(self) -> ColourRanges | None:
        """Colour ranges fitted on the training windows; None unless `colour_range` is "train"."""
        if self.dataset.settings.colour_range != "train":
            return None
        starts = {
            start
            for found in products.training_starts(
                self.dataset, self.series, range(self._batches)
            ).values()
            for start in found
        }
        extremes = partial(products.training_extremes, settings=self.dataset.settings)
        training = (each.window for each in self.windows if each.window.start in starts)
        return products.fitted_ranges(products.colour_ranges_product(map(extremes, training)).value)

    def samples(self, split: str | None = None) -> "pd.DataFrame":
        """The windows with a whole target that are in a split, one a row.

        Args:
            split: `train`, `validation` or `test`; None: all.

        Returns:
            A table with id, rows, times, values and statistics as text; `past` and `target` are
            arrays of shape (rows, columns).

        Raises:
            ValueError: There is no such split.
        """
        import pandas as pd

        if split is not None and split not in SPLITS:
            raise ValueError(f"{split!r} is no split; the splits are: {', '.join(SPLITS)}")
        settings = self.dataset.settings
        samples, _ = make_samples(
            [
                WindowAssets(
                    batch=each.batch,
                    window=each.window,
                    image="",
                    video="",
                    line_plot="",
                    stats_text=each.text,
                    stats_tokens=0,
                    image_tokens=0,
                    video_tokens=0,
                    versions={},
                )
                for each in self.windows
            ],
            dataset=self.dataset.name,
            series=self.series,
            borders=resolve_borders(
                self.dataset.split_rule(self.series.rows),
                self.series.timestamps,
                self.series.breaks,
            ),
            horizon=settings.horizon,
            patches=patch_spans(
                settings.window_length, settings.patch_length, settings.patch_stride
            ),
            units=settings.units,
            stats_format=settings.stats_format,
        )
        rows = [
            {name: value for name, value in vars(each).items() if name not in _OF_ARTIFACTS}
            for each in samples
            if split in (None, each.split)
        ]
        return pd.DataFrame(rows)

    @property
    def _batches(self) -> int:
        settings = self.dataset.settings
        return batch_count(
            self.series.rows, settings.window_length, settings.stride, settings.max_batches
        )


class Windows(Sequence["WindowView"]):
    """The windows of a corpus, cut when asked for."""

    def __init__(self, corpus: Corpus) -> None:
        """Args: the corpus."""
        self._corpus = corpus
        cut = partial(
            products.batch_product,
            series=corpus.series,
            settings=corpus.dataset.settings,
            shown=feature_selection(corpus.dataset, corpus.series),
        )
        self._found = [
            (batch, window)
            for batch in range(corpus._batches)
            for window in cut(batch).value.windows
        ]

    def __len__(self) -> int:
        return len(self._found)

    @overload
    def __getitem__(self, index: int) -> "WindowView": ...

    @overload
    def __getitem__(self, index: slice) -> "list[WindowView]": ...

    def __getitem__(self, index: int | slice) -> "WindowView | list[WindowView]":
        if isinstance(index, slice):
            return [WindowView(self._corpus, *found) for found in self._found[index]]
        return WindowView(self._corpus, *self._found[index])

    def __iter__(self) -> "Iterator[WindowView]":
        return (WindowView(self._corpus, *found) for found in self._found)


@dataclass(frozen=True, eq=False)
class WindowView:
    """One window, and what the corpus makes of it.

    Attributes:
        corpus: Whose window it is.
        batch: Index of the batch that owns it.
        window: Its rows, times and values.
    """

    corpus: Corpus
    batch: int
    window: Window

    def __repr__(self) -> str:
        rows = f"rows {self.window.start} to {self.window.stop - 1}"
        return f"<window of {self.corpus.dataset.name}: batch {self.batch}, {rows}>"

    @property
    def values(self) -> "pd.DataFrame":
        """Its rows by time."""
        import pandas as pd

        index = pd.DatetimeIndex(self.window.timestamps, name="time")
        return pd.DataFrame(self.window.values, index, list(self.window.features))

    @property
    def stats(self) -> "pd.DataFrame":
        """Mean, maximum and population variance of each column."""
        import pandas as pd

        values = self.window.values
        table = np.stack([values.mean(axis=0), values.max(axis=0), values.var(axis=0)], axis=1)
        return pd.DataFrame(table, list(self.window.features), ["mean", "maximum", "variance"])

    @property
    def text(self) -> str:
        """Its statistics as the text that is tokenized."""
        form = self.corpus.dataset.settings.stats_format
        return " ".join(stats_lines(self.window.values, self.window.features, form))

    @property
    def matrices(self) -> DependenceMatrices:
        """The six matrices behind the figure; features are those that it shows."""
        shown = self.window.shown
        return dependence_matrices(self.window.values, shown.columns if shown else None)

    @property
    def png(self) -> bytes:
        """The figure, as the asset `correlation_pngs` writes it."""
        ranges = self.corpus.colour_ranges
        return self._made(partial(products.correlation_product, ranges=ranges))

    @property
    def mp4(self) -> bytes:
        """The video of its patches, as the asset `patch_videos` writes it."""
        ranges = self.corpus.colour_ranges
        return self._made(partial(products.video_product, ranges=ranges))

    def figure(self) -> "Image":
        """The figure, which a notebook shows."""
        return _opened(self.png)

    def line_plot(self) -> "Image":
        """Its values as lines, which a notebook shows."""
        return _opened(self._made(products.line_plot_product))

    def video(self) -> "Video":
        """The video of its patches, which a notebook plays."""
        return Video(self.mp4)

    def _made(self, make: Callable[..., Product[Mapping[str, bytes]]]) -> bytes:
        drawing = products.Drawing(self.batch, self.window, preview=False)
        (data,) = make(drawing, settings=self.corpus.dataset.settings).value.values()
        return data


class Video(bytes):
    """An MP4; a notebook plays it, `Path.write_bytes` writes it."""

    def _repr_html_(self) -> str:
        data = base64.b64encode(self).decode("ascii")
        return f'<video controls loop width="896" src="data:video/mp4;base64,{data}"></video>'


def _opened(png: bytes) -> "Image":
    from PIL import Image

    return Image.open(io.BytesIO(png))
