"""A Qwen3-VL of ten million random weights, with the real processor, tokenizer and template.

What belongs here: making the folder that trainers load as a model. What does not: training.

The processor has the settings that are published with the models. The weights are random, so
nothing has to be downloaded; nearly all of them are the embeddings of the real vocabulary.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

_HIDDEN = 64
_MEAN = [0.5, 0.5, 0.5]
_PATCHES = {"patch_size": 16, "merge_size": 2, "temporal_patch_size": 2}
_IMAGE_PIXELS = {"shortest_edge": 65_536, "longest_edge": 16_777_216}
_VIDEO_PIXELS = {"shortest_edge": 4_096, "longest_edge": 25_165_824}
_EXPECTED_TOKENS = 151_669


def make_tiny_model(folder: Path, tokenizer_folder: Path, chat_template: str) -> None:
    """Write model, processor and tokenizer.

    Args:
        folder: Where to; made if it is not there.
        tokenizer_folder: The exact Qwen3-VL tokenizer.
        chat_template: Qwen3-VL's, in Jinja.
    """
    import torch

    transformers: Any = importlib.import_module("transformers")  # of either version
    rope = {"rope_type": "default", "mrope_section": [4, 2, 2], "mrope_interleaved": True}
    text: dict[str, Any] = {
        "vocab_size": 151_936,
        "hidden_size": _HIDDEN,
        "intermediate_size": 2 * _HIDDEN,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "max_position_embeddings": 32_768,
        "tie_word_embeddings": True,
        # The name of the one in transformers 4 and of the other in 5.
        "rope_theta": 5e6,
        "rope_scaling": rope,
        "rope_parameters": {**rope, "rope_theta": 5e6},
    }
    vision = {
        "depth": 2,
        "hidden_size": _HIDDEN,
        "intermediate_size": 2 * _HIDDEN,
        "num_heads": 4,
        "patch_size": 16,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "out_hidden_size": _HIDDEN,
        "num_position_embeddings": 256,
        "deepstack_visual_indexes": [0, 1],
    }
    tokenizer = transformers.AutoTokenizer.from_pretrained(
        str(tokenizer_folder), local_files_only=True
    )
    if len(tokenizer) != _EXPECTED_TOKENS:
        raise ValueError(
            f"{tokenizer_folder}: {len(tokenizer)} tokens, expected {_EXPECTED_TOKENS}"
        )
    major = int(transformers.__version__.split(".")[0])
    image_class = "Qwen2VLImageProcessor" + ("Fast" if major < 5 else "")
    shared = {**_PATCHES, "image_mean": _MEAN, "image_std": _MEAN}
    processor = transformers.Qwen3VLProcessor(
        image_processor=getattr(transformers, image_class)(**shared, size=_IMAGE_PIXELS),
        tokenizer=tokenizer,
        video_processor=transformers.Qwen3VLVideoProcessor(**shared, size=_VIDEO_PIXELS),
        chat_template=chat_template,
    )
    torch.manual_seed(0)
    model = transformers.Qwen3VLForConditionalGeneration(
        transformers.Qwen3VLConfig(text_config=text, vision_config=vision, tie_word_embeddings=True)
    )
    model.generation_config.eos_token_id = tokenizer.convert_tokens_to_ids("<|im_end|>")
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    # Trainers read the name of the class from here.
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if config["architectures"] != ["Qwen3VLForConditionalGeneration"]:
        raise ValueError(f"{folder}: found the architecture {config['architectures']}")


def main() -> None:
    """Make the model that the command line tells."""
    told = json.loads(sys.argv[1])
    template = Path(told["template"]).read_text(encoding="utf-8")
    make_tiny_model(Path(told["folder"]), Path(told["tokenizer"]), template)


if __name__ == "__main__":
    main()
