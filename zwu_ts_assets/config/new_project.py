"""A folder of one's own for corpora, outside of a checkout: `zwu-ts-assets init`.

What belongs here: the files that such a folder begins with. What does not: what a folder needs to
be one: nothing; `data/` and `artifacts/` of the working directory are used as they are.
"""

import json
import os
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.config.settings_file import SHARED_SETTINGS
from zwu_ts_assets.errors import CorpusError

DAGSTER_YAML: Final = """\
# The Dagster instance of this project: its run history lies in this folder.
telemetry:
  enabled: false
nux:
  # Dagster's invitation to its community would cover the page of every new instance.
  enabled: false
python_logs:
  # What a run prints; every step of every event is on its page in the web UI.
  python_log_level: INFO
concurrency:
  runs:
    # Runs share the processors and the artifacts folder; one after another is faster.
    max_concurrent_runs: 1
run_monitoring:
  # A run whose process was killed would stay "started" for ever.
  enabled: true
  max_runtime_seconds: 14400
"""

_WORKSPACE: Final = """\
# For Dagster's own commands, such as `dagster dev`; `zwu-ts-assets dev` needs no such file.
load_from:
  - python_module:
      module_name: zwu_ts_assets
      working_directory: .
"""

_IGNORED: Final = """\
/artifacts/
/.dagster/*
!/.dagster/dagster.yaml
"""

_BEGINNING: Final = """\
# The settings of all datasets of this folder: a table for each CSV, named after it. A file beside
# the CSV, such as weather.toml, may hold them as well, without a table. What is not said has the
# default that is shown here. Remove the first two characters of a line to set it:
#
# [weather]
"""


def make_project(folder: Path) -> list[Path]:
    """Make a project folder, and tell the files in it.

    Args:
        folder: One that is not there yet, or is empty.

    Raises:
        CorpusError: It has something in it, or cannot be made.
    """
    files = {
        f"data/{SHARED_SETTINGS}": settings_text(),
        "workspace.yaml": _WORKSPACE,
        ".dagster/dagster.yaml": DAGSTER_YAML,
        ".gitignore": _IGNORED,
    }
    try:
        if folder.exists() and any(folder.iterdir()):
            raise CorpusError(
                f"{folder}: found files in it; expected a folder that is empty or not there yet. "
                "Name another one."
            )
        (folder / "artifacts").mkdir(parents=True)
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CorpusError(
            f"{folder}: cannot be made ({error.strerror}); name a folder that you may write to."
        ) from error
    return [folder / name for name in files]


def configure_instance(home: Path) -> None:
    """Give a Dagster instance of ours its configuration, unless it has one.

    Without it, Dagster sends statistics about its use to its maker, and says so in every run.

    Args:
        home: `DAGSTER_HOME`.
    """
    try:
        handle = os.open(home / "dagster.yaml", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except OSError:  # it has one, or is of another user, who decides
        return
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(DAGSTER_YAML)


def settings_text() -> str:
    """Every setting with its meaning and its default, as comments of a TOML file."""
    return _BEGINNING + "\n".join(_commented(Settings, "weather"))


def _commented(model: type[BaseModel], table: str) -> Iterator[str]:
    nested = []
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            nested.append((type(default), f"{table}.{name}", field.description or ""))
            continue
        yield ""
        yield from _comment(field.description or "")
        is_unset = default is None or default is PydanticUndefined
        yield f"# {name} =" if is_unset else f"# {name} = {_toml(default)}"
    for inner, title, description in nested:
        yield ""
        yield from _comment(description)
        yield f"# [{title}]"
        yield from _commented(inner, title)


def _comment(text: str) -> list[str]:
    return [f"## {line}" for line in textwrap.wrap(text, 95, break_long_words=False)]


def _toml(value: object) -> str:
    if isinstance(value, dict):
        inside = ", ".join(f"{json.dumps(name)} = {_toml(each)}" for name, each in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False)
