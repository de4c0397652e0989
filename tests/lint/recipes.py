#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every recipe of causeway-mqtt(7) is a configuration that the program takes.

    recipes.py SOURCE_ROOT CAUSEWAYD

A recipe is a whole configuration, some networks, some links or some rules of
one; what is missing around it is put there. What is no configuration (a line
of a shell, an event) begins with another word.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

XMPP = ('xmpp: { protocol = "xmpp"; component = "gw.example.org"; '
        'secret = "file:secret"; };\n')
IRC = ('libera: { protocol = "irc"; server = "irc.libera.chat"; '
       'nick = "causeway"; };\n')
HOME = 'home: { protocol = "mqtt"; broker = "mqtts://broker.example.org"; };\n'
LINK = 'channels = [ "xmpp:room@conference.example.org" ];'
OTHER = ("mosquitto_", "{", "$")


def whole(recipe):
    """The recipe, with what has to stand around it."""
    if recipe.startswith("networks:"):
        return recipe
    if recipe.startswith("home:"):
        return f"networks: {{\n{XMPP}{IRC}{recipe}\n}};\n"
    networks = f"networks: {{\n{XMPP}{IRC}{HOME}}};\n"
    if recipe.startswith("links:"):
        return networks + recipe
    return (f"{networks}links: {{ one: {{ {LINK} rules: {{\n{recipe}\n"
            "}; }; };\n")


def refusal(causewayd, folder, text):
    """What the program has against it; empty: nothing."""
    path = folder / "causeway.conf"
    path.write_text(text)
    done = subprocess.run(
        [causewayd, "--config", path, "--check"], cwd=folder, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout if done.returncode else ""


def main(root, causewayd):
    page = pathlib.Path(root) / "contrib/man/causeway-mqtt.7.scd"
    causewayd = pathlib.Path(causewayd).resolve()
    recipes = [r.strip() for r in re.findall(
        r"^```\n(.*?)^```$", page.read_text(), re.M | re.S)]
    recipes = [r for r in recipes if not r.startswith(OTHER)]
    wrong = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for secret in ("secret", "xmpp.secret", "mqtt.secret"):
            (folder / secret).write_text("only-for-tests\n")
            (folder / secret).chmod(0o600)
        for recipe in recipes:
            why = refusal(causewayd, folder, whole(recipe))
            if why:
                wrong += 1
                print(f"{recipe}\n{why}")
    print(f"{len(recipes)} recipes, {wrong} of them wrong")
    return 1 if wrong or len(recipes) < 8 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
