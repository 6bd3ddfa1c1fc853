"""The commands of `earful source`. Each module here that has a `command` is one."""
