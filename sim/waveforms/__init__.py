"""sim/waveforms: to be written."""
