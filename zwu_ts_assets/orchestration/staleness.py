"""Whether an artifact is current, answered once for runs and for those who only look.

What belongs here: holding a record and its files against what the artifact should be made from.
What does not: what that is (`origins.py`), which artifacts there should be (`comparison.py`).
"""

from typing import Final

from zwu_ts_assets.orchestration.asset_spec import Specs
from zwu_ts_assets.orchestration.layout import is_usable
from zwu_ts_assets.storage.artifact_store import ArtifactStore, Record, digest

MISSING: Final = "not there"
CODE: Final = "settings or code changed"
INPUT: Final = "input changed"
DAMAGED: Final = "damaged or removed"


def fingerprint(code_version: str, made_from: str) -> str:
    """Fingerprint of an artifact: the asset's code version and its inputs."""
    return digest(code_version, made_from)


def why_stale(
    store: ArtifactStore,
    asset: str,
    key: str,
    record: Record | None,
    code_version: str,
    made_from: str,
    specs: Specs,
) -> str:
    """Why an artifact has to be made again, in a few words; empty if it is current.

    Args:
        store: The folder of the dataset.
        asset: The asset's name.
        key: Batch index as text, or `all`.
        record: The artifact's record, if there is one.
        code_version: Of the asset, settings included.
        made_from: What the artifact should be made from, see `Origin`.
        specs: The assets that there are.
    """
    if record is None:
        return MISSING
    if record.code_version != code_version:
        return CODE
    if record.fingerprint != fingerprint(code_version, made_from):
        return INPUT
    if not is_usable(asset, key, record, specs) or not store.is_whole(record):
        return DAMAGED
    return ""
