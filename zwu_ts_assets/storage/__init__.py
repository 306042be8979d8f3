"""Where artifacts and data lie, in a folder or an object store; written whole or not at all."""
