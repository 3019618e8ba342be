"""What a scene file says besides radio: targets, Remote ID, modules, the place; every fault with its key."""

from __future__ import annotations

import pytest

from sim.scene import Origin, Scene, SceneError, load_scene, scene_names
from sim.scene_file import parse_scene
from sim.serial_devices.twins import make_twin

RECEIVER = "[receiver]\ncentre_hz = 868e6\nposition_m = [1.0, 2.0, 3.0]\n"
QUAD = '[[target]]\nname = "quad"\nposition_m = [10.0, 20.0, 30.0]\n'


def scene(text: str) -> Scene:
    return parse_scene(RECEIVER + text, source="mine.toml", name="mine")


def faults(text: str) -> str:
    with pytest.raises(SceneError) as caught:
        scene(text)
    return str(caught.value)


def test_things_are_as_they_are_said_to_be() -> None:
    made = scene(
        "[origin]\nlat_deg = 1.0\nlon_deg = 2.0\naltitude_m = 3.0\n"
        + QUAD
        + 'rcs_m2 = 0.5\nsize_m = 1.5\nkind = "bird"\n'
        '[[broadcast]]\ntarget = "quad"\npilot_m = [5.0, 6.0]\nuas_id = "X1"\n'
        '[[broadcast]]\nname = "ghost"\nposition_m = [1.0, 1.0, 50.0]\nsender_m = [0.0, 9.0, 1.0]\n'
        "on_s = [[1.0, 5.0]]\n"
        '[[module]]\ndevice = "ld2450"\n'
        '[[module]]\nname = "far"\ndevice = "ti-mmwave"\nposition_m = [4.0, 5.0, 6.0]\n'
        "heading_deg = 90.0\nrange_m = 99.0\n"
    )
    assert made.origin == Origin(1.0, 2.0, 3.0)
    (quad,) = made.targets
    assert (quad.kind, quad.reflects_m2, quad.size_m, quad.at(7.0)) == ("bird", 0.5, 1.5, (10.0, 20.0, 30.0))
    first, ghost = made.broadcasts
    assert (first.claims, first.uas_id, first.pilot_m) == (quad, "X1", (5.0, 6.0))
    assert (ghost.claims.name, ghost.sender_m) == ("ghost", (0.0, 9.0, 1.0))
    assert (first.on_s, ghost.on_s) == ((), ((1.0, 5.0),))
    near, far = made.modules
    assert (near.name, near.mount.x_m, near.mount.y_m, near.mount.z_m) == ("ld2450", 1.0, 2.0, 3.0)  # at the receiver
    assert (far.mount.x_m, far.mount.heading_deg, far.model) == (4.0, 90.0, (("range_m", 99.0),))


def test_a_route_repeats() -> None:
    path = "".join(f"[[target.path]]\ntime_s = {x}.0\nx_m = {x}.0\ny_m = 1.0\nz_m = 0.0\n" for x in (0, 10))
    (quad,) = scene(f'[[target]]\nname = "quad"\nrepeat_s = 20.0\n{path}').targets
    assert [quad.at(time_s)[0] for time_s in (0.0, 5.0, 15.0, 20.0, 25.0, 65.0)] == [0.0, 5.0, 10.0, 0.0, 5.0, 5.0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[target]]\nname = "a"\n', "target[0].path: is missing; say where it is"),
        ("[[target]]\nposition_m = [0.0, 1.0, 2.0]\n", "target[0].name: is missing"),
        (QUAD + 'kind = "drohne"\n', "target[0].kind: 'drohne' is not known; did you mean 'drone'?"),
        (QUAD + "size_mm = 300\n", "target[0].size_mm: is not a known key; did you mean 'size_m'?"),
        (QUAD + QUAD, "target names must differ: quad"),
        (QUAD + '[[broadcast]]\ntarget = "quat"\n', "broadcast[0].target: 'quat' is not known; did you mean 'quad'?"),
        ("[[broadcast]]\nposition_m = [0.0, 1.0, 2.0]\n", "broadcast[0].name: is missing"),
        ("[[module]]\n", "module[0].device: is missing; one of ti-mmwave"),
        ('[[module]]\ndevice = "ld2540"\n', "did you mean 'ld2450'?"),
        ('[[module]]\ndevice = "sscma"\nrange_m = 5.0\n', "module[0].range_m: is not a known key"),
        ('[[module]]\ndevice = "sscma"\n[[module]]\ndevice = "sscma"\n', "module names must differ: sscma"),
        ("[origin]\nlat_deg = 95.0\n", "origin.lat_deg: must be between"),
    ],
)
def test_every_fault_names_its_key(text: str, says: str) -> None:
    assert says in faults(text)


@pytest.mark.parametrize("name", scene_names())
def test_every_module_of_a_shipped_scene_can_be_made_and_speaks(name: str) -> None:
    made = load_scene(name)
    for module in made.modules:
        twin = make_twin(made, module)
        assert isinstance(twin.boot() + twin.report(1.0, 1.0), bytes)
