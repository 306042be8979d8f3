"""The small vocabulary: golden bytes, and what a splitter or a file may not do."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.text.named_functions import AllowedCode
from zwu_ts_assets.text.stats import parse_stats
from zwu_ts_assets.text.vocabulary import (
    SPECIALS,
    build_vocabulary,
    decode,
    encode,
    read_vocabulary,
    resolve_splitter,
    split_stats,
    token_rows_jsonl,
    vocabulary_json,
)
from zwu_ts_assets_tests.reference import GOLDEN

TEXTS = ["a: Mean=1.00, Max=-2.00, Var=0.25", "b: Mean=1.00, Max=3.00, Var=0.25"]


@pytest.mark.shared
def test_both_files_equal_the_golden_ones_byte_for_byte() -> None:
    blocks = parse_stats((GOLDEN / "batch_stats.txt").read_text(encoding="utf-8"))
    vocabulary = build_vocabulary(text for _, text in blocks)
    assert len(vocabulary) == 1_549
    assert vocabulary_json(vocabulary) == (GOLDEN / "vocab.json").read_bytes()
    rows = token_rows_jsonl(blocks, vocabulary)
    assert rows == (GOLDEN / "batch_stats_tokens.jsonl").read_bytes()


@pytest.mark.shared
def test_the_golden_vocabulary_is_read_back() -> None:
    data = (GOLDEN / "vocab.json").read_bytes()
    assert list(read_vocabulary(data).items()) == list(json.loads(data).items())


def test_the_specials_take_the_first_ids() -> None:
    assert SPECIALS == ("<pad>", "<unk>", "<bos>", "<eos>")
    assert build_vocabulary([]) == {"<pad>": 0, "<unk>": 1, "<bos>": 2, "<eos>": 3}


def test_tokens_are_numbered_in_the_order_in_which_they_occur() -> None:
    tokens = ["a", ":", "Mean", "=", "1.00", ",", "Max", "-2.00", "Var", "0.25", "b", "3.00"]
    assert list(build_vocabulary(TEXTS)) == [*SPECIALS, *tokens]
    assert list(build_vocabulary(TEXTS).values()) == list(range(16))


def test_numbers_keep_their_sign_and_words_their_script() -> None:
    assert split_stats("Öl-Temp °C: Mean=-0.13, Max=12.40") == (
        ["Öl", "-", "Temp", "°", "C", ":", "Mean", "=", "-0.13", ",", "Max", "=", "12.40"]
    )
    assert split_stats("温度: Var=0.06") == ["温度", ":", "Var", "=", "0.06"]


@given(st.text())
def test_the_splitter_loses_nothing_but_white_space(text: str) -> None:
    assert "".join(split_stats(text)) == "".join(text.split())


@given(st.text(alphabet="<>padunkboes |\n1.-"))
def test_the_splitter_never_makes_a_special(text: str) -> None:
    assert not set(split_stats(text)) & set(SPECIALS)


TOKENS = st.lists(st.text(st.characters(codec="utf-8")).filter(lambda t: t not in SPECIALS))


@given(TOKENS)
def test_tokens_come_back_from_their_ids_also_through_the_files(tokens: list[str]) -> None:
    vocabulary = build_vocabulary(["text"], split=lambda _: tokens)
    stored = read_vocabulary(vocabulary_json(vocabulary))
    assert list(stored.items()) == list(vocabulary.items())
    row = json.loads(token_rows_jsonl([(3, "text")], vocabulary, split=lambda _: tokens))
    assert row["batch"] == 3
    assert row["tokens"] == tokens
    assert row["ids"][0] == 2
    assert row["ids"][-1] == 3
    assert decode(row["ids"], stored) == tokens


def test_an_unknown_token_becomes_unk() -> None:
    vocabulary = build_vocabulary(["a b"])
    assert encode(["b", "c", "a"], vocabulary) == [2, 5, 1, 4, 3]


def test_rows_are_one_json_object_per_line_with_text_as_it_is() -> None:
    vocabulary = build_vocabulary(["温度"])
    assert (
        token_rows_jsonl([(0, "温度"), (7, "x")], vocabulary)
        == (
            '{"batch": 0, "tokens": ["温度"], "ids": [2, 4, 3]}\n'
            '{"batch": 7, "tokens": ["x"], "ids": [2, 1, 3]}\n'
        ).encode()
    )
    assert token_rows_jsonl([((7, 680), "x")], vocabulary) == (
        b'{"batch": 7, "row": 680, "tokens": ["x"], "ids": [2, 1, 3]}\n'
    )


@pytest.mark.parametrize("special", SPECIALS)
def test_a_special_in_the_text_is_refused_and_not_taken_for_the_special(special: str) -> None:
    vocabulary = build_vocabulary([])
    says = f"found '{special}' in the text; expected no token that reads like"
    with pytest.raises(CorpusError, match=says):
        build_vocabulary([f"a {special}"], split=str.split)
    with pytest.raises(CorpusError, match=says):
        encode(["a", special], vocabulary)
    with pytest.raises(CorpusError, match=f"^batch 5: tokens: {says}"):
        token_rows_jsonl([(5, f"a {special}")], vocabulary, split=str.split)
    with pytest.raises(CorpusError, match=f"^batch 5 row 483: tokens: {says}"):
        token_rows_jsonl([((5, 483), f"a {special}")], vocabulary, split=str.split)


@pytest.mark.parametrize("result", ["text", ("a", "b"), ["a", 1], None])
def test_a_splitter_that_gives_no_list_of_texts_is_refused(result: object) -> None:
    def odd(_: str) -> list[str]:
        return result  # type: ignore[return-value]

    with pytest.raises(CorpusError) as caught:
        build_vocabulary(["x"], split=odd)
    assert f"odd': found {result!r} as its result; expected a list of str" in str(caught.value)
    with pytest.raises(CorpusError, match=r"^batch 0: splitter"):
        token_rows_jsonl([(0, "x")], build_vocabulary([]), split=odd)


def test_no_name_means_the_usual_splitter() -> None:
    assert resolve_splitter(None, AllowedCode()) is split_stats


HEAD = '{"<pad>": 0, "<unk>": 1, "<bos>": 2, "<eos>": 3'


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "data that is not JSON in UTF-8"),
        (b"\xff{}", "data that is not JSON in UTF-8"),
        (HEAD.encode(), "data that is not JSON in UTF-8"),
        (b"[]", "JSON of another kind \\(list\\)"),
        (b"4", "JSON of another kind \\(int\\)"),
        ((HEAD + ', "a": "4"}').encode(), "found '4' as the id of 'a'"),
        ((HEAD + ', "a": 4.0}').encode(), "found 4.0 as the id of 'a'"),
        ((HEAD + ', "a": true}').encode(), "found True as the id of 'a'"),
        ((HEAD + ', "a": 5}').encode(), "5 entries do not pair 5 different tokens"),
        ((HEAD + ', "a": 3}').encode(), "5 entries do not pair"),
        ((HEAD + ', "a": 4, "a": 4}').encode(), "6 entries do not pair"),
        ((HEAD + ', "a": -1}').encode(), "5 entries do not pair"),
        (b'{"<unk>": 0, "<pad>": 1, "<bos>": 2, "<eos>": 3}', r"found \['<unk>', '<pad>'"),
        (b"{}", r"found \[\] as the first ids"),
        (b"[" * 100_000, "data that is not JSON in UTF-8 \\(maximum recursion depth"),
        (b'{"a":' * 100_000, "data that is not JSON in UTF-8 \\(maximum recursion depth"),
        ((HEAD + ', "\\ud800": 4}').encode(), "half of a surrogate pair in the token '.ud800'"),
        ((HEAD + ', "a": ' + "9" * 5_000 + "}").encode(), "data that is not JSON in UTF-8"),
    ],
)
def test_a_file_that_is_no_vocabulary_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(CorpusError, match=f"^vocabulary: .*{message}"):
        read_vocabulary(data)


def test_a_vocabulary_is_read_in_the_order_of_its_ids() -> None:
    data = b'{"a": 4, "<eos>": 3, "<bos>": 2, "<unk>": 1, "<pad>": 0}'
    assert list(read_vocabulary(data).items()) == [
        ("<pad>", 0),
        ("<unk>", 1),
        ("<bos>", 2),
        ("<eos>", 3),
        ("a", 4),
    ]


@pytest.mark.parametrize("ids", [[], [2], [4, 3], [2, 4], [3, 2]])
def test_ids_without_bos_and_eos_are_not_decoded(ids: list[int]) -> None:
    with pytest.raises(CorpusError, match=r"expected 2 \(<bos>\) and 3 \(<eos>\)"):
        decode(ids, build_vocabulary(["a"]))


def test_ids_of_another_vocabulary_are_not_decoded() -> None:
    with pytest.raises(CorpusError, match=r"ids \[5, 9\] are not in the vocabulary of 5 tokens"):
        decode([2, 9, 4, 5, 3], build_vocabulary(["a"]))


def test_a_message_stays_readable_however_long_a_token_is() -> None:
    for data in (
        f'{HEAD}, "{"a" * 9_999}": "x"}}',
        f'{{"{"a" * 9_999}": 0}}',
        f'{{"a": {"[" * 500}',
    ):
        with pytest.raises(CorpusError) as caught:
            read_vocabulary(data.encode())
        assert len(str(caught.value)) < 700


def test_half_a_surrogate_pair_of_a_splitter_is_refused_as_no_file_can_hold_it() -> None:
    with pytest.raises(CorpusError, match=r"half of a surrogate pair in its token '.ud83d'"):
        build_vocabulary(["x"], split=lambda _: ["\ud83d", "\ude00"])
