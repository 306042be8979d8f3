"""Templates: the project's own, a user's, and what is wrong with them."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.windows import Selection
from zwu_ts_assets.training.facts import MediaFacts, prompt_facts
from zwu_ts_assets.training.prompts import DEFAULT_FOLDER, PromptTemplates, load_templates
from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets.training.task_settings import TaskSettings
from zwu_ts_assets_tests.training.builders import sample_of, walk

SETTINGS = TaskSettings()


FIGURE_AND_VIDEO = ("figure", "video")


def introduced(
    sample: Sample,
    templates: PromptTemplates,
    views: tuple[str, ...] = FIGURE_AND_VIDEO,
    facts: MediaFacts | None = None,
    *,
    compared: tuple[str, ...] = (),
) -> str:
    facts = facts or MediaFacts()
    return templates.introduction(
        prompt_facts(sample, SETTINGS, facts, views=views, compared=compared)
    )


def rendered(templates: PromptTemplates, **media: object) -> str:
    sample = sample_of(walk(96, 4), walk(96, 4), units=["MW", "", "", "°C"])
    facts = MediaFacts(**media)  # type: ignore[arg-type]
    return introduced(sample, templates, facts=facts)


def test_a_selection_is_introduced_where_it_matters() -> None:
    plain = sample_of(walk(96, 4), walk(96, 4), units=["MW", "", "", "°C"])
    some = replace(plain, shown=Selection((3, 0, 2), (1, 2, 1)))
    before, after = (introduced(each, load_templates()).split("\n") for each in (plain, some))
    told = [line for line in after if line not in before]
    assert told[0] == (
        "The window has 4 columns. The feature panels show 3 of them: d [°C], a [MW] +1, c. "
        "A number behind a name says for how many further columns, similar to it, the column "
        "stands."
    )
    assert told[1].startswith("Top row, the columns named above against each other, in that order ")
    assert len(told) == 2
    assert len(before) == len(after)


def test_a_selection_in_which_each_column_stands_for_itself_is_only_named() -> None:
    sample = replace(sample_of(walk(96, 4), walk(96, 4)), shown=Selection((3, 0), (1, 1)))
    prompt = introduced(sample, load_templates())
    assert "The feature panels show 2 of them: d, a.\n\nThe picture has six panels" in prompt


@pytest.mark.parametrize(
    ("views", "first", "absent"),
    [
        (("figure",), "The picture shows one window of", ("video", "second picture")),
        (("video",), "The video shows one window of", ("The picture",)),
        (("lines",), "The picture shows one window of", ("video", "panels, each a square")),
        (("figure", "video"), "The picture and the video show one window of", ("lines over",)),
        (("figure", "lines"), "The pictures show one window of", ("video",)),
        (("figure", "lines", "video"), "The pictures and the video show one window of", ()),
        ((), "A window of a multivariate time series has 96 time steps, each", ("video", "panel")),
    ],
)
def test_only_what_is_shown_is_introduced(
    views: tuple[str, ...], first: str, absent: tuple[str, ...]
) -> None:
    prompt = introduced(sample_of(walk(96, 4), walk(96, 4)), load_templates(), views)
    assert prompt.startswith(first)
    assert not [words for words in absent if words in prompt]
    assert "each 1 hour after the one before, counted from step 0 to step 95" in prompt
    assert ("Feature DTW: " in prompt) == bool({"figure", "video"} & set(views))
    assert ("as lines over the time steps" in prompt) == ("lines" in views)
    assert ("one per frame" in prompt) == ("video" in views)
    assert "  " not in prompt
    assert "\n\n\n" not in prompt


def test_where_figure_and_video_are_compared_nothing_says_that_they_belong_together() -> None:
    sample = sample_of(walk(96, 4), walk(96, 4))
    prompt = introduced(sample, load_templates(), compared=("video",))
    assert prompt.startswith(
        "The picture shows one window of a multivariate time series. The video shows a window of "
        "the same series: the same one, or another. A window has 96 time steps, each 1 hour"
    )
    assert "for 7 parts of its window, one per frame" in prompt


@pytest.mark.parametrize(
    ("compared", "first"),
    [
        (("video",), "The first picture and the second picture show one window of a multivariate "
         "time series. The video shows a window of the same series: the same one, or another. A w"),
        (("lines",), "The first picture and the video show one window of a multivariate time "
         "series. The second picture shows a window of the same series: the same one, or anot"),
        (("lines", "video"), "The first picture shows one window of a multivariate time series. "
         "The second picture and the video each show a window of the same series: the same one"),
    ],
)  # fmt: skip
def test_what_is_compared_is_told_apart_from_what_belongs_together(
    compared: tuple[str, ...], first: str
) -> None:
    sample = sample_of(walk(96, 4), walk(96, 4))
    views = ("figure", "lines", "video")
    prompt = introduced(sample, load_templates(), views, compared=compared)
    assert prompt.startswith(first)
    assert "  " not in prompt


def test_an_introduction_of_a_sample_with_interpolated_values_says_so() -> None:
    plain = sample_of(walk(96, 4), walk(24, 4), features=["a", "b:c", "d", "e"])
    flags = ("outlier:a", "interpolated:a:2", "interpolated:b:c:3", "target_interpolated:b:c:1")
    without, told = (
        introduced(sample, load_templates()) for sample in (plain, replace(plain, flags=flags))
    )
    assert told == without + (
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
    return introduced(replace(sample, flags=tuple(flags)), load_templates())


def test_the_sentence_on_interpolated_values_can_be_another_but_not_none(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, interpolated="Mind {{ interpolated[0].name }}.", media="Look.")
    sample = replace(sample_of(walk(96, 3), walk(24, 3)), flags=("interpolated:b:1",))
    assert introduced(sample, load_templates(folder)) == "Look.\n\nMind b."
    (folder / "interpolated.j2").write_text("{# nothing #}", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"interpolated\.j2: .*is empty; expected a sentence"):
        introduced(sample, load_templates(folder))


def folder_with(tmp_path: Path, **texts: str) -> Path:
    folder = tmp_path / "prompts"
    folder.mkdir()
    for name, text in texts.items():
        (folder / f"{name}.j2").write_text(text, encoding="utf-8")
    return folder


def test_the_projects_own_templates_explain_the_media() -> None:
    prompt = rendered(load_templates())
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


def test_prompts_do_not_tell_when_the_window_was() -> None:
    prompt = rendered(load_templates())
    assert "2016" not in prompt
    assert "07-0" not in prompt


def test_other_media_are_explained_otherwise() -> None:
    prompt = rendered(load_templates(), fixed_colours=True, patch_length=96)
    assert "The colour ranges are the same in all pictures." in prompt
    assert "for 1 part of the window" in prompt
    assert "so that a pair" not in prompt
    assert "  " not in prompt


def test_a_users_folder_overrides_by_name(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, media='{% include "mine.j2" %} {{ rows }} steps', mine="Look at")
    templates = load_templates(folder)
    assert rendered(templates) == "Look at 96 steps"
    assert templates.files["media.j2"] == folder / "media.j2"
    assert templates.files["interpolated.j2"] == DEFAULT_FOLDER / "interpolated.j2"


def test_statistics_in_a_prompt_are_written_as_in_the_corpus(tmp_path: Path) -> None:
    templates = load_templates(folder_with(tmp_path, media="{{ statistics | join('; ') }}"))
    tiny = sample_of(walk(96, 1) * 1e-4, walk(96, 1) * 1e-4)
    assert "Var=0.00" in introduced(tiny, templates)
    told = introduced(tiny, templates, facts=MediaFacts(stats_format="significant"))
    assert float(told.rpartition("Var=")[2]) == pytest.approx(tiny.past.var(), rel=1e-3)


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
        ("a\n{% if rows %}\nb", "media.j2, line 3: Unexpected end of template"),
        ("a\n{{ rows | no_such }}", "media.j2, line 2: No filter named 'no_such'"),
        ("a {{ 1 | random }}", "No filter named 'random'"),
        ("a\n\n<|im_end|>", r"media.j2, line 3: holds '<\|im_end\|>'"),
        ("<image>", "line 1: holds '<image>'.*Media placeholders are added by each export"),
        ('{% include "../secret.j2" %}', "includes '../secret.j2', which does not exist"),
        ('{% include "/etc/passwd" %}', "includes '/etc/passwd', which does not exist"),
    ],
)
def test_a_template_that_cannot_work_is_refused_when_it_is_read(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(CorpusError, match=words):
        load_templates(folder_with(tmp_path, media=text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "a\n\n{{ rosw }}",
            "media.j2, line 3: 'rosw' is undefined. The facts are: features",
        ),
        ("{{ features[9].name }}", "line 1: list object has no element 9"),
        ("a\n{{ rows / 0 }}", "line 2: division by zero. Mend that line"),
        ("{{ rows + 'x' }}", "line 1: unsupported operand"),
        ("{{ rows.__class__.__mro__ }}", "line 1: access to attribute '__class__'.*is unsafe"),
        ("{{ ''.__class__ }}", "is unsafe. Templates may only use the facts"),
        ("{{ features.append(1) }}", "cannot be called|is unsafe"),
        ("{% for i in range(999999) %}x{% endfor %}", "'range' is undefined"),
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
    templates = load_templates(folder_with(tmp_path, media=text))
    with pytest.raises(CorpusError, match=words) as caught:
        rendered(templates)
    assert str(tmp_path / "prompts" / "media.j2") in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ 'x' * 3000000000 }}", r"line 1: `\*` is for numbers alone"),
        ("a\n{{ rows * statistics }}", r"line 2: `\*` is for numbers alone"),
        ("{{ 2 ** 9999999999 }}", r"line 1: `\*\*` is not allowed"),
        ("{{ '%3000000000d' % 1 }}", "line 1: `%` is for numbers alone"),
        ("{{ 'x' | center(3000000000) }}", "No filter named 'center'"),
        ("{{ 'x' | indent(3000000000) }}", "No filter named 'indent'"),
        ("{{ ['center'] | map('center') | list }}", "No filter named 'center'"),
        ("{{ 'x'.ljust(3000000000) }}", "cannot be called; only macros can"),
        ("{{ 1.5 | round(999999999, 'floor') }}", "`round` takes at most 20 digits"),
        (
            "{% set a = interval %}" + "{% set a = a ~ a %}" * 60 + "{{ a }}",
            "line 1: `set` may name a fact, and neither join",
        ),
        ("{% with a = rows %}{% endwith %}", "`with` is not allowed"),
        ("{{ " + "~".join(["interval"] * 300) + " }}", "more than 200 texts or values are joined"),
        (
            "{% macro d(x) %}{{ x }}{{ x }}{% endmacro %}{{ "
            + "d(" * 40
            + "interval"
            + ")" * 40
            + " }}",
            "it makes more than 1,048,576 characters",
        ),
        ("{% macro d() %}{{ d() }}{% endmacro %}{{ d() }}", "recursion"),
        ("{% include 'media.j2' %}", "recursion"),
        (
            "{% macro d(n) %}{% if n %}{{ d(n - 1) }}{{ d(n - 1) }}{% endif %}{% endmacro %}"
            "{{ d(60) }}",
            "it takes more than 0.2 s",
        ),
        (
            "{% for a in interval %}" * 12 + "{% endfor %}" * 12,
            "it takes more than 0.2 s",
        ),
        (
            "{% for a in features %}{% for a in 'xxxxxxxxxx' %}{% for b in 'xxxxxxxxxx' %}"
            "{% for c in 'xxxxxxxxxx' %}"
            "{{ statistics }}{{ statistics }}{{ statistics }}{{ statistics }}"
            "{% endfor %}{% endfor %}{% endfor %}{% endfor %}",
            "it makes more than 1,048,576 characters",
        ),
        (
            "{% if rows %}" * 2500 + "{% endif %}" * 2500,
            "nests too deep|statically nested|recursion",
        ),
        ("{{ " + "(" * 5000 + "rows" + ")" * 5000 + " }}", "nests too deep"),
        ("x" * 70_000, "has 70,000 bytes, at most 65,536 are read"),
        ("{{ statistics | join(statistics | join('x' * 9)) }}", "for numbers alone"),
        (
            "{% set s = statistics | join('; ') %}{{ s | join(s) | join(s) }}",
            "it makes more than 1,048,576 characters",
        ),
        (
            "{% set s = statistics | join('; ') %}{{ s | replace('', s) | replace('', s) }}",
            "it makes more than 1,048,576 characters",
        ),
    ],
)
def test_a_template_that_would_take_all_memory_or_time_is_refused(
    tmp_path: Path, text: str, words: str
) -> None:
    folder = folder_with(tmp_path, media=text)
    seconds = 0.2 if "0.2 s" in words else 60.0  # the other bounds are to be met first
    started = time.monotonic()
    with pytest.raises(CorpusError, match=words) as caught:
        rendered(load_templates(folder, seconds=seconds))
    assert time.monotonic() - started < 30
    assert "media.j2" in str(caught.value)


def test_what_includes_two_that_include_two_ends_in_time(tmp_path: Path) -> None:
    both = {f"a{i}": f"{{% include 'a{i + 1}.j2' %}}" * 2 for i in range(40)}
    folder = folder_with(tmp_path, media="{% include 'a0.j2' %}", **both, a40="")
    with pytest.raises(CorpusError, match=r"it takes more than 0\.2 s"):
        rendered(load_templates(folder, seconds=0.2))


def test_what_people_write_in_templates_works(tmp_path: Path) -> None:
    text = """{% set names = features | map(attribute="name") | list %}
{% macro told(column) %}
{{- column.name | upper }}{% if column.unit %} in {{ column.unit }}{% endif %}
{%- endmacro %}
{{ names | join(", ") }}; {{ rows * 2 }}; {{ rows % 5 }}; {{ interval | replace("1 ", "one ") }}
{% for column in features %}{% for other in features if other.name != column.name %}
{{ loop.index }}{{ told(column) }}/{{ told(other) }}
{% endfor %}{% endfor %}
{{ "%s" }} {{ (rows / 7) | round(2) }} {{ features | selectattr("unit") | list | length }}"""
    lines = rendered(load_templates(folder_with(tmp_path, media=text))).split("\n")
    assert lines[0] == "a, b, c, d; 192; 1; one hour"
    assert lines[1] == "1A in MW/B"
    assert len(lines) == 1 + 12 + 1
    assert lines[-1] == "%s 13.71 2"


def test_a_pipe_in_the_folder_is_told_and_not_waited_for(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, interpolated="x")
    os.mkfifo(folder / "media.j2")
    with pytest.raises(CorpusError, match=r"media\.j2.*is no regular file"):
        load_templates(folder)


def test_an_error_in_an_included_template_names_that_file(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, media='{% include "mine.j2" %}', mine="fine\n{{ nothing }}")
    with pytest.raises(CorpusError, match=r"prompts/mine\.j2, line 2: 'nothing' is undefined"):
        rendered(load_templates(folder))


def test_a_template_that_nothing_uses_is_a_mistyped_name(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"medai\.j2: nothing uses this template"):
        load_templates(folder_with(tmp_path, medai="x"))


def test_a_folder_that_is_none_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="nowhere: cannot be read as a template"):
        load_templates(tmp_path / "nowhere")
    with pytest.raises(CorpusError, match=r"holds no template; expected files such as media\.j2"):
        load_templates(tmp_path)
    (tmp_path / "media.j2").write_bytes(b"\xff\xfe")
    with pytest.raises(CorpusError, match=r"media\.j2: not UTF-8 text"):
        load_templates(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, interpolated="x")
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    (folder / "media.j2").symlink_to(tmp_path / "secret")
    with pytest.raises(CorpusError, match="is a link out of its folder"):
        load_templates(folder)
