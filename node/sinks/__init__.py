"""node/sinks: to be written."""
