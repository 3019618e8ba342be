"""Remote ID: what drones broadcast of themselves, and the receivers that pass it on.

``messages`` and ``decode`` are the 25-byte messages; ``transports`` the radio frames they travel in; ``observation``
what a receiver hears at once; ``aircraft`` collects it per transmitter; ``dialects/`` one file per kind of receiver;
``receiver`` the serial module.
"""
