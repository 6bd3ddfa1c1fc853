"""The commands. Each module here that has a `command` is one; nothing is registered anywhere."""
