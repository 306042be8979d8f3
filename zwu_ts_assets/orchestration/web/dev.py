"""`dagster dev` with the guarded web server: `python -m zwu_ts_assets.orchestration.web.dev`."""

import warnings

from zwu_ts_assets.config.environment import WEB_TOKEN_VARIABLE
from zwu_ts_assets.orchestration.dagster_private import run_dev

if __name__ == "__main__":
    # It recommends another command, which has no place for a guard either.
    warnings.filterwarnings("ignore", message="Function `dev_command` is superseded")
    # Runs are no business of the token's: what they print is kept.
    run_dev("zwu_ts_assets.orchestration.web", [WEB_TOKEN_VARIABLE])
