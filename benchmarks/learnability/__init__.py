"""Whether a model that begins with nothing learns to read the pictures of a corpus."""
