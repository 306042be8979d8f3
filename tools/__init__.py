"""What `make` calls that is no part of the package: its environment, its documentation."""
