"""The front door for Dagster: the definitions of what the environment and the data folder say.

The only module that does something when it is imported. What it loads is put together in
`orchestration/build.py`.
"""

from zwu_ts_assets.orchestration.build import defined

defs = defined()
