"""The simulator: scenes of emitters, rendered as an RTL-SDR would hear them, with the truth beside them."""
