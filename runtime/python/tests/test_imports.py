"""Modules of the package import each other in one direction, including the imports in functions."""

import ast
import graphlib
import pathlib
import unittest

PACKAGE = pathlib.Path(__file__).resolve().parent.parent / "python" / "bundle_secrets"


def imports(path):
    """Yield the modules of the package that a module imports, at any depth of its code."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            yield from [node.module] if node.module else [name.name for name in node.names]


class Imports(unittest.TestCase):
    def test_no_module_imports_one_that_imports_it(self):
        graph = {path.stem: set(imports(path)) for path in PACKAGE.glob("*.py")}
        self.assertIn("_errors", graph["_http"])
        graphlib.TopologicalSorter(graph).prepare()  # raises CycleError


if __name__ == "__main__":
    unittest.main()
