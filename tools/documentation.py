"""What the documentation site takes from the code: tables, pictures, and pages from elsewhere.

mkdocs calls the functions named `on_...`; `mkdocs.yml` names this file. What belongs here: the
reference of settings and assets, made from their one description whenever the site is built; the
gallery, drawn from the bundled sample; pages that lie beside what they are about. What does not:
text that a person writes (`docs/`).
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import click
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from pydantic import BaseModel

from zwu_ts_assets.cli import main
from zwu_ts_assets.config.settings import EXPORTS, Settings
from zwu_ts_assets.figures.figure import draw_figure, encode_png
from zwu_ts_assets.orchestration.asset_spec import AssetSpec
from zwu_ts_assets.orchestration.assets import batch_products as batches
from zwu_ts_assets.orchestration.assets import media_products as media
from zwu_ts_assets.orchestration.assets.corpus_products import raw_product
from zwu_ts_assets.orchestration.datasets import Dataset
from zwu_ts_assets.orchestration.specs import SPECS
from zwu_ts_assets.training.split_rule import SplitRule
from zwu_ts_assets.training.task_settings import TaskSettings

REPOSITORY: Final = Path(__file__).resolve().parents[1]

PAGES: Final[Mapping[str, str]] = {
    "deployment.md": "deployment/README.md",
    "changelog.md": "CHANGELOG.md",
}
"""Pages of the site that lie elsewhere in the repository."""

SETTING_GROUPS: Final[Mapping[str, str]] = {
    "time_column": "How the table is read",
    "window_length": "Windows and patches",
    "preset": "What is drawn",
    "stats_format": "Text and tokens",
    "split": "Training data",
    "exports": "Exports",
    "title": "Dataset cards",
}
"""The headings of the settings, each by the first setting below it."""

_MARK: Final = re.compile(r"<!-- made: (\w+) -->")
_LINK: Final = re.compile(r"\]\((\.\./[^)#]+)")


def settings_tables() -> str:
    """The settings of a corpus in groups: default, bounds, meaning, and what each matters to."""
    groups: dict[str, list[str]] = {}
    title = ""
    for name in Settings.model_fields:
        title = SETTING_GROUPS.get(name, title)
        groups.setdefault(title, []).append(name)
    users: dict[str, list[str]] = {}
    for spec in SPECS:
        if spec.name not in EXPORTS.values():
            for name in spec.settings:
                users.setdefault(name, []).append(_code(_asset_name(spec.name)))
    return "\n\n".join(
        f"## {title}\n\n{settings_table(Settings, names, users)}" for title, names in groups.items()
    )


def settings_table(
    model: type[BaseModel],
    names: Sequence[str] = (),
    users: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """A table of settings in Markdown.

    Args:
        model: What they are settings of.
        names: Those to show, in order; none: all of the model.
        users: The assets that each matters to; None: no such column.
    """
    rules = model.model_json_schema(mode="validation")["properties"]
    header = ["setting", "default", "bounds", "meaning", *(["matters to"] if users else [])]
    rows = []
    for name in names or model.model_fields:
        field = model.model_fields[name]
        cells = [_code(name), default_text(field.default), bounds_text(rules[name])]
        cells.append(_cell(field.description or ""))
        if users:
            cells.append(", ".join(users.get(name, [])))
        rows.append(cells)
    return _table(header, rows)


def default_text(value: object) -> str:
    """A default as it would be written in the settings file."""
    if value is None:
        return "unset"
    if isinstance(value, BaseModel):
        return "a table"
    if isinstance(value, Mapping) and not value:
        return _code("{}")
    return _code(json.dumps(value))


def bounds_text(rule: Mapping[str, Any]) -> str:
    """What a value may be, in words.

    Args:
        rule: The JSON schema of a setting.
    """
    (rule, *others) = [
        each for each in rule.get("anyOf", [rule]) if each.get("type") != "null"
    ] or [{}]
    if others:
        raise PluginError(f"a setting may be several things, which has no words here: {rule}")
    if "$ref" in rule or rule.get("type") == "object":
        return "a table"
    if "enum" in rule:
        return _one_of([_code(json.dumps(value)) for value in rule["enum"]])
    if rule.get("type") == "boolean":
        return f"{_code('true')} or {_code('false')}"
    if rule.get("type") == "array":
        return _array_text(rule)
    if rule.get("type") == "string":
        return _length_text(rule, "minLength", "maxLength", "character")
    span = _span_text(rule.get("minimum"), rule.get("maximum"))
    step = f"a multiple of {rule['multipleOf']}" if "multipleOf" in rule else ""
    return ", ".join(filter(None, (span, step)))


def _array_text(rule: Mapping[str, Any]) -> str:
    count = _length_text(rule, "minItems", "maxItems", "entry")
    items = [*rule.get("prefixItems", []), *([rule["items"]] if "items" in rule else [])]
    (each,) = {bounds_text(item) for item in items}
    return ", ".join(filter(None, (count, f"each {each}" if each else "")))


def _length_text(rule: Mapping[str, Any], least: str, most: str, unit: str) -> str:
    units = "entries" if unit == "entry" else f"{unit}s"
    low, high = rule.get(least, 0), rule.get(most)
    if high is None:
        return {0: "", 1: "not empty"}.get(low, f"{low} {units} or more")
    span = f"at most {high}" if not low else f"{low}" if low == high else f"{low} to {high}"
    return f"{span} {units}"


def _span_text(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "" if low is None else f"{low} or more"
    return f"{low} to {high}"


def assets_table() -> str:
    """The assets in a table: what each is made from, holds, and which files it has."""
    header = ["asset", "one per batch", "made from", "content", "files in `artifacts/`"]
    return _table(header, [asset_row(spec) for spec in SPECS])


def asset_row(spec: AssetSpec) -> list[str]:
    """The cells of an asset, with the names that it has for ETTh1."""
    inputs = list(SPECS.inputs(spec.name, Settings.model_validate({})).values())
    content = spec.description.split("\n\n")[0].removesuffix(".")
    return [
        _code(_asset_name(spec.name)),
        "yes" if spec.per_batch else "no",
        ", ".join(_code(_asset_name(role)) for role in inputs) or _code("data/ETTh1.csv"),
        content[0].lower() + content[1:],
        ", ".join(map(_code, asset_files(spec))),
    ]


def asset_files(spec: AssetSpec) -> list[str]:
    """The files of an asset where a batch has one window."""
    return [
        place.replace("{asset}", "etth1_raw").replace("{key}", "{i}")
        for place in spec.places
        if "{role}" not in place
    ]


def asset_sections() -> str:
    """A section per asset: what the table has no room for."""
    return "\n\n".join(map(_asset_section, SPECS))


def _asset_section(spec: AssetSpec) -> str:
    told = [f"### {_code(_asset_name(spec.name))}", spec.description]
    if spec.enabled_by is not None:
        name, value = spec.enabled_by
        if name in Settings.model_fields:
            told.append(f"Only with {_code(f'{name} = {json.dumps(value)}')}.")
        else:  # a property that follows from several settings: its docstring says when it holds
            when = str(getattr(Settings, name).__doc__).partition("\n")[0]
            told.append(f"Only where {when.removeprefix('Whether ')}")
    if spec.last_mile:
        asked = ""
        if spec.asked_by is not None:
            name, value = spec.asked_by
            entry = [value] if isinstance(value, str) else value
            asked = f", or with {_code(f'{name} = {json.dumps(entry)}')} in the settings"
        told.append(f"Made when it is asked for{asked}, and kept current from then on.")
    if spec.window_file:
        place = spec.window_file.replace("{key}", "{i}").replace("{role}", "row_{row}")
        told.append(f"Where windows overlap, a batch has a folder: {_code(place)}.")
    every = set(Settings.model_fields) - set(spec.settings)
    if len(every) < len(spec.settings):
        told.append(f"Settings that matter: all but {_listed(sorted(every))}.")
    elif spec.settings:
        told.append(f"Settings that matter: {_listed(spec.settings)}.")
    told += [
        f"Check {_code(check.name)}: {check.description}"
        + (" (A failure is a warning.)" if check.warns else "")
        for check in spec.checks
    ]
    return "\n\n".join(told)


@dataclass(frozen=True)
class Picture:
    """A picture of the gallery.

    Attributes:
        name: Of its files.
        title: What it shows.
        text: What to look at.
        kind: What is drawn of the window.
        toml: The settings that it takes.
    """

    name: str
    title: str
    text: str
    kind: Literal["figure", "lines", "video"]
    toml: str = ""


WINDOW: Final = 2
"""The batch of the sample whose window all pictures show."""

PICTURES: Final = (
    Picture(
        "figure",
        "A figure",
        "Above, the columns against each other: dynamic time warping, and covariance and Pearson "
        "correlation of their FFT magnitudes. Below, the steps of the window against each other: "
        "the pattern of *Time DTW* repeats every 24 steps, which is a day.",
        "figure",
    ),
    Picture(
        "video",
        "A video",
        "One figure for each patch of 24 rows, every 12 rows, at 2 frames per second; the last "
        "frame is repeated, so that their number is even.",
        "video",
    ),
    Picture(
        "lines",
        "A line plot",
        "The values themselves, one panel per column, each with its own axis.",
        "lines",
        "line_plots = true",
    ),
    Picture(
        "fixed_colours",
        "Fixed colours",
        "The same window with the ranges of the training split: a colour means the same number in "
        "every figure. Compare the colour bars with those of the first figure.",
        "figure",
        'colour_range = "train"',
    ),
    Picture(
        "compact",
        "A compact canvas",
        "896x512 pixels, for a quarter of the tokens. Colours can be read; questions about the "
        "digits are not asked.",
        "figure",
        'preset = "compact"',
    ),
    Picture(
        "one_column",
        "One column and its past",
        "Of a single column five panels would be trivial. Copies of it from 1, 12 and 24 rows back "
        "are further columns.",
        "figure",
        'features = ["OT"]\nlags = [1, 12, 24]',
    ),
    Picture(
        "many_columns",
        "Many columns",
        "147 columns, of which 40 stand for all: they are chosen by clustering on rows of the "
        "training split, and `+3` says that three more are like this one.",
        "figure",
        "lags = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]\n"
        "figure_features = 40",
    ),
)


def gallery() -> str:
    """The pages' text of all pictures, each with the settings that it takes."""
    return "\n\n".join(map(_gallery_section, PICTURES))


def _gallery_section(picture: Picture) -> str:
    shown = f"![{picture.title}](gallery/{picture.name}.png)"
    if picture.kind == "video":
        shown = (
            f'<video controls loop muted preload="metadata" poster="gallery/{picture.name}.png" '
            f'src="gallery/{picture.name}.mp4"></video>\n\n'
            f"![The patches side by side](gallery/{picture.name}_strip.jpg)"
        )
    told = f"```toml\n{picture.toml}\n```" if picture.toml else "With the default settings."
    return f"## {picture.title}\n\n{picture.text}\n\n{told}\n\n{shown}"


@cache
def gallery_files() -> dict[str, bytes]:
    """The pictures, drawn as a run draws them, by their path in the site."""
    return {path: data for picture in PICTURES for path, data in _drawn(picture)}


def _drawn(picture: Picture) -> Iterator[tuple[str, bytes]]:
    """The files of one picture."""
    settings = Settings.model_validate(tomllib.loads(picture.toml))
    csv = REPOSITORY / "data" / "sample.csv"
    dataset = Dataset("sample", csv, settings, prefix=("sample",), specs=SPECS)
    series = raw_product(dataset.csv, settings).value
    shown = batches.feature_selection(dataset, series)

    def drawing(batch: int) -> media.Drawing:
        made = batches.batch_product(batch, series=series, settings=settings, shown=shown)
        return media.Drawing(batch, made.value.windows[0])

    ranges = None
    if settings.colour_range == "train":
        count = series.rows // settings.window_length
        training = batches.training_starts(dataset, series, range(count))
        fitted = media.colour_ranges_product(
            media.training_extremes(drawing(batch).window, settings=settings) for batch in training
        )
        ranges = media.fitted_ranges(fitted.value)
    name, seen = f"gallery/{picture.name}", drawing(WINDOW)
    if picture.kind == "video":
        video = media.video_product(seen, settings=settings, ranges=ranges)
        if not isinstance(video.preview, bytes):
            raise PluginError("the preview of a video is no film strip")
        yield f"{name}.mp4", video.value["video"]
        yield f"{name}_strip.jpg", video.preview
        first = seen.window.values[: settings.patch_length]
        yield f"{name}.png", encode_png(draw_figure(first, series.features))
        return
    if picture.kind == "lines":
        plot = media.line_plot_product(seen, settings=settings)
    else:
        plot = media.correlation_product(seen, settings=settings, ranges=ranges)
    yield f"{name}.png", plot.value["png"]


def make_targets() -> str:
    """The commands of make, as `make help` tells them."""
    text = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    told = re.findall(r'^\t@echo "make ([\w.-]+) +(.+)"$', text, re.MULTILINE)
    return _table(
        ["command", "what it does"], [[_code(f"make {name}"), what] for name, what in told]
    )


def commands() -> str:
    """What the program and its commands say of themselves."""
    context = click.Context(main, info_name="zwu-ts-assets")
    told = [f"```text\n{context.get_help()}\n```"]
    for name, command in sorted(main.commands.items()):
        inner = click.Context(command, info_name=name, parent=context)
        told.append(f"### {_code(name)}\n\n```text\n{command.get_help(inner)}\n```")
    return "\n\n".join(told)


MADE: Final = {
    "settings": settings_tables,
    "split_settings": lambda: settings_table(SplitRule),
    "task_settings": lambda: settings_table(TaskSettings),
    "assets": assets_table,
    "asset_sections": asset_sections,
    "make_targets": make_targets,
    "commands": commands,
    "gallery": gallery,
}
"""What takes the place of `<!-- made: NAME -->` in a page."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add pages that lie elsewhere, and the pictures of the gallery."""
    for name, source in PAGES.items():
        text = (REPOSITORY / source).read_text(encoding="utf-8")
        files.append(File.generated(config, name, content=text.replace("](../docs/", "](")))
    for name, data in gallery_files().items():
        files.append(File.generated(config, name, content=data))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put in what is made, and let links into the repository lead to the page of the site."""
    there = {f"../{source}": name for name, source in PAGES.items()}
    markdown = _LINK.sub(lambda link: f"]({there.get(link[1], link[1])}", markdown)
    return _MARK.sub(lambda mark: MADE[mark[1]](), markdown)


def _asset_name(role: str) -> str:
    return "etth1_raw" if role == "raw" else role


def _code(text: str) -> str:
    """A text as code, also in a cell of a table."""
    return f"`{text}`" if "|" not in text else f"<code>{text.replace('|', '&#124;')}</code>"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "&#124;")


def _one_of(options: Sequence[str]) -> str:
    return f"{', '.join(options[:-1])} or {options[-1]}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(_code, names))


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
