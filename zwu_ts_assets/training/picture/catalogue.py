"""All of the project's own tasks by name."""

from collections.abc import Mapping
from typing import Final

from zwu_ts_assets.training.picture.label_tasks import LABEL_TASKS
from zwu_ts_assets.training.picture.line_tasks import LINE_TASKS
from zwu_ts_assets.training.picture.question import TASK_NAMES
from zwu_ts_assets.training.picture.series_tasks import SERIES_TASKS
from zwu_ts_assets.training.picture.task import PictureTask
from zwu_ts_assets.training.picture.tasks import PANEL_TASKS

_BY_NAME: Final = {task.name: task for task in (*PANEL_TASKS, *LINE_TASKS, *SERIES_TASKS)}

PICTURE_TASKS: Final[Mapping[str, PictureTask]] = {name: _BY_NAME[name] for name in TASK_NAMES}
"""In the order in which questions are listed."""

LABELLED_TASKS: Final[Mapping[str, PictureTask]] = {task.name: task for task in LABEL_TASKS}
"""Those about labels of the user's own, which are asked where there are any, after the others."""
