"""`python -m zwu_ts_assets.orchestration.web`: the web server."""

from zwu_ts_assets.orchestration.web.server import main

main()
