"""Settings of a recipe on a benchmark's command line: KEY=JSON or SECTION.KEY=JSON, such as training.epochs=1."""
import json


def apply(values, overrides):
    """Sets them in the recipe `values`."""
    for override in overrides:
        path, value = override.split("=", 1)
        section, _, key = path.rpartition(".")
        (values[section] if section else values)[key] = json.loads(value)
