"""The evaluation protocol: what is run, how it is judged, and the report about it."""
