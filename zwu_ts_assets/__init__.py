"""zwu_ts_assets: from a multivariate time-series CSV to a multimodal corpus for Qwen3-VL.

`-m zwu_ts_assets` finds the Dagster definitions here, and `type: zwu_ts_assets.TimeSeriesCorpus`
the component. They are loaded when asked for, so that `import zwu_ts_assets` in a notebook brings
no Dagster along; neither does `Corpus`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from zwu_ts_assets.corpus import Corpus
    from zwu_ts_assets.definitions import defs
    from zwu_ts_assets.orchestration.component import TimeSeriesCorpus

__all__ = ["Corpus", "TimeSeriesCorpus", "defs"]

_MODULES: Final = {
    "Corpus": "zwu_ts_assets.corpus",
    "TimeSeriesCorpus": "zwu_ts_assets.orchestration.component",
    "defs": "zwu_ts_assets.definitions",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    # Dagster looks for definitions and components with `dir`, and gets whatever is listed; what
    # `Corpus` imports would double the time that definitions take to load.
    return sorted([*globals(), "TimeSeriesCorpus", "defs"])
