"""Whether tag, version, changelog and citation agree: `python tools/release.py v0.1.0`.

Needs nothing but Python: the release workflow runs it before anything is installed.
"""

import re
import sys
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


def problems(tag: str, repository: Path = REPOSITORY) -> list[str]:
    """What does not agree with a tag, in a sentence each.

    Args:
        tag: Such as `v0.1.0`.
        repository: The folder with `pyproject.toml`.
    """
    pyproject = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    changelog = (repository / "CHANGELOG.md").read_text(encoding="utf-8")
    citation = (repository / "CITATION.cff").read_text(encoding="utf-8")
    version = tag.removeprefix("v")
    said = {
        "pyproject.toml": [pyproject["project"]["version"]],
        "CITATION.cff": re.findall(r"^version: (.+)$", citation, re.MULTILINE),
        "CHANGELOG.md": re.findall(r"^## \[(\d.*?)\]", changelog, re.MULTILINE)[:1],
    }
    return [
        f"{name}: found version {found[0] if found else 'nothing'}; expected {version}, as the tag "
        f"{tag} says. Mend the file, or tag another commit."
        for name, found in said.items()
        if found != [version] or tag == version
    ]


if __name__ == "__main__":
    if found := problems(sys.argv[1]):
        sys.exit("\n".join(found))
