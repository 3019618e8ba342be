"""Which radios scan, and what the configuration can get wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.config import parse_config
from node.config_faults import ConfigError
from node.inbox import ResultInbox
from node.pipeline import Pipeline, PipelineSettings
from node.runtime import RadioRunner
from node.scanning import make_pilots
from node.sources import SimulatorSettings, open_radio

NODE = '[node]\nsite = "hill"\nname = "mast"\n'
RADIO = '[[radio]]\nname = "{name}"\ntype = "rtl-tcp"\nhost = "{name}"\ncentre_hz = 868e6\nsample_rate_hz = {rate}\n'
TWO = RADIO.format(name="a", rate="2.4e6") + RADIO.format(name="b", rate="2.4e6")


def pilots(text: str) -> dict[str, object]:
    return dict(make_pilots(parse_config(NODE + text, Path("node.toml"))))


def test_only_the_named_radios_scan_and_share_the_stops() -> None:
    assert pilots(TWO) == {}
    assert set(pilots(TWO + '[scan]\nradios = ["b"]\n')) == {"b"}
    config = parse_config(NODE + TWO + '[scan]\nradios = ["a", "b"]\n', Path("node.toml"))
    both = make_pilots(config)
    begins = {name: pilot.next_centre_hz(0) for name, pilot in both.items()}
    assert begins["a"] != begins["b"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (TWO + '[scan]\nradios = ["c"]\n', "no radio is called 'c'; there are a, b"),
        (
            RADIO.format(name="a", rate="2.4e6") + RADIO.format(name="b", rate="1e6") + '[scan]\nradios = ["a", "b"]\n',
            "same sample_rate_hz",
        ),
    ],
)
def test_what_cannot_scan(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        pilots(text)


def test_a_simulated_radio_follows_its_pilot() -> None:
    text = '[[radio]]\nname = "a"\ntype = "simulator"\nscene = "quiet"\n[scan]\nradios = ["a"]\nregions = ["EU"]\n'
    pilot = make_pilots(parse_config(NODE + text, Path("node.toml")))["a"]
    settings = SimulatorSettings(name="a", scene="quiet", pace=0.0, duration_s=4.0)
    results = ResultInbox()
    runner = RadioRunner(
        "a", lambda: open_radio(settings, retune=pilot.next_centre_hz),
        lambda: Pipeline(PipelineSettings(), None, "a"), results, patient=True, pilot=pilot,
    )  # fmt: skip
    runner.start()
    centres = set()
    while runner.alive or results.waiting:
        results.get(0.05)
        centres.add(runner.status.centre_hz)
    assert len(centres - {None}) >= 2
    assert sum(pilot.visits) >= 2
