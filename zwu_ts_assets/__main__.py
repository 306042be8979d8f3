"""`python -m zwu_ts_assets`: the same as the command `zwu-ts-assets`."""

from zwu_ts_assets.cli import main

if __name__ == "__main__":
    main(prog_name="zwu-ts-assets")
