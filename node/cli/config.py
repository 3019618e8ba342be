"""`skypicket config`: check, show or explain the configuration."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

MESSAGES = ("track", "alert", "remote_id", "status", "info", "health", "response", "command")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser("check", help="say everything that is wrong with a configuration")
    check.add_argument("file", type=Path, metavar="TOML")
    check.set_defaults(act=_check)
    show = actions.add_parser("show", help="the values in force, defaults included")
    show.add_argument("file", type=Path, metavar="TOML")
    show.set_defaults(act=_show)
    schema = actions.add_parser("schema", help="JSON Schema of the configuration, or of a message")
    schema.add_argument(
        "--message", nargs="?", const="track", choices=MESSAGES, help="of this message (default: track) instead"
    )
    schema.set_defaults(act=_schema)
    example = actions.add_parser("example", help="a configuration with comments, to begin with")
    example.set_defaults(act=_example)


def run(args: argparse.Namespace) -> int:
    """Do what is asked."""
    code: int = args.act(args)
    return code


def _check(args: argparse.Namespace) -> int:
    """Everything that ``run`` checks before it touches a device; the model too."""
    from models.onnx import load_classifier
    from node.config import load_config
    from node.scanning import make_pilots
    from node.start import check_scenes, make_fusion

    config = load_config(args.file)
    check_scenes(config)
    make_pilots(config)
    make_fusion(config)
    load_classifier(config.model_path)
    if not config.radios and not config.serials:
        sys.stderr.write(f"{args.file}: has no [[radio]] and no [[serial]]: this node will hear nothing\n")
        return 2
    heard = [f"{radio.name} ({radio.type})" for radio in (*config.radios, *config.serials)]
    told = [name for name in ("mqtt", "jsonl", "console") if getattr(config, name) is not None]
    print(
        f"{args.file}: good: node {config.node.site}/{config.node.name} hears {', '.join(heard)} "
        f"and tells {', '.join(told) or 'nobody: there is no [mqtt], [jsonl] or [console]'}"
    )
    return 0


def _show(args: argparse.Namespace) -> int:
    from node.config import load_config, show_config

    sys.stdout.write(show_config(load_config(args.file)))
    return 0


def _schema(args: argparse.Namespace) -> int:
    if args.message is None:
        from node.config import config_schema

        print(json.dumps(config_schema(), indent=2))
        return 0
    from node.messages import message_schema
    from node.messages_command import command_schemas

    if args.message == "command":
        print(json.dumps(command_schemas(), indent=2))
        return 0
    print(json.dumps(message_schema(f"skypicket.{args.message}/1"), indent=2))
    return 0


def _example(_args: argparse.Namespace) -> int:
    from node.config import default_config_text

    sys.stdout.write(default_config_text())
    return 0
