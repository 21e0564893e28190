"""A real control plane, a real controller and a thousand simulated nodes."""

import pytest

from cluster.cluster import Cluster
from fleet import Fleet


@pytest.fixture(scope="session")
def cluster():
    cluster = Cluster()
    cluster.start_control_plane()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def fleet(cluster) -> Fleet:
    fleet = Fleet(cluster)
    fleet.start_controller()
    fleet.start_nodes()
    fleet.import_model()
    return fleet
