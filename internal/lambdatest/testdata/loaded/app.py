"""The function: the modules that its runtime client had loaded before it loaded this one."""

import sys

loaded = sorted(sys.modules)


def handler(event, context):
    return loaded
