"""Whether the numbers and cells of a figure survive the size at which a model sees it.

What belongs here: what a figure is drawn with, and the rule. What does not: which size a model sees
(`profiles`), what to do about it (`advice`).

The rule, for the smallest digits and the smallest cells after resampling:

===========  ==========================  ====================
verdict      digits, pixels high         cells, pixels a side
===========  ==========================  ====================
legible      5 or more                   2 or more
doubtful     3.9 or more                 1.5 or more
not legible  less                        less
===========  ==========================  ====================

How it was found. Figures with random numbers were drawn on the default canvas (digits of 10.1
pixels), resampled bicubically, and the 49 numbers of a panel read by eye from the picture as it is,
without magnification, and then compared. Of digits 3.9 pixels high all 49 were read right, of 2.9
pixels 41 (8 and 6, 0 and 6, 5 and 7 were confused), of 2.0 pixels none could be read. Magnified
fourfold, 4.9, 4.2, 2.9 and 2.6 pixels were read without an error and 2.3 with one; but nobody
magnifies for a model. Five pixels, and not 3.9, are called legible because a model that is still to
learn needs a margin over a patient reader; no model was asked. Below 3.9 nothing is promised.

Cells were measured: 96x96 random grey levels drawn as a panel, resampled, and the pixel in the
middle of each cell compared with its level. The squared correlation is 0.99 at 2.1 pixels a cell,
0.97 at 1.7, 0.95 at 1.5, 0.88 at 1.3, 0.65 at 1.0 and 0.50 at 0.85 pixels, where a cell's colour is
its neighbours' as much as its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from zwu_ts_assets.figures.dependence import FeatureMatrices
from zwu_ts_assets.figures.figure import NUMBER_FORMATS, number_points, template
from zwu_ts_assets.figures.figure_layout import LABEL_POINTS, Canvas
from zwu_ts_assets.training.processor import Size

DIGIT_HEIGHT: Final = 1493 / 2048
"""Height of a digit of the figures' font, DejaVu Sans, in units of the font size."""

LEGIBLE_DIGITS, DOUBTFUL_DIGITS = 5.0, 3.9
LEGIBLE_CELLS, DOUBTFUL_CELLS = 2.0, 1.5

RULE: Final = (
    f"Legible: digits at least {LEGIBLE_DIGITS:g} pixels high and cells of at least "
    f"{LEGIBLE_CELLS:g} pixels a side at the size that is seen. Doubtful: at least "
    f"{DOUBTFUL_DIGITS:g} and {DOUBTFUL_CELLS:g} pixels. Below that, not legible."
)


_ZEROS = str.maketrans("123456789", "000000000")


class Verdict(StrEnum):
    """How well something can be read, from best to worst."""

    LEGIBLE = "legible"
    DOUBTFUL = "doubtful"
    NOT_LEGIBLE = "not legible"

    @staticmethod
    def worst(verdicts: Iterable["Verdict"]) -> "Verdict":
        """The worst of one or more verdicts."""
        return max(verdicts, key=list(Verdict).index)


@dataclass(frozen=True)
class Drawn:
    """What a kind of figure is drawn with.

    Attributes:
        size: Pixels of the figure.
        dpi: Pixels per inch, by which points become pixels.
        number_points: Font size of the smallest numbers in cells; 0 where figures have none.
        label_points: Font size of the labels of axes and colour bars.
        cell: Pixels of the smaller side of the smallest cells, those of the time panels or, with
            many features, of the feature panels.
    """

    size: Size
    dpi: float
    number_points: float
    label_points: float
    cell: float

    @property
    def digit_pixels(self) -> float:
        """Height in pixels of the smallest digits."""
        points = min(self.number_points or self.label_points, self.label_points)
        return points * self.dpi / 72 * DIGIT_HEIGHT


@dataclass(frozen=True)
class Legibility:
    """How a figure can be read at a size.

    Attributes:
        digit_pixels: Height of its smallest digits.
        cell_pixels: Smaller side of its smallest cells.
        digits: Verdict on the digits.
        cells: Verdict on the cells.
    """

    digit_pixels: float
    cell_pixels: float
    digits: Verdict
    cells: Verdict

    @property
    def verdict(self) -> Verdict:
        """The worse of the two."""
        return Verdict.worst([self.digits, self.cells])


def drawn_figure(
    features: tuple[str, ...],
    rows: int,
    canvas: Canvas,
    matrices: Iterable[FeatureMatrices] = (),
    suffixes: tuple[str, ...] = (),
) -> Drawn:
    """Find out what the figures of a corpus are drawn with.

    Args:
        features: Names of the columns that feature panels show.
        rows: Rows of a window, or of a patch for the frames of a video.
        canvas: The canvas.
        matrices: What the figures show. Long numbers are drawn smaller, so the font size depends on
            it; without, it is that of numbers such as -0.00, the largest possible. Not asked for
            where no number fits into a cell.
        suffixes: What follows the names.

    Returns:
        The smallest that occurs.
    """
    panels = template(features, rows, canvas, suffixes).layout.panels
    width, height = panels[0].width / len(features), panels[0].height / len(features)
    panels_shown: set[frozenset[str]] = {frozenset()}
    has_numbers = number_points([], width, height, canvas.dpi) > 0
    for shown in matrices if has_numbers else ():
        numbers = (shown.dtw, shown.covariance, shown.pearson)
        panels_shown |= {
            # All digits are equally wide, so few distinct panels remain of thousands.
            frozenset(format(value, style).translate(_ZEROS) for value in matrix.flat)
            for matrix, style in zip(numbers, NUMBER_FORMATS, strict=True)
        }
    points = [number_points(sorted(texts), width, height, canvas.dpi) for texts in panels_shown]
    return Drawn(
        size=Size(canvas.width, canvas.height),
        dpi=canvas.dpi,
        # A panel whose numbers do not fit has colours only, and nothing to be read.
        number_points=min((size for size in points if size), default=0.0),
        label_points=LABEL_POINTS,
        cell=min(width, height, panels[3].width / rows, panels[3].height / rows),
    )


def legibility(drawn: Drawn, seen: Size) -> Legibility:
    """Judge a figure by the rule of this module.

    Args:
        drawn: What it is drawn with.
        seen: The size at which it is seen. Where the two sides are scaled differently, the smaller
            scale counts.
    """
    # Enlarging adds nothing that could be read.
    scale = min(seen.width / drawn.size.width, seen.height / drawn.size.height, 1.0)
    digits, cells = drawn.digit_pixels * scale, drawn.cell * scale
    return Legibility(
        digit_pixels=digits,
        cell_pixels=cells,
        digits=_judged(digits, LEGIBLE_DIGITS, DOUBTFUL_DIGITS),
        cells=_judged(cells, LEGIBLE_CELLS, DOUBTFUL_CELLS),
    )


def _judged(pixels: float, legible: float, doubtful: float) -> Verdict:
    if pixels >= legible:
        return Verdict.LEGIBLE
    return Verdict.DOUBTFUL if pixels >= doubtful else Verdict.NOT_LEGIBLE
