#!/usr/bin/env python3
"""Writes the manual page docs/tune.1 from the help of the commands: scripts/manual.py PROGRAM > docs/tune.1"""
import json
import subprocess
import sys


def escaped(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in ".'" else line for line in text.split("\n"))


def usage(argument):
    """`--adapter name=folder`, `file`."""
    name, value = next((n["name"] for n in argument.get("names", [])), None), argument.get("valueName", "value")
    if argument["kind"] == "positional":
        return f"\\fI{escaped(value)}\\fR"
    option = f"\\fB{escaped('--' + name)}\\fR"
    return option if argument["kind"] == "flag" else f"{option} \\fI{escaped(value)}\\fR"


def synopsis(name, arguments):
    words = [f"\\fB{escaped(name)}\\fR"]
    for argument in arguments:
        word = usage(argument) + (" ..." if argument.get("isRepeating") else "")
        words.append(f"[{word}]" if argument.get("isOptional") else word)
    return " ".join(words)


def section(command, name, lines):
    """The command and those below it. Commands that only hold others have no section of their own."""
    arguments = [a for a in command.get("arguments", []) if a.get("shouldDisplay", True)]
    arguments = [a for a in arguments if not any(n["name"] in ("help", "version") for n in a.get("names", []))]
    inner = [c for c in command.get("subcommands", []) if c["commandName"] != "help"]
    if not inner:
        lines += [".SS " + escaped(name), synopsis(name, arguments), ".PP", escaped(command["abstract"])]
        if command.get("discussion"):
            lines += [".PP", escaped(command["discussion"])]
        for argument in arguments:
            lines += [".TP", usage(argument), escaped(argument.get("abstract", ""))]
            if argument.get("defaultValue") and argument["kind"] != "flag":
                lines.append(escaped(f"Default: {argument['defaultValue']}."))
    for one in inner:
        section(one, f"{name} {one['commandName']}", lines)


def main():
    program = sys.argv[1]
    help = json.loads(subprocess.run([program, "--experimental-dump-help"], capture_output=True, check=True).stdout)
    tune = help["command"]
    version = subprocess.run([program, "--version"], capture_output=True, check=True, text=True).stdout.strip()
    lines = [
        ".\\\" Written by scripts/manual.py.", f'.TH TUNE 1 "" "tune {version}" "User Commands"',
        ".SH NAME", "tune \\- " + escaped(tune["abstract"]).rstrip("."),
        ".SH SYNOPSIS", "\\fBtune\\fR \\fIcommand\\fR [\\fIarguments\\fR]", ".PP",
        f"\\fBtune\\fR \\fB{escaped('--version')}\\fR | \\fB{escaped('--help')}\\fR", ".SH COMMANDS",
    ]
    section(tune, "tune", lines)
    lines += [
        ".SH EXIT STATUS", "0 when the work is done; 64 for a command line that cannot be read; 130 after an interruption;",
        "1 for every other error.", ".SH SEE ALSO", "docs/recipes.md: every key of a recipe; docs/formats.md: files.",
    ]
    print("\n".join(lines))


if __name__ == "__main__":
    main()
