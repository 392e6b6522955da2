"""What all commands share."""

import json


def command(commands, name, function, description):
    """Add a command, with the option that all of them have."""
    added = commands.add_parser(name, help=description, description=description.capitalize() + ".")
    added.add_argument("--json", action="store_true", help="print JSON for a program to read")
    added.set_defaults(command=function)
    return added


def print_json(value):
    print(json.dumps(value, indent=2))
