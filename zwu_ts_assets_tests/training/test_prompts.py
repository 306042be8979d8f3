"""Templates: the project's own, a user's, and what is wrong with them."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.selection import Selection
from zwu_ts_assets.training.facts import MediaFacts, prompt_facts
from zwu_ts_assets.training.prompts import DEFAULT_FOLDER, PromptTemplates, load_templates
from zwu_ts_assets.training.task_settings import TaskSettings
from zwu_ts_assets.training.tasks import TASKS
from zwu_ts_assets_tests.training.builders import sample_of, walk

SETTINGS = TaskSettings()


def rendered(templates: PromptTemplates, task: str = "forecast", **media: object) -> str:
    sample = sample_of(walk(96, 4), walk(96, 4), units=["MW", "", "", "°C"])
    question = TASKS[task].ask(sample, SETTINGS)
    assert question is not None
    facts = MediaFacts(**media)  # type: ignore[arg-type]
    return templates.render(task, prompt_facts(sample, question, SETTINGS, facts))


@pytest.mark.parametrize("task", TASKS)
def test_prompts_about_a_selection_differ_where_it_matters(task: str) -> None:
    plain = sample_of(walk(96, 4), walk(96, 4), units=["MW", "", "", "°C"])
    some = replace(plain, shown=Selection((3, 0, 2), (1, 2, 1)))
    prompts = []
    for sample in (plain, some):
        question = TASKS[task].ask(sample, SETTINGS)
        assert question is not None
        templates = load_templates(selection=sample.shown is not None)
        facts = prompt_facts(sample, question, SETTINGS, MediaFacts())
        prompts.append(templates.render(task, facts).split("\n"))
    before, after = prompts
    told = [line for line in after if line not in before]
    assert told[0] == (
        "The window has 4 columns. The feature panels below show 3 of them: d [°C], a [MW] +1, c. "
        "A number behind a name says for how many further columns, similar to it, the column "
        "stands."
    )
    assert told[1].startswith("Top row, the columns named above against each other, in that order ")
    words = {"describe": "which two of the columns in the feature panels are the most alike",
             "together": "Which of the columns in the feature panels move together?"}  # fmt: skip
    assert len(told) == 2 + (task in words)
    assert words.get(task, "") in told[-1]
    assert len(before) == len(after)


def test_a_selection_in_which_each_column_stands_for_itself_is_only_named() -> None:
    sample = replace(sample_of(walk(96, 4), walk(96, 4)), shown=Selection((3, 0), (1, 1)))
    question = TASKS["forecast"].ask(sample, SETTINGS)
    assert question is not None
    facts = prompt_facts(sample, question, SETTINGS, MediaFacts())
    prompt = load_templates(selection=True).render("forecast", facts)
    assert "The feature panels below show 2 of them: d, a.\n\nThe picture" in prompt


def test_wording_of_a_selection_has_a_digest_of_its_own(tmp_path: Path) -> None:
    assert load_templates(selection=True).digest != load_templates().digest
    folder = folder_with(tmp_path, media="mine")
    assert load_templates(folder, selection=True).files["media.j2"] == folder / "media.j2"


@pytest.mark.parametrize("task", TASKS)
def test_every_prompt_of_a_sample_with_interpolated_values_says_so(task: str) -> None:
    plain = sample_of(walk(96, 4), walk(24, 4), features=["a", "b:c", "d", "e"])
    flags = ("outlier:a", "interpolated:a:2", "interpolated:b:c:3", "target_interpolated:b:c:1")
    prompts = []
    for sample, told in ((plain, False), (plain, True), (replace(plain, flags=flags), True)):
        question = TASKS[task].ask(sample, SETTINGS)
        assert question is not None
        facts = prompt_facts(sample, question, SETTINGS, MediaFacts())
        prompts.append(load_templates(interpolated=told).render(task, facts))
    assert prompts[0] == prompts[1], "a sample without such a value says what it always said"
    assert prompts[2] == prompts[0] + (
        "\n\nSome values were missing in the data and have been interpolated linearly. In the "
        "window: 2 of a, 3 of b:c. In the 24 steps after it: 1 of b:c."
    )


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["interpolated:a:1"], "In the window: 1 of a."),
        (["target_interpolated:c:7"], "In the 24 steps after it: 7 of c."),
        ([f"interpolated:{name}:2" for name in "abc"], "In the window: 2 of each column."),
        ([f"interpolated:{name}:2" for name in "ab"], "In the window: 2 of a, 2 of b."),
        (
            ["interpolated:a:1", "interpolated:b:1", "target_interpolated:b:1", "looks_ahead:b"],
            "In the window: 1 of a, 1 of b. Its last values of b were computed with a value after "
            "it. In the 24 steps after it: 1 of b.",
        ),
        (
            [
                f"{kind}"
                for name in "abc"
                for kind in (f"interpolated:{name}:2", f"looks_ahead:{name}")
            ],
            "In the window: 2 of each column. Its last values of every column were computed with a "
            "value after it.",
        ),
    ],
)
def test_the_sentence_on_interpolated_values_names_what_there_is(
    flags: list[str], told: str
) -> None:
    assert with_flags(3, flags).endswith(f" interpolated linearly. {told}")


def test_of_many_interpolated_columns_some_are_named_and_the_others_counted() -> None:
    prompt = with_flags(50, [f"interpolated:x{i}:{1 + i % 2}" for i in range(40)])
    assert prompt.endswith("1 of x18, 2 of x19 and some of 20 more columns.")


def with_flags(columns: int, flags: list[str]) -> str:
    names = list("abc") if columns == 3 else [f"x{i}" for i in range(columns)]
    sample = sample_of(walk(96, columns), walk(24, columns), features=names)
    sample = replace(sample, flags=tuple(flags))
    question = TASKS["forecast"].ask(sample, SETTINGS)
    assert question is not None
    facts = prompt_facts(sample, question, SETTINGS, MediaFacts())
    return load_templates(interpolated=True).render("forecast", facts)


def test_the_sentence_on_interpolated_values_can_be_another_but_not_none(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, interpolated="Mind {{ interpolated[0].name }}.", trend="Rises?")
    sample = replace(sample_of(walk(96, 3), walk(24, 3)), flags=("interpolated:b:1",))
    question = TASKS["trend"].ask(sample, SETTINGS)
    assert question is not None
    facts = prompt_facts(sample, question, SETTINGS, MediaFacts())
    assert load_templates(folder, interpolated=True).render("trend", facts) == "Rises?\n\nMind b."
    # It may lie there before there is such a value.
    assert load_templates(folder).files["trend.j2"] == folder / "trend.j2"
    (folder / "interpolated.j2").write_text("{# nothing #}", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"interpolated\.j2: .*is empty; expected a sentence"):
        load_templates(folder, interpolated=True).render("trend", facts)


def test_wording_of_interpolated_values_has_a_digest_of_its_own() -> None:
    kinds = [(False, False), (True, False), (False, True), (True, True)]
    digests = [load_templates(selection=s, interpolated=i).digest for s, i in kinds]
    assert len(set(digests)) == 4


def folder_with(tmp_path: Path, **texts: str) -> Path:
    folder = tmp_path / "prompts"
    folder.mkdir()
    for name, text in texts.items():
        (folder / f"{name}.j2").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("task", TASKS)
def test_the_projects_own_templates_explain_the_media(task: str) -> None:
    prompt = rendered(load_templates(), task)
    for words in (
        "Columns: a [MW], b, c, d [°C].",
        "Feature DTW: ",
        "Feature Covariance (FFT Magnitude): ",
        "Feature Pearson (FFT Magnitude): ",
        "Time DTW: ",
        "Time Covariance: ",
        "Time Pearson: ",
        "from -1 (blue) to 1 (red)",
        "each 1 hour after the one before, counted from step 0 to step 95; together they span "
        "4 days.",
        "A frame covers 24 steps (24 hours), and the next one starts 12 steps (12 hours) later, so "
        "that a pair of frames spans 36 steps (36 hours).",
        "The last frame is shown twice, so there are 8.",
    ):
        assert words in prompt
    assert prompt == prompt.strip()
    assert "\n\n\n" not in prompt
    assert "  " not in prompt
    # One blank line between the explanation, the numbers and the question.
    assert len(prompt.split("\n\n")) >= 4


def test_prompts_do_not_tell_when_the_window_was() -> None:
    for task in TASKS:
        prompt = rendered(load_templates(), task)
        assert "2016" not in prompt
        assert "07-0" not in prompt


def test_other_media_are_explained_otherwise() -> None:
    prompt = rendered(load_templates(), fixed_colours=True, patch_length=96)
    assert "The colour ranges are the same in all pictures." in prompt
    assert "for 1 part of the window" in prompt
    assert "so that a pair" not in prompt
    assert "  " not in prompt


def test_a_users_folder_overrides_by_name(tmp_path: Path) -> None:
    folder = folder_with(
        tmp_path, forecast='{% include "mine.j2" %} {{ horizon }} steps', mine="Go on for"
    )
    templates = load_templates(folder)
    assert rendered(templates) == "Go on for 96 steps"
    assert "Feature DTW" in rendered(templates, "describe")
    assert templates.files["forecast.j2"] == folder / "forecast.j2"
    assert templates.files["describe.j2"] == DEFAULT_FOLDER / "describe.j2"


def test_the_digest_changes_with_any_text_and_with_nothing_else(tmp_path: Path) -> None:
    plain = load_templates().digest
    copy = (DEFAULT_FOLDER / "media.j2").read_text(encoding="utf-8")
    folder = folder_with(tmp_path, media=copy)
    assert load_templates(folder).digest == plain
    (folder / "media.j2").write_bytes(copy.replace("\n", "\r\n").encode())
    assert load_templates(folder).digest == plain
    (folder / "media.j2").write_text(copy + "!", encoding="utf-8")
    assert load_templates(folder).digest != plain


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\n{% if rows %}\nb", "forecast.j2, line 3: Unexpected end of template"),
        ("a\n{{ rows | no_such }}", "forecast.j2, line 2: No filter named 'no_such'"),
        ("a {{ 1 | random }}", "No filter named 'random'"),
        ("a\n\n<|im_end|>", r"forecast.j2, line 3: holds '<\|im_end\|>'"),
        ("<image>", "line 1: holds '<image>'.*Media placeholders are added by each export"),
        ('{% include "../secret.j2" %}', "includes '../secret.j2', which does not exist"),
        ('{% include "/etc/passwd" %}', "includes '/etc/passwd', which does not exist"),
    ],
)
def test_a_template_that_cannot_work_is_refused_when_it_is_read(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(CorpusError, match=words):
        load_templates(folder_with(tmp_path, forecast=text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "a\n\n{{ horizn }}",
            "forecast.j2, line 3: 'horizn' is undefined. The facts are: features",
        ),
        ("a\n{{ quarters[0] }}", "line 2: 'quarters' is undefined"),
        ("{{ features[9].name }}", "line 1: list object has no element 9"),
        ("a\n{{ rows / 0 }}", "line 2: division by zero. Mend that line"),
        ("{{ rows + 'x' }}", "line 1: unsupported operand"),
        ("{{ rows.__class__.__mro__ }}", "line 1: access to attribute '__class__'.*is unsafe"),
        ("{{ ''.__class__ }}", "is unsafe. Templates may only use the facts"),
        ("{{ features.append(1) }}", "is not safely callable|is unsafe"),
        ("{% for i in range(999999) %}x{% endfor %}", "Range too big"),
        ("{{ lipsum() }}", "'lipsum' is undefined"),
        ("{% set f = '/etc/passwd' %}{% include f %}", "/etc/passwd"),
        ("{{ '<im' ~ 'age>' }}", "the prompt holds '<image>'"),
        ("{# nothing #}", "the prompt is empty"),
        ("{{ features[0].unit.__init__.__globals__ }}", "is unsafe"),
    ],
)
def test_a_template_that_fails_is_told_by_file_and_line(
    tmp_path: Path, text: str, words: str
) -> None:
    templates = load_templates(folder_with(tmp_path, forecast=text))
    with pytest.raises(CorpusError, match=words) as caught:
        rendered(templates)
    assert str(tmp_path / "prompts" / "forecast.j2") in str(caught.value)


def test_an_error_in_an_included_template_names_that_file(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, media="fine\n{{ nothing }}")
    with pytest.raises(CorpusError, match=r"prompts/media\.j2, line 2: 'nothing' is undefined"):
        rendered(load_templates(folder))


def test_a_template_that_no_task_uses_is_a_mistyped_name(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"forcast\.j2: no task uses this template"):
        load_templates(folder_with(tmp_path, forcast="x"))


def test_a_folder_that_is_none_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="nowhere: cannot be read as a template"):
        load_templates(tmp_path / "nowhere")
    with pytest.raises(
        CorpusError, match=r"holds no template; expected files such as forecast\.j2"
    ):
        load_templates(tmp_path)
    (tmp_path / "forecast.j2").write_bytes(b"\xff\xfe")
    with pytest.raises(CorpusError, match=r"forecast\.j2: not UTF-8 text"):
        load_templates(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, trend="x")
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    (folder / "forecast.j2").symlink_to(tmp_path / "secret")
    with pytest.raises(CorpusError, match="is a link out of its folder"):
        load_templates(folder)


def test_there_is_a_template_for_every_task() -> None:
    names = {file.stem for file in DEFAULT_FOLDER.glob("*.j2")}
    assert set(TASKS) <= names
    assert names - set(TASKS) == {"media", "statistics"}
