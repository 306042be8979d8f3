"""Questions become conversations: each once, with the media that it needs, shown once."""

from dataclasses import replace

import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.text.qwen_embedded import embedded_tokenizer_folder
from zwu_ts_assets.training.conversations import make_conversations, shown_media
from zwu_ts_assets.training.facts import MediaFacts
from zwu_ts_assets.training.picture.question import PictureQuestion
from zwu_ts_assets.training.prompts import load_templates
from zwu_ts_assets.training.sample import Conversation, Sample
from zwu_ts_assets.training.task_settings import TaskSettings
from zwu_ts_assets_tests.training.builders import sample_of, walk

FIGURE, VIDEO, BOTH = ("figure",), ("video",), ("figure", "video")


def samples(count: int = 4) -> list[Sample]:
    return [
        replace(
            sample_of(walk(96, seed=i), walk(12, seed=i)),
            id=f"s{i}",
            image=f"figures/{i}.png",
            video=f"videos/{i}.mp4",
            line_plot=f"lines/{i}.png",
        )
        for i in range(count)
    ]


def question(
    sample: int,
    task: str,
    needs: tuple[str, ...],
    other: str = "",
    given: tuple[str, ...] | None = None,
) -> PictureQuestion:
    return PictureQuestion(
        id=f"s{sample}-{task}",
        sample_id=f"s{sample}",
        split="train",
        task=task,
        level=1,
        needs=needs,
        subject={},
        options=("yes", "no"),
        right=0,
        answer="A",
        given=needs if given is None else given,
        wording=0,
        prompt=f"{task}?",
        rationale=f"By {task}.",
        other_sample=other,
    )


def conversations(questions: list[PictureQuestion], **settings: object) -> list[Conversation]:
    chosen = TaskSettings.model_validate(settings)
    made = make_conversations(samples(), questions, chosen, load_templates(), MediaFacts())
    return list(made)


def told(conversation: Conversation) -> list[tuple[str, int, int]]:
    return [(turn.question.task, turn.images, turn.videos) for turn in conversation.turns]


def test_questions_about_a_window_share_its_figure_and_video() -> None:
    asked = [question(1, "b", FIGURE), question(1, "watch", VIDEO), question(1, "a", FIGURE)]
    (made,) = conversations(asked)
    assert (made.id, made.sample_id, made.split) == ("s1-c0", "s1", "train")
    assert (made.images, made.videos) == (("figures/1.png",), ("videos/1.mp4",))
    assert told(made) == [("a", 1, 1), ("b", 0, 0), ("watch", 0, 0)]
    first, *others = (turn.prompt for turn in made.turns)
    assert first.startswith("The picture and the video show one window")
    assert first.endswith("\n\na?")
    assert others == ["b?", "watch?"]
    assert [turn.answer for turn in made.turns] == ["Answer: A"] * 3


@pytest.mark.parametrize(
    ("needs", "images", "videos"),
    [
        (FIGURE, ("figures/1.png",), ()),
        (VIDEO, (), ("videos/1.mp4",)),
        (("lines",), ("lines/1.png",), ()),
        (("figure", "lines"), ("figures/1.png", "lines/1.png"), ()),
        (("text",), (), ()),
        ((), (), ()),
    ],
)
def test_only_media_that_a_question_needs_are_shown(
    needs: tuple[str, ...], images: tuple[str, ...], videos: tuple[str, ...]
) -> None:
    (made,) = conversations([question(1, "a", needs)])
    assert (made.images, made.videos) == (images, videos)


def test_a_second_figure_comes_with_its_question_and_the_same_one_once() -> None:
    asked = [
        question(1, "a", FIGURE),
        question(1, "compare", FIGURE, "s2"),
        question(1, "contrast", FIGURE, "s2"),
    ]
    (made,) = conversations(asked)
    assert made.images == ("figures/1.png", "figures/2.png")
    assert told(made) == [("a", 1, 0), ("compare", 1, 0), ("contrast", 0, 0)]
    assert made.turns[1].prompt == (
        "Here is the figure of another window of the same series: the second figure.\n\ncompare?"
    )
    assert made.turns[2].prompt == "contrast?"


def test_a_video_beside_another_windows_figure_is_asked_about_there() -> None:
    """Half of the questions whether figure and video belong together show another video.

    It is shown once: what is asked of it follows in the same conversation.
    """
    asked = [
        question(1, "same", BOTH, "s2"),
        question(1, "a", FIGURE),
        question(2, "same", BOTH, "s1"),
        *(question(i, "watch", VIDEO) for i in (1, 2)),
    ]
    first, second = conversations(asked)
    assert (first.images, first.videos) == (("figures/1.png",), ("videos/2.mp4",))
    assert [turn.question.id for turn in first.turns] == ["s1-same", "s1-a", "s2-watch"]
    assert [turn.question.id for turn in second.turns] == ["s2-same", "s1-watch"]
    assert "a window of the same series: the same one, or another" in first.turns[0].prompt


def test_where_figure_and_video_do_belong_together_the_introduction_is_the_same() -> None:
    same, other = (
        conversations([question(1, "same", BOTH, partner)])[0].turns[0].prompt
        for partner in ("", "s2")
    )
    assert same == other


def test_a_video_that_is_shown_nowhere_has_a_conversation_of_its_own() -> None:
    asked = [question(1, "same", BOTH, "s2"), question(1, "watch", VIDEO)]
    first, second = conversations(asked)
    assert [turn.question.id for turn in first.turns] == ["s1-same"]
    assert (second.id, second.images, second.videos) == ("s1-c1", (), ("videos/1.mp4",))
    assert "the same one, or another" not in second.turns[0].prompt


def test_a_line_plot_beside_another_windows_figure_is_asked_about_there() -> None:
    asked = [
        question(1, "same", ("figure", "lines"), "s2"),
        question(1, "same_video", BOTH),
        question(2, "same", ("figure", "lines"), "s3"),
        question(2, "peak", ("lines",)),
        question(1, "peak", ("lines",)),
    ]
    first, alone, second = conversations(asked)
    assert (first.images, first.videos) == (("figures/1.png", "lines/2.png"), ("videos/1.mp4",))
    assert [turn.question.id for turn in first.turns] == ["s1-same", "s1-same_video", "s2-peak"]
    assert (alone.id, alone.images) == ("s1-c1", ("lines/1.png",))
    assert second.images == ("figures/2.png", "lines/3.png")


def test_what_an_unanswerable_question_needs_is_not_shown() -> None:
    asked = [
        question(1, "a", FIGURE),
        question(1, "watch", VIDEO),
        question(1, "part_if_shown", VIDEO, given=FIGURE),
    ]
    first, second = conversations(asked)
    assert (first.images, first.videos) == ((), ("videos/1.mp4",))
    assert [turn.question.task for turn in first.turns] == ["watch"]
    assert (second.images, second.videos) == (("figures/1.png",), ())
    assert [turn.question.task for turn in second.turns] == ["a", "part_if_shown"]


def test_every_question_is_asked_once_whatever_there_is_to_ask() -> None:
    asked = [
        question(sample, f"t{number}", needs, other)
        for sample in range(4)
        for number, (needs, other) in enumerate(
            [
                (FIGURE, ""),
                (BOTH, f"s{(sample + 1) % 4}" if sample % 2 else ""),
                (VIDEO, ""),
                (FIGURE, f"s{(sample + 2) % 4}"),
                ((), ""),
            ]
        )
    ]
    for size in (None, 1, 2, 3):
        made = conversations(asked, questions_per_conversation=size)
        found = [turn.question.id for each in made for turn in each.turns]
        assert sorted(found) == sorted(each.id for each in asked)
        assert len({each.id for each in made}) == len(made)
        assert max(len(each.turns) for each in made) == (size or 5)
        for each in made:
            assert sum(turn.images for turn in each.turns) == len(each.images)
            assert sum(turn.videos for turn in each.turns) == len(each.videos)
            shown = {*each.images, *each.videos}
            needed = {
                f"{view}s/{of[1:]}.{'mp4' if view == 'video' else 'png'}"
                for turn in each.turns
                for view, of in shown_media(turn.question)
            }
            # Alone, a question has what it needs; together, every window shows the same kinds.
            assert needed == shown if size else needed <= shown


def test_asked_alone_each_question_has_its_own_media() -> None:
    asked = [question(1, "a", FIGURE), question(1, "watch", VIDEO)]
    made = conversations(asked, questions_per_conversation=1)
    assert [(each.id, each.images, each.videos) for each in made] == [
        ("s1-c0", ("figures/1.png",), ()),
        ("s1-c1", (), ("videos/1.mp4",)),
    ]
    assert made[1].turns[0].prompt.startswith("The video shows one window")


@pytest.mark.parametrize(
    ("rationale", "answer"),
    [
        ("none", "Answer: A"),
        ("answer", "By a.\nAnswer: A"),
        ("think", "<think>\nBy a.\n</think>\n\nAnswer: A"),
    ],
)
def test_an_answer_says_how_it_was_read_where_that_is_wanted(rationale: str, answer: str) -> None:
    (made,) = conversations([question(1, "a", FIGURE)], rationale=rationale)
    assert made.turns[0].answer == answer


def test_a_question_about_no_sample_is_told() -> None:
    with pytest.raises(CorpusError, match="'s9-a' is about the sample 's9', which does not exist"):
        conversations([question(9, "a", FIGURE)])


@pytest.mark.parametrize(
    "word", ["<|im_start|>", "<|vision_start|>", "<image>", "<video>", "<think>"]
)
def test_a_column_called_like_a_token_is_refused(word: str) -> None:
    sample = sample_of(walk(48), walk(4), features=["a", f"b{word}", "c"])
    with pytest.raises(CorpusError, match=r"column 'b.*a reserved word of the chat template"):
        make_conversations([sample], [], TaskSettings(), load_templates(), MediaFacts())


@pytest.mark.parametrize("part", ["prompt", "rationale"])
def test_a_reserved_word_in_a_question_is_refused(part: str) -> None:
    asked = question(1, "a", FIGURE)
    if part == "prompt":
        asked = replace(asked, prompt="Look at <image>.")
    else:
        asked = replace(asked, rationale="Look at <image>.")
    with pytest.raises(CorpusError, match=rf"the {part} holds '<image>'"):
        conversations([asked], rationale="answer")


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> object:
    """The exact tokenizer, as `transformers` loads it."""
    from transformers import AutoTokenizer

    folder = embedded_tokenizer_folder(tmp_path_factory.mktemp("tokenizers"))
    return AutoTokenizer.from_pretrained(str(folder), local_files_only=True)


# The part of Qwen3-VL's published chat template that renders such messages, written out here.
CHAT = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% for part in m.content %}"
    "{% if part.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif part.type == 'video' %}<|vision_start|><|video_pad|><|vision_end|>"
    "{% else %}{{ part.text }}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
)


def test_the_chat_template_adds_exactly_the_tokens_of_the_turns(tokenizer: object) -> None:
    """Whatever the texts are, only the template's own special tokens are in the result."""
    added = set(range(151_643, 151_669))
    asked = [question(1, "a", FIGURE), question(1, "watch", VIDEO)]
    asked.append(question(1, "compare", FIGURE, "s2"))
    (made,) = conversations(asked)
    messages = []
    for turn in made.turns:
        media = [{"type": "image"}] * turn.images + [{"type": "video"}] * turn.videos
        text = {"type": "text", "text": turn.prompt}
        messages.append({"role": "user", "content": [*media, text]})
        answer = {"type": "text", "text": turn.answer}
        messages.append({"role": "assistant", "content": [answer]})
    text = tokenizer.apply_chat_template(messages, chat_template=CHAT, tokenize=False)  # type: ignore[attr-defined]
    ids = tokenizer(text)["input_ids"]  # type: ignore[operator]
    special = [tokenizer.convert_ids_to_tokens(i) for i in ids if i in added]  # type: ignore[attr-defined]
    image = ["<|vision_start|>", "<|image_pad|>", "<|vision_end|>"]
    video = ["<|vision_start|>", "<|video_pad|>", "<|vision_end|>"]
    start, end = "<|im_start|>", "<|im_end|>"
    reply = [start, end]
    assert special == [
        *(start, *image, *video, end, *reply),
        *(start, end, *reply),
        *(start, *image, end, *reply),
    ]
    assert tokenizer.decode(ids) == text  # type: ignore[attr-defined]
