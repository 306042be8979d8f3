"""From windows to what is drawn of them: figures, line plots, videos, and their colour ranges.

What belongs here: calling the drawing with a dataset's settings, and saying what there is to know
of the result. What does not: how anything is drawn (`corpus/`), the other products (`products.py`).
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping

from zwu_ts_assets.artifact_store import Detail, digest
from zwu_ts_assets.corpus.colour_ranges import (
    RANGED_PANELS,
    ColourRanges,
    Extremes,
    fit_ranges,
    ranges_json,
    read_ranges,
    window_extremes,
)
from zwu_ts_assets.corpus.figure import Canvas, Frame, draw_figure
from zwu_ts_assets.corpus.frame_files import encode_png, thumbnail
from zwu_ts_assets.corpus.line_plot import draw_line_plot
from zwu_ts_assets.corpus.mp4 import encode_mp4
from zwu_ts_assets.corpus.verification import png_problem, video_problem
from zwu_ts_assets.corpus.video import draw_patch_frames, film_strip
from zwu_ts_assets.corpus.windows import Window, patch_spans
from zwu_ts_assets.datasets import Settings
from zwu_ts_assets.work import Product

Files = Mapping[str, bytes]


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


def ranges_of(ranges: Files | None = None) -> tuple[ColourRanges | None, str]:
    """The fitted ranges, if there are any, with their content version as the record has it."""
    if ranges is None:
        return None, ""
    return fitted_ranges(ranges), digest(hashlib.sha256(ranges["ranges"]).hexdigest())


def correlation_product(
    item: tuple[int, Window], *, settings: Settings, ranges: ColourRanges | None = None
) -> Product[Files]:
    """The 2x3 figure of one window as a PNG.

    Args:
        item: The batch and its window.
        settings: What shapes the figure.
        ranges: The fitted ranges if `colour_range` is "train", else none.
    """
    batch, window = item
    _require_ranges_if_fixed(ranges, settings)
    frame = draw_figure(
        window.values,
        window.features,
        Canvas(*settings.canvas_size),
        _title_prefix(batch, settings),
        ranges.windows if ranges else None,
        window.shown,
    )
    return _picture(frame, window, settings)


def line_plot_product(item: tuple[int, Window], *, settings: Settings) -> Product[Files]:
    """The line plot of one window as a PNG: a panel for each column that feature panels show.

    Args:
        item: The batch and its window.
        settings: What shapes the plot, the units of columns among it.
    """
    batch, window = item
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
        title_prefix=_title_prefix(batch, settings),
    )
    return _picture(frame, window, settings)


def video_product(
    item: tuple[int, Window], *, settings: Settings, ranges: ColourRanges | None = None
) -> Product[Files]:
    """The patches of one window as a video; the target span goes into the details.

    Args:
        item: The batch and its window.
        settings: What shapes the video.
        ranges: The fitted ranges if `colour_range` is "train", else none.
    """
    batch, window = item
    _require_ranges_if_fixed(ranges, settings)
    width, height = settings.video_size
    drawing = draw_patch_frames(
        window.values,
        window.features,
        patch_length=settings.patch_length,
        patch_stride=settings.patch_stride,
        canvas=Canvas(width, height),
        frame_multiple=settings.frame_multiple,
        title_prefix=_title_prefix(batch, settings),
        ranges=ranges.patches if ranges else None,
        shown=window.shown,
    )
    frames: list[Frame] = []
    video = encode_mp4(_kept(drawing, frames), settings.fps)
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
        **target_details(window, settings),
    }
    return Product({"video": video}, details, preview=film_strip(frames[: len(patches)]))


def figure_problem(figure: Files, *, settings: Settings) -> str:
    """What is wrong with the PNG of a figure or a line plot; nothing, usually."""
    return png_problem(figure["png"], *settings.canvas_size)


def film_problem(video: Files, *, settings: Settings) -> str:
    """What is wrong with a video; nothing, usually."""
    patches = patch_spans(settings.window_length, settings.patch_length, settings.patch_stride)
    frames = -(-len(patches) // settings.frame_multiple) * settings.frame_multiple
    return video_problem(video["video"], *settings.video_size, frames, settings.fps)


def target_details(window: Window, settings: Settings) -> dict[str, Detail]:
    """Which rows are a window's target span, and how many of them the CSV has."""
    span = f"{window.stop}..{window.stop + settings.horizon - 1}" if settings.horizon else "none"
    return {
        "target_span": span,
        "target_rows": window.target_rows,
        "target_complete": window.target_rows == settings.horizon,
    }


def _kept(frames: Iterable[Frame], keep: list[Frame]) -> Iterator[Frame]:
    """The frames as they are drawn, each kept for the film strip."""
    for frame in frames:
        keep.append(frame)
        yield frame


def _picture(frame: Frame, window: Window, settings: Settings) -> Product[Files]:
    width, height = settings.canvas_size
    details: dict[str, Detail] = {
        "width": width,
        "height": height,
        "rows": f"{window.start}..{window.stop - 1}",
    }
    return Product({"png": encode_png(frame)}, details, preview=thumbnail(frame))


def _require_ranges_if_fixed(ranges: ColourRanges | None, settings: Settings) -> None:
    """A mistake of ours, not of the user: figures of both kinds would mix unnoticed."""
    if (ranges is not None) != (settings.colour_range == "train"):
        given = "no fitted ranges are" if ranges is None else "fitted ranges are"
        raise ValueError(f"colour_range is {settings.colour_range!r}, but {given} given")


def _title_prefix(batch: int, settings: Settings) -> str:
    return f"Batch {batch} " if settings.title_batch_index else ""
