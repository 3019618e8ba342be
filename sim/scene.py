"""A scene: who transmits what, where and when, and the receiver that listens."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Literal

from dsp.protocols.record import Band, Mode
from sim.impairments import Impairments
from sim.propagation import Propagation, Route
from sim.serial_devices.targets import Mount, Target

EPOCH_2026_NS = 1_767_225_600_000_000_000
"""2026-01-01T00:00:00Z: start of a scene that names none."""
ANY_CHANNEL: Literal["any"] = "any"
"""Value of ``Emitter.channel``: a new channel for every message."""


class SceneError(Exception):
    """A scene cannot be used. Every fault is listed, one a line, with the file and the key.

    Parameters
    ----------
    source
        File or name of the scene.
    faults
        ``(key, what is wrong and the cure)`` of each fault.
    """

    def __init__(self, source: str, faults: tuple[tuple[str, str], ...]) -> None:
        super().__init__("\n".join(f"{source}: {key}: {text}" if key else f"{source}: {text}" for key, text in faults))
        self.source = source
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Transmitter:
    """One transmitter: how strong, where, and how far off its crystal is.

    Parameters
    ----------
    power_dbm
        Power fed to an isotropic antenna; the path loss follows from the positions. Or:
    snr_db
        Fixed ratio at the receiver, whatever the distance: mean power of a packet over the noise in the signal's
        bandwidth; for a signal wider than the slice, its part inside the slice over the noise in the slice. Both at
        the tuning and gain the scene starts with, before the edges of the receiver's filter. Exactly one of the two.
    route
        Positions over time.
    ppm
        Error of its crystal: scales the carrier and the packet clock.
    drift_ppm_per_s
        How fast that error grows.
    """

    power_dbm: float | None = None
    snr_db: float | None = None
    route: Route = field(default_factory=Route)
    ppm: float = 0.0
    drift_ppm_per_s: float = 0.0

    def __post_init__(self) -> None:
        """Exactly one way to say the level."""
        if (self.power_dbm is None) == (self.snr_db is None):
            raise ValueError("give either power_dbm or snr_db")


@dataclass(frozen=True, slots=True)
class Telemetry:
    """The other end of a control link: it answers in every ``ratio``-th packet slot, from its own place."""

    ratio: int
    transmitter: Transmitter

    def __post_init__(self) -> None:
        """A ratio below 2 would leave nothing for the control link."""
        if self.ratio < 2:
            raise ValueError(f"ratio must be 2 or more, not {self.ratio}")


@dataclass(frozen=True, slots=True)
class Emitter:
    """Something that transmits.

    Parameters
    ----------
    name
        Unique in the scene; appears in the truth.
    label, mode
        The protocol and its way of working.
    transmitter
        Who sends.
    band
        Channel grid or range to transmit in. A hopping mode needs one with channels.
    frequency_hz
        Fixed carrier instead of a channel of the band.
    channel
        Index in the band's channels; ``"any"``: a new one for every message; None: one drawn by ``seed``.
    on_s
        Intervals of scene time in which packets may start; empty for always.
    repeat_s
        After this time path and intervals start again; None: never.
    period_s
        Time between messages of a sporadic mode; None: drawn once from the record's range.
    arrivals
        ``periodic`` with a jitter of a tenth of the period, or ``random`` anywhere in each period.
    seed
        Seeds the hop sequence (the binding phrase of an ELRS link), the phase of the clock and every draw.
    telemetry
        The answering end of a hopping link.
    """

    name: str
    label: str
    mode: Mode
    transmitter: Transmitter
    band: Band | None = None
    frequency_hz: float | None = None
    channel: int | Literal["any"] | None = None
    on_s: tuple[tuple[float, float], ...] = ()
    repeat_s: float | None = None
    period_s: float | None = None
    arrivals: Literal["periodic", "random"] = "periodic"
    seed: int = 0
    telemetry: Telemetry | None = None

    def __post_init__(self) -> None:
        """Check what one emitter alone can get wrong."""
        if (self.band is None) == (self.frequency_hz is None):
            raise ValueError(f"emitter {self.name}: give either a band or frequency_hz")
        if any(not start < end for start, end in self.on_s):
            raise ValueError(f"emitter {self.name}: each interval of on_s must end after it starts")


@dataclass(frozen=True, slots=True)
class Receiver:
    """The simulated RTL-SDR and its antenna, as the scene starts."""

    centre_hz: float
    sample_rate_hz: float = 2_400_000.0
    gain_db: float = 40.2
    agc: bool = False
    noise_figure_db: float = 6.0
    antenna_gain_db: float = 0.0
    route: Route = field(default_factory=Route)
    impairments: Impairments = field(default_factory=Impairments)

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not self.centre_hz > 0 or not self.sample_rate_hz > 0:
            raise ValueError("receiver: centre_hz and sample_rate_hz must be above 0")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the middle of a scene is on the earth: WGS 84, altitude above the ellipsoid."""

    lat_deg: float = 45.5
    lon_deg: float = 9.25
    altitude_m: float = 120.0


@dataclass(frozen=True, slots=True)
class SceneModule:
    """A serial module that stands in a scene.

    Parameters
    ----------
    name
        Unique among the modules.
    device
        Kind of module, as in ``firmware_bridge.devices``.
    mount
        Where it stands and looks.
    model
        What it can do other than usual: keys of its model, such as ``range_m`` of a radar.
    """

    name: str
    device: str
    mount: Mount = field(default_factory=Mount)
    model: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Broadcast:
    """Somebody who sends Remote ID.

    Parameters
    ----------
    claims
        What it says it is: a target of the scene, or one that is not there.
    uas_id, address
        Serial number and hardware address; None: made of the name.
    pilot_m
        Where it says its pilot stands, x east, y north; None tells no place.
    power_dbm
        Radiated.
    sender_m
        Where it really sends from; None: from where it says it is.
    on_s
        When it sends, in the time of its path; empty: always.
    """

    claims: Target
    uas_id: str | None = None
    address: str | None = None
    pilot_m: tuple[float, float] | None = None
    power_dbm: float = 14.0
    sender_m: tuple[float, float, float] | None = None
    on_s: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything ``SimRadio`` and simulated modules need: the same scene and seed give the same.

    Parameters
    ----------
    targets
        What radars and cameras can see.
    broadcasts
        Who sends Remote ID.
    modules
        Serial modules that stand in the scene.
    origin
        Where its middle is.
    """

    name: str
    receiver: Receiver
    emitters: tuple[Emitter, ...] = ()
    seed: int = 0
    duration_s: float | None = None
    """None: endless."""
    start_ns: int = EPOCH_2026_NS
    propagation: Propagation = field(default_factory=Propagation)
    title: str = ""
    targets: tuple[Target, ...] = ()
    broadcasts: tuple[Broadcast, ...] = ()
    modules: tuple[SceneModule, ...] = ()
    origin: Origin = field(default_factory=Origin)

    def __post_init__(self) -> None:
        """Names identify emitters and targets in the truth, and modules everywhere."""
        for what, things in (("emitter", self.emitters), ("target", self.targets), ("module", self.modules)):
            names = [thing.name for thing in things]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what} names must differ: {', '.join(twice)}")


def scene_names() -> tuple[str, ...]:
    """Names of the scenes that come with skypicket."""
    folder = resources.files("sim") / "scenes"
    return tuple(sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml")))


def load_scene(name_or_path: str | Path) -> Scene:
    """Read a scene by the name of a shipped one or from a file.

    Raises
    ------
    SceneError
        If there is no such scene, or with every fault in it.
    """
    from sim.scene_file import parse_scene  # the file format knows the scene, not the other way round

    name = str(name_or_path)
    if name in scene_names():
        text = (resources.files("sim") / "scenes" / f"{name}.toml").read_text(encoding="utf-8")
        return parse_scene(text, source=f"{name}.toml", name=name)
    path = Path(name_or_path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text file"
        shipped = ", ".join(scene_names())
        fault = f"cannot be read ({reason}); give the path of a scene file or one of: {shipped}"
        raise SceneError(name, (("", fault),)) from error
    return parse_scene(text, source=name, name=path.stem)
