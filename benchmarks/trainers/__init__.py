"""Real trainers on real exports: what each reads, learns and makes of the media.

`python -m benchmarks.trainers` (`make trainers`) runs in the project's environment: it makes a
corpus and its exports (`corpus`), starts each trainer in an environment of its own, compares what
the trainer did with what the exports hold and preflight says (`verdict`), and prints a table.

`runs`, `tiny_model` and `record` run in the trainers' environments, which have no part of
`zwu_ts_assets`: what they saw comes back as JSON.
"""
