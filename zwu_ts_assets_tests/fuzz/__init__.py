"""Fuzzing of what reads users' files: one module per reader.

What belongs here: for each reader some inputs to begin with (made by code), words of its language,
and `check`, which reads an input and holds what must hold of any. What does not: tests of single
rules, which lie with the tests of the reader.

Every module has:

* `SEEDS`: inputs to begin with, good ones and bad ones;
* `WORDS`: what a mutation may insert;
* `check(data)`: whether the input was accepted; it returns False where the documented error was
  raised, and lets any other error pass, which is a finding.

`python -m zwu_ts_assets_tests.fuzz --target csv --runs 100000` runs one of them under the guidance
of coverage; `test_fuzz.py` runs each for a short while, and by property-based testing as well.
"""

from typing import Final

TARGETS: Final = {
    "csv": "csv_reader",
    "stats": "stats_parser",
    "settings": "settings_file",
    "vocab": "vocabulary_reader",
    "rows": "token_rows",
}
"""The module of each target."""

MESSAGE_LIMIT: Final = 4_000
"""Characters of an error's message: it is read by a person, and kept in the event log."""
