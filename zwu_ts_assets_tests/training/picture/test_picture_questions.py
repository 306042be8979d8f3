"""Picture questions: right by the definition, and silent about their answers."""

import itertools
from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.evidence.blind import TextQuestion, majority_answers, regression_answers
from zwu_ts_assets.training.picture.pose import PICTURE_TASKS, questions_of
from zwu_ts_assets.training.picture.question import TASK_NAMES, PictureQuestion
from zwu_ts_assets.training.picture.task import Asking
from zwu_ts_assets.training.picture.wordings import HELD_OUT, WORDINGS
from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets_tests.training.builders import sample_of
from zwu_ts_assets_tests.training.picture.windows import PATCHES, ROWS, world

Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return world()


@pytest.fixture(scope="module")
def questions(samples: list[Sample]) -> list[PictureQuestion]:
    return list(questions_of(samples, PATCHES).questions)


def blind_text(question: PictureQuestion) -> str:
    """The prompt without the numbers that it gives."""
    return (
        question.prompt.replace(f"{question.series}\n", "") if question.series else question.prompt
    )


def texts(questions: list[PictureQuestion]) -> list[TextQuestion]:
    return [TextQuestion(q.task, blind_text(q), q.options, q.right) for q in questions if q.options]


# What the text tells


def test_every_text_has_every_answer_equally_often_within_each_split(
    questions: list[PictureQuestion],
) -> None:
    answers: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    options: dict[tuple[str, str], int] = {}
    for question in questions:
        if question.options:
            text = question.split, blind_text(question)
            answers[text][question.right] += 1
            options[text] = len(question.options)
    assert len(answers) > 100
    for text, counts in answers.items():
        assert len(counts) == options[text], text
        assert len(set(counts.values())) == 1, text


def test_blind_readers_are_right_by_chance_alone(questions: list[PictureQuestion]) -> None:
    questions = [q for q in questions if q.options]
    asked = texts(questions)
    train = [text for text, q in zip(asked, questions, strict=True) if q.split == "train"]
    for found in (
        majority_answers(train, asked, by_text=False),
        majority_answers(train, asked, by_text=True),
        regression_answers(train, asked),
    ):
        for task in {q.task for q in questions}:
            right = [f == q.right for f, q in zip(found, questions, strict=True) if q.task == task]
            chance = 1 / len(next(q.options for q in questions if q.task == task))
            assert np.mean(right) == pytest.approx(chance, abs=1e-9), task


def test_the_blind_readers_find_the_habit_where_questions_are_not_balanced(
    samples: list[Sample],
) -> None:
    random = np.random.default_rng(3)
    pairs = list(itertools.combinations("abcde", 2))
    careless = []
    for sample in samples:
        menu = sorted(random.choice(len(pairs), 4, replace=False))
        distances = [
            float(textbook_dtw(column(sample, pairs[i][0]), column(sample, pairs[i][1])))
            for i in menu
        ]
        options = tuple(" and ".join(pairs[i]) for i in menu)
        text = "Which pair is closest?\n" + "\n".join(options)
        careless.append(TextQuestion("closest_pair", text, options, int(np.argmin(distances))))
    fitted = regression_answers(careless[:72], careless[72:])
    right = np.mean([f == q.right for f, q in zip(fitted, careless[72:], strict=True)])
    assert right > 0.4  # chance is 0.25


def test_two_wordings_of_each_task_are_kept_from_training(questions: list[PictureQuestion]) -> None:
    assert set(WORDINGS) == set(PICTURE_TASKS) == set(TASK_NAMES)
    for task, wordings in WORDINGS.items():
        assert len(wordings) == len(set(wordings)) >= 10, task
        used = {q.wording for q in questions if q.task == task and q.split == "train"}
        assert used
        assert max(used) < len(wordings) - HELD_OUT
    elsewhere = {q.wording for q in questions if q.split != "train"}
    assert {8, 9} <= elsewhere


# Which questions there are


def test_all_levels_are_asked_and_the_video_is_needed_often(
    questions: list[PictureQuestion],
) -> None:
    asked = {q.task for q in questions}
    assert asked == set(TASK_NAMES)
    assert {PICTURE_TASKS[task].level for task in asked} == {1, 2, 3, 4, 5}
    video = [q for q in questions if "video" in q.needs]
    assert len({q.task for q in video}) >= 4
    assert len(video) >= 0.25 * len(questions)


def test_ids_are_unique_and_nothing_depends_on_the_order_of_the_samples(
    samples: list[Sample], questions: list[PictureQuestion]
) -> None:
    assert len({q.id for q in questions}) == len(questions)
    again = questions_of(samples[::-1], PATCHES).questions
    assert {q.id: q for q in again} == {q.id: q for q in questions}


def test_a_second_window_is_of_the_same_split(
    samples: list[Sample], questions: list[PictureQuestion]
) -> None:
    splits = {sample.id: sample.split for sample in samples}
    pairs = [q for q in questions if q.other_sample]
    assert {q.task for q in pairs} == {"same_window", "same_lines", "which_figure"}
    for question in pairs:
        assert splits[question.other_sample] == question.split
        assert question.other_sample != question.sample_id


def test_tasks_are_chosen_by_name(samples: list[Sample]) -> None:
    found = questions_of(samples, PATCHES, Asking(tasks=("break", "drift"))).questions
    assert {q.task for q in found} == {"break", "drift"}
    with pytest.raises(CorpusError, match=r"'brake'.*expected one of cell_value"):
        questions_of(samples, PATCHES, Asking(tasks=("brake",)))


@pytest.mark.parametrize("features", [1, 2, 3])
def test_few_columns_leave_out_what_makes_no_sense(features: int) -> None:
    found = questions_of(world(60, features), PATCHES)
    asked = {q.task for q in found.questions}
    assert asked.isdisjoint(found.left_out)
    assert asked | found.left_out.keys() == set(TASK_NAMES)
    assert found.left_out["odd_column"] == f"it takes 4 columns, and {features} are shown"
    if features == 1:
        assert {"closest_pair", "which_figure", "drift", "count_parts"} <= found.left_out.keys()


def test_constant_columns_and_equal_windows_are_not_asked_about() -> None:
    flat = [
        replace(sample_of(np.ones((ROWS, 4)), start=i * ROWS), split="train") for i in range(30)
    ]
    found = questions_of(flat, PATCHES)
    assert found.questions == ()
    assert found.left_out["trend"] == (
        "in the 30 windows no text has each of its answers clearly and equally often"
    )
    same = [replace(sample_of(world(1)[0].past, start=i * ROWS), split="train") for i in range(30)]
    # All windows are alike, so no text can be balanced but the one about exchanged videos, whose
    # windows cannot be told apart.
    assert questions_of(same, PATCHES).questions == ()


# What is right, by brute force


def column(sample: Sample, name: str) -> Floats:
    values = sample.past[:, sample.features.index(name)]
    standardised: Floats = (values - values.mean()) / (values.std() + 1e-5)
    return standardised


def textbook_dtw(a: Floats, b: Floats) -> float:
    table = np.full((len(a) + 1, len(b) + 1), np.inf)
    table[0, 0] = 0
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            best = min(table[i, j + 1], table[i + 1, j], table[i, j])
            table[i + 1, j + 1] = abs(x - y) + best
    return float(table[-1, -1])


def of_task(
    questions: list[PictureQuestion], samples: list[Sample], task: str, most: int = 12
) -> list[tuple[PictureQuestion, Sample]]:
    by_id = {sample.id: sample for sample in samples}
    found = [(q, by_id[q.sample_id]) for q in questions if q.task == task]
    assert found
    return found[:most]


def test_the_closest_pair_is_closest_by_the_textbook(
    questions: list[PictureQuestion], samples: list[Sample]
) -> None:
    for question, sample in of_task(questions, samples, "closest_pair"):
        distances = [
            textbook_dtw(*(column(sample, name) for name in option.split(" and ")))
            for option in question.options
        ]
        assert question.right == distances.index(min(distances))


def test_the_pair_of_a_frame_is_closest_in_that_patch(
    questions: list[PictureQuestion], samples: list[Sample]
) -> None:
    for question, sample in of_task(questions, samples, "frame_pair"):
        start, stop = PATCHES[int(str(question.subject["part"])) - 1]
        patch = replace(sample, past=sample.past[start:stop])
        distances = [
            textbook_dtw(*(column(patch, name) for name in option.split(" and ")))
            for option in question.options
        ]
        assert question.right == distances.index(min(distances))


def spectrum_correlation(sample: Sample, a: str, b: str) -> float:
    spectra = [np.abs(np.fft.rfft(column(sample, name))) for name in (a, b)]
    return float(np.corrcoef(spectra)[0, 1])


@pytest.mark.parametrize(("task", "extreme"), [("most_correlated", max), ("least_correlated", min)])
def test_correlated_pairs_are_those_of_numpy(
    questions: list[PictureQuestion], samples: list[Sample], task: str, extreme: type
) -> None:
    for question, sample in of_task(questions, samples, task):
        values = [spectrum_correlation(sample, *o.split(" and ")) for o in question.options]
        assert question.right == values.index(extreme(values))


def step_distances(sample: Sample) -> list[list[float]]:
    z = np.column_stack([column(sample, name) for name in sample.features])
    return [[textbook_dtw(one, other) for other in z] for one in z]


def test_the_break_has_the_largest_contrast_by_naive_segmentation(
    questions: list[PictureQuestion], samples: list[Sample]
) -> None:
    for question, sample in of_task(questions, samples, "break", 4):
        distances = step_distances(sample)
        contrasts = []
        for option in question.options:
            cut = int(option.removeprefix("step "))
            across = [distances[i][j] for i in range(cut) for j in range(cut, ROWS)]
            within = [
                distances[i][j] for i in range(ROWS) for j in range(ROWS) if (i < cut) is (j < cut)
            ]
            contrasts.append(sum(across) / len(across) - sum(within) / len(within))
        assert question.right == contrasts.index(max(contrasts))


def test_the_returning_span_is_nearest_on_average(
    questions: list[PictureQuestion], samples: list[Sample]
) -> None:
    def steps(text: str) -> range:
        first, last = text.removeprefix("steps ").split(" to ")
        return range(int(first), int(last) + 1)

    for question, sample in of_task(questions, samples, "returning_span", 4):
        distances = step_distances(sample)
        span = steps(str(question.subject["span"]))
        means = [
            float(np.mean([distances[i][j] for i in span for j in steps(option)]))
            for option in question.options
        ]
        assert question.right == means.index(min(means))


def closer_frames(question: PictureQuestion, sample: Sample) -> list[bool]:
    found = []
    for start, stop in PATCHES:
        patch = replace(sample, past=sample.past[start:stop])
        pair, rival = (
            textbook_dtw(
                *(column(patch, name) for name in str(question.subject[which]).split(" and "))
            )
            for which in ("pair", "rival")
        )
        found.append(pair < rival)
    return found


def test_frames_are_counted_as_one_counts_by_hand(
    questions: list[PictureQuestion], samples: list[Sample]
) -> None:
    for question, sample in of_task(questions, samples, "count_parts"):
        low, high = map(int, question.options[question.right].split(" to "))
        assert low <= sum(closer_frames(question, sample)) <= high


def test_the_first_frame_is_the_first(
    questions: list[PictureQuestion], samples: list[Sample]
) -> None:
    for question, sample in of_task(questions, samples, "first_part"):
        closer = closer_frames(question, sample)
        first = closer.index(True) + 1 if True in closer else 0
        right = {0: "no part", 1: "part 1", 2: "part 2"}.get(first, "a later part")
        assert question.options[question.right] == right


def chosen(question: PictureQuestion) -> str:
    return question.options[question.right]


def steps_of(text: str) -> range:
    first, last = text.removeprefix("steps ").split(" to ")
    return range(int(first), int(last) + 1)


def step_correlations(sample: Sample) -> Floats:
    """Pearson correlations between the steps of a window, over its columns."""
    z = np.column_stack([column(sample, name) for name in sample.features])
    return np.asarray(np.corrcoef(z))


def test_the_rhythm_is_the_lag_with_the_best_diagonal(
    questions: list[PictureQuestion], samples: list[Sample]
) -> None:
    for question, sample in of_task(questions, samples, "rhythm"):
        matrix = step_correlations(sample)
        means = {}
        for option in question.options:
            lag = int(option.removesuffix(" steps"))
            means[option] = np.mean([matrix[i, i + lag] for i in range(ROWS - lag)])
        assert chosen(question) == max(means, key=lambda option: means[option])
        assert means[chosen(question)] >= 0.1


def test_spans_are_related_as_their_mean_correlation_says(
    questions: list[PictureQuestion], samples: list[Sample]
) -> None:
    for question, sample in of_task(questions, samples, "span_relation"):
        matrix = step_correlations(sample)
        some, other = (steps_of(str(question.subject[name])) for name in ("span", "other"))
        mean = np.mean([matrix[i, j] for i in some for j in other])
        word = "alike" if mean >= 0.35 else "opposite" if mean <= -0.35 else "unrelated"
        assert chosen(question) == word
        assert abs(mean) <= 0.1 or word != "unrelated"


def test_what_is_odd_is_farthest_from_all_others(
    questions: list[PictureQuestion], samples: list[Sample]
) -> None:
    for question, sample in of_task(questions, samples, "odd_column", 6):
        means = [
            np.mean([textbook_dtw(column(sample, one), column(sample, other)) for other in "abcde"])
            for one in question.options
        ]
        assert question.right == int(np.argmax(means))
    for question, sample in of_task(questions, samples, "odd_span", 3):
        distances = np.array(step_distances(sample))
        eighths = [range(6 * k, 6 * k + 6) for k in range(8)]
        means = []
        for option in question.options:
            span = steps_of(option)
            others = [each for each in eighths if each != span]
            assert len(others) == 7
            means.append(np.mean([distances[i, j] for each in others for i in span for j in each]))
        assert question.right == int(np.argmax(means))


def in_part(sample: Sample, part: int) -> Sample:
    start, stop = PATCHES[part - 1]
    return replace(sample, past=sample.past[start:stop])


def test_correlations_in_frames_are_those_of_numpy(
    questions: list[PictureQuestion], samples: list[Sample]
) -> None:
    for question, sample in of_task(questions, samples, "frame_correlated"):
        patch = in_part(sample, int(str(question.subject["part"])))
        values = [spectrum_correlation(patch, *o.split(" and ")) for o in question.options]
        assert question.right == values.index(max(values))
    for task in ("pearson_part", "part_if_shown"):
        for question, sample in of_task(questions, samples, task):
            a, b = str(question.subject["a"]), str(question.subject["b"])
            values = [
                spectrum_correlation(in_part(sample, int(option.removeprefix("part "))), a, b)
                for option in question.options
                if option.startswith("part ")
            ]
            if question.answerable:
                assert question.right == values.index(max(values))


def test_the_figure_with_the_larger_correlation_is_numpys(
    questions: list[PictureQuestion], samples: list[Sample]
) -> None:
    by_id = {sample.id: sample for sample in samples}
    for question, sample in of_task(questions, samples, "which_figure"):
        a, b = str(question.subject["a"]), str(question.subject["b"])
        one, other = (
            spectrum_correlation(each, a, b) for each in (sample, by_id[question.other_sample])
        )
        assert chosen(question) == f"the {'first' if one > other else 'second'} figure"


def test_a_drift_is_that_of_naive_ranks(
    questions: list[PictureQuestion], samples: list[Sample]
) -> None:
    for question, sample in [
        *of_task(questions, samples, "drift"),
        *of_task(questions, samples, "drift_if_shown"),
    ]:
        if not question.answerable:
            continue
        a, b = str(question.subject["a"]), str(question.subject["b"])
        course = []
        for part in range(1, len(PATCHES) + 1):
            patch = in_part(sample, part)
            cells = {
                pair: textbook_dtw(column(patch, pair[0]), column(patch, pair[1]))
                for pair in itertools.combinations("abcde", 2)
            }
            course.append(cells[a, b] / max(cells.values()))
        ranks = [sorted(course).index(value) for value in course]
        pairs = itertools.combinations(ranks, 2)
        rising = sum(1 if later > earlier else -1 for earlier, later in pairs)
        assert chosen(question) == ("they drift apart" if rising > 0 else "they come together")


def test_media_of_another_window_are_shown_where_the_answer_is_no(
    questions: list[PictureQuestion], samples: list[Sample]
) -> None:
    for task in ("same_window", "same_lines"):
        for question, sample in of_task(questions, samples, task, 99):
            assert (chosen(question) == "yes") is (question.other_sample == "")
            assert question.other_sample != sample.id


def test_rationales_name_the_right_option_and_its_extreme_value(
    questions: list[PictureQuestion],
) -> None:
    for question in questions:
        if not question.options:
            assert question.rationale.endswith(f"So the answer is: {question.answer}.")
            continue
        verb = "the answer is: " if question.answerable else "it "
        assert question.rationale.endswith(f"So {verb}{question.options[question.right]}.")
        if question.values:
            assert question.values[question.right] in (min(question.values), max(question.values))
            assert f"{question.values[question.right]:.2f}" in question.rationale
        answers = {"choice": "ABCDE"[question.right], "name": question.options[question.right]}
        assert question.answer_line == f"Answer: {answers[question.form]}"
