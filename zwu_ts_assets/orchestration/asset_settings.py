"""The values of the settings that matter to an asset, and the digest that changes with them.

What belongs here: values and digest. What does not: the settings themselves (`settings.py`), which
of them matter to which asset (`specs.py`), what a dataset is (`datasets.py`).
"""

import hashlib
import json
from typing import Final

from pydantic import BaseModel

from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.orchestration.specs import CSV_SETTINGS, AssetSpec

# These came later: told, and part of a digest, only where they are not at their default, so that
# nothing that was made before them is out of date.
_LATER: Final = ("figure_features", "figure_columns", "stats_format", "lags", *CSV_SETTINGS)


def settings_of(settings: Settings, spec: AssetSpec) -> dict[str, object]:
    """The settings that matter to one asset, by name.

    Args:
        settings: Those of the dataset.
        spec: Of the asset.
    """
    fields = Settings.model_fields
    names = [
        name
        for name in spec.settings
        if name not in _LATER or getattr(settings, name) != fields[name].default
    ]
    values = {name: getattr(settings, name) for name in names}
    if "time_column" in values:
        # Unset came later too: what was made of a column of this name is current.
        values["time_column"] = values["time_column"] or "date"
    if not settings.overlapping:
        # Came later: where windows lie side by side, it makes nothing out of date that existed
        # before, and no export tells of it.
        values.pop("window_stride", None)
    return {
        name: value.model_dump(mode="json") if isinstance(value, BaseModel) else value
        for name, value in values.items()
    }


def settings_digest(settings: Settings, spec: AssetSpec) -> str:
    """Eight hexadecimal digits that change when a setting of that asset changes.

    Args:
        settings: Those of the dataset.
        spec: Of the asset.
    """
    shaping = spec.digested(settings, settings_of(settings, spec))
    if shaping.get("colour_range") == "window":
        # Came later: where it is not used, it makes nothing out of date that existed before.
        del shaping["colour_range"]
    text = json.dumps(shaping, sort_keys=True, default=list)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:8]
