"""What is out of date, and which runs to start for it."""
