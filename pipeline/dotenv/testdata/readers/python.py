"""Prints what python-dotenv reads of each file in a folder, as JSON: {FILE: {NAME: VALUE}}, with null for a file that it refuses."""

import json
import logging
import os
import sys

import dotenv

logging.disable()
found = {}
os.environ.clear()  # it replaces ${NAME} by variables of the process
for file in os.listdir(sys.argv[1]):
    try:
        values = dotenv.dotenv_values(os.path.join(sys.argv[1], file))
        found[file] = {name: value for name, value in values.items() if value is not None}
    except Exception:
        found[file] = None
json.dump(found, sys.stdout)
