"""The commands of `earful account`."""
