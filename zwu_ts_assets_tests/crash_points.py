"""Every point at which a run can be stopped, tried: `python -m zwu_ts_assets_tests.crash_points`.

A run of three batches with all exports is recorded once, as Dagster makes it: which artifacts, from
what, and what was made. Then it is repeated from the IO managers on, with what was made at hand, so
that a run takes a tenth of a second and every operation on the file system can be made to go wrong,
one after the other, in every way. After each the same is asked:

- whole files only: whatever has its final name has the bytes of this run or of the one before;
- the next run completes, and all bytes are those of an undisturbed run, records included;
- nothing is left: no temporary, no lock;
- files of others, among ours, are as they were.

Two runs are tried: one into an empty folder, and one that replaces a corpus of four batches, made
with other settings, whose fourth is to go.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO, Final
from unittest import mock

import dagster as dg
import fsspec

from zwu_ts_assets.config.environment import ARTIFACTS_DIR_VARIABLE
from zwu_ts_assets.orchestration.artifact_io_manager import ArtifactIOManager
from zwu_ts_assets.orchestration.datasets import asset_names
from zwu_ts_assets.orchestration.layout import dataset_store
from zwu_ts_assets.orchestration.runs import dead_runs, forget, run_lock
from zwu_ts_assets.orchestration.specs import SPECS
from zwu_ts_assets.orchestration.work import Product, Work
from zwu_ts_assets.storage.artifact_store import ArtifactStore
from zwu_ts_assets.storage.object_files import ObjectFiles
from zwu_ts_assets.storage.object_store import ObjectStore
from zwu_ts_assets.storage.places import Place, StoreError, printed_place
from zwu_ts_assets.training.export_files import WrittenFile
from zwu_ts_assets_tests.faulty_disk import KINDS, Crash, FaultyDisk
from zwu_ts_assets_tests.project import SETTINGS, Project, failures

_SPLIT: Final = "[split]\nratios = [1, 0, 0]\n"
_RUN: Final = "11111111-2222-3333-4444-555555555555"
FOREIGN: Final = {
    "exports/qwen/output/checkpoint-1/model.safetensors": b"of a trainer",
    "correlations/notes.txt": b"of somebody",
    "correlations/batch_77.png": b"of nobody that we know",
    ".records/notes.txt": b"of somebody too",
}
"""Files of others, which lie where ours do."""


@dataclass(frozen=True)
class Step:
    """One asset as a run makes it.

    Attributes:
        manager: The class of its IO manager.
        asset: Its name.
        code_version: Likewise.
        keys: Of its batches; empty if it has none.
        work: What it is made from.
        products: What was made, by key.
    """

    manager: type[ArtifactIOManager]
    asset: str
    code_version: str
    keys: Sequence[str]
    work: Work
    products: dict[str, Product[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Recording:
    """A run, and the files that it leaves in an empty folder."""

    steps: Sequence[Step]
    files: Mapping[str, bytes]


def record(folder: Path, rows: int, settings: str = "") -> Recording:
    """Make a corpus and all its exports through Dagster, and keep how.

    Args:
        folder: A new one.
        rows: Of the CSV.
        settings: Further ones.
    """
    project, steps = Project(folder, rows, SETTINGS + settings + _SPLIT), []
    own = ArtifactIOManager.handle_output

    def recorded(manager: ArtifactIOManager, context: dg.OutputContext, work: Work) -> None:
        keys = context.asset_partition_keys if context.has_asset_partitions else []
        version = str(context.asset_spec.code_version)
        step = Step(type(manager), context.asset_key.path[-1], version, list(keys), work)
        steps.append(step)

        def made(keys: Sequence[str]) -> Iterator[Product[Any]]:
            for key, product in zip(keys, work.make(keys), strict=True):
                step.products[key] = _at_hand(product)
                yield step.products[key]

        own(manager, context, replace(work, make=made))

    with mock.patch.object(ArtifactIOManager, "handle_output", recorded):
        assets = asset_names(project.dataset)
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        result = project.materialize(*assets, batches=(0, rows // 24 - 1), config=quiet)
    assert result.success, failures(result)
    return Recording(steps, _files(project.artifacts))


def _put(content: bytes, sink: BinaryIO) -> None:
    sink.write(content)


def _at_hand(product: Product[Any]) -> Product[Any]:
    """A product that is made no further: of an export, all files are built."""
    if not hasattr(product.value, "__next__"):
        return product
    files = []
    for file in product.value:
        if isinstance(file, WrittenFile):
            content = file.build()
            file = WrittenFile(file.path, file.made_from, partial(_put, content))
        files.append(file)
    return replace(product, value=files)


def run(recording: Recording, root: Place) -> None:
    """The run once more, as `make run` goes about it: from the IO managers on, all is the code's.

    Args:
        recording: What is made.
        root: The folder for the outputs.
    """
    dataset_store(root, ()).remove_abandoned()
    for run_id in dead_runs(root):
        forget(root, run_id)
    with ExitStack() as stack:
        stack.enter_context(run_lock(root, _RUN, "/home"))
        stack.enter_context(
            mock.patch.multiple(
                ArtifactIOManager,
                store_of=lambda *_: dataset_store(root, ()),
                _teller=lambda *_, **__: lambda *_: None,
            )
        )
        for step in recording.steps:
            made = step.products.__getitem__
            work = replace(step.work, make=partial(map, made))
            step.manager(artifacts_dir="", specs=SPECS).handle_output(_context(step), work)


def _context(step: Step) -> Any:
    """What an IO manager asks Dagster for."""
    log = SimpleNamespace(info=lambda *_: None, warning=lambda *_: None)
    return SimpleNamespace(
        asset_key=dg.AssetKey(step.asset),
        asset_spec=SimpleNamespace(code_version=step.code_version),
        asset_partition_keys=step.keys,
        has_asset_partitions=bool(step.keys),
        step_context=SimpleNamespace(dagster_run=SimpleNamespace(tags={})),
        log=log,
    )


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


@dataclass(frozen=True)
class Start:
    """A folder before a run, and what it is to have afterwards."""

    name: str
    recording: Recording
    before: Mapping[str, bytes]

    @property
    def expected(self) -> dict[str, bytes]:
        """All files after the run."""
        return {**self.recording.files, **FOREIGN}


def starts(folder: Path) -> list[Start]:
    """The runs that are tried.

    Args:
        folder: An empty one, for what is needed once.
    """
    new = record(folder / "new", rows=24 * 3 + 5)
    old = record(folder / "old", rows=24 * 4 + 5, settings="title_batch_index = true\n")
    return [
        Start("into an empty folder", new, FOREIGN),
        Start("over another corpus", new, {**old.files, **FOREIGN}),
    ]


@contextmanager
def _filled(files: Mapping[str, bytes], memory: Path) -> Iterator[Path]:
    """A new folder with some files."""
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        root = Path(folder, "artifacts")
        root.mkdir()
        for name, data in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(data)
        yield root


def operations(start: Start, memory: Path) -> list[tuple[str, str]]:
    """The operations of a run that nothing disturbs.

    Args:
        start: Which run.
        memory: A folder for the files, best in memory.
    """
    with _filled(start.before, memory) as root:
        disk = FaultyDisk(root)
        with disk.mounted():
            run(start.recording, root)
        assert _files(root) == start.expected
        disk.lose_power()
        lost = list(_differences(_files(root), start.expected))
        assert not lost, f"what a run has ended well with outlives the power: {lost}"
        return disk.done


def losses_on_disk(start: Start, at: int, kind: str, memory: Path) -> list[str]:
    """What is lost by something that goes wrong: a sentence each.

    Args:
        start: Which run.
        at: At which operation.
        kind: How.
        memory: A folder for the files, best in memory.
    """
    with _filled(start.before, memory) as root:
        disk = FaultyDisk(root, at, kind)
        with disk.mounted(), suppress(Crash, OSError, dg.Failure):
            run(start.recording, root)
        if kind in ("power", "last folder"):
            disk.lose_power(keep_last=kind == "last folder")
        found = list(_torn(_files(root), start))
        try:
            run(start.recording, root)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a loss
            return [*found, f"the next run fails: {error!r}"]
        return [*found, *_differences(_files(root), start.expected)]


def _torn(files: Mapping[str, bytes], start: Start) -> Iterator[str]:
    """Files with a final name whose bytes are neither the old ones nor the new ones."""
    for name, data in files.items():
        if name.endswith(".tmp") or name.startswith(".runs/"):
            continue
        if data not in (start.before.get(name), start.expected.get(name)):
            yield f"{name} is torn"
    for name, data in FOREIGN.items():
        if files.get(name) != data:
            yield f"{name}, a file of somebody else, was changed"


def _differences(files: Mapping[str, bytes], expected: Mapping[str, bytes]) -> Iterator[str]:
    for name in sorted({*files, *expected}):
        if files.get(name) != expected.get(name):
            what = "is left" if name not in expected else "differs" if name in files else "is gone"
            yield f"after the next run {name} {what}"


OBJECT_KINDS: Final = ("before", "after", "error")
_CHANGES: Final = frozenset({"pipe_file", "call_s3", "cp_file", "rm_file"})


@dataclass
class FaultyStore:
    """An object store of which one request goes wrong; see `FaultyDisk`."""

    at: int = -1
    kind: str = ""
    done: list[tuple[str, str]] = field(default_factory=list)
    _dead: bool = False

    @contextmanager
    def mounted(self) -> Iterator[None]:
        """Between the project and the client of the store."""
        own: Callable[..., Any] = ObjectFiles._call

        def call(files: ObjectFiles, method: str, *arguments: Any, **options: Any) -> Any:
            if self._dead:
                raise Crash
            if method not in _CHANGES:
                return own(files, method, *arguments, **options)
            number = len(self.done)
            self.done.append((method, str(arguments[0])))
            if number == self.at and self.kind == "before":
                self._dead = True
                raise Crash
            if number == self.at and self.kind == "error":
                raise StoreError("the store says 503")
            result = own(files, method, *arguments, **options)
            if number == self.at and self.kind == "after":
                self._dead = True
                raise Crash
            return result

        # One after the other: with several at once the count would not tell which it is.
        one = mock.patch.object(ObjectStore, "at_once", 1)
        with one, mock.patch.object(ObjectFiles, "_call", call):
            yield


Contents = Callable[[], dict[str, bytes]]


def losses_in_a_store(
    start: Start, root: Place, contents: Contents, fault: FaultyStore
) -> list[str]:
    """What is lost in an object store; records differ by tags, and are compared by their files.

    Args:
        start: Which run; only one into an empty folder.
        root: An empty place.
        contents: What is there.
        fault: What goes wrong.
    """
    with fault.mounted(), suppress(Crash, OSError, StoreError, dg.Failure):
        run(start.recording, root)
    found = [text for text in _torn(_artifacts(contents()), start) if "somebody else" not in text]
    try:
        run(start.recording, root)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a loss
        return [*found, f"the next run fails: {error!r}"]
    expected = _artifacts(start.recording.files)
    found += _differences(_artifacts(contents()), expected)
    store: ArtifactStore = dataset_store(root, ()).look()
    for name in start.recording.files:
        if name.startswith(".records/"):
            _, asset, key = name.split("/")
            known = store.record(asset, key.removesuffix(".json"))
            if known is None or not store.is_whole(known):
                found.append(f"after the next run the record {name} is not of its files")
    return found


def _artifacts(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in files.items() if not name.startswith(".records/")}


def store_in_memory(name: str) -> tuple[Place, Contents]:
    """An empty place in the memory of this process, and what is there."""
    system = fsspec.filesystem("memory")
    with suppress(FileNotFoundError):
        system.rm(f"/{name}", recursive=True)

    def contents() -> dict[str, bytes]:
        found = system.find(f"/{name}")
        return {path[len(name) + 2 :]: system.cat_file(path) for path in found}

    return printed_place(f"memory://{name}"), contents


def points(count: int, stride: int, seed: int = 0) -> list[int]:
    """Every so many of a number of points, with the first and the last one."""
    return sorted({*range(seed % stride, count, stride), 0, count - 1})


PARTS: Final = ("empty", "replaced", "store")
"""The run into an empty folder, the one over another corpus, and the first in an object store."""


def try_all(stride: int, say: Callable[[str], object], parts: Collection[str] = PARTS) -> int:
    """Try points on disk and in an object store.

    Args:
        stride: Every so many of them.
        say: Prints a line.
        parts: Of `PARTS`.

    Returns:
        How many losses there were.
    """
    memory = Path("/dev/shm")  # noqa: S108 - memory, so that nothing waits for a disk
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        place = Path(folder)
        os.environ[ARTIFACTS_DIR_VARIABLE] = str(place / "unused")
        tried = lost = 0
        prepared = starts(place)
        for part, start in zip(PARTS, prepared, strict=False):
            if part not in parts:
                continue
            done = operations(start, place)
            for kind in KINDS:
                able = [
                    at
                    for at, (operation, _) in enumerate(done)
                    if kind not in ("torn", "short") or operation == "write"
                ]
                chosen = [able[number] for number in points(len(able), stride)]
                found = {at: losses_on_disk(start, at, kind, place) for at in chosen}
                tried, lost = tried + len(chosen), lost + _told(start, kind, found, done, say)
        empty = prepared[0]
        count = FaultyStore()
        root, contents = store_in_memory("crash-points")
        with count.mounted():
            run(empty.recording, root)
        for kind in OBJECT_KINDS if "store" in parts else ():
            found = {}
            for at in points(len(count.done), stride):
                root, contents = store_in_memory("crash-points")
                found[at] = losses_in_a_store(empty, root, contents, FaultyStore(at, kind))
            tried, lost = tried + len(found), lost + _told(empty, kind, found, count.done, say)
    say(f"{tried} points tried, {lost} losses")
    return lost


def _told(
    start: Start,
    kind: str,
    found: Mapping[int, Sequence[str]],
    done: Sequence[tuple[str, str]],
    say: Callable[[str], object],
) -> int:
    where = "an object store" if done[0][0] in _CHANGES else "disk"
    lost = {at: texts for at, texts in found.items() if texts}
    say(f"{where}, {start.name}, {kind}: {len(found)} of {len(done)} points, {len(lost)} losses")
    for at, texts in list(lost.items())[:5]:
        say(f"  {at} {' '.join(done[at])}: {'; '.join(texts[:3])}")
    return len(lost)


def main() -> None:
    """Try all points, or every so many."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--stride", type=int, default=1, help="try every so many points")
    parser.add_argument(
        "--part", choices=PARTS, action="append", help="try this one alone; can be given again"
    )
    arguments = parser.parse_args()
    lost = try_all(arguments.stride, lambda text: print(text, flush=True), arguments.part or PARTS)
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()
