"""What prompts are filled from."""

import pytest

from zwu_ts_assets.timeseries.series import counted, duration_text
from zwu_ts_assets.training.facts import (
    FACTS,
    MediaFacts,
    prompt_facts,
)
from zwu_ts_assets.training.task_settings import TaskSettings
from zwu_ts_assets_tests.training.builders import sample_of, walk


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1, "1 second"),
        (90, "90 seconds"),
        (60, "1 minute"),
        (900, "15 minutes"),
        (3600, "1 hour"),
        (86_400, "24 hours"),
        (129_600, "36 hours"),
        (172_800, "2 days"),
        (345_600, "4 days"),
        (345_601, "345601 seconds"),
    ],
)
def test_durations_are_in_the_largest_unit_that_divides_them(seconds: int, text: str) -> None:
    assert duration_text(seconds) == text


def facts_of(media: MediaFacts = MediaFacts(), **settings: object) -> dict[str, object]:  # noqa: B008
    sample = sample_of(walk(96, 2), walk(96, 2), ["HUFL", "OT"], units=["MW", ""])
    chosen = TaskSettings.model_validate(settings)
    return prompt_facts(sample, chosen, media, views=("figure", "video"), compared=())


def test_the_usual_window_by_hand() -> None:
    """7 patches at 0, 12, ..., 72; with the last one repeated 8 frames, pairs of 12 + 24 rows."""
    facts = facts_of()
    expected = {
        "rows": 96,
        "interval": "1 hour",
        "window_span": "4 days",
        "horizon": 96,
        "patches": 7,
        "frames": 8,
        "repeated_frames": 1,
        "patch_rows": 24,
        "patch_span": "24 hours",
        "stride_span": "12 hours",
        "pair_rows": 36,
        "pair_span": "36 hours",
        "frames_per_second": "2",
    }
    assert {name: facts[name] for name in expected} == expected
    assert facts["features"] == [
        {"name": "HUFL", "unit": "MW", "label": "HUFL [MW]"},
        {"name": "OT", "unit": "", "label": "OT"},
    ]


def test_one_patch_and_no_repetition() -> None:
    facts = facts_of(MediaFacts(patch_length=96, frame_multiple=1, fps=0.5))
    assert (facts["patches"], facts["frames"], facts["repeated_frames"]) == (1, 1, 0)
    assert facts["pair_rows"] == 96
    assert facts["frames_per_second"] == "0.5"


def test_dates_are_told_only_on_request() -> None:
    assert facts_of()["dates"] is None
    told = facts_of(tell_dates=True)["dates"]
    assert told == {"first": "2016-07-01 00:00:00", "last": "2016-07-04 23:00:00"}


def test_every_fact_is_documented_and_every_documented_fact_exists() -> None:
    assert set(facts_of()) == set(FACTS)


def test_one_is_singular() -> None:
    assert (counted(1, "step"), counted(0, "step"), counted(2, "step")) == (
        "1 step",
        "0 steps",
        "2 steps",
    )
