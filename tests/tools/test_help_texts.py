"""What --help says of a tool reads as it is written in its file."""

import ast
import re
from pathlib import Path

import pytest

TOOLS = sorted((Path(__file__).resolve().parents[2] / 'tools').rglob('*.py'))


@pytest.mark.parametrize('path', TOOLS, ids=lambda path: path.stem)
def test_long_commands_keep_their_lines(path):
    """A backslash before the end of a line joins it to the next, unless doubled."""
    text = ast.get_docstring(ast.parse(path.read_text())) or ''
    joined = [line for line in text.splitlines() if re.search(r'\S {4,}\S', line)]
    assert not joined
