"""zwu_ts_assets: from a multivariate time-series CSV to a multimodal corpus for Qwen3-VL.

`-m zwu_ts_assets` finds the Dagster definitions here. They are loaded when asked for, so that
`import zwu_ts_assets.figures.dependence` in a notebook brings no Dagster along.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zwu_ts_assets.definitions import defs

__all__ = ["defs"]


def __getattr__(name: str) -> Any:
    if name == "defs":
        from zwu_ts_assets.definitions import defs

        return defs
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    # Dagster looks for definitions with `dir`; an attribute that is not listed is not found.
    return sorted([*globals(), *__all__])
