"""Checks what a gcloud command has sent, by the rule for it.

A command without a rule, or a flag without a reading, fails the test that runs it.
"""

import re
from pathlib import Path

from tests.ship.commands import Command, known
from tests.ship.google import Google
from tests.ship.proxy import Request
from tests.ship.rules import RULES, Asked, Rule, Seen

# These say how gcloud behaves, or belong to another request, which the rule checks by itself.
_SWITCHES = {"--wait", "--execute-now", "--quiet", "--recursive"}
_PLACES = {"--project", "--region", "--location"}  # parts of the request's address


def sorted_out(command: Command) -> Asked:
    """Return a command's words, sorted; a command that no rule knows fails."""
    verb = known(command.argv, set(RULES))
    assert verb is not None, f"{command.where}: a new command needs its expectation: gcloud {' '.join(command.argv)}"
    words = list(command.argv[len(verb.split()) :])
    arguments: list[str] = []
    flags: dict[str, str] = {}
    while words:
        word = words.pop(0)
        if not word.startswith("--"):
            arguments.append(word)
        elif word in _SWITCHES:
            flags[word] = ""
        else:
            name, equals, value = word.partition("=")
            flags[name] = value if equals else words.pop(0)
    return Asked(verb, tuple(arguments), flags)


def check(command: Command, requests: list[Request], google: Google, folder: Path) -> None:
    """Check the requests that a command has sent."""
    asked = sorted_out(command)
    rule = RULES[asked.verb]
    request = _request(command, asked, rule, requests)
    for name, value in asked.flags.items():
        if name in _SWITCHES or name in _PLACES:
            continue
        assert name in rule.flags, f"{command.where}: a new flag needs its expectation: {name} of {asked.verb}"
        assert value == rule.flags[name](request, asked), f"{command.text}\n{name} did not arrive: {request.body}"
    rule.then(Seen(asked, request, requests, google, folder))


def _request(command: Command, asked: Asked, rule: Rule, requests: list[Request]) -> Request:
    """Return the last request that does what a command is to do."""
    if rule.request is None:
        assert [] == requests
        return Request("", "", "", {}, {}, b"", "")
    names = {name: re.escape(value) for name, value in asked.names().items()}
    method, host, path = (part.format(**names) for part in rule.request)
    found = [
        one
        for one in requests
        if re.fullmatch(method, one.method) and re.fullmatch(host, one.host) and re.fullmatch(path, one.path)
    ]
    assert found, (
        f"{command.text}\nsent no {method} {host}{path}, but {[(r.method, r.host + r.path) for r in requests]}"
    )
    return found[-1]
