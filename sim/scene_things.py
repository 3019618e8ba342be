"""The tables of a scene file that are not radio: what can be seen, who sends Remote ID, serial modules, the place."""

from __future__ import annotations

from dataclasses import dataclass

from sim.checked_table import CheckedTable
from sim.propagation import Route, Waypoint
from sim.scene import Broadcast, Origin, Receiver, SceneModule
from sim.serial_devices.targets import RCS_M2, Mount, Target, wandering

FARTHEST_M = 1e6
LONGEST_WANDER_S = 3600.0


@dataclass(frozen=True, slots=True)
class Things:
    """What was read."""

    targets: tuple[Target, ...]
    broadcasts: tuple[Broadcast, ...]
    modules: tuple[SceneModule, ...]
    origin: Origin


def read_things(root: CheckedTable, receiver: Receiver | None) -> Things:
    """Read ``[origin]``, ``[[target]]``, ``[[broadcast]]`` and ``[[module]]``; a module stands at the receiver."""
    origin = _origin(root.table("origin"))
    targets = tuple(target for entry in root.tables("target") if (target := _target(entry)) is not None)
    by_name = {target.name: target for target in targets}
    broadcasts = tuple(found for entry in root.tables("broadcast") if (found := _broadcast(entry, by_name)) is not None)
    where_m = receiver.route.at(0.0) if receiver is not None else (0.0, 0.0, 0.0)
    modules = tuple(module for entry in root.tables("module") if (module := _module(entry, where_m)) is not None)
    return Things(targets, broadcasts, modules, origin)


def read_route(table: CheckedTable) -> Route:
    """``position_m = [x, y, z]`` or ``path = [{time_s, x_m, y_m, z_m}, ...]``."""
    position = table.numbers("position_m", 3)
    entries = table.tables("path")
    if position is not None and entries:
        table.faults.add(table.path("path"), "and position_m exclude each other; keep one")
    if position is not None:
        return Route((Waypoint(0.0, *position),))
    waypoints = []
    for entry in entries:
        time_s = entry.required_number("time_s", low=0.0, high=1e6, unit="s")
        x_m, y_m, z_m = (
            entry.required_number(key, low=-FARTHEST_M, high=FARTHEST_M, unit="m") for key in ("x_m", "y_m", "z_m")
        )
        waypoints.append(Waypoint(time_s, x_m, y_m, z_m))
        entry.close()
    route = table.faults.build(table.path("path"), lambda: Route(tuple(waypoints))) if waypoints else None
    return route or Route()


def _origin(table: CheckedTable) -> Origin:
    usual = Origin()
    lat_deg = table.number("lat_deg", usual.lat_deg, low=-89.0, high=89.0, unit="degrees")
    lon_deg = table.number("lon_deg", usual.lon_deg, low=-180.0, high=180.0, unit="degrees")
    altitude_m = table.number("altitude_m", usual.altitude_m, low=-500.0, high=9000.0, unit="m")
    table.close()
    if lat_deg is None or lon_deg is None or altitude_m is None:
        return usual
    return Origin(lat_deg, lon_deg, altitude_m)


def _name(table: CheckedTable) -> str | None:
    name = table.text("name")
    if name is None and not table.has("name"):
        table.faults.add(table.path("name"), "is missing; it tells it from the others")
    return name


def _placed(table: CheckedTable) -> Route:
    route = read_route(table)
    if not table.has("position_m") and not table.has("path"):
        table.faults.add(table.path("path"), "is missing; say where it is: a path, or position_m")
    return route


def _target(table: CheckedTable) -> Target | None:
    name = _name(table)
    kind = table.text("kind", "drone", choices=tuple(RCS_M2))
    rcs_m2 = table.number("rcs_m2", low=1e-5, high=1e4, unit="m²")
    size_m = table.number("size_m", 0.35, low=0.01, high=100.0, unit="m")
    repeat_s = table.number("repeat_s", low=0.01, high=1e6, unit="s")
    route = _placed(table)
    if table.has("wander"):
        route = _wander(table.table("wander"), route)
    table.close()
    if name is None or kind is None or size_m is None:
        return None
    return Target(name, route, kind, rcs_m2, size_m, repeat_s)


def _wander(table: CheckedTable, around: Route) -> Route:
    """``wander = {speed_mps, turn_s, duration_s, seed}``: the erratic way of a bird around its place."""
    speed_mps = table.number("speed_mps", 8.0, low=0.1, high=40.0, unit="m/s")
    turn_s = table.number("turn_s", 0.7, low=0.1, high=60.0, unit="s")
    duration_s = table.number("duration_s", 60.0, low=1.0, high=LONGEST_WANDER_S, unit="s")
    seed = table.whole("seed", 0)
    table.close()
    if speed_mps is None or turn_s is None or duration_s is None or seed is None:
        return around
    return wandering(around.at(0.0), speed_mps=speed_mps, duration_s=duration_s, turn_s=turn_s, seed=seed)


def _broadcast(table: CheckedTable, targets: dict[str, Target]) -> Broadcast | None:
    uas_id = table.text("uas_id")
    address = table.text("address")
    pilot_m = table.numbers("pilot_m", 2)
    power_dbm = table.number("power_dbm", 14.0, low=-30.0, high=40.0, unit="dBm")
    sender_m = table.numbers("sender_m", 3)
    on_s = table.intervals("on_s")
    claims: Target | None = None
    if table.has("target"):
        named = table.text("target", choices=tuple(targets) or ("a [[target]] of this scene",))
        claims = targets.get(named or "")
    else:
        table.get("target")
        name, repeat_s = _name(table), table.number("repeat_s", low=0.01, high=1e6, unit="s")
        route = _placed(table)
        claims = Target(name, route, repeat_s=repeat_s) if name is not None else None
    table.close()
    if claims is None or power_dbm is None:
        return None
    return Broadcast(
        claims,
        uas_id,
        address,
        (pilot_m[0], pilot_m[1]) if pilot_m else None,
        power_dbm,
        (sender_m[0], sender_m[1], sender_m[2]) if sender_m else None,
        on_s,
    )


def _module(table: CheckedTable, where_m: tuple[float, float, float]) -> SceneModule | None:
    from sim.serial_devices.twins import TWINS

    device = table.text("device", choices=tuple(TWINS))
    if device is None and not table.has("device"):
        table.faults.add(table.path("device"), f"is missing; one of {', '.join(TWINS)}")
    name = table.text("name", device)
    position_m = table.numbers("position_m", 3, where_m)
    heading_deg = table.number("heading_deg", 0.0, low=-360.0, high=360.0, unit="degrees")
    tilt_deg = table.number("tilt_deg", 0.0, low=-90.0, high=90.0, unit="degrees")
    keys = TWINS[device].model_keys if device is not None else ()
    values = [(key, table.number(key, low=0.0, high=1e6)) for key in keys]
    table.close()
    if device is None or name is None or position_m is None or heading_deg is None or tilt_deg is None:
        return None
    x_m, y_m, z_m = position_m
    better = tuple((key, value) for key, value in values if value is not None)
    return SceneModule(name, device, Mount(x_m, y_m, z_m, heading_deg, tilt_deg), better)
