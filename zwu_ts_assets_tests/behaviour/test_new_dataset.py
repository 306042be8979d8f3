"""A CSV that appears while the web UI runs is a dataset after "Reload definitions", no restart.

What `make dev` starts and a real browser: a press of the button makes the code server load
definitions again, the web server shows them, and the daemon, which looks for new ones once a minute
(here: every two seconds), runs the new sensor.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from playwright.sync_api import expect

from zwu_ts_assets_tests.browser import a_picture_if_it_fails, a_tab, browser_path
from zwu_ts_assets_tests.processes import Shell, stop_group

SECONDS = 240
TOKEN = "correct-horse-battery-staple"  # noqa: S105

# Read by every Python that is started; only the daemon is to look more often.
IN_EVERY_PYTHON = """
import sys
if "dagster._daemon" in sys.orig_argv:
    from dagster._daemon import controller
    controller.RELOAD_WORKSPACE_INTERVAL = 2
"""

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ASSETS = "{ assetNodes { assetKey { path } groupName } }"


class Ui:
    """A running web UI over the data folder of a shell."""

    def __init__(self, shell: Shell, port: int) -> None:
        """Args: the folders; where the web server listens."""
        self.shell, self.url = shell, f"http://127.0.0.1:{port}"

    def ask(self, query: str) -> Any:
        """The data that a GraphQL query gives."""
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{self.url}/graphql",
            json.dumps({"query": query}).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            said = json.loads(answer.read())
        assert "errors" not in said, said
        return said["data"]

    def groups(self) -> set[str]:
        """The groups that have assets."""
        try:
            return {node["groupName"] for node in self.ask(ASSETS)["assetNodes"]}
        except (urllib.error.URLError, ConnectionError):  # it is still starting
            return set()

    def last_tick(self, sensor: str) -> str:
        """Why a sensor's last look started no run; empty if it has not looked."""
        with dg.DagsterInstance.from_config(str(self.shell.home)) as instance:
            for state in instance.all_instigator_state():
                if state.instigator_name == sensor:
                    ticks = instance.get_ticks(
                        state.instigator_origin_id, state.selector_id, limit=1
                    )
                    return (ticks[0].tick_data.skip_reason or "") if ticks else ""
        return ""


def wait(until: Callable[[], object], what: str, log: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while not until():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for {what}\n{log.read_text('utf-8')[-4000:]}")
        time.sleep(1)


@pytest.fixture
def ui(tmp_path: Path) -> Iterator[Ui]:
    browser_path()  # before a server is started in vain
    shell = Shell(tmp_path / "project", batches=1)
    shell.csv.unlink()  # its sensor has nothing to do, too
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Not the command itself, which would make the sample dataset where there is no CSV.
    command = [sys.executable, "-m", "zwu_ts_assets.orchestration.web.dev", "-m", "zwu_ts_assets"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    patches = tmp_path / "patches"
    patches.mkdir()
    (patches / "sitecustomize.py").write_text(IN_EVERY_PYTHON, encoding="utf-8")
    paths = [str(patches), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        **shell.environment,
        "ZWU_TS_DATASETS": "",
        "ZWU_TS_SENSOR": "2",
        "ZWU_TS_WEB_TOKEN": TOKEN,
        "PYTHONPATH": os.pathsep.join(paths),
    }
    with shell.log.open("wb") as log:
        server = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        running = Ui(shell, port)
        wait(lambda: "etth1" in running.groups(), "the web server", shell.log)
        yield running
    finally:
        stop_group(server)


def test_a_csv_that_appears_is_there_after_reloading_definitions_also_for_the_daemon(
    ui: Ui,
) -> None:
    with a_tab(ui.url) as page, a_picture_if_it_fails(page, "new_dataset"):
        # Fewer rows than a window: its sensor has something to say and no run to start.
        (ui.shell.data / "weather.csv").write_text("date,a\n2016-07-01,1\n", "utf-8")
        page.goto(f"{ui.url}/asset-groups?token={TOKEN}")
        page.get_by_role("button", name="Reload definitions").click()
        # A graph of one dataset has its assets; of several, their groups.
        expect(page.get_by_text("weather", exact=True).first).to_be_visible()
        assert {"etth1", "weather"} <= ui.groups()
        # A broken one takes no other down, and the button of the other page reloads as well.
        (ui.shell.data / "2016.toml").write_text("fps = 0\n", "utf-8")
        (ui.shell.data / "2016.csv").write_text("date,a\n2016-07-01,1\n", "utf-8")
        page.goto(f"{ui.url}/deployment/locations")
        page.get_by_role("button").filter(has_text=re.compile("^Reload$")).click()
        wait(lambda: "csv_2016" in ui.groups(), "the broken dataset", ui.shell.log)
        assert {"etth1", "weather", "csv_2016"} <= ui.groups()
        page.goto(f"{ui.url}/asset-groups")
        expect(page.get_by_text("csv_2016", exact=True).first).to_be_visible()
    wait(
        lambda: "fewer than one window" in ui.last_tick("weather_sensor"),
        "the new sensor's look",
        ui.shell.log,
    )
    wait(
        lambda: "'fps' is 0" in ui.last_tick("csv_2016_sensor"),
        "the look of the sensor of the broken one",
        ui.shell.log,
    )
