"""Make a model: read the data sets, mix them, fine-tune, calibrate, quantise. Needs the `train` extra."""
