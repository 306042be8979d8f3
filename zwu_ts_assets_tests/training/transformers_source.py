"""Functions of the installed transformers whose modules cannot be imported without torch.

They are cut out of the installed files and compiled as they stand, so that our arithmetic is held
against theirs and not against a copy.
"""

import ast
import importlib.util
import math
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np


@lru_cache
def function_of(module: str, name: str) -> Callable[..., Any]:
    """A function or method of a module of transformers, found by its name."""
    spec = importlib.util.find_spec("transformers")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent.joinpath(*module.split(".")).with_suffix(".py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    (found,) = (
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name
    )
    found.decorator_list = []
    # Annotations name types of torch.
    found.returns = None
    for argument in (*found.args.args, *found.args.kwonlyargs, found.args.kwarg):
        if argument is not None:
            argument.annotation = None
    names: dict[str, Any] = {"math": math, "np": np}
    exec(compile(ast.Module([found], []), str(path), "exec"), names)  # noqa: S102 - a pinned package
    function: Callable[..., Any] = names[name]
    return function


def sampling_settings(fps: float, min_frames: int, max_frames: int) -> SimpleNamespace:
    """What `sample_frames` reads of its video processor."""
    return SimpleNamespace(fps=fps, min_frames=min_frames, max_frames=max_frames)
