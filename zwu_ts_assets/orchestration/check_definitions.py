"""The asset checks of a dataset as Dagster sees them.

What belongs here: the one definition that the checks of all assets share, and the two checks that
compare with the CSV. What does not: which check guards which asset (`specs.py`), what its body
looks at (`assets/checks.py`, `assets/training_checks.py`).
"""

from collections.abc import Callable, Iterator
from functools import partial
from inspect import Parameter, Signature
from typing import Any, Final

import dagster as dg

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.asset_spec import AssetSpec
from zwu_ts_assets.orchestration.contexts import CheckRun, surroundings_of
from zwu_ts_assets.orchestration.datasets import Dataset, asset_names
from zwu_ts_assets.orchestration.failures import speaking_to_the_user
from zwu_ts_assets.orchestration.partitions import batch_count
from zwu_ts_assets.orchestration.refresh.comparison import (
    NOT_ASKED_FOR,
    difference,
    out_of_date_sentence,
)
from zwu_ts_assets.orchestration.reports import asset_key
from zwu_ts_assets.orchestration.resources import Workers
from zwu_ts_assets.orchestration.runs import batches_of_run
from zwu_ts_assets.orchestration.terminal import begin
from zwu_ts_assets.orchestration.work import Check
from zwu_ts_assets.storage.data_mirror import bring_up_to_date, told
from zwu_ts_assets.storage.places import Place

CSV_CHECK: Final = "csv_is_sound"
CURRENT_CHECK: Final = "is_current"
"""The checks that compare with the CSV: the sensor answers them at each look, and so does whoever
presses their button."""


def dataset_checks(dataset: Dataset, artifacts: Place) -> list[dg.AssetChecksDefinition]:
    """The checks of a dataset's assets.

    Args:
        dataset: Whose artifacts they look at.
        artifacts: The folder for the outputs of all datasets.
    """
    return [
        _csv_check(dataset),
        _current_check(dataset, artifacts),
        *(
            _check(dataset, artifacts, spec, check)
            for spec in dataset.specs.enabled(dataset.settings)
            for check in spec.checks
        ),
    ]


def stage_of(spec: AssetSpec, check: Check) -> str:
    """What the progress of a command calls a check."""
    return f"{spec.name}: {check.name}"


def _check(
    dataset: Dataset, artifacts: Place, spec: AssetSpec, check: Check
) -> dg.AssetChecksDefinition:
    """A check that looks at what an asset made."""
    workers_key = f"{dataset.scope}workers"

    def verify(
        context: dg.AssetCheckExecutionContext, made: Any, **inputs: Any
    ) -> dg.AssetCheckResult:
        workers: Workers = inputs.pop(workers_key)
        begin(stage_of(spec, check))  # it counts by itself what it goes through
        run = CheckRun(
            dataset,
            surroundings_of(dataset),
            workers.pool,
            chosen=partial(batches_of_run, context.run.tags),
            batch_count=partial(batch_count, dataset),
        )
        with speaking_to_the_user(artifacts):
            verdict = check.verify(run, made, **inputs)
        return dg.AssetCheckResult(
            passed=verdict.passed,
            severity=dg.AssetCheckSeverity.WARN if check.warns else dg.AssetCheckSeverity.ERROR,
            description=verdict.description or None,
            metadata={
                name: value
                if isinstance(value, int | float | str)
                else dg.MetadataValue.json(value)
                for name, value in verdict.metadata.items()
            },
        )

    # Dagster takes from the signature which inputs there are; they differ from check to check.
    ours = [
        Parameter("context", Parameter.POSITIONAL_OR_KEYWORD),
        Parameter(workers_key, Parameter.POSITIONAL_OR_KEYWORD, annotation=Workers),
        Parameter("made", Parameter.POSITIONAL_OR_KEYWORD, annotation=Any),
        *(
            Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, annotation=Any)
            for name in check.inputs
        ),
    ]
    verify.__signature__ = Signature(ours)  # type: ignore[attr-defined]
    decorator: Callable[[Callable[..., Any]], dg.AssetChecksDefinition] = dg.asset_check(
        asset=asset_key(dataset, dataset.asset_name(spec.name)),
        name=check.name,
        description=check.description,
        additional_ins={
            name: dg.AssetIn(key=asset_key(dataset, dataset.asset_name(source)))
            for name, source in check.inputs.items()
        },
    )
    return decorator(verify)


def _csv_check(dataset: Dataset) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=asset_key(dataset, dataset.raw_asset), name=CSV_CHECK)
    def csv_is_sound() -> dg.AssetCheckResult:
        """The CSV can be read, and its rows are what a corpus can be made from."""
        from zwu_ts_assets.orchestration.assets import corpus_products as products

        try:
            bring_up_to_date(dataset.csv.parent)
            products.raw_product(dataset.csv, dataset.settings)
        except CorpusError as error:
            return dg.AssetCheckResult(passed=False, description=told(str(error)))
        return dg.AssetCheckResult(passed=True, description="the CSV can be used")

    found: dg.AssetChecksDefinition = csv_is_sound
    return found


def _current_check(dataset: Dataset, artifacts: Place) -> dg.AssetChecksDefinition:
    names = asset_names(dataset)

    @dg.multi_asset_check(
        name=f"{dataset.name}_{CURRENT_CHECK}",
        specs=[
            dg.AssetCheckSpec(
                CURRENT_CHECK,
                asset=asset_key(dataset, name),
                description="Every artifact is what the CSV, the settings and the code say now.",
            )
            for name in names
        ],
        can_subset=True,
    )
    def is_current(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        with speaking_to_the_user(dataset.csv):
            bring_up_to_date(dataset.csv.parent)
            found = difference(dataset, artifacts)
        chosen = context.selected_asset_check_keys
        for name in names:
            key = asset_key(dataset, name)
            if dg.AssetCheckKey(key, CURRENT_CHECK) not in chosen:
                continue
            if name not in found.assets:
                yield dg.AssetCheckResult(
                    asset_key=key,
                    check_name=CURRENT_CHECK,
                    passed=True,
                    description=NOT_ASKED_FOR,
                )
                continue
            stale = [item for item in found.stale if item.asset == name]
            yield dg.AssetCheckResult(
                asset_key=key,
                check_name=CURRENT_CHECK,
                passed=not stale,
                severity=dg.AssetCheckSeverity.WARN,
                description=out_of_date_sentence(stale, found.foreign.get(name, ())),
            )

    found: dg.AssetChecksDefinition = is_current
    return found
