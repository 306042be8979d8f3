"""What is said of a batch, which windows train, and how drawings are put together again."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.orchestration.assets import corpus_products as products
from zwu_ts_assets.orchestration.chosen_datasets import etth1
from zwu_ts_assets.orchestration.datasets import Dataset
from zwu_ts_assets.orchestration.specs import SPECS
from zwu_ts_assets.orchestration.work import Product
from zwu_ts_assets.storage.artifact_store import Detail
from zwu_ts_assets.timeseries.series import Series
from zwu_ts_assets.timeseries.windows import cut_batch
from zwu_ts_assets_tests.reference import ETTH1_CSV


def series_of(rows: int, missing: Iterable[int] = ()) -> Series:
    hours = np.arange(rows).astype("datetime64[h]").astype("datetime64[s]")
    lacking = np.isin(np.arange(rows), list(missing))
    values = np.where(lacking[:, None], np.nan, np.arange(rows)[:, None] * [1.0, -2.0])
    return Series(hours, values, ("a", "b"), lacking if lacking.any() else None)


def settings_of(**changed: object) -> Settings:
    return Settings.model_validate(
        {"window_length": 8, "patch_length": 4, "horizon": 4, "window_stride": 2, **changed}
    )


@pytest.mark.shared
def test_etth1_at_every_offset_has_17325_windows_without_gaps(tmp_path: Path) -> None:
    (tmp_path / "ETTh1.csv").symlink_to(ETTH1_CSV)
    (tmp_path / "ETTh1.toml").write_text("window_stride = 1\n", encoding="utf-8")
    dataset = etth1(tmp_path)
    raw = products.raw_product(dataset.csv, dataset.settings)
    assert (raw.details["windows"], raw.details["batches"]) == (17_325, 181)
    assert (raw.details["windows_with_gaps"], raw.details["rows_in_no_batch"]) == (0, 0)
    cut = [
        products.batch_product(batch, series=raw.value, settings=dataset.settings).value
        for batch in range(181)
    ]
    assert sum(rows == 96 for batch in cut for rows in batch.target_rows) == 17_229


def test_a_batch_of_several_tells_their_rows_and_the_last_target() -> None:
    told = products.batch_product(1, series=series_of(21), settings=settings_of()).details
    assert (told["rows"], told["windows"]) == ("8..19", 3)
    assert (told["target_span"], told["target_rows"]) == ("16..23", 1)
    assert told["target_complete"] is False


def test_a_batch_without_a_window_says_so() -> None:
    series = series_of(40, missing=(15, 22))
    told = products.batch_product(1, series=series, settings=settings_of()).details
    assert (told["windows"], told["rows"], told["target_span"]) == (0, "none", "none")


def test_a_batch_of_one_window_tells_no_more_than_ever() -> None:
    settings = settings_of(window_stride=None)
    told = products.batch_product(1, series=series_of(21), settings=settings).details
    assert told == {
        "rows": "8..15",
        "features": 2,
        "first_timestamp": "1970-01-01T08:00:00",
        "last_timestamp": "1970-01-01T15:00:00",
        "target_span": "16..19",
        "target_rows": 4,
        "target_complete": True,
    }


@given(
    rows=st.integers(20, 120),
    stride=st.integers(1, 8),
    share=st.sampled_from([0.3, 0.5, 0.7, 0.9]),
)
def test_training_windows_are_those_whose_rows_all_train(
    rows: int, stride: int, share: float
) -> None:
    settings = settings_of(
        window_stride=stride, split={"ratios": [share, round(1 - share, 1), 0.0]}
    )
    dataset = Dataset("some", Path("some.csv"), settings, specs=SPECS)
    stop = int(round(share * 10) * rows // 10)
    batches = range((rows - 8) // stride * stride // 8 + 1)
    found = products.training_starts(dataset, series_of(rows), batches)
    every = [start for start in range(0, rows, stride) if start + 8 <= stop]
    assert [start for starts in found.values() for start in starts] == every
    assert all(start // 8 == batch for batch, starts in found.items() for start in starts)


def test_ranges_know_which_windows_of_the_last_training_batch_they_were_fitted_on() -> None:
    settings = settings_of()
    versions = {0: "x", 1: "y"}

    def told(stop: int) -> dict[int, str]:
        borders = {"borders": [0, stop, 40, 40]}
        dataset = Dataset("some", Path("some.csv"), settings_of(split=borders), specs=SPECS)
        training = products.training_starts(dataset, series_of(40), range(2))
        return products.training_versions(training, versions, settings)

    assert told(30) == versions  # batch 1 begins its last window in row 14
    assert told(22) == versions
    assert told(21)[0] == "x"
    assert len({told(stop)[1] for stop in (22, 21, 19, 17)}) == 4
    assert told(20) == told(21), "windows begin in even rows"
    assert told(15) == {0: "x"}


def drawn(drawing: products.Drawing) -> Product[products.Files]:
    batch, window, preview = drawing
    details: dict[str, Detail] = {"rows": f"{window.start}..{window.stop - 1}", "width": 3}
    return Product(
        {f"row_{window.start}": b"%d" % batch}, details, preview=b"%d" % window.start * preview
    )


def test_drawings_come_back_batch_by_batch_also_of_batches_without_windows() -> None:
    series = series_of(60, missing=(7, 17, 47, 55))
    settings = settings_of()
    cut = [(i, cut_batch(series, i, length=8, horizon=0, stride=2)) for i in range(7)]
    assert [len(batch.starts) for _, batch in cut] == [0, 1, 3, 4, 4, 0, 0]

    found = list(products.drawn_batches(drawn, iter(cut), map, settings))
    assert [list(product.value) for product in found] == [
        [f"row_{start}" for start in batch.starts] for _, batch in cut
    ]
    assert [product.details["windows"] for product in found] == [0, 1, 3, 4, 4, 0, 0]
    assert found[2].details == {"rows": "18..29", "width": 3, "windows": 3}
    assert found[2].preview == b"18", "that of the first window"
    assert found[0].details == {"windows": 0}


def test_no_more_than_the_drawings_of_one_batch_wait_in_memory() -> None:
    cut = [(i, cut_batch(series_of(90), i, length=8, horizon=0, stride=2)) for i in range(10)]
    alive, most = 0, 0

    class Counted(bytes):
        def __new__(cls) -> "Counted":
            nonlocal alive, most
            alive += 1
            most = max(most, alive)
            return super().__new__(cls)

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def draw(drawing: products.Drawing) -> Product[products.Files]:
        return Product({f"row_{drawing.window.start}": Counted()}, {})

    def lazily(function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        return map(function, items)

    for product in products.drawn_batches(draw, iter(cut), lazily, settings_of()):
        assert product.value
        del product
    assert most <= 4 + 1
