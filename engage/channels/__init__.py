"""One file for each way out: where we answer, and where the team is told."""
