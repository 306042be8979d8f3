"""What a task is, how the texts that it could ask are put together, and how numbers stand in them.

What belongs here: the types and the parts that all tasks share. What does not: any task, what is
known of the windows (`world`), asking (`pose`).

A task turns all windows of a split into *texts*: a subject, options, and the right option of every
window in which that option is right by a margin. `balance` then chooses of which windows each text
is asked. A task of a user's own is built of the same parts: `choices` for "which of these has the
largest value?", `classes` for everything else.

A number in a prompt or an answer has a fixed count of decimals and no exponent, `12.70`, and a zero
has no sign. Fixed decimals cost the same tokens at each step (the tokenizer of Qwen takes digits
one by one) and keep the digits of a column at the same place, which is what a model has to learn.
Reading a number gives the value back within half a unit of the last decimal.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.training.picture.balance import Answers, stable_hash
from zwu_ts_assets.training.picture.measures import Measures
from zwu_ts_assets.training.task_settings import Event

Values = NDArray[np.float64]

OPTIONS: Final = 4
"""How many options a choice among many items has."""

MENUS: Final = 240
"""So many texts are tried per task: enough that some are balanced, few enough to be quick."""

GROUPS: Final = 6
"""Into so many groups the columns of a window are dealt, see `PictureTask.among`."""


@dataclass(frozen=True)
class Asking:
    """What is asked of the samples of a dataset.

    Attributes:
        tasks: Names of the project's tasks; None for all.
        own: Tasks of the user's own, from `own_task`.
        weights: By name, the share of a task's questions that are asked, 0 to 1; 1 for others.
        decimals: Of numbers in prompts, and in the answers about them.
        forecast_steps: So many steps are looked ahead, at most those that are known.
        unanswerable: At most this share of the questions cannot be answered from what is shown.
        text_share: At most this share of the questions is about numbers in the prompt.
        ahead_share: At most this share of the questions is about what lies ahead.
        canvas: Width and height of the figure in pixels; where digits would be too small to be
            read, nothing is asked about them.
        events: What questions about the future tell besides a column's past.
        covariates: Columns known in advance: told likewise, and not asked about.
    """

    tasks: tuple[str, ...] | None = None
    own: "tuple[PictureTask, ...]" = ()
    weights: Mapping[str, float] = field(default_factory=dict)
    decimals: int = 2
    forecast_steps: int = 6
    unanswerable: float = 0.05
    text_share: float = 0.1
    ahead_share: float = 0.1
    canvas: tuple[int, int] = (1792, 992)
    events: tuple[Event, ...] = ()
    covariates: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class World:
    """All windows among which one split's questions are balanced.

    Attributes:
        ids: Of the windows' samples.
        measures: The matrices of each window.
        columns: Names of the columns that the feature panels and line plots show.
        partner: For each window the index of another window of the same split, with which it is
            compared or confused; its own index where it is alone.
        coin: For each window whether its video is exchanged where a task asks that.
        pasts: Of each window the values (T, columns) float64 of the columns that are shown.
        targets: Of each window the values (h, columns) float64 of the steps that follow.
        asking: The settings.
        lines: Why line plots cannot be asked about; empty if they can.
        altered: Why altered copies of the windows cannot be asked about; empty if they can.
        shows_all: Whether the columns that are shown are all that there are.
        digits: Why numbers in the cells of the figure cannot be read; empty if they can.
        labels: What the steps of each window are labelled; empty where nothing labels them.
        label_names: All labels, of other splits too.
        contexts: What is known of each window and what follows it, as lines of a prompt; empty
            where nothing is known of any.
    """

    ids: Sequence[str]
    measures: Sequence[Measures]
    columns: tuple[str, ...]
    partner: Sequence[int]
    coin: Sequence[bool]
    pasts: Sequence[Values]
    targets: Sequence[Values]
    asking: Asking
    lines: str
    altered: str
    shows_all: bool
    digits: str
    labels: Sequence[tuple[str, ...]] = ()
    label_names: tuple[str, ...] = ()
    contexts: Sequence[str] = ()

    @property
    def steps(self) -> int:
        """Steps of a window."""
        return len(self.pasts[0])

    @property
    def horizon(self) -> int:
        """Steps that are known after every window."""
        return min(len(target) for target in self.targets)

    @cached_property
    def printed_pasts(self) -> list[Values]:
        """The values of each window as a prompt prints them."""
        found = []
        for past in self.pasts:
            texts = [number_text(float(value), self.asking.decimals) for value in past.flat]
            found.append(np.array(texts, dtype=np.float64).reshape(past.shape))
        return found

    @cached_property
    def _column_groups(self) -> list[dict[str, int]]:
        """The columns of each window dealt out to groups, as evenly as can be, by hash."""
        dealt = []
        for name in self.ids:
            order = sorted(self.columns, key=lambda column: stable_hash("dealt", name, column))
            first = stable_hash("dealt", name) % GROUPS
            dealt.append({column: (first + at) % GROUPS for at, column in enumerate(order)})
        return dealt

    @cached_property
    def _pair_groups(self) -> dict[tuple[int, str, str], int]:
        return {}

    def group_of(self, window: int, subject: Mapping[str, object]) -> int:
        """To which group the column or the pair of columns of a subject belongs in a window."""
        if "feature" in subject:
            return self._column_groups[window][str(subject["feature"])]
        a, b = str(subject["a"]), str(subject["b"])
        key = window, a, b
        if key not in self._pair_groups:
            self._pair_groups[key] = stable_hash("dealt", self.ids[window], a, b) % GROUPS
        return self._pair_groups[key]


@dataclass(frozen=True)
class Text:
    """A text that could be asked: what it says, and where which answer is right.

    Attributes:
        answers: The right option by window.
        subject: What the wordings are filled with, by name.
        options: Texts of the options.
        compared: (windows, options) what was compared; None for classes.
        uses_partner: Which medium of the partner is shown: `figure`, `video`, `lines` or nothing.
        series: From a window to the numbers that its prompt gives; None where it gives none.
        told: From a window to what was computed, as sentences of the rationale; None where the
            rationale lists what was compared.
        answer_of: From a window to its answer where that is no option.
        tolerance: By how much an answer of the form `number` may be off.
        unknown: The option that is right where the view that is needed is not shown; -1 for none.
    """

    answers: Answers
    subject: Mapping[str, object]
    options: tuple[str, ...]
    compared: Values | None = None
    uses_partner: str = ""
    series: Callable[[int], str] | None = None
    told: Callable[[int], str] | None = None
    answer_of: Callable[[int], str] | None = None
    tolerance: float = 0.0
    unknown: int = -1

    def values_of(self, window: int) -> tuple[float, ...]:
        """What was compared in a window, a number for each option; empty for classes."""
        return () if self.compared is None else tuple(map(float, self.compared[window]))


def _fits(_: World) -> str:
    return ""


@dataclass(frozen=True)
class PictureTask:
    """One kind of question.

    Attributes:
        name: Its name.
        level: 1 read, 2 locate, 3 watch, 4 join, 5 look ahead.
        needs: The views in which the answer stands: `figure`, `video`, `lines`, `altered` or
            `text`; none where it lies ahead.
        definition: What is right, for the documentation and the rationale.
        texts: The texts that could be asked of a world's windows.
        wordings: At least ten sentences, filled with the subject; the last two are kept from
            training.
        forms: How its questions may be answered, see `PictureQuestion.form`.
        unfit: Why it makes no sense for a world, as a sentence; empty where it does.
        instead: The views that are shown where what is needed is not, see `Text.unknown`.
        among: The groups of columns, or of pairs of columns, that it asks about; none for all. All
            questions about a window may share a conversation, and what one of them prints or
            answers must not answer another: their columns are therefore of different groups.
        unit: Stands behind each number that the rationale compares.
        reader: How evidence answers it from what was read off the media: a function of the question
            and of `zwu_ts_assets.evidence.answers.Seen` that returns the option, counted from 0.
            For tasks of a user's own alone; the project's have theirs in the package `evidence`.
    """

    name: str
    level: int
    needs: tuple[str, ...]
    definition: str
    texts: Callable[[World], Iterator[Text]]
    wordings: tuple[str, ...]
    forms: tuple[str, ...] = ("choice", "name")
    unfit: Callable[[World], str] = _fits
    instead: tuple[str, ...] = ()
    among: tuple[int, ...] = ()
    unit: str = ""
    reader: Callable[[Any, Any], int] | None = None

    @property
    def views(self) -> frozenset[str]:
        """All views that its questions may show."""
        return frozenset((*self.needs, *self.instead))


def pairs_of(columns: Sequence[str]) -> list[tuple[int, int]]:
    """All pairs of columns, by index."""
    return list(itertools.combinations(range(len(columns)), 2))


def pair_text(columns: Sequence[str], pair: tuple[int, int]) -> str:
    """How a pair of columns is called."""
    return f"{columns[pair[0]]} and {columns[pair[1]]}"


def span_text(span: tuple[int, int]) -> str:
    """How a span of steps is called."""
    return f"steps {span[0]} to {span[1] - 1}"


def menus(items: Sequence[str], seed: str, size: int, most: int) -> list[tuple[int, ...]]:
    """Sets of items, each in the order of the items; the same for the same items and seed.

    Args:
        items: Texts of the items.
        seed: For the choice.
        size: How many items a set has.
        most: How many sets are tried.
    """
    if len(items) < size:
        return []
    # The generator's stream is part of numpy's promise of compatibility for PCG64.
    generator = np.random.Generator(np.random.PCG64(stable_hash(seed, *items)))
    drawn = generator.random((most, len(items))).argsort(axis=1)[:, :size]
    return list(dict.fromkeys(tuple(sorted(int(i) for i in menu)) for menu in drawn))


def choices(
    values: Values,
    margin: float,
    items: Sequence[str],
    subject: Mapping[str, object],
    seed: str,
    *,
    largest: bool,
    size: int = OPTIONS,
    most: int = MENUS,
) -> Iterator[Text]:
    """Texts "which of these four has the largest (smallest) value?".

    Args:
        values: (windows, items) float64; a NaN is never asked about.
        margin: By which the right option must be ahead of the next one.
        items: Texts of the items.
        subject: Of the text.
        seed: For the choice of menus.
        largest: Whether the largest value is right, else the smallest.
        size: How many items are offered.
        most: How many sets of items are tried.
    """
    for menu in menus(items, seed, size, most):
        offered = values[:, menu] if largest else -values[:, menu]
        known = np.asarray(np.isfinite(offered).all(axis=1))
        ranked = np.sort(np.nan_to_num(offered), axis=1)
        clear = known & (ranked[:, -1] - ranked[:, -2] >= margin)
        right = {int(w): int(offered[w].argmax()) for w in np.flatnonzero(clear)}
        options = tuple(items[i] for i in menu)
        yield Text(
            Answers((tuple(sorted(subject.items())), options), size, right),
            subject,
            options,
            values[:, menu],
        )


def classes(
    right: Mapping[int, int],
    options: tuple[str, ...],
    subject: Mapping[str, object],
    uses_partner: str = "",
) -> Text:
    """A text with the same options for every subject.

    Args:
        right: The right option by index of the window, for windows in which it is clear.
        options: Texts of the options.
        subject: What the wordings are filled with.
        uses_partner: As in `Text`.
    """
    key = (tuple(sorted(subject.items())), options)
    return Text(Answers(key, len(options), right), subject, options, uses_partner=uses_partner)


def pair_values(matrices: Sequence[Values], pairs: Sequence[tuple[int, int]]) -> Values:
    """(windows, pairs): one cell of each window's matrix for each pair."""
    return np.array([[matrix[pair] for pair in pairs] for matrix in matrices])


def too_few_columns(least: int) -> Callable[[World], str]:
    """A rule for `PictureTask.unfit`: it takes so many columns."""

    def unfit(world: World) -> str:
        count = len(world.columns)
        return "" if count >= least else f"it takes {least} columns, and {count} are shown"

    return unfit


VALUES_PER_LINE: Final = 10


def number_text(value: float, decimals: int) -> str:
    """A finite number with a fixed count of decimals, correctly rounded; never `-0.00`."""
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def values_text(values: Iterable[float], decimals: int) -> str:
    """Numbers with one space between them."""
    return " ".join(number_text(value, decimals) for value in values)


def values_block(values: Iterable[float], decimals: int) -> str:
    """Numbers in lines of ten, each line beginning with the step of its first number.

    A model that has to name a step then counts to ten at most.
    """
    texts = [number_text(value, decimals) for value in values]
    return "\n".join(
        f"{step}: {' '.join(texts[step : step + VALUES_PER_LINE])}"
        for step in range(0, len(texts), VALUES_PER_LINE)
    )
