"""What to do about what was said: ranking, triage, alerts."""
