"""A connection to a Dask scheduler: every question to it is waited for only so long.

What belongs here: connecting, with or without certificates, asking, and the errors of both in
sentences. What does not: which items are handed out when (`dask_pool`), what runs there
(`dask_tasks`).
"""

import logging
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from zwu_ts_assets.config.environment import DASK_VARIABLE
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.workers.dask_tasks import Call, is_here, likeness_there, packed, run

if TYPE_CHECKING:
    from distributed import Client

    from zwu_ts_assets.workers.likeness import Likeness

_CONNECT_SECONDS: Final = 5.0
# The system notices a machine that is gone, but not a process that stands still.
_ANSWER_SECONDS: Final = 60.0
# A worker imports what draws and draws a sample, maybe with many others on its machine.
_LIKENESS_SECONDS: Final = 120.0
# What an item raises that is no `CorpusError` may be the machine's fault, and another can do it.
_RETRIES: Final = 2
_TLS: Final = "distributed.comm.tls"


class Connection:
    """A scheduler that has answered, and what can be asked of it.

    Every method raises `CorpusError` if it is gone or does not answer any more.
    """

    def __init__(self, address: str) -> None:
        """Connect.

        Args:
            address: From `checked_dask_address`.

        Raises:
            CorpusError: Dask is not installed, a certificate is missing, or there is no scheduler.
        """
        self.address = address
        self.client = _client(address)
        self._closing, self._closed = threading.Lock(), False

    def threads(self) -> dict[str, int]:
        """The workers that there are, by address, and how many threads each has."""
        scheduler: Any = self.client.scheduler  # None of a connection that is closed
        return dict(self._answer(lambda: scheduler.ncores()))

    def likenesses(self) -> "dict[str, Likeness | Exception]":
        """What each worker is like, by address, or what it raised; nothing if one does not answer.

        Else one that stands still would be waited for until the scheduler gives it up. Each item is
        held against what its worker is like as well.
        """
        try:
            return dict(
                self._answer_within(
                    _LIKENESS_SECONDS, lambda: self.client._run(likeness_there, on_error="return")
                )
            )
        except TimeoutError:
            return {}

    def require_package(self) -> None:
        """Refuse a scheduler that could not unpack a task."""
        try:
            client: Any = self.client
            self._answer(lambda: client._run_on_scheduler(is_here))
        except CorpusError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever its import raised
            raise CorpusError(
                f"the Dask scheduler at {self.address} cannot import zwu_ts_assets ({error}): "
                "start it with the Python of an environment that has this package"
            ) from None

    def submit(self, call: Call[Any, Any]) -> Any:
        """Have a call done; Dask's future, whose result is an `Outcome`."""
        try:
            return self.client.submit(
                run,
                packed(call),
                # Else Dask would name the task by a hash of its arguments, take equal ones for one,
                # and remember results of an earlier run.
                pure=False,
                retries=_RETRIES,
            )
        except Exception:
            # Of a connection that was closed meanwhile Dask says so with a plain `Exception`.
            if self.is_open:
                raise
            raise self.lost() from None

    @property
    def is_open(self) -> bool:
        """Whether the connection stands, as far as is known."""
        return not self._closed and bool(self.client.status == "running")

    def lost(self, how: str = "was lost") -> CorpusError:
        """Close what is of no use any more; the error that says so.

        Args:
            how: What became of the connection.
        """
        self.close()
        return CorpusError(
            f"the connection to the Dask scheduler at {self.address} {how}; what was made so "
            "far is kept. Start it and its workers again if they have ended, and run again"
        )

    def close(self) -> None:
        """Disconnect; the cluster goes on, and forgets what was not finished."""
        # Several threads notice at once that it is lost, and Dask's own way is for one.
        with self._closing:
            if not self._closed:
                self._closed = True
                with suppress(TimeoutError):  # a scheduler that stands still hears no good-bye
                    self.client.close(timeout=_CONNECT_SECONDS)  # type: ignore[no-untyped-call]

    def _answer(self, question: Callable[[], Awaitable[Any]]) -> Any:
        try:
            return self._answer_within(_ANSWER_SECONDS, question)
        except TimeoutError:
            raise self.lost(
                f"is of no use, for it has been silent for {_ANSWER_SECONDS:g} s"
            ) from None

    def _answer_within(self, seconds: float, question: Callable[[], Awaitable[Any]]) -> Any:
        """What a question gives, which is asked in the thread of the connection."""
        if not self.is_open:
            raise self.lost()

        async def asked() -> Any:
            return await question()

        try:
            return self.client.sync(asked, callback_timeout=seconds)  # type: ignore[no-untyped-call]
        except TimeoutError:
            raise
        except Exception as error:
            # Closed by another thread in the middle of this, it gives errors of every kind; where
            # the question was cancelled for that, Dask's `sync` ends with the last of these.
            if self.is_open and not isinstance(error, OSError | UnboundLocalError):
                raise
            raise self.lost() from None


def _client(address: str) -> "Client":
    """Connect to a scheduler."""
    try:
        from distributed import Client
    except ImportError:
        raise CorpusError(
            f"{DASK_VARIABLE} or --dask names a Dask cluster, but Dask is not installed here: "
            "make cluster, or pip install distributed"
        ) from None

    # They tell of a lost connection in tracebacks; `lost` does in a sentence.
    for name in ("distributed.batched", "distributed.client", "distributed.core"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    secured = address.lower().startswith("tls:")
    if secured:
        _require_certificates(address)
    try:
        return Client(  # type: ignore[no-untyped-call]
            address, timeout=_CONNECT_SECONDS, set_as_default=False, name="zwu_ts_assets"
        )
    except (OSError, ValueError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
    hint = (
        f"look at the certificates ({_TLS} in Dask's configuration): each side needs one that the "
        "other's ca-file vouches for"
        if secured
        else "write tls:// if it asks for certificates"
    )
    raise CorpusError(
        f"the Dask scheduler at {address} ({DASK_VARIABLE}, --dask) cannot be reached: "
        f'{said.rstrip(".")}. Start it, {hint}, or leave the address out (--dask "") to work with '
        "the processes of this machine"
    )


def _require_certificates(address: str) -> None:
    """Refuse an encrypted connection without certificates: Dask would end in a traceback."""
    import dask

    for key in ("ca-file", "client.cert", "client.key"):
        file = dask.config.get(f"{_TLS}.{key}", None)
        variable = f"DASK_{_TLS}.{key}".upper().replace(".", "__").replace("-", "_")
        if not file and key == "client.key":
            continue  # it may be in the same file as the certificate
        if not file or not Path(file).expanduser().is_file():
            found = f"{file!r}, which is no file" if file else "nothing"
            raise CorpusError(
                f"{address} asks for certificates, and {_TLS}.{key} in Dask's configuration is "
                f"{found}; expected a PEM file. Name it there, or in {variable}"
            )
