"""From media to answers: each medium is read once, by whichever process has time for it.

What belongs here: what readers need to know of questions and media, which media a question shows,
and the work of reading them, sample by sample. What does not: reading a picture (`panels`,
`curves`, `printed`), answering from what was read (`answers`), counting (`report`).

Nearly all questions are about the media of one sample: whoever decodes these answers them, and
gives back the answers alone. What was read of a sample that is compared with another one is kept on
disk until the other one has been read, too.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.evidence.answers import Reader, Seen, answer_from_pixels
from zwu_ts_assets.evidence.boxes import FigureBoxes, find_boxes
from zwu_ts_assets.evidence.curves import Curves, read_lines
from zwu_ts_assets.evidence.media import resized
from zwu_ts_assets.evidence.panels import TIME_PANELS, NotAFigure, Panels, read_figure
from zwu_ts_assets.evidence.printed import Illegible, read_cell_number
from zwu_ts_assets.storage.spool import Spool

Pixels = NDArray[np.uint8]

Medium = tuple[str, str]
"""A view, and the id of the sample that it shows."""

NO_ANSWER: Final = float("nan")

_READ_LAST: Final = 256
"""Of so many media the numbers are kept: of a large corpus those of all would fill the memory."""


class Question(Protocol):
    """What the readers need of a question; the answer is used for counting alone."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def sample_id(self) -> str:
        """The sample whose media it shows."""

    @property
    def other_sample(self) -> str:
        """A second sample whose media it shows; empty for none."""

    @property
    def split(self) -> str:
        """Name of the split."""

    @property
    def task(self) -> str:
        """Name of the task."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The views in which the answer stands."""

    @property
    def subject(self) -> Mapping[str, object]:
        """What the text is about."""

    @property
    def options(self) -> tuple[str, ...]:
        """The options, in order."""

    @property
    def right(self) -> int:
        """The right option, counted from 0; -1 where the answer is no option."""

    @property
    def prompt(self) -> str:
        """The whole text."""

    @property
    def given(self) -> tuple[str, ...]:
        """The views that are shown."""

    @property
    def series(self) -> str:
        """The lines of the prompt that give numbers, which a blind reader does not see."""

    @property
    def form(self) -> str:
        """How it is answered: `choice`, `name`, `number` or `numbers`."""

    @property
    def answer(self) -> str:
        """The right answer."""

    @property
    def tolerance(self) -> float:
        """By how much a number may be off."""


@dataclass(frozen=True, eq=False)
class Gallery:
    """Where the readers find media, and what the prompt says about them.

    Attributes:
        figure: From a sample's id to the RGB pixels of its figure.
        video: From a sample's id to the RGB frames of its video.
        columns: Names of the columns of the feature panels, in order.
        steps: Steps of a window.
        patches: First step and the step after the last one of each frame that repeats no other.
        lines: From a sample's id to the RGB pixels of its line plot; None where there are none.
        altered: From a sample's id to those of its altered copy; likewise.
        packed: From a sample's id and some views to a gallery of these media alone, which can be
            sent to another process; None where this one can.
    """

    figure: Callable[[str], Pixels]
    video: Callable[[str], Sequence[Pixels]]
    columns: tuple[str, ...]
    steps: int
    patches: Sequence[tuple[int, int]]
    lines: Callable[[str], Pixels] | None = None
    altered: Callable[[str], Pixels] | None = None
    packed: "Callable[[str, Collection[str]], Gallery] | None" = None


@dataclass(frozen=True)
class Shown:
    """Media as a consumer hands them to its model.

    Attributes:
        figure: Width and height of figures and line plots; None where they are refused.
        frame: Width and height of the frames of videos; likewise.
        kept: Which frames are kept, counted from 0; None for all.
    """

    figure: tuple[int, int] | None
    frame: tuple[int, int] | None
    kept: tuple[int, ...] | None = None


@dataclass(frozen=True, eq=False)
class Job:
    """One question to be read from the media of given samples, at one size.

    Attributes:
        samples: The sample in the place of the question's own, and of its other one.
        at: Number of the question.
        shown: The size; None for the media as they were made.
        answers: Where the answer goes, by number of question.
    """

    samples: tuple[str, str]
    at: int
    shown: Shown | None
    answers: list[float]


Read = Panels | tuple[Panels, ...] | Curves
"""What was read of a figure, of the frames of a video, or of a line plot."""

Need = tuple[str, str, Shown | None]
"""What has to be read: a view, a sample, and the size at which it is shown."""


class Mapped(Protocol):
    """Maps a function over items, lazily and in order, such as `WorkerPool.map`, or `map`."""

    def __call__(
        self, function: "Callable[[Piece], Found]", items: "Iterable[Piece]", /
    ) -> "Iterator[Found]":
        """The results in the order of the items."""


Expect = Callable[[int], None]
"""What is told how many samples will be read, before the first one is."""


@dataclass(frozen=True, eq=False)
class Piece:
    """What one process does at a time: reading the media of one sample.

    Attributes:
        sample: Its id.
        gallery: Where its media are; it can be sent to another process.
        jobs: Questions about this sample alone: question, samples and size.
        needs: What others are compared with.
        with_time: Whether a question compares the time panels of its video's frames.
    """

    sample: str
    gallery: Gallery
    jobs: tuple[tuple[Question, tuple[str, str], Shown | None], ...]
    needs: tuple[Need, ...]
    with_time: bool


@dataclass(frozen=True, eq=False)
class Found:
    """What a piece of work gives.

    Attributes:
        answers: Of its jobs, in their order; NaN where the reader finds none.
        read: What was read, in the order of its needs; None for what cannot be read.
    """

    answers: tuple[float, ...]
    read: tuple[Read | None, ...]


def media_of(question: Question, own: str, other: str) -> list[Medium]:
    """The media of a question, as view and sample, in the order in which they are shown.

    A second sample's figure follows the first one's. Where two views are compared, it is the
    second view that is of the other sample.
    """
    views = [view for view in question.given if view != "text"]
    if other and len(views) == 1:
        return [(views[0], own), (views[0], other)]
    return [(view, other if other and at else own) for at, view in enumerate(views)]


def read_all(
    asked: Sequence[Question],
    jobs: Sequence[Job],
    gallery: Gallery,
    own: Mapping[str, Reader],
    mapped: Mapped,
    expect: Expect,
) -> None:
    """Have every job answered.

    Args:
        asked: The questions.
        jobs: What is to be read of them.
        gallery: The media.
        own: Readers of tasks that are not the project's, by task. They may be functions that no
            other process has, and so are called in this one.
        mapped: Who reads.
        expect: Told how many samples that will be.
    """
    jobs = sorted(jobs, key=lambda job: (job.samples, job.at))
    tasks = {at: asked[at].task for at in {job.at for job in jobs}}
    theirs = [job for job in jobs if tasks[job.at] in own]
    if theirs:
        decoded = _decoded_once(gallery)
        shown = dict.fromkeys(job.shown for job in theirs)
        readings = {each: _Reading(decoded, each, own) for each in shown}
        for job in theirs:
            job.answers[job.at] = readings[job.shown].answer(asked[job.at], *job.samples)
    _Comparison([job for job in jobs if tasks[job.at] not in own], asked).read(
        gallery, mapped, expect
    )


class _Comparison:
    """The jobs by sample, and what was read of samples that wait for another one."""

    def __init__(self, jobs: Iterable[Job], asked: Sequence[Question]) -> None:
        self.asked = asked
        self.alone: dict[str, list[Job]] = {}
        self.views: dict[str, set[str]] = {}
        self.with_time: set[str] = set()
        self.waiting: dict[str, list[tuple[Job, tuple[Need, ...]]]] = {}
        self.uses: Counter[Need] = Counter()
        self.kept: Spool[Read | None] = Spool()
        self.places: dict[Need, int] = {}
        for job in jobs:
            media = media_of(asked[job.at], *job.samples)
            names = dict.fromkeys([name for _, name in media] or [job.samples[0]])
            for view, name in media:
                self.views.setdefault(name, set()).add(view)
                if view == "video" and len(asked[job.at].given) > 1:
                    self.with_time.add(name)
            if len(names) == 1:
                self.alone.setdefault(next(iter(names)), []).append(job)
            else:
                needs = tuple((view, name, job.shown) for view, name in media)
                # It is answered as soon as the last of its samples has been read.
                self.waiting.setdefault(max(names), []).append((job, needs))
                self.uses.update(needs)

    def read(self, gallery: Gallery, mapped: Mapped, expect: Expect) -> None:
        """Have the media read, sample by sample, and answer what compares two."""
        names = sorted({*self.views, *self.alone})
        expect(len(names))
        needs: dict[str, list[Need]] = {}
        for need in self.uses:
            needs.setdefault(need[1], []).append(need)

        def pieces() -> Iterator[Piece]:
            for name in names:
                views = self.views.get(name, set())
                yield Piece(
                    sample=name,
                    gallery=gallery.packed(name, views) if gallery.packed else gallery,
                    jobs=tuple(
                        (self.asked[job.at], job.samples, job.shown)
                        for job in self.alone.get(name, ())
                    ),
                    needs=tuple(needs.get(name, ())),
                    with_time=name in self.with_time,
                )

        for name, found in zip(names, mapped(read_piece, pieces()), strict=True):
            for job, answer in zip(self.alone.get(name, ()), found.answers, strict=True):
                job.answers[job.at] = answer
            for need, read in zip(needs.get(name, ()), found.read, strict=True):
                self.places[need] = self.kept.append(read)
            for job, compared in self.waiting.get(name, ()):
                job.answers[job.at] = self._answer(self.asked[job.at], compared, gallery)

    def _answer(self, question: Question, needs: Sequence[Need], gallery: Gallery) -> float:
        read = [(view, self.kept[self.places[view, name, shown]]) for view, name, shown in needs]
        if any(each is None for _, each in read):
            return NO_ANSWER
        return _answered(question, [(v, r) for v, r in read if r is not None], gallery, {})


def read_piece(piece: Piece) -> Found:
    """Read the media of one sample, at all sizes, and answer what is asked about it alone."""
    decoded = _decoded_once(piece.gallery)
    with_time = frozenset([piece.sample] if piece.with_time else [])
    readings = {
        shown: _Reading(decoded, shown, {}, with_time)
        for shown in dict.fromkeys([*(j[2] for j in piece.jobs), *(n[2] for n in piece.needs)])
    }
    return Found(
        tuple(readings[shown].answer(question, *names) for question, names, shown in piece.jobs),
        tuple(readings[shown].read_if_possible(view, name) for view, name, shown in piece.needs),
    )


def _answered(
    question: Question,
    read: Sequence[tuple[str, Read]],
    gallery: Gallery,
    own: Mapping[str, Reader],
    number: Callable[[int, int, int], float] | None = None,
) -> float:
    """The reader's answer from what was read of the media of a question, in their order."""
    frames = [each for _, found in read if isinstance(found, tuple) for each in found]
    curves = [(view, found) for view, found in read if isinstance(found, Curves)]
    seen = Seen(
        [found for _, found in read if isinstance(found, Panels)],
        frames,
        gallery.columns,
        tuple(start for start, _ in gallery.patches),
        [found for view, found in curves if view == "lines"],
        [found for view, found in curves if view == "altered"],
        number,
    )
    try:
        return answer_from_pixels(question, seen, own)
    except (NotAFigure, Illegible):
        return NO_ANSWER


class _Reading:
    """What was read at one size, of the media that were read last: numbers alone are kept."""

    def __init__(
        self,
        gallery: Gallery,
        shown: Shown | None,
        own: Mapping[str, Reader],
        with_time: Collection[str] | None = None,
    ) -> None:
        """Args: media; their size; readers of others; whose frames' time is read, None: all."""
        self.gallery = gallery
        self.shown = shown
        self.own = own
        self.with_time = with_time
        self.figure = lru_cache(_READ_LAST)(self._figure)
        self.frames = lru_cache(_READ_LAST)(self._frames)
        self.lines = lru_cache(_READ_LAST)(self._lines)

    def _shown(self, pixels: Pixels, *, frame: bool = False) -> Pixels:
        if self.shown is None:
            return pixels
        size = self.shown.frame if frame else self.shown.figure
        if size is None:
            raise NotAFigure("the consumer refuses it")
        return resized(pixels, size)

    def _read(
        self,
        pixels: Pixels,
        steps: int,
        time_panels: Collection[int] = TIME_PANELS,
        boxes: FigureBoxes | None = None,
        *,
        frame: bool = False,
    ) -> Panels:
        height, width = pixels.shape[:2]
        return read_figure(
            self._shown(pixels, frame=frame),
            len(self.gallery.columns),
            steps,
            (width, height),
            time_panels=time_panels,
            boxes=boxes,
        )

    def _figure(self, sample: str) -> tuple[Panels, FigureBoxes]:
        pixels = self.gallery.figure(sample)
        boxes = find_boxes(self._shown(pixels))
        return self._read(pixels, self.gallery.steps, boxes=boxes), boxes

    def _number(self, sample: str, panel: int, row: int, column: int) -> float:
        box = self.figure(sample)[1].panels[panel]
        pixels = self._shown(self.gallery.figure(sample))
        return read_cell_number(pixels, box, len(self.gallery.columns), row, column)

    def _frames(self, sample: str) -> tuple[Panels, ...]:
        spans = self.gallery.patches
        kept = None if self.shown is None else self.shown.kept
        if kept is not None and not set(range(len(spans))) <= set(kept):
            raise NotAFigure("the consumer drops a frame")
        frames = self.gallery.video(sample)[: len(spans)]
        boxes = find_boxes(self._shown(frames[0], frame=True))
        # Of the time panels of frames, Time DTW alone is asked about.
        has_time = self.with_time is None or sample in self.with_time
        time_panels = TIME_PANELS[:1] if has_time else ()
        return tuple(
            self._read(frame, stop - start, time_panels, boxes, frame=True)
            for frame, (start, stop) in zip(frames, spans, strict=True)
        )

    def _lines(self, view: str, sample: str) -> Curves:
        plot = self.gallery.lines if view == "lines" else self.gallery.altered
        if plot is None:
            raise NotAFigure("there are no line plots")
        pixels = self._shown(plot(sample))
        return read_lines(pixels, len(self.gallery.columns), self.gallery.steps)

    def read(self, view: str, sample: str) -> Read:
        """What a medium shows.

        Raises:
            NotAFigure: It cannot be read at this size.
        """
        if view == "figure":
            return self.figure(sample)[0]
        return self.frames(sample) if view == "video" else self.lines(view, sample)

    def read_if_possible(self, view: str, sample: str) -> Read | None:
        """The same, or None for what cannot be read."""
        try:
            return self.read(view, sample)
        except (NotAFigure, Illegible):
            return None

    def answer(self, question: Question, own: str, other: str) -> float:
        """The reader's answer from the media of given samples; NaN if it finds none."""
        read = []
        for view, sample in media_of(question, own, other):
            found = self.read_if_possible(view, sample)
            if found is None:
                return NO_ANSWER
            read.append((view, found))
        return _answered(question, read, self.gallery, self.own, partial(self._number, own))


def _decoded_once(gallery: Gallery) -> Gallery:
    """The gallery, with the pixels that were asked for last still there.

    Two of each kind, for questions that compare two; a video takes some 50 MB.
    """
    return replace(
        gallery,
        figure=lru_cache(2)(gallery.figure),
        video=lru_cache(2)(gallery.video),
        lines=gallery.lines and lru_cache(2)(gallery.lines),
        altered=gallery.altered and lru_cache(2)(gallery.altered),
    )
