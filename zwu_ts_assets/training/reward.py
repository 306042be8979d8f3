"""Read a model's answer and grade it: one file that needs the standard library alone.

It may be copied anywhere; exports for reinforcement learning hold a copy. What belongs here: from
a model's raw text and what is right to a number. What does not: counting over many questions.

What is right is a JSON object, as text, in the column that each trainer hands to its reward:

    {"form": "choice", "answer": "B", "options": ["HUFL and OT", "MUFL and OT"]}
    {"form": "name", "answer": "MUFL and OT", "options": ["HUFL and OT", "MUFL and OT"]}
    {"form": "number", "answer": "0.25", "tolerance": 0.02}
    {"form": "numbers", "answer": "1.2 1.4 1.3", "last": 1.1}
    {"form": "list", "answer": "HUFL, OT", "options": ["HUFL", "MUFL", "OT"]}
    {"form": "span", "answer": "12 to 23"}

Who calls what, by the trainers' sources:

* TRL 1.16.0, `GRPOTrainer(reward_funcs=[reward])`: `reward(prompts=..., completions=...,
  completion_ids=..., **columns)`; completions are texts or lists of messages.
* verl 0.9.1, `reward.custom_reward_function.path=reward.py`: `compute_score(data_source=...,
  solution_str=..., ground_truth=..., extra_info=...)`; a dictionary with `score` is taken.
* EasyR1 (commit 46c6c21), `worker.reward.reward_function=reward.py:easyr1_reward`: one dictionary
  with `response` and `ground_truth`, or in batches a list of them; gets `overall` back.
* ms-swift 4.6.0, `--external_plugins reward.py --reward_funcs zwu_ts`: an `ORM` that is called with
  `(completions, **columns)`.

A reward is 0.1 for the form, a last line `Answer: ...`, and up to 0.9 for the content. Nothing is
given where no single answer can be told: several that differ, all options, an echo of the prompt,
an answer inside the thoughts alone. No text is ever evaluated, and time is linear in its length.
"""

import importlib
import json
import math
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

FORMS: Final = ("choice", "name", "number", "numbers", "list", "span")
"""How a question may be answered."""

FORMAT_SHARE: Final = 0.1
"""The part of a reward that the form alone gets, where the text gives one answer."""

_LETTERS: Final = "ABCDEFGH"
_LONGEST_TEXT: Final = 100_000  # of a completion: its end is what counts
_LONGEST_ANSWER: Final = 10_000
_LONGEST_NUMBER: Final = 40
_MOST: Final = 64  # lines that say they are the answer: the last ones are read

_Value = int | float | tuple[float, ...] | frozenset[int]


@dataclass(frozen=True)
class Truth:
    """What is right, and how an answer is given.

    Attributes:
        form: One of `FORMS`.
        answer: What stands behind `Answer: ` in the right answer.
        options: The options, in the order A, B, ...; for lists what may be listed.
        tolerance: By how much a number may differ from the right one.
        last: The last known value before forecast numbers; None if there is none.
    """

    form: str
    answer: str
    options: tuple[str, ...] = ()
    tolerance: float = 0.0
    last: float | None = None


@dataclass(frozen=True)
class Reading:
    """What a text says.

    Attributes:
        value: An option's index; a number; numbers; first and last step of a span; indices of
            listed options. None if the text gives no answer, or not one alone.
        problem: Why there is no value; empty where there is one.
        well_formed: Whether the last line is `Answer: ...` and nothing else had to be read.
    """

    value: _Value | None
    problem: str = ""
    well_formed: bool = False


# Finding the answer. No pattern here repeats what repeats itself, so each takes linear time.

_THOUGHT_END: Final = re.compile(r"</(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
_THOUGHT_START: Final = re.compile(r"<(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
_END_TOKEN: Final = re.compile(r"<\|[a-z_]{1,20}\|>|</s>|<eos>")
_TAG_START: Final = re.compile(r"<answer>", re.IGNORECASE)
_TAG_END: Final = re.compile(r"</answer>", re.IGNORECASE)
_DECORATION: Final = " \t*_#>`~-•"
_MARKER: Final = re.compile(
    r"(?:(?:my|the|final|correct|so|thus|hence|therefore),?[ \t]+){0,4}answer"
    r"[ \t*_`]{0,8}(?:[:：=]|is\b[ \t]{0,8}:?)",
    re.IGNORECASE,
)
_PLAIN: Final = re.compile(r"Answer:[ \t]{0,8}[^ \t]")
_ANSWER_IS: Final = re.compile(r"\banswer is\b[ \t]{0,8}:?", re.IGNORECASE)
_BOXED: Final = "\\boxed{"
_TEXT_COMMAND: Final = re.compile(r"\\(?:text|textbf|mathrm|mathbf|mathit|operatorname)\{")


def visible(text: str) -> str:
    """The text without thoughts; an unclosed thought goes on to the end."""
    end = 0
    for match in _THOUGHT_END.finditer(text):
        end = match.end()
    start = _THOUGHT_START.search(text, end)
    return text[end : start.start()] if start else text[end:]


def read_answer(text: str, truth: Truth) -> Reading:
    r"""What a model's raw text says in answer to a question; raises nothing.

    The last line `Answer: ...` counts, else `<answer>`, `\boxed{}` or "the answer is ..." in the
    last line, else the text if it is one line and nothing but an answer. Several such lines must
    say the same.

    Args:
        text: Whatever a model wrote.
        truth: The question's form and options; what is right is not looked at, except for how many
            numbers are asked.
    """
    shown = _END_TOKEN.sub("", visible(text)[-_LONGEST_TEXT:]).strip()
    if not shown:
        return Reading(None, "the text is empty" if not text.strip() else "only thoughts")
    lines = [line.strip() for line in shown.splitlines()]
    lines = [line for line in lines if line]
    found, is_marked = _candidates(shown, lines, truth.form)
    if not found:
        return Reading(None, "no line begins with `Answer:`")
    readings = [_read(each, truth) for each in dict.fromkeys(found[-_MOST:])]
    last = readings[-1]
    if last.value is None:
        return last
    if any(each.value is not None and each.value != last.value for each in readings):
        return Reading(None, "several answers that differ")
    plain = is_marked and _PLAIN.match(lines[-1]) is not None
    is_last = lines[-1].partition(":")[2].strip() == found[-1].strip()
    return Reading(last.value, "", plain and is_last)


def _candidates(shown: str, lines: Sequence[str], form: str) -> tuple[list[str], bool]:
    """The pieces of text that say they are an answer, and whether lines with a marker do."""
    marked = []
    for number, line in enumerate(lines):
        match = _MARKER.match(line.lstrip(_DECORATION))
        if match:
            rest = line.lstrip(_DECORATION)[match.end() :]
            if not rest.strip(_DECORATION):  # it stands below its marker
                below = lines[number + 1 : number + (65 if form == "numbers" else 2)]
                rest = " ".join(below)
            marked.append(rest)
    if marked:
        return marked, True
    tags = []
    for start in list(_TAG_START.finditer(shown))[-_MOST:]:
        stop = _TAG_END.search(shown, start.end(), start.end() + _LONGEST_ANSWER)
        if stop:
            tags.append(shown[start.end() : stop.start()])
    if tags:
        return tags, False
    boxes = [box for part in shown.split(_BOXED)[1:][-_MOST:] if (box := _until_brace(part))]
    if boxes:
        return boxes, False
    end = lines[-1][-_LONGEST_ANSWER:]
    spoken = [end[match.end() :] for match in _ANSWER_IS.finditer(end)]
    if spoken:
        return spoken, False
    return (list(lines), False) if len(lines) == 1 else ([], False)


def _until_brace(text: str) -> str:
    """What stands before the brace that closes one opened before the text; empty if none does."""
    depth = 1
    for at, sign in enumerate(text[:_LONGEST_ANSWER]):
        depth += (sign == "{") - (sign == "}")
        if depth == 0:
            return text[:at]
    return ""


# Reading it.

_MINUS: Final = str.maketrans("−–—‒﹣－", "------")
_DENIAL: Final = re.compile(
    r"\b(?:not|neither|nor|except|isn't|cannot|can't|unlike|unsure|without)\b"
)
_HEDGE: Final = re.compile(r"\b(?:or|nor)\b")
_LETTER: Final = re.compile(
    r"(?:(?i:option|choice|letter)[ \t]{1,8})?[(\[{<\"']{0,2}([A-Ha-h])[)\]}>\"']{0,2}"
    r"(?=$|[ \t]{0,8}[.:,;)\-](?:[ \t]|$)|[ \t]{1,8}[(]"
    r"|[ \t]{1,8}(?:because|since|as|is (?:the )?(?:right|correct|answer))\b)"
)
_OTHER_LETTER: Final = re.compile(r"(?<![A-Za-z0-9])[A-H](?![A-Za-z0-9'’])")
_NUMBER: Final = re.compile(
    r"(?<![0-9A-Za-z_.,])"
    r"[+-]?(?:[0-9]{1,3}(?:,[0-9]{3}){1,8}(?![0-9])(?:\.[0-9]{1,20})?"
    r"|[0-9]{1,40}(?:[.][0-9]{0,40})?|\.[0-9]{1,40})"
    r"(?:[eE][+-]?[0-9]{1,4})?(?![0-9_]|[.,][0-9])"
)
_DECIMAL_COMMA: Final = re.compile(r"[+-]?[0-9]{1,12},[0-9]{1,12}")
_SPACED: Final = re.compile(r"(?<=[0-9])[\u2009\u202f\u00a0'’_](?=[0-9]{3}(?![0-9]))")
_SPAN: Final = re.compile(
    r"([0-9]{1,9})[)\]]?[ \t]{0,8}(?:-|to|until|through|and|,|\.\.\.?|:)[ \t]{0,8}"
    r"(?:steps?[ \t]{1,8})?([0-9]{1,9})(?![0-9])"
)


def _read(candidate: str, truth: Truth) -> Reading:
    if len(candidate) > _LONGEST_ANSWER:
        return Reading(None, "the answer is too long")
    spaced = _SPACED.sub("", candidate)
    text = unicodedata.normalize("NFKC", spaced).translate(_MINUS)
    if _BOXED in text:
        boxes = {_until_brace(part) for part in text.split(_BOXED)[1:]}
        if len(boxes) != 1:
            return Reading(None, "several answers that differ")
        text = boxes.pop()
    text = _TEXT_COMMAND.sub("", text) if "\\" in text else text
    text = text.replace("**", "").replace("`", "").strip("*_$~#> \t")
    # A closing brace of a command, and the end of a sentence.
    text = text.rstrip("}").rstrip() if "{" not in text else text
    if not text:
        return Reading(None, "nothing behind `Answer:`")
    if truth.form == "choice":
        return _read_choice(text, truth.options)
    if truth.form == "name":
        # Some harnesses letter all options, whatever the question says.
        named = _read_name(text, truth.options)
        return named if named.problem != _NO_NAME else _read_choice(text, truth.options)
    if truth.form == "number":
        return _read_number(text)
    if truth.form == "numbers":
        return _read_numbers(text, len(truth.answer.split()))
    if truth.form == "list":
        return _read_list(text, truth.options)
    return _read_span(text)


def _plain_text(text: str) -> str:
    """For comparing names: one case, single spaces, no marks around it."""
    folded = unicodedata.normalize("NFKC", text).translate(_MINUS).casefold()
    folded = folded.replace("**", "").replace("`", "")
    return " ".join(folded.split()).strip(" .,;:!\"'`*_()[]{}<>“”‘’$")


def _read_choice(text: str, options: Sequence[str]) -> Reading:
    named = _read_name(text, options)
    match = _LETTER.match(text)
    if match is None:
        return named
    letter = _LETTERS.index(match.group(1).upper())
    if letter >= len(options):
        return named if named.value is not None else Reading(None, "a letter of no option")
    rest = text[match.end() :].strip(" \t.,:;)]-")
    if not rest:
        return Reading(letter)
    spoken = _read_name(rest, options)
    if spoken.value == letter:
        return Reading(letter)
    mentioned = {_LETTERS.index(m) for m in _OTHER_LETTER.findall(rest)} - {letter}
    if spoken.problem == _SEVERAL or any(i < len(options) for i in mentioned):
        return Reading(None, "several answers that differ")
    if spoken.value is not None:
        return Reading(None, "a letter and the text of another option")
    return Reading(letter)


_NO_NAME: Final = "the text of no option"
_SEVERAL: Final = "the texts of several options"


def _read_name(text: str, options: Sequence[str]) -> Reading:
    if text in options:
        return Reading(options.index(text))
    said = _plain_text(text)
    found, rest = _found_names(said, options)
    if len(found) > 1:
        return Reading(None, _SEVERAL)
    if not found:
        return Reading(None, _NO_NAME)
    before, _, _ = rest.partition(_FOUND)
    if _DENIAL.search(before) or _HEDGE.search(rest):
        return Reading(None, "the text of an option among words that may deny it")
    return Reading(found.pop())


_FOUND: Final = "\0"


def _found_names(said: str, options: Sequence[str]) -> tuple[set[int], str]:
    """Which options a plain text names, and the text with a mark in the place of each."""
    names = [(name, i) for i, option in enumerate(options) for name in _names_of(option)]
    # Longest first, so that `part 1` is not found in `part 10`, nor `1` in `1 to 2`.
    names.sort(key=lambda pair: -len(pair[0]))
    found: set[int] = set()
    rest = said
    for name, i in names:
        while (at := _word_at(rest, name)) >= 0:
            found.add(i)
            rest = f"{rest[:at]}{_FOUND}{rest[at + len(name) :]}"
            if len(found) > len(options) or rest.count(_FOUND) > _MOST:
                return found, rest
    return found, rest


@lru_cache(maxsize=4096)
def _names_of(option: str) -> tuple[str, ...]:
    """What an option may be called; `X and Y` also as `Y and X` and with other signs between."""
    name = _plain_text(option)
    first, middle, second = name.partition(" and ")
    if not middle or " and " in second:
        return (name,)
    pairs = ((first, second), (second, first))
    return tuple(f"{a}{sign}{b}" for a, b in pairs for sign in (" and ", " & ", ", ", " / ", "/"))


def _word_at(text: str, word: str) -> int:
    """Where a word stands alone in a text; -1 if nowhere."""
    at = text.find(word) if word else -1
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(word) : at + len(word) + 1]
        joined = before.isalnum() or before == "_" or after.isalnum() or after == "_"
        decimals = after == "." and text[at + len(word) + 1 : at + len(word) + 2].isdigit()
        if not (joined or decimals):
            return at
        at = text.find(word, at + len(word))
    return -1


def _numbers_in(text: str) -> list[float]:
    found = []
    for match in _NUMBER.finditer(text):
        number = match.group()
        value = float(number.replace(",", "")) if len(number) <= 2 * _LONGEST_NUMBER else math.inf
        if math.isfinite(value):
            found.append(value)
    return found


def _read_number(text: str) -> Reading:
    whole = text.strip(" .%\"'()[]$")
    if _DECIMAL_COMMA.fullmatch(whole) and not _is_grouped(whole):
        return Reading(float(whole.replace(",", ".")))
    found = set(_numbers_in(text))
    if len(found) == 1:
        return Reading(found.pop())
    return Reading(None, "several numbers" if found else "no number")


def _is_grouped(text: str) -> bool:
    """Whether the comma groups thousands: three digits follow, and no lone zero precedes."""
    before, _, after = text.lstrip("+-").partition(",")
    return len(after) == 3 and len(before) <= 3 and not before.startswith("0")


def _read_numbers(text: str, count: int) -> Reading:
    body = text.strip(" \t[](){}\"'")
    if len(body) > _LONGEST_ANSWER:
        return Reading(None, "the answer is too long")
    tokens = body.replace(";", " ").split()
    pieces = [token.strip(",[]()\"'|") for token in tokens]
    if len(pieces) != count and "," in body:
        pieces = [piece.strip("[]()\"'|") for piece in body.replace(",", " ").split()]
    pieces = [piece for piece in pieces if piece]
    values = []
    for piece in pieces:
        read = _read_number(piece) if piece[-1:].isdigit() or piece[-1:] == "." else None
        if read is None or not isinstance(read.value, float):
            return Reading(None, "other than numbers")
        values.append(read.value)
        if len(values) > count:
            break
    if len(values) != count:
        return Reading(None, "more or fewer numbers than were asked")
    return Reading(tuple(values))


def _read_list(text: str, options: Sequence[str]) -> Reading:
    said = _plain_text(text)
    if said in ("none", "no column", "no columns", "nothing", "none of them"):
        return Reading(frozenset())
    found, rest = _found_names(said, options)
    if rest.replace(" and ", " ").translate(_BETWEEN):
        return Reading(None, "a name that is no option")
    return Reading(frozenset(found)) if found else Reading(None, "no name")


_BETWEEN: Final = dict.fromkeys(map(ord, _FOUND + " ,;.&\"'*_()[]/"))  # between listed names


def _read_span(text: str) -> Reading:
    found = {(int(a), int(b)) for a, b in _SPAN.findall(text)}
    if len(found) != 1 or len(_numbers_in(text.replace("-", " "))) > 2:
        return Reading(None, "several spans" if found else "no span")
    first, last = found.pop()
    if first > last:
        return Reading(None, "a span that ends before it begins")
    return Reading((float(first), float(last)))


# Grading it.


@lru_cache(maxsize=8192)
def right_value(truth: Truth) -> _Value:
    """What a right answer reads as.

    Raises:
        ValueError: The right answer is none of its own form.
    """
    reading = _read(truth.answer, truth)
    if reading.value is None:
        raise ValueError(
            f"the right answer {truth.answer[:80]!r} of the form {truth.form!r} gives no value: "
            f"{reading.problem}. Make the file with the questions again."
        )
    return reading.value


def is_right(value: _Value | None, truth: Truth) -> bool:
    """Whether an answer counts as right: exactly so, or a number within its tolerance.

    A forecast is right if it is nearer than the last value, and a span from an overlap of a half.
    """
    if value is None:
        return False
    if truth.form in ("numbers", "span"):
        return grade(value, truth) >= (0.5 if truth.form == "span" else 1e-12)
    return grade(value, truth) == 1.0


def grade(value: _Value, truth: Truth) -> float:
    """How near an answer comes to what is right, from 0 to 1.

    Choices and names are right or wrong. A number is right within its tolerance; beyond it, it gets
    a half and less, and nothing from four tolerances on. A list gets what it has of the right one
    less what is wrong in it; a span the share of overlap; a forecast the part of the last value's
    mean absolute error that it avoids.
    """
    right = right_value(truth)
    if truth.form == "number":
        return _grade_number(value, right, truth.tolerance)
    if truth.form == "numbers":
        return _grade_numbers(value, right, truth)
    if truth.form == "list" and isinstance(value, frozenset) and isinstance(right, frozenset):
        if value == right:
            return 1.0
        if len(value) == len(truth.options) or not right:
            return 0.0
        return max(0.0, (len(value & right) - len(value - right)) / len(right))
    if truth.form == "span" and isinstance(value, tuple) and isinstance(right, tuple):
        shared = min(value[1], right[1]) - max(value[0], right[0]) + 1
        joined = max(value[1], right[1]) - min(value[0], right[0]) + 1
        return max(0.0, shared / joined)
    return float(value == right)


def _grade_number(value: _Value, right: _Value, tolerance: float) -> float:
    if not isinstance(value, (int, float)) or not isinstance(right, (int, float)):
        return 0.0
    error = abs(value - right)
    # A number at the edge is within: neither side's binary form may decide.
    if error <= tolerance * (1 + 1e-9) + 1e-12 * max(1.0, abs(right)):
        return 1.0
    if tolerance <= 0:
        return 0.0
    return max(0.0, 0.5 * (1 - (error - tolerance) / (3 * tolerance)))


def _grade_numbers(value: _Value, right: _Value, truth: Truth) -> float:
    if not isinstance(value, tuple) or not isinstance(right, tuple) or len(value) != len(right):
        return 0.0
    error = mean_error(value, right)
    # Without a last value the best constant is what has to be beaten.
    constant = sorted(right)[len(right) // 2] if truth.last is None else truth.last
    reference = mean_error([constant] * len(right), right)
    if reference <= truth.tolerance:
        return float(error <= max(truth.tolerance, 1e-12))
    return max(0.0, 1 - error / reference)


def mean_error(values: Sequence[float], right: Sequence[float]) -> float:
    """Mean absolute error of numbers; very large ones give a large error and no overflow."""
    return math.fsum(min(abs(a - b), 1e300) for a, b in zip(values, right, strict=True)) / len(
        right
    )


@dataclass(frozen=True)
class Grade:
    """A graded completion.

    Attributes:
        overall: The reward, 0 to 1.
        form: 1 if its last line is `Answer: ...` and it gives one answer, else 0.
        accuracy: How near the answer comes to what is right, 0 to 1.
    """

    overall: float
    form: float
    accuracy: float


def graded(completion: object, truth_text: str) -> Grade:
    """Grade one completion.

    Args:
        completion: A text, or a list of messages.
        truth_text: What is right, as JSON.

    Raises:
        ValueError: What is right cannot be read; no completion raises anything.
    """
    truth = parse_truth(truth_text)
    reading = read_answer(completion_text(completion), truth)
    if reading.value is None:
        return Grade(0.0, 0.0, 0.0)
    accuracy = grade(reading.value, truth)
    form = float(reading.well_formed)
    return Grade(FORMAT_SHARE * form + (1 - FORMAT_SHARE) * accuracy, form, accuracy)


@lru_cache(maxsize=8192)
def parse_truth(text: str) -> Truth:
    """What is right, from its JSON.

    Raises:
        ValueError: It is no JSON object of the form above.
    """
    try:
        found = json.loads(text)
        truth = Truth(
            form=found["form"],
            answer=found["answer"],
            options=tuple(found.get("options", ())),
            tolerance=float(found.get("tolerance", 0.0)),
            last=None if found.get("last") is None else float(found["last"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f"what is right, {str(text)[:80]!r}, is no JSON object with `form` and `answer` "
            f"({error}); hand over the column `answer` or `solution` of this export"
        ) from error
    if truth.form not in FORMS or not isinstance(truth.answer, str):
        raise ValueError(f"the form {truth.form!r} is none of {', '.join(FORMS)}")
    right_value(truth)
    return truth


def truth_json(truth: Truth) -> str:
    """What is right as JSON, the same text for the same truth."""
    fields: dict[str, object] = {"form": truth.form, "answer": truth.answer}
    if truth.options:
        fields["options"] = list(truth.options)
    if truth.tolerance:
        fields["tolerance"] = truth.tolerance
    if truth.last is not None:
        fields["last"] = truth.last
    return json.dumps(fields, ensure_ascii=False)


def completion_text(completion: object) -> str:
    """The text of a completion: itself, or that of its last message, in parts or in one piece."""
    if isinstance(completion, str):
        return completion
    if isinstance(completion, Mapping):
        return completion_text(completion.get("content", completion.get("text", "")))
    if isinstance(completion, Sequence) and len(completion):
        if all(isinstance(part, Mapping) and "type" in part for part in completion):
            return "\n".join(str(part["text"]) for part in completion if "text" in part)
        return completion_text(completion[-1])
    return ""


# What the trainers call.


def reward(completions: Sequence[object], **columns: Any) -> list[float]:
    """For TRL's `GRPOTrainer`: the reward of each completion, 0 to 1.

    Args:
        completions: Texts, or lists of messages.
        columns: All columns of the data set; `solution` or `answer` says what is right.
    """
    return [
        graded(completion, truth).overall
        for completion, truth in zip(completions, _truths(columns), strict=True)
    ]


def _truths(columns: Mapping[str, Any]) -> Iterable[str]:
    for name in ("solution", "answer", "ground_truth"):
        if name in columns:
            return list(columns[name])
    raise ValueError(
        "no column `solution` or `answer` reached the reward; keep the columns of this export"
    )


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: str,
    extra_info: Mapping[str, Any] | None = None,
    **others: Any,
) -> dict[str, float]:
    """For verl: `score` is the reward; `acc` and `format` go into its metrics."""
    found = graded(solution_str, ground_truth)
    return {"score": found.overall, "acc": found.accuracy, "format": found.form}


def easyr1_reward(reward_inputs: Any) -> Any:
    """For EasyR1, sequential or in batches: `overall` is the reward, the others are metrics."""
    if isinstance(reward_inputs, Mapping):
        found = graded(reward_inputs["response"], reward_inputs["ground_truth"])
        return {"overall": found.overall, "format": found.form, "accuracy": found.accuracy}
    return [easyr1_reward(each) for each in reward_inputs]


def _register_in_ms_swift() -> None:
    """Make ms-swift know the reward `zwu_ts`, if it is ms-swift that imports this file."""
    if "swift" not in sys.modules:
        return
    for name in ("swift.rewards", "swift.plugin"):  # the second before ms-swift 4
        try:
            rewards: Any = importlib.import_module(name)
        except ImportError:
            continue
        break
    else:
        return

    class ZwuTs(rewards.ORM):  # type: ignore[misc]
        def __call__(self, completions: Sequence[object], **columns: Any) -> list[float]:
            return reward(completions, **columns)

    rewards.orms["zwu_ts"] = ZwuTs


_register_in_ms_swift()
