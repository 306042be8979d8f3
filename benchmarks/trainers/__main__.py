"""`make trainers`: run real trainers on the exports of a small corpus, and print what each did.

What belongs here: the list of trainers, starting them one after the other, and the table. What does
not: any trainer's ways (`runs`), what is expected (`corpus`), judging (`verdict`).

Ends with status 1 if a trainer failed or did something else than expected. One that was not run,
because a folder that it needs was not named, is told as such and fails nothing.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.trainers.corpus import (
    DATASET,
    REPOSITORY,
    ExpectedRow,
    expected_rows,
    make_corpus,
    question_ids,
)
from benchmarks.trainers.record import Record, read_record
from benchmarks.trainers.verdict import graded_problems, rewarded_problems, trained_problems
from zwu_ts_assets.config.environment import cache_dir
from zwu_ts_assets.text.qwen import TextTokenizer, TokenizerSource, load_tokenizer
from zwu_ts_assets.text.qwen_embedded import (
    embedded_digest,
    embedded_tokenizer_folder,
)
from zwu_ts_assets.training.exports.manifest_reading import DeclaredConversation

QWEN_CODE: Final = "QWEN_VL_FINETUNE"
"""The environment variable with the folder of Qwen's fine-tuning code."""

_LONGEST: Final = 1800
"""Seconds that one trainer may take."""


@dataclass(frozen=True)
class Trainer:
    """A trainer and the export it is run on.

    Attributes:
        name: Of its run in `runs`.
        title: Name for people.
        export: Name of the format.
        consumer: Name of the profile of preflight.
        environment: In which it runs: `transformers5` or `transformers4`.
        rewards: Whether it learns from rewards; else from answers.
        graded: Whether its reward alone is called, on the right answers and on a wrong one.
        given: Which conversations its card gives it.
        needs_code: Whether it needs the folder of Qwen's fine-tuning code.
    """

    name: str
    title: str
    export: str
    consumer: str
    environment: str
    rewards: bool = False
    graded: bool = False
    given: Callable[[DeclaredConversation], bool] = field(default=lambda _: True)
    needs_code: bool = False


def _shows_no_video(conversation: DeclaredConversation) -> bool:
    return not conversation.videos


TRAINERS: Final = (
    Trainer(
        "trl_sft",
        "TRL, SFT",
        "huggingface",
        "trl",
        "transformers5",
        given=_shows_no_video,
    ),
    Trainer(
        "trl_grpo",
        "TRL, GRPO",
        "rl",
        "trl",
        "transformers5",
        rewards=True,
        given=_shows_no_video,
    ),
    Trainer("ms_swift_sft", "ms-swift, SFT", "ms_swift", "ms_swift", "transformers4"),
    Trainer(
        "ms_swift_reward",
        "ms-swift, reward of GRPO",
        "rl",
        "ms_swift",
        "transformers4",
        graded=True,
        given=_shows_no_video,
    ),
    Trainer(
        "llama_factory_sft",
        "LLaMA-Factory, SFT",
        "llama_factory",
        "llama_factory",
        "transformers4",
    ),
    Trainer(
        "qwen_finetune",
        "Qwen's fine-tuning data",
        "qwen",
        "qwen_finetune",
        "transformers4",
        needs_code=True,
    ),
)


@dataclass
class Outcome:
    """What became of a trainer.

    Attributes:
        trainer: Which.
        expected: The rows that it was given, as the model should get them.
        record: What it did; None where it did not end well or was not run.
        problems: What is wrong; nothing where all is right.
        skipped: Why it was not run; empty where it was.
    """

    trainer: Trainer
    expected: Sequence[ExpectedRow]
    record: Record | None = None
    problems: Sequence[str] = ()
    skipped: str = ""


def main() -> None:
    """Run what the arguments say, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, prog="make trainers")
    parser.add_argument("--transformers5", type=Path, required=True, help="a Python with TRL")
    parser.add_argument(
        "--transformers4", type=Path, required=True, help="a Python with the others"
    )
    parser.add_argument(
        "--qwen-vl-finetune",
        type=Path,
        default=os.environ.get(QWEN_CODE),
        help="the folder of that name in the repository QwenLM/Qwen3-VL, which is no package; or "
        f"the environment variable {QWEN_CODE}",
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=[each.name for each in TRAINERS],
        help="run this one alone; can be given more than once",
    )
    parser.add_argument("--folder", type=Path, help="keep corpus and logs here")
    arguments = parser.parse_args()
    chosen = [each for each in TRAINERS if not arguments.only or each.name in arguments.only]
    pythons = {name: vars(arguments)[name] for name in ("transformers5", "transformers4")}
    with tempfile.TemporaryDirectory() as temporary:
        # Trainers change into other folders.
        folder = (arguments.folder or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        workshop = Workshop(folder, pythons, arguments.qwen_vl_finetune)
        workshop.prepare(chosen)
        outcomes = []
        for trainer in chosen:
            print(f"{trainer.title} ...", flush=True)
            outcomes.append(workshop.run(trainer))
    print("\n" + table(outcomes))
    for outcome in outcomes:
        for problem in outcome.problems:
            print(f"{outcome.trainer.title}: {problem}")
        if outcome.skipped:
            print(f"{outcome.trainer.title}: {outcome.skipped}")
    if any(outcome.problems for outcome in outcomes):
        sys.exit(1)


class Workshop:
    """The corpus, the models and the processes of trainers, in one folder."""

    def __init__(self, folder: Path, pythons: dict[str, Path], code: Path | None) -> None:
        """Take what is needed.

        Args:
            folder: For the corpus, models, logs and scratch files.
            pythons: By the name of an environment.
            code: The folder of Qwen's fine-tuning code.
        """
        self._folder = folder
        self._pythons = {name: _program(python) for name, python in pythons.items()}
        self._code = code.resolve() if code else None
        self._exports = folder
        self._tokenizer_folder = embedded_tokenizer_folder(cache_dir())

    @property
    def _tokenizer(self) -> TextTokenizer:
        location = str(self._tokenizer_folder)
        return load_tokenizer(TokenizerSource("embedded", location, embedded_digest()))

    def prepare(self, trainers: Sequence[Trainer]) -> None:
        """Make the corpus, its exports, and a model for each environment."""
        print("A corpus and its exports ...", flush=True)
        self._exports = make_corpus(
            self._folder / "corpus",
            sorted({each.export for each in trainers}),
        )
        for name in sorted({each.environment for each in trainers}):
            print(f"A tiny Qwen3-VL for {name} ...", flush=True)
            told = {
                "folder": str(self._folder / name),
                "tokenizer": str(self._tokenizer_folder),
                "template": str(self._template()),
            }
            log = self._folder / f"{name}.log"
            if status := self._process(name, "tiny_model", [json.dumps(told)], log):
                sys.exit(f"The model could not be made (status {status}):\n{_end_of(log)}")

    def run(self, trainer: Trainer) -> Outcome:
        """Run a trainer, and compare what it did with what it should."""
        export = self._exports / trainer.export
        expected = expected_rows(
            export,
            trainer.consumer,
            self._tokenizer,
            wrapped=trainer.environment != "transformers4",
            chosen=trainer.given,
        )
        outcome = Outcome(trainer, expected)
        if trainer.needs_code and self._code is None:
            outcome.skipped = (
                "not run; name the folder qwen-vl-finetune of the repository QwenLM/Qwen3-VL in "
                f"the environment variable {QWEN_CODE} or with --qwen-vl-finetune"
            )
            return outcome
        scratch = self._folder / "runs" / trainer.name
        with tempfile.TemporaryDirectory(dir=self._folder) as space:
            record, log = Path(space) / "record.json", scratch.with_suffix(".log")
            log.parent.mkdir(parents=True, exist_ok=True)
            told = {
                "export": str(export),
                "dataset": DATASET,
                "model": str(self._folder / trainer.environment),
                "scratch": space,
                "record": str(record),
                "code": str(self._code) if trainer.needs_code else None,
            }
            status = self._process(
                trainer.environment, "runs", [trainer.name, json.dumps(told)], log, space
            )
            if status or not record.is_file():
                outcome.problems = [f"ended with status {status}:\n{_end_of(log)}"]
                return outcome
            outcome.record = read_record(record)
        if trainer.graded:
            outcome.problems = graded_problems(outcome.record, question_ids(export, trainer.given))
        elif trainer.rewards:
            ids = question_ids(export, trainer.given)
            outcome.problems = rewarded_problems(outcome.record, expected, ids)
        else:
            outcome.problems = trained_problems(outcome.record, expected)
        return outcome

    def _template(self) -> Path:
        """The chat template of Qwen3-VL, of which TRL has a copy."""
        program = "import trl; print(trl.__path__[0])"
        command = [str(self._pythons["transformers5"]), "-c", program]
        found = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        return Path(found.splitlines()[-1]) / "chat_templates" / "qwen3_vl.jinja"

    def _process(
        self, environment: str, module: str, told: Sequence[str], log: Path, space: str = ""
    ) -> int:
        """Run a module in an environment; returns its status."""
        variables = {
            name: value for name, value in os.environ.items() if not name.startswith("ZWU_TS_")
        }
        variables |= {
            "PYTHONPATH": str(REPOSITORY),
            "HF_HUB_OFFLINE": "1",
            "CUDA_VISIBLE_DEVICES": "",
            "WANDB_DISABLED": "true",
            # Gigabytes of logits are made and dropped in each step: keep the memory.
            "MALLOC_MMAP_THRESHOLD_": str(1 << 33),
            "MALLOC_TRIM_THRESHOLD_": str(1 << 35),
        }
        if space:  # rows that an earlier version of an export gave must not come from a cache
            variables |= {"HF_HOME": f"{space}/hf", "MODELSCOPE_CACHE": f"{space}/modelscope"}
        command = [str(self._pythons[environment]), "-m", f"benchmarks.trainers.{module}", *told]
        with log.open("wb") as file:
            try:
                ran = subprocess.run(
                    command,
                    cwd=self._folder,
                    env=variables,
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    timeout=_LONGEST,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                file.write(f"\nnot ready after {_LONGEST} seconds\n".encode())
                return 124
        return ran.returncode


def _program(python: Path) -> Path:
    """A Python by the place of its environment, which a link may lead to."""
    return python.parent.resolve() / python.name


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-30:])


HEAD: Final = (
    "trainer",
    "version",
    "rows",
    "visual tokens",
    "frames",
    "first loss",
    "last loss",
    "",
)


def table(outcomes: Sequence[Outcome]) -> str:
    """What became of trainers, in Markdown; numbers are those of the record, not what was due."""
    lines = ["| " + " | ".join(HEAD) + " |", "|---|---|" + "---:|" * 5 + "---|"]
    return "\n".join([*lines, *("| " + " | ".join(_cells(each)) + " |" for each in outcomes)])


def _cells(outcome: Outcome) -> list[str]:
    record, due = outcome.record, outcome.expected
    if record is None:
        return [outcome.trainer.title, *["-"] * 6, "not run" if outcome.skipped else "FAILED"]
    rows = record.rows
    visual = sum(row.image_tokens + row.video_tokens for row in rows)
    frames = sum(2 * grid[0] for row in rows for grid in row.videos)
    return [
        outcome.trainer.title,
        record.version,
        f"{len(rows) or len(record.rewarded)} of {len(due)}",
        f"{visual:,}" if rows else "-",
        f"{frames}" if rows else "-",
        *(f"{each[0]:.2f}" if each else "-" for each in (record.losses[:1], record.losses[-1:])),
        "FAILED" if outcome.problems else "as expected",
    ]


if __name__ == "__main__":
    main()
