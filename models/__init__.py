"""The classifier: patches in, calibrated labels out.

``classifier`` is the contract, ``onnx`` runs the shipped network, ``card`` is what the model says of itself,
``calibration`` the arithmetic of honest confidence, ``train`` makes a new one (extra ``[train]``).
"""
