"""For all tests."""

from __future__ import annotations

import os
import signal

from hypothesis import HealthCheck, settings

# How fast a machine is says nothing about the code: no deadlines, and no complaint about a slow one.
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")

# As the command sets it, before NumPy is loaded: on a busy machine threads that wait for each other take minutes.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell starts background jobs with Ctrl-C ignored, and the programs under test would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
