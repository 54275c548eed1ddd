import pytest
from toy_download import write_toy


@pytest.fixture
def toy_source(tmp_path):
    """Twelve PNG films of six patients in two folders; half have a mask."""
    return write_toy(tmp_path / 'source')
