"""Two processes are alike exactly if they would make the same bytes."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from zwu_ts_assets.workers.likeness import Likeness, code_digest, likeness
from zwu_ts_assets_tests.reference import REPOSITORY

OURS = Likeness((("numpy", "2.1"), ("isal", "1.3")), code="c0de", drawn="d4a3")


def test_another_process_of_this_machine_is_like_this_one() -> None:
    code = "from zwu_ts_assets.workers.likeness import likeness; print(likeness())"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == str(likeness())
    assert dict(likeness().versions).keys() >= {"numpy", "matplotlib", "isal", "av"}


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        (OURS, ""),
        (replace(OURS, versions=(("numpy", "2.2"), ("isal", "1.3"))), "numpy 2.2 instead of 2.1"),
        (replace(OURS, versions=(("numpy", "2.1"),)), "isal missing instead of 1.3"),
        (replace(OURS, code="other"), "other code of zwu_ts_assets"),
        (replace(OURS, drawn="other"), "the same versions, but draws or encodes other bytes"),
    ],
)
def test_a_difference_is_named_by_its_most_likely_cause(theirs: Likeness, said: str) -> None:
    assert OURS.difference(theirs) == said


def test_the_code_is_what_is_in_the_sources_and_their_names(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    source, prompt = tmp_path / "inner" / "a.py", tmp_path / "b.j2"
    digests = set()
    for text in ("x = 1\n", "x = 2\n"):
        source.write_text(text, encoding="utf-8")
        prompt.write_text("{{ x }}\n", encoding="utf-8")
        digests.add(code_digest(tmp_path))
    prompt.write_text("{{ y }}\n", encoding="utf-8")
    digests.add(code_digest(tmp_path))
    prompt.rename(tmp_path / "c.j2")
    digests.add(code_digest(tmp_path))
    assert len(digests) == 4
    before = code_digest(tmp_path)
    (tmp_path / "inner" / "a.pyc").write_bytes(b"compiled")
    assert code_digest(tmp_path) == before


def test_the_whole_package_counts() -> None:
    assert code_digest() == code_digest(REPOSITORY / "zwu_ts_assets")
