"""All export formats by name.

What belongs here: the list. What does not: any format.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from zwu_ts_assets.training.export_files import ExportFile
from zwu_ts_assets.training.exports import (
    huggingface,
    llama_factory,
    lmms_eval,
    ms_swift,
    qwen,
    rl,
    vlmevalkit,
    webdataset,
)
from zwu_ts_assets.training.exports.source import ExportSource

FORMATS: Final[Mapping[str, Callable[[ExportSource], Iterator[ExportFile]]]] = {
    qwen.NAME: qwen.qwen_export,
    ms_swift.NAME: ms_swift.ms_swift_export,
    llama_factory.NAME: llama_factory.llama_factory_export,
    huggingface.NAME: huggingface.huggingface_export,
    webdataset.NAME: webdataset.webdataset_export,
    rl.NAME: rl.rl_export,
    vlmevalkit.NAME: vlmevalkit.vlmevalkit_export,
    lmms_eval.NAME: lmms_eval.lmms_eval_export,
}
"""From a format's name to the function that makes its files."""

SINGLE_QUESTIONS: Final = frozenset({rl.NAME, vlmevalkit.NAME, lmms_eval.NAME})
"""The formats whose rows are single questions, each with its own media."""

VIDEOS_APART: Final = frozenset({huggingface.NAME})
"""The formats in which questions that show a video have conversations of their own."""
