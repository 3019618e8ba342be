"""Signal processing: arithmetic only, no I/O, no threads, no clock.

The way of the data, one file a stage::

    iq -> spectrogram -> noise -> bursts -> baseband -> chirps / keying / video / ofdm -> features -> patches

``protocols/`` holds one record per radio protocol; every stage reads its facts from there.
"""
