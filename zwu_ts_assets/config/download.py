"""ETTh1.csv from its public home, or a clear no.

What belongs here: fetching one file, holding it against its published hash and moving it into
place. What does not: reading it.
"""

import hashlib
import http.client
import urllib.request
from pathlib import Path
from typing import Final

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.storage.folder_store import FolderStore

ETTH1_URL: Final = "https://raw.githubusercontent.com/zhouhaoyi/ETDataset/main/ETT-small/ETTh1.csv"
ETTH1_SHA256: Final = "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066"

# The file has 2.6 MB. Whatever a server sends beyond this is not it, and is not read.
_MOST_BYTES: Final = 16 * 1024 * 1024
_TIMEOUT_SECONDS: Final = 20.0


def download_etth1(csv: Path, *, url: str = ETTH1_URL, timeout: float = _TIMEOUT_SECONDS) -> None:
    """Download ETTh1.csv, check it and put it into place in one step.

    Args:
        csv: Where it goes; its folder is made.
        url: Where it comes from.
        timeout: Seconds to wait for the server.

    Raises:
        CorpusError: It cannot be had or is not the published file; says how to get it by hand.
    """
    remedy = f"download {ETTH1_URL} yourself and copy it to {csv}"
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:  # noqa: S310 - https above
            data: bytes = answer.read(_MOST_BYTES + 1)
    except (OSError, http.client.HTTPException) as error:
        # Not only `URLError`: a proxy may answer with something that is not HTTP, or hang up.
        reason = getattr(error, "reason", None) or repr(error)
        raise CorpusError(f"ETTh1.csv could not be downloaded ({reason}); {remedy}") from error
    found = hashlib.sha256(data).hexdigest()
    if found != ETTH1_SHA256:
        raise CorpusError(
            f"what {url} sent is not the published ETTh1.csv (sha256 {found}, expected "
            f"{ETTH1_SHA256}); {remedy}"
        )
    try:
        FolderStore(csv.parent).write(csv.name, data)
    except OSError as error:
        raise CorpusError(
            f"ETTh1.csv could not be downloaded: {csv.parent} cannot be written "
            f"({error.strerror}); make it writable, or set ZWU_TS_DATA_DIR"
        ) from error
