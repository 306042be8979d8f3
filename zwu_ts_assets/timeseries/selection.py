"""The columns that feature panels show, where they do not show all.

What belongs here: the type, the labels and the JSON of a selection. What does not: choosing it
(`clustering`), which rows it may be fitted on, drawing it (`figure`).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from zwu_ts_assets.errors import CorpusError


@dataclass(frozen=True)
class Selection:
    """Some of the columns of a series.

    Attributes:
        columns: Indices of the columns, counted from 0, in the order in which they are shown; none
            twice, and at least one.
        sizes: For how many columns each of them stands, itself included; 1 or more.

    Raises:
        CorpusError: They are no selection.
    """

    columns: tuple[int, ...]
    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        if (
            not self.columns
            or len(set(self.columns)) < len(self.columns)
            or len(self.sizes) != len(self.columns)
            or min(self.columns) < 0
            or min(self.sizes) < 1
        ):
            raise CorpusError(
                f"a selection has the columns {self.columns[:5]} and so on and the sizes "
                f"{self.sizes[:5]} and so on; expected at least one column, each once, and a size "
                "of 1 or more for each"
            )

    def names(self, features: Sequence[str]) -> tuple[str, ...]:
        """The names of the columns, out of those of all columns.

        Raises:
            CorpusError: There are fewer columns than that.
        """
        if max(self.columns) >= len(features):
            raise CorpusError(
                f"column {max(self.columns)} is to be shown, but there are {len(features)} "
                "columns: choose the columns of this table"
            )
        return tuple(features[column] for column in self.columns)

    @property
    def suffixes(self) -> tuple[str, ...]:
        """What follows the names: ` +4` for a column that stands for five, else nothing."""
        return tuple(f" +{size - 1}" if size > 1 else "" for size in self.sizes)

    def labels(self, features: Sequence[str]) -> tuple[str, ...]:
        """Names and what follows them, such as `MT_017 +4`; errors as for `names`."""
        return tuple(map("".join, zip(self.names(features), self.suffixes, strict=True)))


def selection_json(selection: Selection) -> str:
    """A selection as one line of JSON; the same selection gives the same line."""
    return json.dumps({"columns": selection.columns, "sizes": selection.sizes})


def read_selection(text: str) -> Selection:
    """Read what `selection_json` wrote.

    Raises:
        CorpusError: The text is something else.
    """
    try:
        parsed = json.loads(text)
        columns, sizes = (tuple(map(int, parsed[name])) for name in ("columns", "sizes"))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CorpusError(
            f"a selection of columns cannot be read ({type(error).__name__}: {error}): the file is "
            "damaged; materialize it again"
        ) from error
    return Selection(columns, sizes)
