"""What the workers make: the same bytes, however many there are."""

from zwu_ts_assets_tests.workers.items import BATCHES, made_by


def test_figures_and_videos_are_the_same_bytes_whatever_the_number_of_workers() -> None:
    alone, together = made_by(1), made_by(2)
    assert alone == together
    for i in range(2):
        assert len({product[i].preview for product in alone}) == BATCHES, "each its own window"
