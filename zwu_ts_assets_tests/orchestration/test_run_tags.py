"""A run's tags name its batches, and only those."""

from hypothesis import given
from hypothesis import strategies as st

from zwu_ts_assets.orchestration.run_tags import (
    batches_of_run,
    events_are_ours,
    refresh_tags,
    spans_text,
)

BATCHES = st.lists(st.integers(0, 300), unique=True, min_size=1)


@given(chosen=BATCHES, others=BATCHES)
def test_a_refresh_is_for_its_batches_and_none_in_between(
    chosen: list[int], others: list[int]
) -> None:
    tags = refresh_tags("etth1", "goal", chosen)
    assert batches_of_run(tags, {*chosen, *others}) == sorted(chosen)
    assert tags["dagster/asset_partition_range_start"] == str(min(chosen))
    assert tags["dagster/asset_partition_range_end"] == str(max(chosen))


def test_neighbours_are_drawn_together() -> None:
    assert spans_text([90, 3, 17, 18, 19]) == "3,17-19,90"


def test_without_batches_there_is_no_span_and_the_run_is_for_all() -> None:
    tags = refresh_tags("etth1", "goal", [])
    assert not [tag for tag in tags if "partition" in tag]
    assert batches_of_run(tags, [2, 0, 1]) == [0, 1, 2]


def test_dagsters_own_tags_are_read_too() -> None:
    assert batches_of_run({"dagster/partition": "2"}, range(5)) == [2]
    span = {
        "dagster/asset_partition_range_start": "1",
        "dagster/asset_partition_range_end": "3",
    }
    assert batches_of_run(span, range(5)) == [1, 2, 3]


def test_only_a_refresh_logs_its_own_events() -> None:
    assert events_are_ours(refresh_tags("etth1", "goal", [1]))
    assert not events_are_ours({"dagster/partition": "2"})
