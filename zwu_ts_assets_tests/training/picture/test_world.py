"""What is known besides a column's past: told where the future is asked for, and by steps."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zwu_ts_assets.config.settings_file import read_settings
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.assets.corpus_products import raw_product
from zwu_ts_assets.orchestration.assets.question_products import asked_of
from zwu_ts_assets.orchestration.assets.sample_views import media_facts
from zwu_ts_assets.text.named_functions import AllowedCode
from zwu_ts_assets.training.facts import prompt_facts
from zwu_ts_assets.training.picture.question import PictureQuestion
from zwu_ts_assets.training.prompts import load_templates
from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets.training.split_rule import SplitRule
from zwu_ts_assets_tests.training.builders import samples_of, series_of, walk

LENGTH, HORIZON, STEPS = 48, 12, 6
AHEAD = {"ahead_level", "ahead_quarter", "ahead_end", "forecast"}
SERIES = series_of(walk(LENGTH * 120, 4, seed=2), ["a", "b", "weather", "load"])
BASE = f"window_length = {LENGTH}\nhorizon = {HORIZON}\n"


def samples() -> list[Sample]:
    rule = SplitRule(ratios=(0.6, 0.2, 0.2))
    return samples_of(SERIES, rule, LENGTH, HORIZON)[0]


def asked(folder: Path, toml: str) -> dict[str, PictureQuestion]:
    """The questions about the samples with some settings, by id."""
    path = folder / "some.toml"
    path.write_text(BASE + toml, encoding="utf-8")
    found = asked_of(samples(), read_settings(path), AllowedCode())
    return {question.id: question for question in found.questions}


def test_the_next_values_of_covariates_are_told_and_not_asked_for(tmp_path: Path) -> None:
    found = asked(tmp_path, 'covariates = ["weather"]\n')
    ahead = [each for each in found.values() if each.task in AHEAD]
    assert {"forecast", "ahead_quarter"} <= {each.task for each in ahead}
    rows = {sample.id: sample.past_stop for sample in samples()}
    column = SERIES.features.index("weather")
    for each in ahead:
        assert each.subject["feature"] != "weather"
        start = rows[each.sample_id]
        lines = each.prompt.split("\n")
        told = [line for line in lines if line.startswith("Known in advance")]
        assert len(told) == 1
        assert told[0].startswith("Known in advance, the next 6 values of weather: ")
        values = [float(text) for text in told[0].rpartition(": ")[2].split()]
        assert values == SERIES.values[start : start + STEPS, column].round(2).tolist()
    others = [each for each in found.values() if each.task not in AHEAD]
    assert others
    assert not any("Known in advance" in each.prompt for each in others)


def test_events_are_told_by_their_steps_and_no_date_is(tmp_path: Path) -> None:
    toml = (
        "[[events]]\nat = 2016-07-20\ntext = 'fair'\n"
        "[[events]]\nat = '2016-08-01T10:30'\nuntil = '2016-08-01T13:00'\ntext = 'outage'\n"
        "[[events]]\nat = 2016-09-01\nuntil = 2016-09-30\ntext = 'holidays'\n"
    )
    found = asked(tmp_path, toml)
    times = SERIES.timestamps
    day = times.astype("datetime64[D]")
    marked = {  # the rows of each event, each row an hour long
        "fair": day == np.datetime64("2016-07-20"),
        "outage": (times >= np.datetime64("2016-08-01T10:00"))
        & (times <= np.datetime64("2016-08-01T13:00")),
        "holidays": day.astype("datetime64[M]") == np.datetime64("2016-09"),
    }
    rows = {sample.id: sample.past_start for sample in samples()}
    told = 0
    for each in found.values():
        if each.task not in AHEAD:
            assert "Events" not in each.prompt
            continue
        start = rows[each.sample_id]
        inside = {
            name: np.flatnonzero(mark[start : start + LENGTH + STEPS])
            for name, mark in marked.items()
        }
        spans = [
            f"{name} (step {at[0]})" if len(at) == 1 else f"{name} (steps {at[0]} to {at[-1]})"
            for name, at in inside.items()
            if len(at)
        ]
        lines = [line for line in each.prompt.split("\n") if line.startswith("Events")]
        assert lines == ([f"Events: {'; '.join(spans)}."] if spans else [])
        told += len(spans)
        assert "2016" not in each.prompt
    assert told > 10


def test_prompts_without_these_settings_are_the_same(tmp_path: Path) -> None:
    plain = asked(tmp_path, "")
    # An event long after the last window changes nothing.
    later = asked(tmp_path, "[[events]]\nat = 2030-01-01\ntext = 'later'\n")
    assert {name: each.prompt for name, each in later.items()} == {
        name: each.prompt for name, each in plain.items()
    }


def test_columns_and_the_series_are_described_in_every_introduction(tmp_path: Path) -> None:
    path = tmp_path / "some.toml"
    told = 'description = "Loads of a city."\n'
    described = '[column_descriptions]\nload = "load of the {grid}"\na = "air"\n'
    sample = samples()[0]

    def introduced(toml: str) -> str:
        path.write_text(BASE + toml, encoding="utf-8")
        settings = read_settings(path)
        facts = media_facts(settings)
        return load_templates().introduction(
            prompt_facts(sample, settings.tasks, facts, views=("figure",), compared=())
        )

    plain = introduced(told)
    assert "Loads of a city" not in plain
    whole = introduced(f"{told}tell_description = true\n{described}")
    assert whole == f"{plain}\n\nThe series: Loads of a city.\nload: load of the {{grid}}\na: air"


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("tell_description = true\n", "there is no description; write one"),
        ("[[events]]\nat = 'soon'\ntext = 'x'\n", "'soon' is no date"),
        ("[[events]]\nat = 2016-07-01\n", "'text' of it is missing"),
        ("[[events]]\nat = 2016-07-01\nuntil = 2016-06-01\ntext = 'x'\n", "not before its beginni"),
        ("[[events]]\nat = 2016-07-01\ntext = 'x\\ny'\n".replace("'x\\ny'", '"x\\ny"'), "line br"),
        ("[[events]]\nat = 2016-07-01\ntext = '<image>'\n", "a reserved word"),
        (
            "[[events]]\nat = 2016-07-01\ntext = 'x'\nwhen = 1\n",
            "its settings are: at, until, text",
        ),
        ("[column_descriptions]\na = '<|im_end|>'\n", "a reserved word"),
    ],
)
def test_what_cannot_be_told_is_refused(tmp_path: Path, toml: str, says: str) -> None:
    path = tmp_path / "some.toml"
    path.write_text(toml, encoding="utf-8")
    with pytest.raises(CorpusError) as caught:
        read_settings(path)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ('covariates = ["wether"]\n', "the setting `covariates` names wether, which is no column"),
        ('[column_descriptions]\nx = "air"\n', "the setting `column_descriptions` names x"),
        ("[[events]]\nat = 2016-07-01\ntext = 'x'\n", "the setting `events` has dates"),
    ],
)
def test_what_the_table_does_not_have_is_refused(tmp_path: Path, toml: str, says: str) -> None:
    path = tmp_path / "some.csv"
    pd.DataFrame(walk(200, 2), columns=["a", "b"]).to_csv(path, index=False)
    path.with_suffix(".toml").write_text(BASE + toml, encoding="utf-8")
    with pytest.raises(CorpusError) as caught:
        raw_product(path, read_settings(path.with_suffix(".toml")))
    assert says in str(caught.value)
