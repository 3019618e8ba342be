"""Simulated serial modules on pseudo-terminals: exact protocols, true pace, faults on command.

``targets`` moves things, ``sensor`` says what a radar sees of them and ``camera`` what a camera does, one file per
device says it in its protocol, ``line`` damages the bytes, ``port`` is the pseudo-terminal, ``host`` runs a device on
it.
"""
