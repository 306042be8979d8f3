"""From windows to what is drawn of them: figures, line plots, videos, and their colour ranges.

What belongs here: calling the drawing with a dataset's settings, and saying what there is to know
of the result. What does not: how anything is drawn (`figures/`), the other products
(`corpus_products.py`).
"""

import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.colours import (
    RANGED_PANELS,
    ColourRanges,
    Extremes,
    fit_ranges,
    ranges_json,
    read_ranges,
    window_extremes,
)
from zwu_ts_assets.figures.figure import Canvas, Frame, draw_figure, encode_png, thumbnail
from zwu_ts_assets.figures.line_plot import draw_line_plot
from zwu_ts_assets.figures.mp4 import encode_mp4
from zwu_ts_assets.figures.verification import png_problem, video_problem
from zwu_ts_assets.figures.video import draw_patch_frames, film_strip
from zwu_ts_assets.orchestration.assets.batch_products import span_details, target_details
from zwu_ts_assets.orchestration.layout import window_role
from zwu_ts_assets.orchestration.work import Problem, Product
from zwu_ts_assets.storage.artifact_store import Detail
from zwu_ts_assets.timeseries.windows import Batch, Window, key_text, patch_spans, window_key
from zwu_ts_assets.training.picture.alterations import altered_values
from zwu_ts_assets.training.sample import sample_id

Files = Mapping[str, bytes]


class Drawing(NamedTuple):
    """What one drawing is made of.

    Attributes:
        batch: The batch that owns the window.
        window: What is drawn.
        preview: Whether to make something to look at, too: of each batch one is enough.
    """

    batch: int
    window: Window
    preview: bool = True


Draw = Callable[[Drawing], Product[Files]]
Mapped = Callable[[Draw, Iterable[Drawing]], Iterator[Product[Files]]]


def drawn_batches(
    draw: Draw, batches: Iterable[tuple[int, Batch]], mapped: Mapped, settings: Settings
) -> Iterator[Product[Files]]:
    """Figures, line plots or videos batch by batch, drawn window by window.

    So all workers have something to do even if a single batch of many windows changed, and no more
    than the files of about one batch are in memory. A window that cannot be drawn is a problem of
    its batch's product, and stops no other one.

    Args:
        draw: Makes the product of one window, such as `correlation_product` with its settings.
        batches: Index and windows of each batch, read when their turn comes.
        mapped: Maps a function over items, lazily and in order, such as `WorkerPool.map`.
        settings: Whether a batch has several windows.
    """
    waiting: deque[Batch] = deque()

    def drawings() -> Iterator[Drawing]:
        for index, batch in batches:
            waiting.append(batch)
            for window in batch.windows:
                yield Drawing(index, window, preview=window.start == batch.start)

    made: list[Product[Files]] = []
    for product in mapped(partial(_drawn_or_why_not, draw), drawings()):
        while not waiting[0].starts:
            yield _joined(waiting.popleft(), [], settings)
        made.append(product)
        if len(made) == len(waiting[0].starts):
            whole = _joined(waiting.popleft(), made, settings)
            made = []
            yield whole
            del whole, product  # what was written need not stay while the next batch is drawn
    while waiting:
        yield _joined(waiting.popleft(), [], settings)


def _drawn_or_why_not(draw: Draw, drawing: Drawing) -> Product[Files]:
    """The product of one window, or why there is none."""
    try:
        return draw(drawing)
    except OSError:
        raise  # of the machine, and so of all windows
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told with its window
        window = drawing.window
        rows = f"rows {window.start} to {window.stop - 1}"
        part = f"batch {drawing.batch}, {rows} of the table"
        if isinstance(error, CorpusError):
            return Product({}, problems=(Problem(part, str(error)),))
        place = traceback.extract_tb(error.__traceback__)[-1]
        reason = (
            f"{type(error).__name__}: {error} ({Path(place.filename).name}, line {place.lineno}). "
            "This is a fault of the program, not of the data: please report it with these rows. "
            "To go on without them, leave out a column with the setting `features`, or cut the "
            "windows elsewhere with `window_length`."
        )
        return Product({}, problems=(Problem(part, reason, traceback.format_exc()),))


def _joined(batch: Batch, products: Sequence[Product[Files]], settings: Settings) -> Product[Files]:
    """The products of a batch's windows as one: all files, and the preview of the first."""
    problems = tuple(problem for product in products for problem in product.problems)
    products = [product for product in products if not product.problems]
    if not products:
        return Product({}, {"windows": 0}, problems=problems)
    first = products[0]
    files = {role: data for product in products for role, data in product.value.items()}
    span = f"{batch.start}..{batch.stop - 1}"
    told = {"rows": span, "past_rows": span, **target_details(batch, settings)}
    # Of one window this is what it told of itself.
    details = {name: told.get(name, value) for name, value in first.details.items()}
    if settings.overlapping:
        details["windows"] = len(products)
    return Product(files, details, preview=first.preview, problems=problems)


def training_extremes(window: Window, *, settings: Settings) -> Extremes:
    """What one window of the training split adds to the fit of the colour ranges."""
    return window_extremes(
        window.values,
        patch_length=settings.patch_length,
        patch_stride=settings.patch_stride,
        shown=window.shown,
    )


def colour_ranges_product(extremes: Iterable[Extremes]) -> Product[Files]:
    """The colour ranges of a corpus, fitted on its training windows.

    Args:
        extremes: Of every training window, in any order, from `training_extremes`.

    Raises:
        CorpusError: There is no training window.
    """
    ranges = fit_ranges(extremes)
    details: dict[str, Detail] = {
        "training_windows": ranges.fitted_windows,
        "training_patches": ranges.fitted_patches,
    }
    for kind, panels in (("window", ranges.windows), ("patch", ranges.patches)):
        for name in RANGED_PANELS:
            low, high = getattr(panels, name)
            details[f"{kind}_{name}"] = f"{low:.6g} to {high:.6g}"
    return Product({"ranges": ranges_json(ranges)}, details)


def fitted_ranges(files: Files) -> ColourRanges:
    """The ranges that `colour_ranges_product` wrote.

    Raises:
        CorpusError: The file is damaged.
    """
    return read_ranges(files["ranges"])


def ranges_of(ranges: Files | None = None) -> ColourRanges | None:
    """The fitted ranges, if there are any."""
    return None if ranges is None else fitted_ranges(ranges)


def correlation_product(
    drawing: Drawing, *, settings: Settings, ranges: ColourRanges | None = None
) -> Product[Files]:
    """The 2x3 figure of one window as a PNG.

    Args:
        drawing: The window and its batch.
        settings: What shapes the figure.
        ranges: The fitted ranges if `colour_range` is "train", else none.
    """
    batch, window, _ = drawing
    _require_ranges_if_fixed(ranges, settings)
    frame = draw_figure(
        window.values,
        window.features,
        Canvas(*settings.canvas_size),
        _title_prefix(batch, window, settings),
        ranges.windows if ranges else None,
        window.shown,
        settings.figure_look,
    )
    return _picture(frame, drawing, settings)


def line_plot_product(drawing: Drawing, *, settings: Settings) -> Product[Files]:
    """The line plot of one window as a PNG: a panel for each column that feature panels show.

    Args:
        drawing: The window and its batch.
        settings: What shapes the plot, the units of columns among it.
    """
    batch, window, _ = drawing
    values, names, labels = window.values, window.features, window.features
    if window.shown is not None:
        values = values[:, list(window.shown.columns)]
        names, labels = window.shown.names(names), window.shown.labels(names)
    units = tuple(settings.units.get(name, "") for name in names)
    frame = draw_line_plot(
        values,
        labels,
        Canvas(*settings.canvas_size),
        units=units if any(units) else (),
        title_prefix=_title_prefix(batch, window, settings),
    )
    return _picture(frame, drawing, settings)


def altered_lines_product(drawing: Drawing, *, settings: Settings, dataset: str) -> Product[Files]:
    """The line plot of one window's altered copy as a PNG.

    Args:
        drawing: The window and its batch.
        settings: What shapes the plot.
        dataset: Name of the dataset, of which the copies of its windows are altered in their way.
    """
    window = drawing.window
    columns = list(window.shown.columns if window.shown else range(len(window.features)))
    values = window.values.copy()
    values[:, columns] = altered_values(sample_id(dataset, window.start), values[:, columns])
    return line_plot_product(
        drawing._replace(window=replace(window, values=values)), settings=settings
    )


def video_product(
    drawing: Drawing, *, settings: Settings, ranges: ColourRanges | None = None
) -> Product[Files]:
    """The patches of one window as a video; the target span goes into the details.

    Args:
        drawing: The window and its batch.
        settings: What shapes the video.
        ranges: The fitted ranges if `colour_range` is "train", else none.
    """
    batch, window, _ = drawing
    _require_ranges_if_fixed(ranges, settings)
    width, height = settings.video_size
    drawn = draw_patch_frames(
        window.values,
        window.features,
        patch_length=settings.patch_length,
        patch_stride=settings.patch_stride,
        canvas=Canvas(width, height),
        frame_multiple=settings.frame_multiple,
        title_prefix=_title_prefix(batch, window, settings),
        ranges=ranges.patches if ranges else None,
        shown=window.shown,
        look=settings.figure_look,
    )
    frames: list[Frame] = []
    video = encode_mp4(_kept(drawn, frames), settings.fps)
    patches = patch_spans(settings.window_length, settings.patch_length, settings.patch_stride)
    used = patches[-1][1]
    details: dict[str, Detail] = {
        "width": width,
        "height": height,
        "frames": len(frames),
        "patches": len(patches),
        "repeated_frames": len(frames) - len(patches),
        "fps": settings.fps,
        "past_rows": f"{window.start}..{window.stop - 1}",
        "rows_in_no_patch": settings.window_length - used,
        **span_details(window.stop, window.stop, window.target_rows, settings),
    }
    files = {_role("video", window, settings): video}
    strip = film_strip(frames[: len(patches)]) if drawing.preview else b""
    return Product(files, details, preview=strip)


def figure_problem(figure: Files, *, settings: Settings) -> str:
    """What is wrong with the PNG, the only file, of a figure or a line plot; nothing, usually."""
    (png,) = figure.values()
    return png_problem(png, *settings.canvas_size)


def film_problem(film: Files, *, settings: Settings) -> str:
    """What is wrong with a video, the only file; nothing, usually."""
    (video,) = film.values()
    patches = patch_spans(settings.window_length, settings.patch_length, settings.patch_stride)
    frames = -(-len(patches) // settings.frame_multiple) * settings.frame_multiple
    # `validate` decodes the copies in exports by another build of ffmpeg in a process of its own.
    return video_problem(video, *settings.video_size, frames, settings.fps, isolated=False)


def _kept(frames: Iterable[Frame], keep: list[Frame]) -> Iterator[Frame]:
    """The frames as they are drawn, each kept for the film strip."""
    for frame in frames:
        keep.append(frame)
        yield frame


def _picture(frame: Frame, drawing: Drawing, settings: Settings) -> Product[Files]:
    width, height = settings.canvas_size
    window = drawing.window
    details: dict[str, Detail] = {
        "width": width,
        "height": height,
        "rows": f"{window.start}..{window.stop - 1}",
    }
    files = {_role("png", window, settings): encode_png(frame)}
    return Product(files, details, preview=thumbnail(frame) if drawing.preview else b"")


def _role(role: str, window: Window, settings: Settings) -> str:
    """The role of a window's file: its own, where a batch has several windows."""
    return window_role(window.start) if settings.overlapping else role


def _require_ranges_if_fixed(ranges: ColourRanges | None, settings: Settings) -> None:
    """A mistake of ours, not of the user: figures of both kinds would mix unnoticed."""
    if (ranges is not None) != (settings.colour_range == "train"):
        given = "no fitted ranges are" if ranges is None else "fitted ranges are"
        raise ValueError(f"colour_range is {settings.colour_range!r}, but {given} given")


def _title_prefix(batch: int, window: Window, settings: Settings) -> str:
    if not settings.title_batch_index:
        return ""
    return f"{key_text(window_key(batch, window.start, overlapping=settings.overlapping))} "
