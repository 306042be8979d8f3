"""`python -m zwu_ts_assets.web`: the web server."""

from zwu_ts_assets.web.server import main

main()
