"""The one error type that speaks to the user, and how a sentence names a command.

What belongs here: exceptions raised on bad input, settings or tokenizers. What does not: errors of
our own making, which stay ordinary Python exceptions with a traceback.
"""

import shlex


class CorpusError(Exception):
    """Bad input, told so that the user can mend it.

    The message names the file, the row and column where there is one, what was found, what was
    expected and how to fix it. It takes one string, so that it survives the trip from a worker
    process.
    """


def entered(command: str, *words: str) -> str:
    """How a user enters a command: where the package is installed, and in a clone, which has make.

    Args:
        command: Its name, as in `look`.
        words: What follows the name.
    """
    ours = shlex.join(["zwu-ts-assets", command, *words])
    given = shlex.join(words)
    arguments = f' ARGS="{given}"' if " " in given else f" ARGS={given}" if given else ""
    return f"`{ours}` (in a clone `make {command}{arguments}`)"
