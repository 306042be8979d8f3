"""What people decide: settings, their files, environment variables, and which datasets there are.

What does not belong here: Dagster, and what is made of the settings.
"""
