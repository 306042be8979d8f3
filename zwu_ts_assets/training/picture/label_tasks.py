"""The tasks about labels of the user's own: what a column says of each row, such as a class.

The labels are the truth; nothing is computed from the values. Whether pixels tell them is what a
model has to show: there is no reader of pixels, and evidence proves that the text does not.

A column of flags (0 and 1, yes and no, normal and anomaly) says where something is marked; any
other column says of which class a row is.
"""

import itertools
from collections.abc import Iterator
from typing import Final

from zwu_ts_assets.timeseries.csv_rules import FLAGS
from zwu_ts_assets.training.picture.balance import stable_hash
from zwu_ts_assets.training.picture.task import (
    MENUS,
    OPTIONS,
    PictureTask,
    Text,
    World,
    classes,
    menus,
    span_text,
)


def _marked(world: World) -> dict[int, list[bool]]:
    """Which steps of each window are marked; empty where labels are no flags.

    A row that was interpolated has no label: its window is left out, since "no" may be untrue.
    """
    found = {label.casefold() for label in world.label_names}
    for off, on in FLAGS:
        if found and found <= {off, on}:
            return {
                w: [label.casefold() == on for label in labels]
                for w, labels in enumerate(world.labels)
                if all(labels)
            }
    return {}


def _label(world: World) -> Iterator[Text]:
    class_of = {
        w: labels[0] for w, labels in enumerate(world.labels) if len(set(labels)) == 1 and labels[0]
    }
    names = sorted(set(class_of.values()))
    for menu in menus(names, "label", min(len(names), OPTIONS), MENUS):
        options = tuple(names[i] for i in menu)
        right = {w: options.index(name) for w, name in class_of.items() if name in options}
        yield classes(right, options, {})


def _labelled(world: World) -> Iterator[Text]:
    right = {w: int(not any(steps)) for w, steps in _marked(world).items() if _deal(world, w)}
    yield classes(right, ("yes", "no"), {})


def _labelled_quarter(world: World) -> Iterator[Text]:
    edges = [world.steps * i // 4 for i in range(5)]
    quarters = list(itertools.pairwise(edges))
    right = {}
    for w, steps in _marked(world).items():
        inside = [any(steps[start:stop]) for start, stop in quarters]
        if sum(inside) == 1 and not _deal(world, w):
            right[w] = inside.index(True)
    yield classes(right, tuple(map(span_text, quarters)), {})


def _deal(world: World, window: int) -> bool:
    """Whether a window is asked if anything is marked, or else where.

    Both could be in one conversation, and the second would answer the first.
    """
    return stable_hash("labelled", world.ids[window]) % 2 == 0


def _no_classes(world: World) -> str:
    if _marked(world):
        return "the labels are flags, not classes"
    if len({labels[0] for labels in world.labels if len(set(labels)) == 1}) < 2:
        return "it takes windows of two classes whose rows are all of one class"
    return world.lines


def _no_flags(world: World) -> str:
    if not _marked(world):
        return "the labels are classes, not flags such as 0 and 1"
    return world.lines


LABEL_TASKS: Final = (
    PictureTask(
        "label",
        4,
        ("lines",),
        "the class that the data give to all rows of the window",
        _label,
        (
            "Of which class is this window?",
            "Which of these classes do the data give to the rows of this window?",
            "Look at the plot of the values as lines. Which class is it?",
            "Classify the window: which of these is its class?",
            "Which label do all rows of this window have?",
            "Judge by the lines: to which of these classes does the window belong?",
            "One of these classes is that of the whole window. Which one?",
            "What class would you give to the values that are drawn as lines?",
            "Choose the class of this window.",
            "Which of the classes below is the one that the window was labelled with?",
        ),
        unfit=_no_classes,
    ),
    PictureTask(
        "labelled",
        4,
        ("lines",),
        "whether the data mark any row of the window as an anomaly",
        _labelled,
        (
            "Is there an anomaly in this window?",
            "Do the data mark any step of this window as an anomaly?",
            "Look at the plot of the values as lines. Is anything in it marked as anomalous?",
            "Decide whether some step of the window is labelled as an anomaly.",
            "Was an anomaly labelled anywhere in this window?",
            "Judge by the lines: does the window hold a labelled anomaly?",
            "Does any row of this window have the label of an anomaly?",
            "Is some part of what is drawn as lines flagged as an anomaly?",
            "Tell whether the window has an anomaly by the labels of its rows.",
            "Would you find an anomaly among the labels of this window's steps?",
        ),
        unfit=_no_flags,
    ),
    PictureTask(
        "labelled_quarter",
        4,
        ("lines",),
        "the quarter of the window in which all rows that the data mark as an anomaly are",
        _labelled_quarter,
        (
            "In which quarter of the window is the anomaly?",
            "One quarter of this window has steps that are marked as an anomaly. Which one?",
            "Look at the plot of the values as lines. In which of these spans is the anomaly?",
            "Where is the anomaly that the data mark in this window?",
            "Which of these spans holds the labelled anomaly?",
            "Judge by the lines: which quarter has the steps labelled as an anomaly?",
            "When does the marked anomaly of this window occur?",
            "The labelled steps all lie in one of these spans. In which one?",
            "Find the quarter in which the anomaly was labelled.",
            "Of the spans below, which one has the steps that are flagged?",
        ),
        unfit=_no_flags,
    ),
)
"""All tasks about labels."""
