"""The node: sources of IQ samples, the pipeline and the tracker, messages and the command line, put together."""
