"""The reward grades what was answered, gives nothing for tricks, and is what each trainer calls."""

import importlib.util
import json
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from zwu_ts_assets.training import reward as module
from zwu_ts_assets.training.reward import (
    Truth,
    completion_text,
    compute_score,
    easyr1_reward,
    graded,
    is_right,
    parse_truth,
    reward,
    truth_json,
)

FILE = Path(module.__file__)
OPTIONS = ("HUFL and OT", "MUFL and OT", "LUFL and LULL", "HUFL and MUFL")
CHOICE = truth_json(Truth("choice", "B", OPTIONS))
NAME = truth_json(Truth("name", "MUFL and OT", OPTIONS))
NUMBER = truth_json(Truth("number", "0.25", tolerance=0.02))
NUMBERS = truth_json(Truth("numbers", "2.0 3.0 4.0", last=1.0))
LIST = truth_json(Truth("list", "HUFL, OT", ("HUFL", "MUFL", "OT", "LULL")))
SPAN = truth_json(Truth("span", "10 to 19"))


def overall(text: str, truth: str) -> float:
    return round(graded(text, truth).overall, 6)


def test_right_answers_get_all_and_wrong_ones_the_share_for_form() -> None:
    for right, truth in [
        ("B", CHOICE),
        ("MUFL and OT", NAME),
        ("0.25", NUMBER),
        ("2.0 3.0 4.0", NUMBERS),
        ("OT, HUFL", LIST),
        ("10 to 19", SPAN),
    ]:
        assert overall(f"I looked.\nAnswer: {right}", truth) == 1.0
        assert overall(f"**Answer:** {right}", truth) == 0.9
    assert overall("Answer: A", CHOICE) == 0.1
    assert overall("A", CHOICE) == 0.0
    assert overall("Answer: HUFL and OT", NAME) == 0.1


def test_numbers_near_the_right_one_get_a_part() -> None:
    assert overall("Answer: 0.27", NUMBER) == 1.0  # the edge of the tolerance
    grades = [graded(f"Answer: {value}", NUMBER).accuracy for value in (0.28, 0.3, 0.32, 0.34)]
    assert grades == sorted(grades, reverse=True)
    assert 0 < grades[-2] < grades[0] <= 0.5
    assert graded("Answer: 0.40", NUMBER).accuracy == 0
    exact = truth_json(Truth("number", "12"))
    assert graded("Answer: 12", exact).accuracy == 1
    assert graded("Answer: 13", exact).accuracy == 0


def test_forecasts_are_held_against_the_last_value() -> None:
    assert graded("Answer: 1 1 1", NUMBERS).accuracy == 0
    assert graded("Answer: 2 2 2", NUMBERS).accuracy == pytest.approx(0.5)
    assert graded("Answer: 9 9 9", NUMBERS).accuracy == 0
    flat = truth_json(Truth("numbers", "1.0 1.0", last=1.0))
    assert graded("Answer: 1.0 1.0", flat).accuracy == 1
    assert graded("Answer: 1.0 1.1", flat).accuracy == 0
    assert graded("Answer: 1e300 -1e300 1e300", NUMBERS).accuracy == 0


def test_lists_and_spans_get_a_part_for_a_part() -> None:
    assert graded("Answer: OT", LIST).accuracy == 0.5
    assert graded("Answer: OT, MUFL", LIST).accuracy == 0
    assert graded("Answer: HUFL, OT, MUFL", LIST).accuracy == 0.5
    assert graded("Answer: 10 to 14", SPAN).accuracy == 0.5
    assert graded("Answer: 20 to 29", SPAN).accuracy == 0
    assert graded("Answer: 0 to 95", SPAN).accuracy < 0.11


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("Answer: A\nAnswer: B\nAnswer: C\nAnswer: D", CHOICE),
        ("Answer: A\nAnswer: B", CHOICE),
        ("Answer: A, B, C, D", CHOICE),
        ("Answer: " + ", ".join(OPTIONS), NAME),
        ("\n".join(f"Answer: {option}" for option in OPTIONS), NAME),
        ("A. HUFL and OT\nB. MUFL and OT\nEnd with a line `Answer: ` and one letter.", CHOICE),
        ("- HUFL and OT\n- MUFL and OT\nEnd with a line `Answer: ` and one of these.", NAME),
        ("<think>\nAnswer: B\n</think>", CHOICE),
        ("<think>\nAnswer: B", CHOICE),
        ("Answer: 0.1 0.2 0.25 0.3", NUMBER),
        ("Answer: 0.2 to 0.3", NUMBER),
        ("\n".join(f"Answer: {i / 100}" for i in range(100)), NUMBER),
        ("Answer: 0 to 5, 10 to 19", SPAN),
        ("Answer: B but it may be A", CHOICE),
        ('Answer: {"form": "choice", "answer": "B"}', CHOICE),
        ("", CHOICE),
    ],
)
def test_tricks_get_nothing(text: str, truth: str) -> None:
    assert graded(text, truth).overall == 0


def test_listing_every_column_gets_nothing_for_its_content() -> None:
    assert graded("Answer: HUFL, MUFL, OT, LULL", LIST).accuracy == 0
    every = truth_json(Truth("list", "HUFL, OT", ("HUFL", "OT")))
    assert graded("Answer: HUFL, OT", every).accuracy == 1


def test_no_option_is_worth_more_than_another_whichever_is_right() -> None:
    for right in range(4):
        truth = truth_json(Truth("choice", "ABCD"[right], OPTIONS))
        rewards = [overall(f"Answer: {letter}", truth) for letter in "ABCD"]
        assert sorted(rewards) == [0.1, 0.1, 0.1, 1.0]
        by_text = [overall(f"Answer: {option}", truth) for option in OPTIONS]
        assert by_text == rewards


def test_what_is_right_survives_its_json_and_is_refused_where_it_is_none() -> None:
    for text in (CHOICE, NAME, NUMBER, NUMBERS, LIST, SPAN):
        assert truth_json(parse_truth(text)) == text
    for text in ("B", "{}", "[1]", '{"form": "poem", "answer": "B"}', '{"form": "number"}'):
        with pytest.raises(ValueError, match="form"):
            parse_truth(text)
    with pytest.raises(ValueError, match="gives no value"):
        parse_truth('{"form": "choice", "answer": "E", "options": ["a", "b"]}')


def test_right_means_within_tolerance_better_than_last_or_half_of_a_span() -> None:
    assert is_right(0.27, parse_truth(NUMBER))
    assert not is_right(0.28, parse_truth(NUMBER))
    assert is_right((1.1, 1.1, 1.1), parse_truth(NUMBERS))
    assert not is_right((1.0, 1.0, 1.0), parse_truth(NUMBERS))
    assert is_right((10.0, 14.0), parse_truth(SPAN))
    assert not is_right(None, parse_truth(SPAN))


# What the trainers call


def test_trl_calls_it_with_texts_or_messages_and_all_columns() -> None:
    messages = [[{"role": "assistant", "content": "Answer: B"}]]
    parts = [[{"role": "assistant", "content": [{"type": "text", "text": "Answer: B"}]}]]
    for completions in (["Answer: B"], messages, parts):
        found = reward(
            prompts=[[]],
            completions=completions,
            completion_ids=[[1]],
            solution=[CHOICE],
            answer=["ignored"],
            trainer_state=None,
        )
        assert found == [1.0]
    with pytest.raises(ValueError, match="no column `solution`"):
        reward(["Answer: B"], other=[1])


def test_verl_calls_it_by_keywords_and_takes_a_dictionary_with_a_score() -> None:
    found = compute_score(
        data_source="zwu_ts_assets/etth1",
        solution_str="Answer: B",
        ground_truth=CHOICE,
        extra_info={"num_turns": 1},
        reward_router_address=None,
    )
    assert found == {"score": 1.0, "acc": 1.0, "format": 1.0}


def test_easyr1_calls_it_one_by_one_or_in_batches() -> None:
    given = {"response": "Answer: B", "response_length": 5, "ground_truth": CHOICE}
    assert easyr1_reward(given) == {"overall": 1.0, "format": 1.0, "accuracy": 1.0}
    assert easyr1_reward([given, given | {"response": ""}])[1]["overall"] == 0


def load(file: Path, name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules[name] = found
    spec.loader.exec_module(found)
    return found


@pytest.mark.parametrize("where", ["swift.rewards", "swift.plugin"])
def test_ms_swift_finds_it_in_its_table(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class ORM:
        def __init__(self, args: object = None) -> None:
            self.args = args

    orms: dict[str, Any] = {}
    monkeypatch.setitem(sys.modules, "swift", types.ModuleType("swift"))
    package = types.ModuleType(where)
    package.ORM, package.orms = ORM, orms  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, where, package)
    monkeypatch.setitem(sys.modules, "zwu_reward_copy", types.ModuleType("zwu_reward_copy"))
    load(FILE, "zwu_reward_copy")
    found = orms["zwu_ts"](args=None)(["Answer: B", "Answer: A"], solution=[CHOICE, CHOICE])
    assert found == [1.0, 0.1]


def test_a_copy_runs_alone_without_any_package(tmp_path: Path) -> None:
    (tmp_path / "reward.py").write_bytes(FILE.read_bytes())
    code = (
        "import sys, json; import reward; "
        "assert not {m.partition('.')[0] for m in sys.modules} & {'numpy', 'zwu_ts_assets'}; "
        "print(reward.compute_score('d', 'Answer: B', sys.argv[1])['score'])"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, '.'); {code}", CHOICE],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "1.0"


def test_completions_of_any_shape_are_read() -> None:
    assert completion_text(None) == ""
    assert completion_text([]) == ""
    assert completion_text(7) == ""
    assert completion_text({"content": "x"}) == "x"
    assert json.loads(CHOICE)["answer"] == "B"
