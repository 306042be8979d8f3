"""`dagster dev` with the guarded web server: `python -m zwu_ts_assets.orchestration.web.dev`.

What belongs here: the processes of `make dev` as they are started, and what they log. What does
not: how Dagster starts them (`dagster_private.py`), the guard (`guard.py`).

With the word `daemon`, it is Dagster's daemon, which `dagster dev` starts: it tells of sensors
only what is new.
"""

import logging
import re
import sys
import warnings
from typing import Final

from zwu_ts_assets.config.environment import WEB_TOKEN_VARIABLE
from zwu_ts_assets.orchestration.dagster_private import run_daemon, run_dev

_MODULE: Final = "zwu_ts_assets.orchestration.web.dev"
_SENSORS: Final = "dagster.daemon.SensorDaemon"
_LOOKS: Final = "Checking for new runs for sensor"
_SKIPPED: Final = re.compile(r"Sensor (\w+) skipped: ")


class NewsOfSensors(logging.Filter):
    """Lets through what a sensor says unless it said the same before.

    A sensor looks every 30 seconds, and Dagster logs each look in two lines.
    """

    def __init__(self) -> None:
        """Nothing was said yet."""
        super().__init__()
        self._said: dict[str, str] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is news."""
        line = record.getMessage()
        if line.startswith(_LOOKS):
            return False
        if skipped := _SKIPPED.match(line):
            before = self._said.get(skipped[1])
            self._said[skipped[1]] = line
            return line != before
        for name in [name for name in self._said if name in line]:
            del self._said[name]  # a run was started: that nothing is left to do is news again
        return True


if __name__ == "__main__":
    if sys.argv[1:2] == ["daemon"]:
        logging.getLogger(_SENSORS).addFilter(NewsOfSensors())
        run_daemon(sys.argv[2:])
    else:
        # It recommends another command, which has no place for a guard either.
        warnings.filterwarnings("ignore", message="Function `dev_command` is superseded")
        # Runs are no business of the token's: what they print is kept.
        run_dev("zwu_ts_assets.orchestration.web", [_MODULE, "daemon"], [WEB_TOKEN_VARIABLE])
