"""Where the reference data is: the real ETTh1.csv and the original's outputs.

The data is kept beside the repository in `shared/` and never inside it; `ZWU_TS_SHARED_DIR` names
another place. Tests that need it carry the `shared` marker and are skipped, with the reason shown,
where it is absent.
"""

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("ZWU_TS_SHARED_DIR") or REPOSITORY.parent / "shared")
GOLDEN = SHARED / "golden"
ETTH1_CSV = SHARED / "data" / "ETTh1.csv"
