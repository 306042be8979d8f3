"""The assets: from the inputs of each to the bytes of its product, and the checks that guard it."""
