"""What a prompt is filled from: facts computed from a sample and from how its media were made.

What belongs here: the facts, their names and meanings. What does not: wording (`templates/`), and
anything that would tell a model when a window was, unless the settings want it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from zwu_ts_assets.text.stats import stats_lines
from zwu_ts_assets.timeseries.csv_rules import StatsFormat
from zwu_ts_assets.timeseries.windows import patch_spans
from zwu_ts_assets.training.quality import interpolated_values, looking_ahead
from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets.training.samples import interval_seconds
from zwu_ts_assets.training.task_settings import TaskSettings

FACTS: Final[Mapping[str, str]] = {
    "features": "the columns, in order; each has a `name`, a `unit` (may be empty) and a `label`, "
    "the name followed by the unit in brackets",
    "rows": "time steps of the window",
    "interval": "time from one step to the next, such as `1 hour`",
    "window_span": "time that the window spans, such as `4 days`",
    "horizon": "time steps of the target span",
    "statistics": "mean, maximum and variance of each column: a list of lines, which the project's "
    "own templates leave out",
    "dates": "first and last time of the window, `dates.first` and `dates.last`; none unless the "
    "setting `tell_dates` is on",
    "shown": "the columns that the feature panels show, in their order; each has a `label` as "
    "above and `more`, for how many further columns it stands; empty where they show all",
    "interpolated": "the columns that have interpolated values in the window; each has a `name` "
    "and a `count`; usually empty",
    "target_interpolated": "likewise of the target span",
    "uneven": "whether steps are counted in rows because the times between them differ or are not "
    "known",
    "context": "what the settings tell of the series and of its columns: a list of sentences; "
    "usually empty",
    "looks_ahead": "names of the columns whose last values of the window were interpolated with a "
    "value after it; usually empty",
    "fixed_colours": "whether the colour ranges are the same in all figures",
    "views": "what is shown: `figure`, `lines`, `altered` (the lines of an altered copy), `video`, "
    "in this order; may be empty",
    "names": "what they are called: `names.figure`, such as `the first picture`, and so on",
    "belonging": "names of those that show the window",
    "compared": "names of those of which it is asked if they show the same window; usually none",
    "patches": "patches of the window, each one frame of the video",
    "patch_rows": "time steps of a patch",
    "patch_span": "time that a patch spans",
    "stride_rows": "time steps from the start of a patch to the start of the next",
    "stride_span": "the same as time",
    "frames": "frames of the video",
    "repeated_frames": "how many of them repeat the last patch",
    "frames_per_second": "frames per second of the video",
    "pair_rows": "time steps that two neighbouring frames span, which the model reads as one",
    "pair_span": "the same as time",
}
"""What templates may use, and what it is."""


@dataclass(frozen=True)
class MediaFacts:
    """How the figures, videos and statistics of a dataset were made.

    Attributes:
        patch_length: Rows of a patch.
        patch_stride: Rows from the start of a patch to the start of the next.
        frame_multiple: A video repeats its last frame up to a multiple of this.
        fps: Frames per second.
        fixed_colours: Whether the colour ranges are the same in all figures.
        stats_format: How the numbers of the statistics are written.
        about: What the series is; empty where prompts do not tell it.
        described: What columns are, by name.
    """

    patch_length: int = 24
    patch_stride: int = 12
    frame_multiple: int = 2
    fps: float = 2.0
    fixed_colours: bool = False
    stats_format: StatsFormat = "decimals"
    about: str = ""
    described: tuple[tuple[str, str], ...] = ()


def prompt_facts(
    sample: Sample,
    settings: TaskSettings,
    media: MediaFacts,
    *,
    views: tuple[str, ...],
    compared: tuple[str, ...],
) -> dict[str, object]:
    """The facts for the introduction of a conversation, by the names in `FACTS`."""
    seconds = interval_seconds(sample)
    rows, horizon = len(sample.past), len(sample.target)

    def span(steps: int) -> str:
        return sample.axis.span_text(steps, seconds)

    two = "figure" in views and "lines" in views
    names = {
        "figure": "the first picture" if two else "the picture",
        "lines": "the second picture" if two else "the picture",
        "altered": "the picture",  # which is shown alone
        "video": "the video",
    }
    patches = len(patch_spans(rows, media.patch_length, media.patch_stride))
    frames = patches + -patches % media.frame_multiple
    pair_rows = media.patch_length + (media.patch_stride if patches > 1 else 0)
    interpolated, target_interpolated = map(_counts, interpolated_values(sample.flags))
    facts: dict[str, object] = {
        "features": [
            {"name": name, "unit": unit, "label": _label(name, unit)}
            for name, unit in zip(sample.features, sample.units, strict=True)
        ],
        "rows": rows,
        "interval": span(1),
        "window_span": span(rows),
        "horizon": horizon,
        "shown": _shown(sample),
        "interpolated": interpolated,
        "target_interpolated": target_interpolated,
        "looks_ahead": looking_ahead(sample.flags),
        "statistics": stats_lines(sample.past, sample.features, media.stats_format),
        "uneven": sample.axis.is_counted,
        "context": _context(sample, media),
        "dates": None,
        "fixed_colours": media.fixed_colours,
        "views": views,
        "names": names,
        "belonging": _belonging(views, compared, names),
        "compared": [names[view] for view in views if view in compared],
        "patches": patches,
        "patch_rows": media.patch_length,
        "patch_span": span(media.patch_length),
        "stride_rows": media.patch_stride,
        "stride_span": span(media.patch_stride),
        "frames": frames,
        "repeated_frames": frames - patches,
        "frames_per_second": f"{media.fps:g}",
        "pair_rows": pair_rows,
        "pair_span": span(pair_rows),
    }
    if settings.tell_dates:
        ends = (sample.axis.time_text(sample.past_timestamps[i]) for i in (0, -1))
        first, last = (text.replace("T", " ") for text in ends)
        facts["dates"] = {"first": first, "last": last}
    return facts


def _context(sample: Sample, media: MediaFacts) -> list[str]:
    """What is told of the series and of its columns, those that it has."""
    told = [f"The series: {media.about}"] if media.about else []
    named = [f"{name}: {text}" for name, text in media.described if name in sample.features]
    return [*told, *named]


def _belonging(
    views: Sequence[str], compared: Sequence[str], names: Mapping[str, str]
) -> list[str]:
    if not compared and "figure" in views and "lines" in views:
        return ["the pictures", *(names[view] for view in views if view == "video")]
    return [names[view] for view in views if view not in compared]


def _label(name: str, unit: str) -> str:
    return f"{name} [{unit}]" if unit else name


def _counts(by_column: Mapping[str, int]) -> list[dict[str, object]]:
    return [{"name": name, "count": count} for name, count in by_column.items()]


def _shown(sample: Sample) -> list[dict[str, object]]:
    if sample.shown is None:
        return []
    return [
        {"label": _label(sample.features[column], sample.units[column]), "more": size - 1}
        for column, size in zip(sample.shown.columns, sample.shown.sizes, strict=True)
    ]
