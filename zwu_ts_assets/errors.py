"""The one error type that speaks to the user.

What belongs here: exceptions raised on bad input, settings or tokenizers. What does not: errors of
our own making, which stay ordinary Python exceptions with a traceback.
"""


class CorpusError(Exception):
    """Bad input, told so that the user can mend it.

    The message names the file, the row and column where there is one, what was found, what was
    expected and how to fix it. It takes one string, so that it survives the trip from a worker
    process.
    """
