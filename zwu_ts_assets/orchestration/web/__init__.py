"""The web UI: Dagster's own, behind a guard that lets nobody in but the user.

What belongs here: who may talk to the web server, and starting it. What does not: what the web UI
shows, which is Dagster's.
"""
