"""Every weight of a golden test comes from its fixture, by strict loading."""

import pytest


@pytest.fixture(autouse=True)
def _weights_come_from_the_fixture(undrawn):
    """So none is drawn first, which would take half of the time to build a model."""
