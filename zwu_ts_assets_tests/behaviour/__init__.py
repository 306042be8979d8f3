"""What is promised, tested from the outside: commands, runs, daemons, files."""
