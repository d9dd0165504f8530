"""
Parses az commands with the real CLI's own command table and argument parsers, and runs none of them. No network is used.

Input, on stdin: a JSON list of commands, each a list of words without `az`. Output, on stdout: JSON with the CLI's version, a
mistake or null for each command, and for each command that was used the options that it requires and all that it knows.

Run it with the interpreter that the CLI runs with, for Debian's package /usr/bin/python3: `npm run az:commands` does so.
"""

import importlib
import importlib.abc
import importlib.util
import io
import json
import os
import re
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout

os.environ["AZURE_CORE_COLLECT_TELEMETRY"] = "false"
os.environ["AZURE_EXTENSION_USE_DYNAMIC_INSTALL"] = "no"
os.environ["AZURE_CONFIG_DIR"] = tempfile.mkdtemp(prefix="az-commands-")


class NearestApiVersion(importlib.abc.MetaPathFinder):
    """Debian ships the CLI beside SDKs that lack some of the API versions it asks for. The arguments come from the signatures
    of the SDK's methods, which the version just below shares, or the package itself where it has no versions any more."""

    def find_spec(self, name, path, target=None):
        found = re.match(r"^(azure\.mgmt\.[a-z_]+(?:\.[a-z_]+)*)\.(v\d{4}_\d\d_\d\d\w*)(\..+)?$", name)
        if not found:
            return None
        package, version, rest = found.groups()
        folder = list(importlib.import_module(package).__path__)[0]
        versions = sorted(entry for entry in os.listdir(folder) if os.path.isdir(os.path.join(folder, entry, "operations")))
        if os.path.isdir(os.path.join(folder, version)):
            return None
        below = [other for other in versions if other.startswith("v") and other < version]
        nearest = f"{package}.{below[-1]}" if below else package
        module = importlib.import_module(nearest + (rest or ""))

        class Loader(importlib.abc.Loader):
            def create_module(self, spec):
                return module

            def exec_module(self, module):
                pass

        return importlib.util.spec_from_loader(name, Loader())


sys.meta_path.insert(0, NearestApiVersion())

from azure.cli.core import __version__, get_default_cli  # noqa: E402
from knack.events import EVENT_INVOKER_POST_PARSE_ARGS  # noqa: E402

cli = get_default_cli()


class Parsed(Exception):
    """Ends the invocation once the arguments are parsed and the CLI's own checks of them have passed."""


def stop(*_, **__):
    raise Parsed()


cli.register_event(EVENT_INVOKER_POST_PARSE_ARGS, stop)


def invoke(words):
    """The invocation and its mistake, or None where the CLI accepts the words."""
    invocation = cli.invocation_cls(
        cli_ctx=cli,
        parser_cls=cli.parser_cls,
        commands_loader_cls=cli.commands_loader_cls,
        help_cls=cli.help_cls,
    )
    cli.invocation = invocation
    output = io.StringIO()
    try:
        with redirect_stdout(output), redirect_stderr(output):
            invocation.execute(list(words))
    except Parsed:
        return invocation, None
    except SystemExit:
        return invocation, output.getvalue().strip().splitlines()[0] if output.getvalue().strip() else "not understood"
    except Exception as error:  # The CLI raises its own kinds for every mistake of its user.
        return invocation, str(error).strip().splitlines()[0]
    return invocation, "the command ran without being parsed"


def required_unless_ids():
    """What a command that takes --ids wants without it, as the CLI's own handler notes it."""
    for handlers in cli._event_handlers.values():  # pylint: disable=protected-access
        for handler in handlers:
            for cell in getattr(handler, "__closure__", None) or ():
                if handler.__name__ == "parse_ids_arguments" and isinstance(cell.cell_contents, dict):
                    return cell.cell_contents
    return {}


def options_of(argument):
    names = [str(getattr(option, "target", option)) for option in argument.options_list]
    return sorted(name for name in names if name.startswith("-") and name not in ("--cmd", "--___SUBSCRIPTION"))


def describe(command):
    by_ids = required_unless_ids().get(command.name, {"required": []})["required"]
    arguments = list(command.arguments.values())
    return {
        "required": [options_of(a) for a in arguments if a.type.settings.get("required") and a.name not in by_ids],
        "requiredUnlessIds": [options_of(a) for a in arguments if a.name in by_ids],
        "options": sorted(option for a in arguments for option in options_of(a)),
    }


mistakes, commands = [], {}
for words in json.load(sys.stdin):
    invocation, mistake = invoke(words)
    mistakes.append(mistake)
    name = invocation.data.get("command_string") or ""
    command = invocation.commands_loader.command_table.get(name)
    if command is not None and name not in commands and mistake is None:
        commands[name] = describe(command)
    print(f"{len(mistakes)} {' '.join(words)[:100]}", file=sys.stderr)

json.dump({"version": __version__, "mistakes": mistakes, "commands": dict(sorted(commands.items()))}, sys.stdout)
