"""Questions of every form about made-up windows."""

from dataclasses import replace
from typing import Any

from zwu_ts_assets.training.picture.question import LETTERS, PictureQuestion
from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets_tests.training.builders import sample_of, walk

OPTIONS = ("a and b", "a and c", "b and c", "c and d")
STEPS = 8
_SPLITS = ("train", "validation", "test")


def question(sample: str, split: str, task: str, **changes: Any) -> PictureQuestion:
    """A question of four options unless the changes say otherwise."""
    fields: dict[str, Any] = {
        "id": f"{sample}-{task}",
        "sample_id": sample,
        "split": split,
        "task": task,
        "level": 1,
        "needs": ("figure",),
        "subject": {},
        "options": OPTIONS,
        "right": 0,
        "answer": "A",
        "wording": 0,
        "prompt": f"What of {task}?",
        "rationale": "",
    }
    fields |= changes
    return PictureQuestion(**{"given": fields["needs"], **fields})


def samples(count: int = 120) -> list[Sample]:
    """Windows of three days with a daily cycle, a third of them in each split."""
    found = []
    for number in range(count):
        values = walk(72 + STEPS, features=2, seed=number)
        made = sample_of(values[:72], values[72:], start=number * 72)
        found.append(replace(made, split=_SPLITS[number % 3]))
    return found


def questions_of(found: list[Sample]) -> list[PictureQuestion]:
    """Of each sample a choice, a name, a number and a forecast; all answers equally often."""
    asked = []
    for number, each in enumerate(found):
        right = number // 3 % len(OPTIONS)
        asked += [
            question(each.id, each.split, "pair", right=right, answer=LETTERS[right]),
            question(
                each.id,
                each.split,
                "same",
                level=4,
                needs=("figure", "video"),
                form="name",
                options=("yes", "no"),
                right=right % 2,
                answer=("yes", "no")[right % 2],
            ),
            question(
                each.id,
                each.split,
                "cell",
                form="number",
                options=(),
                right=-1,
                answer=f"{right / 4:.2f}",
                tolerance=0.02,
            ),
            question(
                each.id,
                each.split,
                "forecast",
                level=5,
                needs=(),
                form="numbers",
                options=(),
                right=-1,
                subject={"feature": each.features[0]},
                answer=" ".join(f"{value:.4f}" for value in each.target[:, 0]),
            ),
        ]
    return asked
