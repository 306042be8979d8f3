"""What a model wrote is read leniently, and only where it gives one answer."""

import random
import time

import pytest

from zwu_ts_assets.training.reward import Truth, read_answer

PAIRS = ("HUFL and OT", "MUFL and OT", "LUFL and LULL", "HUFL and MUFL")
CHOICE = Truth("choice", "B", PAIRS)
NAME = Truth("name", "MUFL and OT", PAIRS)
NUMBER = Truth("number", "0.25", tolerance=0.02)
NUMBERS = Truth("numbers", "1.0 2.0 3.0")
LIST = Truth("list", "OT, HUFL", ("HUFL", "MUFL", "OT", "OT 2"))
SPAN = Truth("span", "12 to 23")

PROMPT = """Which of these pairs is closest?
A. HUFL and OT
B. MUFL and OT
C. LUFL and LULL
D. HUFL and MUFL
End with a line `Answer: ` and one letter, A to D."""


@pytest.mark.parametrize(
    "text",
    [
        "Answer: B",
        "The cell is darkest there.\n\nAnswer: B",
        "Answer: B.",
        "Answer: (B)",
        "answer: b",
        "ANSWER : [B]",
        "**Answer:** B",
        "**Answer: B**",
        "### Final Answer: **B**",
        "> Answer: `B`",
        "- The correct answer is: B",
        "So the final answer is B.",
        "I looked at the panel. The answer is **B**.",
        "Answer: B. MUFL and OT",
        "Answer: B) MUFL and OT",
        "Answer: B (MUFL and OT)",
        "Answer: B, because the cell of MUFL is dark",
        "Answer: Option B",
        "Answer: MUFL and OT",
        "Answer: OT and MUFL",
        "Answer: the pair MUFL and OT.",
        "Answer: mufl & ot",
        "Answer:\nB",
        "Answer:\n\n**B**",
        r"Answer: $\boxed{B}$",
        r"Thus \boxed{\text{B}}.",
        "<answer>B</answer>",
        "<answer> (B) </answer>",
        "<think>Answer: A? No.</think>\nAnswer: B",
        "Answer: A? No.</think>Answer: B",
        "B",
        "(B)",
        "B.",
        "B. MUFL and OT",
        "MUFL and OT",
        f"{PROMPT}\n\nAnswer: B",
        "Answer: B\nAnswer: B",
        "Ａｎｓｗｅｒ\nAnswer： Ｂ",
        "Answer: B<|im_end|>\n<|endoftext|>",
    ],
)
def test_the_second_option_is_read(text: str) -> None:
    assert read_answer(text, CHOICE).value == 1, read_answer(text, CHOICE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n\t",
        PROMPT,
        PROMPT.splitlines()[-1],
        "Answer: ",
        "Answer: A\nAnswer: B",
        "Answer: A, B, C, D",
        "Answer: A B C D",
        "Answer: ABCD",
        "Answer: A/B",
        "Answer: A or B",
        "Answer: B or A",
        "Answer: B, or maybe C",
        "Answer: A and B",
        "Answer: A to D",
        "Answer: one letter, A to D",
        "Answer: B. HUFL and OT",
        "Answer: not B",
        "Answer: neither MUFL and OT",
        "Answer: HUFL and OT, MUFL and OT",
        "Answer: HUFL and OT or MUFL and OT",
        "Answer: E",
        "Answer: Z",
        "Answer: all of them",
        "A\nB\nC\nD",
        r"\boxed{A} \boxed{B}",
        r"Answer: \boxed{A} or \boxed{B}",
        "<answer>A</answer><answer>B</answer>",
        "<think>Answer: B</think>",
        "<think>Answer: B",
        "<THINKING>\nAnswer: B\n</THINKING>",
        "Answer: B</think>",
        "__import__('os').system('true')",
        "I cannot see the picture.",
        "MUFL",
    ],
)
def test_no_answer_is_read(text: str) -> None:
    reading = read_answer(text, CHOICE)
    assert reading.value is None
    assert reading.problem


def test_names_are_answered_by_name_or_by_a_letter_in_their_order() -> None:
    assert read_answer("Answer: MUFL and OT", NAME).value == 1
    assert read_answer("Answer: It is MUFL and OT.", NAME).value == 1
    assert read_answer("Answer: B", NAME).value == 1
    yes = Truth("name", "yes", ("yes", "no"))
    assert read_answer("Answer: No, they are not the same.", yes).value == 1
    assert read_answer("Answer: yes", yes).value == 0
    assert read_answer("Answer: yes or no", yes).value is None


def test_a_longer_option_is_not_taken_for_a_shorter_one() -> None:
    parts = Truth("name", "part 1", ("part 1", "part 10", "1", "1 to 2"))
    for i, option in enumerate(parts.options):
        assert read_answer(f"Answer: {option}", parts).value == i
        assert read_answer(f"Answer: It is {option}.", parts).value == i


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Answer: 0.25", 0.25),
        ("Answer: **0.25**", 0.25),
        ("Answer: about 0.25 of the range", 0.25),
        ("Answer: r = 0.25.", 0.25),
        ("Answer: .25", 0.25),
        ("Answer: 0,25", 0.25),
        ("Answer: −0.25", -0.25),
        ("Answer: -0.25", -0.25),
        ("Answer: +3", 3.0),
        ("Answer: 1,234.5", 1234.5),
        ("Answer: 1,234", 1234.0),
        ("Answer: 1\u202f234.5", 1234.5),
        ("Answer: 12,345,678", 12345678.0),
        ("Answer: 2.5e-3", 0.0025),
        ("Answer: 25%", 25.0),
        ("Answer: 25 °C", 25.0),
        (r"Answer: \boxed{0.25}", 0.25),
        ("0.25", 0.25),
        ("Answer: ０．２５", 0.25),
    ],
)
def test_a_number_is_read(text: str, value: float) -> None:
    assert read_answer(text, NUMBER).value == value


@pytest.mark.parametrize(
    "text",
    [
        "Answer: 0.2 or 0.3",
        "Answer: 0.2 to 0.3",
        "Answer: 0.25 ± 0.02",
        "Answer: 0.2, 0.3",
        "Answer: 1.2.3",
        "Answer: nan",
        "Answer: inf",
        "Answer: 1e999",
        "Answer: " + "9" * 5_000,
        "Answer: a quarter",
        "Answer: 0.2\nAnswer: 0.3",
    ],
)
def test_no_number_is_read(text: str) -> None:
    assert read_answer(text, NUMBER).value is None


@pytest.mark.parametrize(
    "text",
    [
        "Answer: 1.0 2.0 3.0",
        "Answer: 1, 2, 3",
        "Answer: 1,2,3",
        "Answer: [1.0, 2.0, 3.0]",
        "Answer: 1.0; 2.0; 3.0",
        "Answer:\n1.0\n2.0\n3.0",
        "**Answer:** `1.0 2.0 3.0`",
    ],
)
def test_several_numbers_are_read(text: str) -> None:
    assert read_answer(text, NUMBERS).value == (1.0, 2.0, 3.0)


@pytest.mark.parametrize(
    "text", ["Answer: 1 2", "Answer: 1 2 3 4", "Answer: 1 2 x", "Answer: 1e999 2 3", "1 2 3\n4 5 6"]
)
def test_more_fewer_or_other_numbers_are_not_read(text: str) -> None:
    assert read_answer(text, NUMBERS).value is None


def test_thousands_and_decimal_commas_in_lists_of_numbers() -> None:
    assert read_answer("Answer: 1,234.5 2 3", NUMBERS).value == (1234.5, 2.0, 3.0)
    assert read_answer("Answer: 1,5 2,5 3,5", NUMBERS).value == (1.5, 2.5, 3.5)


def test_lists_and_spans_are_read() -> None:
    assert read_answer("Answer: HUFL, OT", LIST).value == frozenset({0, 2})
    assert read_answer("Answer: OT 2 and OT", LIST).value == frozenset({2, 3})
    assert read_answer("Answer: [`HUFL`; `MUFL`]", LIST).value == frozenset({0, 1})
    assert read_answer("Answer: none", LIST).value == frozenset()
    assert read_answer("Answer: HUFL, WIND", LIST).value is None
    for text in ("12 to 23", "12-23", "12–23", "[12, 23]", "steps 12 to 23.", "from 12 to step 23"):
        assert read_answer(f"Answer: {text}", SPAN).value == (12.0, 23.0), text
    for text in ("12", "23 to 12", "1 to 2 or 3 to 4", "12 to 23 of 96", "all"):
        assert read_answer(f"Answer: {text}", SPAN).value is None, text


def test_form_is_good_where_the_last_line_is_the_answer() -> None:
    assert read_answer("I see.\nAnswer: B", CHOICE).well_formed
    assert read_answer("<think>hm</think>\nAnswer: MUFL and OT\n", CHOICE).well_formed
    for text in ("B", "**Answer:** B", "Answer: B\nI hope that helps.", r"\boxed{B}", "answer: B"):
        reading = read_answer(text, CHOICE)
        assert reading.value == 1
        assert not reading.well_formed, text


# Hostile texts

PIECES = [
    *(
        "Answer:",
        "answer is",
        "A",
        "B",
        "C",
        "D",
        " ",
        "\n",
        "\t",
        ",",
        ".",
        ";",
        "(",
        ")",
        "[",
        "]",
    ),
    *("{", "}", "\\boxed{", "\\text{", "<answer>", "</answer>", "<think>", "</think>", "**", "`"),
    *(
        "HUFL and OT",
        "MUFL",
        " and ",
        " or ",
        "not",
        "0",
        "9",
        "1,234",
        "1e",
        "e999",
        "-",
        "−",
        "±",
    ),
    *("\0", "\ud800", "\u2028", "\u202e", "٣", "½", "ﷺ", "𝟙", "ß", "İ", "\x85", "none", "to", "$"),
]
TRUTHS = (CHOICE, NAME, NUMBER, NUMBERS, LIST, SPAN)


def hostile_text(generator: random.Random) -> str:
    kind = generator.random()
    if kind < 0.1:
        return "".join(chr(generator.randrange(0x110000)) for _ in range(generator.randrange(60)))
    if kind < 0.2:
        return generator.choice(PIECES) * generator.randrange(200)
    return "".join(generator.choice(PIECES) for _ in range(generator.randrange(40)))


def test_a_hundred_thousand_hostile_texts_raise_nothing() -> None:
    generator = random.Random(1)  # noqa: S311
    for number in range(100_000):
        reading = read_answer(hostile_text(generator), TRUTHS[number % len(TRUTHS)])
        assert (reading.value is None) == bool(reading.problem)


@pytest.mark.parametrize(
    "piece", [*PIECES, "Answer:\n", "Answer: A\n", "the ", "1 ", "1,", "9,999"]
)
def test_a_million_signs_take_little_time(piece: str) -> None:
    started = time.perf_counter()
    for truth in TRUTHS:
        read_answer(piece * (1_000_000 // len(piece)), truth)
        read_answer("Answer: " + piece * (9_900 // len(piece)), truth)
    assert time.perf_counter() - started < 3
