"""Tasks of a user's own: a function that settings name, and what its task must be like.

What belongs here: getting such a task, and checking it. What does not: whose functions may be named
(`text/named_functions.py`), balancing and wording, which are the same for every task.

Such a function takes nothing and returns a `PictureTask`. Its `texts` put texts together with
`choices` and `classes` of the module `task`; balance, wordings, forms and the blind proof are then
those of all tasks. With a `reader` the proof from pixels is run over it too.
"""

import re
import string
from collections.abc import Sequence
from typing import Any, Final

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.text.named_functions import AllowedCode, named_function
from zwu_ts_assets.training.picture.question import LABEL_TASK_NAMES, LETTERS, TASK_NAMES
from zwu_ts_assets.training.picture.task import PictureTask, Text, World

SETTING: Final = "question_task"
"""What errors call such a name; an installed package offers tasks by the entry point group
`zwu_ts_assets.question_tasks`."""

_VIEWS: Final = ("figure", "video", "lines", "text")
_LEAST_WORDINGS: Final = 10


def own_task(name: str, allowed: AllowedCode) -> PictureTask:
    """The task of a user's own that a function returns.

    Args:
        name: `package.module:function`.
        allowed: Whose functions may be named.

    Raises:
        CorpusError: The function may not be run, fails, or returns no sound task.
    """
    function = named_function(SETTING, name, allowed)
    try:
        task: Any = function()
    except Exception as error:  # whatever the code of the module raises
        raise CorpusError(
            f"{SETTING} {name!r}: the function raised {type(error).__name__}: {error}; expected a "
            "PictureTask. Correct its module."
        ) from error
    if not isinstance(task, PictureTask):
        raise CorpusError(
            f"{SETTING} {name!r}: the function returned {type(task).__name__}; expected a "
            "PictureTask of zwu_ts_assets.training.picture.task. Correct its module."
        )
    for problem in _problems(task):
        raise CorpusError(f"{SETTING} {name!r}: {problem}. Correct its module.")
    return task


def _problems(task: PictureTask) -> list[str]:
    found = []
    if not re.fullmatch(r"[a-z][a-z0-9_]*", task.name):
        found.append(f"the task is called {task.name!r}; expected small letters, digits and _")
    if task.name in (*TASK_NAMES, *LABEL_TASK_NAMES):
        found.append(f"the task is called {task.name!r}, as one of the project's; choose another")
    if task.level not in range(1, 6):
        found.append(f"its level is {task.level!r}; expected 1 to 5")
    for view in task.needs:
        if view not in _VIEWS:
            found.append(f"it needs {view!r}; expected some of {', '.join(_VIEWS)}")
    if not task.definition.strip():
        found.append("it has no definition; expected a phrase that says what is right")
    if len(set(task.wordings)) < _LEAST_WORDINGS or len(set(task.wordings)) < len(task.wordings):
        found.append(
            f"it has {len(set(task.wordings))} different wordings of {len(task.wordings)}; "
            f"expected at least {_LEAST_WORDINGS}, all different, of which the last two are kept "
            "from training"
        )
    if not task.forms or not set(task.forms) <= {"choice", "name"}:
        found.append(f"its forms are {task.forms!r}; expected choice, name or both")
    return found


def checked_texts(task: PictureTask, world: World) -> list[Text]:
    """The texts of a user's own task, each one that can be worded and answered.

    Raises:
        CorpusError: The task fails, or gives a text that cannot be asked.
    """
    try:
        texts = list(task.texts(world))
    except CorpusError:
        raise
    except Exception as error:  # whatever the code of the module raises
        raise CorpusError(
            f"task {task.name!r}: its texts raised {type(error).__name__}: {error}. Correct its "
            "module, or take the task out."
        ) from error
    fields = {
        field
        for wording in task.wordings
        for _, field, _, _ in string.Formatter().parse(wording)
        if field is not None
    }
    for text in texts:
        for problem in _text_problems(text, fields, len(world.ids)):
            raise CorpusError(
                f"task {task.name!r}: {problem}. Correct its module, or take the task out."
            )
    return texts


def _text_problems(text: Any, fields: set[str], windows: int) -> Sequence[str]:
    if not isinstance(text, Text):
        return [f"its texts are {type(text).__name__}; expected Text, from choices or classes"]
    found = []
    missing = fields - text.subject.keys()
    if missing:
        found.append(
            f"a wording names {{{sorted(missing)[0]}}}, which the subject {dict(text.subject)} has "
            "not"
        )
    if not 2 <= len(text.options) <= len(LETTERS) or len(set(text.options)) < len(text.options):
        found.append(
            f"a text has the options {text.options}; expected 2 to {len(LETTERS)} different ones"
        )
    if len(text.options) != text.answers.options:
        found.append(f"a text has {len(text.options)} options, its answers {text.answers.options}")
    for window, right in text.answers.right.items():
        if not (0 <= window < windows and 0 <= right < len(text.options)):
            found.append(
                f"option {right} of {len(text.options)} is right for window {window} of {windows}"
            )
    return found
