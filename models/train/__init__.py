"""Training (extra ``[train]``): networks, the fitting loop, and the export to ONNX."""
