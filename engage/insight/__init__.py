"""What predicts who stays: behaviours observed, survival fitted, results kept."""
