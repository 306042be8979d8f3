"""How messages name a command: so that it can be copied, with and without make."""

import pytest

from zwu_ts_assets.errors import entered
from zwu_ts_assets_tests.reference import REPOSITORY


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "`zwu-ts-assets look` (in a clone `make look`)"),
        (("a",), "`zwu-ts-assets look a` (in a clone `make look ARGS=a`)"),
        (("a", "b"), '`zwu-ts-assets look a b` (in a clone `make look ARGS="a b"`)'),
    ],
)
def test_a_command_is_named_as_it_is_entered(words: tuple[str, ...], expected: str) -> None:
    assert entered("look", *words) == expected


def test_no_message_names_make_alone() -> None:
    """Beside the function: who installed the package has no Makefile."""
    commands = ("look", "evidence", "export", "run", "score", "publish", "preflight", "validate")
    for path in (REPOSITORY / "zwu_ts_assets").rglob("*.py"):
        for line in path.read_text("utf-8").splitlines():
            for command in commands:
                assert f": make {command}" not in line, (path, line)
                assert f"`make {command} ARGS" not in line, (path, line)
