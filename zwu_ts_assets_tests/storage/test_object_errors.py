"""What a client says of a store is told without what must not be seen."""

import pytest

from zwu_ts_assets.storage.object_clients import sentence_of
from zwu_ts_assets.storage.places import Remote

ROOT = Remote("s3", "bucket/corpora")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Invalid endpoint: http://me:pass word-7@host:9000", "Invalid endpoint: http://...@host:"),
        ('no answer from "https://me:pass@word-7@host/b"', 'no answer from "https://...@host/b"'),
        ("403, url='https://host/b?X-Amz-Signature=word-7&x=y'", "url='https://host/b?...'"),
        ("The key word?", "The key word?"),
    ],
)
def test_a_password_or_a_signature_in_an_address_is_left_out(said: str, told: str) -> None:
    sentence = sentence_of(ValueError(said), ROOT)
    assert told in sentence
    assert "word-7" not in sentence
    assert sentence.startswith(f"{ROOT}: cannot be used (ValueError: ")


def test_the_object_is_named_that_it_is_about() -> None:
    sentence = sentence_of(PermissionError("no"), ROOT, "a.csv")
    assert sentence.startswith(f"{ROOT}: cannot be used (PermissionError at a.csv: no): ")
    assert "the credentials do not allow this" in sentence
