"""One trainer in its own process and environment: `python -m benchmarks.trainers.runs NAME JOB`.

What belongs here: starting each trainer with what the card of its export says, over a whole split
and then on one row. What does not: the record (`record`), what is expected of it (`verdict`).

The cards are followed to the letter: commands, configurations and code are read from the README.md
of the export. Only a path or `...` in them is replaced, and settings are added that make it short:
one row in a batch, float32 on a CPU, few steps.
"""

import importlib
import json
import os
import re
import runpy
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from benchmarks.trainers.record import Record, recorded, row_of

STEPS: Final = 10
"""Steps on one row."""

_RATE: Final = "0.01"
_COMPLETION: Final = 12
_CHECKPOINTS: Final = "/path/to/checkpoints"


@dataclass(frozen=True)
class Job:
    """What a run is told.

    Attributes:
        export: The folder of the export.
        model: The folder of the model.
        scratch: An empty folder for checkpoints and caches.
        code: The folder of a trainer that is no package.
    """

    export: Path
    model: Path
    scratch: Path
    code: Path | None = None

    @property
    def tokenizer(self) -> Any:
        """The model's tokenizer."""
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(str(self.model), local_files_only=True)

    def card(self) -> list[str]:
        """The indented blocks of the card's section on loading, without their indent."""
        text = (self.export / "README.md").read_text(encoding="utf-8")
        section = text.split("\n## Loading\n", 1)[1].split("\n## ", 1)[0]
        blocks = re.findall(r"(?:^ {4}.*\n?(?:\n(?= {4}))?)+", section, re.MULTILINE)
        return [re.sub(r"^ {4}", "", block, flags=re.MULTILINE) for block in blocks]

    def block(self, word: str) -> str:
        """The only block of the card that has the word.

        Raises:
            ValueError: There is none, or more than one.
        """
        found = [block for block in self.card() if word in block]
        if len(found) != 1:
            raise ValueError(f"{self.export}/README.md: {len(found)} blocks with {word!r}")
        return found[0]


def trl_sft(job: Job, record: Record) -> None:
    """TRL's `SFTTrainer`."""
    record.version = f"TRL {version('trl')}, transformers {version('transformers')}"
    code = job.block("SFTTrainer")
    short = (
        "num_train_epochs=1, per_device_train_batch_size=1, learning_rate=1e-9, use_cpu=True, "
        'bf16=False, report_to="none", save_strategy="no"'
    )
    with _inside(job.export), recorded(job.tokenizer) as whole:
        _run_code(code, job, job.scratch / "all", short)
    record.rows = whole.rows
    short = (
        f"max_steps={STEPS}, per_device_train_batch_size=1, learning_rate={_RATE}, use_cpu=True, "
        'bf16=False, report_to="none", save_strategy="no", lr_scheduler_type="constant"'
    )
    with _inside(job.export), recorded(job.tokenizer) as one:
        _run_code(code, job, job.scratch / "one", short, first_row=True)
    record.losses = one.losses


def trl_grpo(job: Job, record: Record) -> None:
    """TRL's `GRPOTrainer`, with the reward of the export."""
    record.version = f"TRL {version('trl')}, transformers {version('transformers')}"
    short = (
        "num_train_epochs=1, per_device_train_batch_size=2, num_generations=2, "
        f"max_completion_length={_COMPLETION}, use_cpu=True, bf16=False, "
        'report_to="none", save_strategy="no"'
    )
    with _inside(job.export), recorded(job.tokenizer) as steps, _seen_prompts(job, record):
        sys.path.insert(0, str(job.export))
        import reward as module  # type: ignore[import-not-found]  # the export's own

        module.reward = _counted(module.reward, record)
        _run_code(job.block("GRPOTrainer"), job, job.scratch, short)
    record.losses = steps.losses


def _run_code(code: str, job: Job, output: Path, short: str, first_row: bool = False) -> None:
    code = code.replace(f'"{_CHECKPOINTS}"', f"{str(output)!r}, {short}")
    code = code.replace('model="..."', f"model={str(job.model)!r}")
    code = code.replace('"/path/to/this/folder"', repr(str(job.export)))
    if first_row:
        code, count = re.subn(
            r'train_dataset=(\w+\["train"\])', r"train_dataset=\1.select([0])", code
        )
        if count != 1:
            raise ValueError("the card's code names no train_dataset")
    if "..." in code or "/path/to" in code:
        raise ValueError(f"something of the card's code is not replaced:\n{code}")
    script = job.scratch / "card.py"
    script.write_text(code, encoding="utf-8")
    runpy.run_path(str(script), run_name="card")


def ms_swift_sft(job: Job, record: Record) -> None:
    """`swift sft`."""
    from swift import sft_main

    record.version = _version_of("ms-swift")
    told = _command(job, "swift sft")
    own = ["--num_train_epochs", "1", "--learning_rate", "1e-9"]
    with _inside(job.export), recorded(job.tokenizer) as whole:
        sft_main([*told, *_swift(job, "all"), *own])
    record.rows = whole.rows
    told[told.index("--dataset") + 1] += "#1"
    own = ["--max_steps", str(STEPS), "--learning_rate", _RATE, "--lr_scheduler_type", "constant"]
    with _inside(job.export), recorded(job.tokenizer) as one:
        sft_main([*told, *_swift(job, "one"), *own])
    record.losses = one.losses


def ms_swift_reward(job: Job, record: Record) -> None:
    """The plugin that `swift rlhf` loads, called as its GRPO trainer calls it.

    The trainer itself needs a `trl` that LLaMA-Factory refuses, so it is not in this environment.
    """
    import pyarrow.parquet as pq
    from swift.rewards import orms
    from swift.utils import import_external_file

    record.version = _version_of("ms-swift")
    told = _command(job, "swift rlhf")
    with _inside(job.export):
        import_external_file(told[told.index("--external_plugins") + 1])
        reward = orms[told[told.index("--reward_funcs") + 1]](args=None)
        columns = pq.read_table(told[told.index("--dataset") + 1]).to_pydict()
    replies = [each["reply"] for each in columns["extra_info"]]
    record.rewards = reward(replies, **columns) + reward(
        ["Answer: none of these"], **_first(columns)
    )
    record.rewarded = columns["id"]


def _first(columns: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: values[:1] for name, values in columns.items()}


def _command(job: Job, start: str) -> list[str]:
    """The arguments of the card's command, without the program and the paths to choose."""
    (line,) = [
        line
        for line in job.block(start).replace("\\\n", " ").splitlines()
        if line.strip().startswith(start)
    ]
    words = shlex.split(line)[len(start.split()) :]
    at = words.index("--output_dir")
    if words[at + 1] != _CHECKPOINTS:
        raise ValueError(f"the card's --output_dir is {words[at + 1]}")
    del words[at : at + 2]
    return [word for word in words if word != "..."]


def _swift(job: Job, name: str) -> list[str]:
    found = {
        "model": str(job.model),
        "model_type": "qwen3_vl",
        "template": "qwen3_vl",
        "tuner_type": "full",
        "torch_dtype": "float32",
        "output_dir": str(job.scratch / name),
        "per_device_train_batch_size": "1",
        "gradient_accumulation_steps": "1",
        "eval_strategy": "no",
        "save_strategy": "no",
        "logging_steps": "1",
        "warmup_ratio": "0",
        "dataset_num_proc": "1",
        "report_to": "none",
        "load_from_cache_file": "false",
    }
    return [word for key, value in found.items() for word in (f"--{key}", value)]


def llama_factory_sft(job: Job, record: Record) -> None:
    """`llamafactory-cli train`, stage sft."""
    import yaml
    from llamafactory.train.tuner import run_exp

    record.version = _version_of("llamafactory")
    told = yaml.safe_load(job.block("dataset_dir:"))
    if told["dataset_dir"] != "/path/to/this/folder" or told["output_dir"] != _CHECKPOINTS:
        raise ValueError(f"the card's paths are {told['dataset_dir']} and {told['output_dir']}")
    told.pop("eval_dataset", None)  # nothing is evaluated here
    shared = {
        **told,
        "dataset_dir": str(job.export),
        "model_name_or_path": str(job.model),
        "stage": "sft",
        "do_train": True,
        "finetuning_type": "full",
        "freeze_vision_tower": False,
        "freeze_multi_modal_projector": False,
        "infer_dtype": "float32",
        "per_device_train_batch_size": 1,
        "gradient_accumulation_steps": 1,
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": "none",
        "use_cpu": True,
        "overwrite_cache": True,
        "preprocessing_num_workers": 1,
        "dataloader_num_workers": 0,
    }
    with recorded(job.tokenizer) as whole:
        run_exp(
            {
                **shared,
                "output_dir": str(job.scratch / "all"),
                "num_train_epochs": 1,
                "learning_rate": 1e-9,
            }
        )
    # To a row without media its collator adds a picture with masked tokens, so that no process of a
    # cluster waits for one that sees a picture. The model learns nothing of it.
    record.rows = [row if row.image_tokens else replace(row, images=()) for row in whole.rows]
    with recorded(job.tokenizer) as one:
        run_exp(
            {
                **shared,
                "output_dir": str(job.scratch / "one"),
                "max_samples": 1,
                "max_steps": STEPS,
                "learning_rate": float(_RATE),
                "lr_scheduler_type": "constant",
            }
        )
    record.losses = one.losses


def qwen_finetune(job: Job, record: Record) -> None:
    """The data of Qwen's own fine-tuning code, with the plain `Trainer` that its script uses."""
    transformers: Any = importlib.import_module("transformers")

    if job.code is None:
        raise ValueError("the folder of qwen-vl-finetune is not named")
    record.version = f"qwen-vl-finetune, transformers {version('transformers')}"
    code = job.scratch / "code"
    shutil.copytree(job.code / "qwenvl", code / "qwenvl")
    # As the snippet says: two lines at the end of the list of datasets.
    snippet = job.export / "qwen_datasets.py"
    lines = re.findall(r"^    (\S.*)$", runpy.run_path(str(snippet))["__doc__"], re.MULTILINE)
    with (code / "qwenvl" / "data" / "__init__.py").open("a", encoding="utf-8") as file:
        file.write("\n" + "\n".join(lines).replace("PATH/OF", job.export.as_posix()) + "\n")
    sys.path.insert(0, str(code))
    from qwenvl.data.data_processor import make_supervised_data_module
    from qwenvl.train.argument import DataArguments, TrainingArguments

    told = shlex.split(job.block("--dataset_use"))
    told[told.index("--output_dir") + 1] = str(job.scratch / "checkpoints")
    own = "--per_device_train_batch_size 1 --report_to none --save_strategy no --use_cpu True"
    own += " --remove_unused_columns False --logging_steps 1"
    parser = transformers.HfArgumentParser((DataArguments, TrainingArguments))
    for limits in (
        ["--num_train_epochs", "1", "--learning_rate", "1e-9"],
        ["--max_steps", str(STEPS), "--learning_rate", _RATE, "--lr_scheduler_type", "constant"],
    ):
        data, training = parser.parse_args_into_dataclasses([*told, *own.split(), *limits])
        data.model_type = "qwen3vl"
        model = transformers.Qwen3VLForConditionalGeneration.from_pretrained(str(job.model))
        module = make_supervised_data_module(
            transformers.AutoProcessor.from_pretrained(str(job.model)), data_args=data
        )
        if training.max_steps > 0:
            del module["train_dataset"].list_data_dict[1:]
        with recorded(job.tokenizer) as steps:
            transformers.Trainer(model=model, args=training, **module).train()
        if training.max_steps > 0:
            record.losses = steps.losses
        else:
            record.rows = steps.rows


def _version_of(package: str) -> str:
    return f"{package} {version(package)}, transformers {version('transformers')}"


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _counted(reward: Callable[..., list[float]], record: Record) -> Callable[..., list[float]]:
    """The reward function, with what it is asked and gives written down."""

    def counted(completions: Any, **columns: Any) -> list[float]:
        given = reward(completions, **columns)
        _note_rewards(record, columns, given)
        return given

    counted.__name__ = reward.__name__
    return counted


def _note_rewards(record: Record, columns: Mapping[str, Any], given: list[float]) -> None:
    record.rewards += given
    record.rewarded += [str(each) for each in columns["id"]]


@contextmanager
def _seen_prompts(job: Job, record: Record) -> Iterator[None]:
    """Write down what the model is shown when it generates: one row per distinct prompt."""
    import transformers

    model_class: Any = transformers.Qwen3VLForConditionalGeneration
    original = model_class.generate
    tokenizer = job.tokenizer

    def generate(self: Any, inputs: Any = None, **named: Any) -> Any:
        ids = named["input_ids"] if inputs is None else inputs
        shown = {**named, "input_ids": ids[:1], "labels": ids[:1] * 0 - 100}
        shown["attention_mask"] = named["attention_mask"][:1]
        shown["image_grid_thw"] = _of_first(named, ids.shape[0])
        record.rows.append(row_of(shown, tokenizer))
        return original(self, inputs, **named) if inputs is not None else original(self, **named)

    model_class.generate = generate
    try:
        yield
    finally:
        model_class.generate = original


def _of_first(named: Mapping[str, Any], prompts: int) -> Any:
    grids = named.get("image_grid_thw")
    return None if grids is None else grids[: len(grids) // prompts]


RUNS: Final[Mapping[str, Callable[[Job, Record], None]]] = {
    "trl_sft": trl_sft,
    "trl_grpo": trl_grpo,
    "ms_swift_sft": ms_swift_sft,
    "ms_swift_reward": ms_swift_reward,
    "llama_factory_sft": llama_factory_sft,
    "qwen_finetune": qwen_finetune,
}
"""From a trainer's name to what runs it."""


def main() -> None:
    """Run what the command line says, and write the record."""
    name, told = sys.argv[1], json.loads(sys.argv[2])
    job = Job(
        export=Path(told["export"]),
        model=Path(told["model"]),
        scratch=Path(told["scratch"]),
        code=Path(told["code"]) if told["code"] else None,
    )
    record = Record()
    RUNS[name](job, record)
    record.write(Path(told["record"]))


if __name__ == "__main__":
    main()
