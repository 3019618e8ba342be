"""The pictures of the report, and what is said of each."""

from __future__ import annotations

from node.report.runs import STRONG_DB

PICTURES = {
    "pd": "Share of links found and named over the signal-to-noise ratio, by protocol",
    "modes": "Share of links found and named, by mode and signal-to-noise ratio",
    "alerts": "Time to the first alert, by protocol and band",
    "false_tracks": "False drone tracks an hour",
    "confusion_tracks": "Confusion matrix of tracks",
    "confusion_bursts": "Confusion matrix of bursts",
    "calibration": "Reliability of the confidences of drone tracks, all tracks and bursts",
}
"""Every picture by its file's stem, and what it shows."""
CAPTIONS = {
    "pd": "All modes of a protocol together. Across: the packet's signal-to-noise ratio in the link's own bandwidth, "
    "in dB above the level where the mode must be found (0; it must be named from +5 on); *strong* is an SNR of "
    f"{STRONG_DB:+g} dB. Up: share of the scenes, with 95 % intervals; dashed: the share that is required.",
    "modes": "Each cell: scenes in which the link was found (left) or label and mode were right (right), of those run; "
    "colour: the share. The figure after a mode's name is the SNR where it must be found; framed columns: where "
    "found and named are required. Protocols and modes below the line have no levels in the design.",
    "alerts": f"At {STRONG_DB:+g} dB, all modes of a protocol together. Dot: median; bar: 95 % point (none where more "
    "than 5 % were never alerted to); figures on the right: alerted/run. Triangles: the medians that the design asks "
    "for.",
    "false_tracks": "Dot: counted rate, where any was counted; red bar: 95 % Poisson upper bound of the true rate.",
    "confusion_tracks": "Rows: what was on air (a track belongs to the emitter whose bands it is most like); columns: "
    "what the track was called. Figures count tracks; colour: share of the row.",
    "confusion_bursts": "The same of single bursts.",
    "calibration": "Above: share that was right against the confidence that was said, with 95 % intervals, and below "
    "how many there were of each; on the dashed line said and right agree. `unknown` claims nothing and is left out.",
}
"""What stands below each picture."""
