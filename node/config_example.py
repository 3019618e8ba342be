"""The configuration to begin with."""

from __future__ import annotations

EXAMPLE = """\
# Configuration of a skypicket node. Check it with:  skypicket config check node.toml
# Lines with # are off and show the usual value. Relative paths begin at the folder of this file.

[node]
site = "north"                  # part of every topic: letters, digits, - and _
name = "mast-1"                 # unique within the site
# id = "00000000-0000-4000-8000-000000000000"   # UUID; derived from site and name if left out

# [node.position]               # where the node stands, degrees (WGS 84)
# lat = 56.95
# lon = 24.11
# alt_m = 31.0                  # above the ellipsoid
# ce_m = 5.0                    # radius of the error

# --- what it listens to: any number of [[radio]] ------------------------------------------------------------------

[[radio]]
name = "roof"
type = "rtl-sdr"
# serial = "00000001"           # which dongle, see rtl_test; needed as soon as there are two
centre_hz = 868.3e6             # on air
sample_rate_hz = 2.4e6
gain = "auto"                   # better a fixed one in dB, such as 29.7
# ppm = 0                       # error of the crystal
# bias_tee = false              # true feeds an amplifier through the antenna cable
# converter_offset_hz = 0.0     # on-air frequency less tuned frequency: -125e6 for an up-converter of 125 MHz

# [[radio]]
# name = "far"
# type = "rtl-tcp"              # a dongle behind rtl_tcp
# host = "192.0.2.10"
# port = 1234
# centre_hz = 433.9e6

# [[radio]]
# name = "rehearsal"
# type = "simulator"            # no hardware: a simulated scene
# scene = "demo"

# [[radio]]
# name = "tape"
# type = "recording"
# path = "recording.sigmf-meta"

# [[serial]]
# name = "radar"
# type = "ld2450"               # a module on a serial port: radar, camera, Remote ID, GPS
# port = "/dev/serial/by-id/usb-..."   # or usb:VVVV:PPPP, socket://HOST:PORT, sim:SCENE for a simulated one
# [serial.mount]                # where it stands and looks; at the node and to the north if left out
# heading_deg = 90.0            # of its boresight, clockwise from true north
# tilt_deg = 10.0               # above the horizon
# up_m = 2.0                    # above the node's position; also east_m, north_m
# azimuth_half_deg = 60.0       # half of its field of view
# elevation_half_deg = 30.0
# reach_m = 50.0                # it sees a small drone up to here

# [[serial]]
# name = "gnss"
# type = "gpsd"                 # the node's place and time
# port = "socket://localhost:2947"

# --- where messages go ---------------------------------------------------------------------------------------------

[mqtt]
host = "localhost"
# port = 1883                   # with [mqtt.tls] 8883
# protocol = "5"                # "3.1.1" for old brokers
# username = "mast-1"
# password_file = "mqtt-password"   # the password is its first line
# spool = "/var/lib/skypicket/spool.db"   # keeps events over a restart while the broker is away
# track_expiry_s = 30           # a retained track that is not renewed vanishes
# queue_messages = 10000        # events kept while the broker is away
# commands = ["health", "tracks"]   # what clients may ask for; "affiliation" and "ack" are for operators:
                                # only with an access list at the broker, see docs/mqtt.md

# [mqtt.tls]
# ca = "ca.pem"                 # who vouches for the broker; the system's authorities if left out
# cert = "mast-1.pem"           # the node's own certificate and key, where the broker asks for them
# key = "mast-1.key"

# [jsonl]
# path = "/var/lib/skypicket/messages.jsonl"

# [console]
# updates = true                # also rows of tracks that only go on
# non_drone = true              # also rows of what is no drone

# --- how it works: usual values --------------------------------------------------------------------------------------

# [model]
# path = "model.onnx"           # the one that comes with skypicket if left out

# [pipeline]
# patches_per_second = 12.0     # bursts named by the classifier a second of signal
# chirp_patches_per_second = 4.0   # of them for each shape of chirp

# [detector]
# bursts_per_second = 1500.0

# [tracker]
# update_s = 1.0                # least time between two updates of a track
# refresh_s = 5.0               # longest time between two updates of a track that is heard
# link_timeout_s = 6.0          # a link not heard for so long is lost
# emitter_timeout_s = 10.0
# video_timeout_s = 3.0
# publish_non_drone = true      # also sensors, carriers and other things that are no drone

# [scan]                        # radios that go from band to band; see: skypicket scan
# radios = ["roof"]             # which; a radio that is not named stays where it is tuned
# regions = ["EU"]              # "EU", "FCC", "AU", "IN", "TH"
# hold_s = 6.0                  # a stop is kept so long at most when something suspicious is heard there
# skip_hz = []                  # stops whose slice holds one of these are left out

# [fusion]                      # radio, radar, camera and Remote ID in one picture
# dark_after_s = 5.0            # seen so long without a Remote ID: dark
# critical_range_m = 100.0      # a proven drone is critical within it

# [friends]                     # who may fly: a signed list
# list = "friends.json"
# signature = "friends.sig"
# public_key = "friends.pub"

# [alerts]                      # of all tracks those that people should look at now
# level = "warning"             # from this severity on: "info", "advisory", "warning" or "critical"
# hold_s = 5.0                  # an alert ends when its object has been below it for so long

# [gnss]
# fix_timeout_s = 10.0          # a fix older than this is not used where [node.position] is given
# drift_mps = 0.0               # a node without [node.position] may have moved so fast since its last fix
# moved_m = 100.0               # a fix further from [node.position] than this is said in health

# [live]
# health_interval_s = 10.0
"""
"""Loads as it is."""
