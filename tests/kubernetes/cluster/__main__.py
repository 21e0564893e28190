"""python -m cluster run COMMAND...   a command inside namespaces of its own
python -m cluster shell            a cluster of two nodes, and a shell in it"""

import subprocess
import sys

from . import namespaces
from .cluster import Cluster
from .settings import environment


def main() -> int:
    match sys.argv[1:]:
        case ["run", *command] if command:
            return namespaces.run_inside(command)
        case ["init", *command]:
            return namespaces.init(command)
        case ["shell"]:
            return namespaces.run_inside([sys.executable, "-m", "cluster", "inside"])
        case ["inside"]:
            cluster = Cluster()
            cluster.start_control_plane()
            cluster.start_nodes(2)
            return subprocess.run(["bash"], env=environment()).returncode
        case _:
            print(__doc__, file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main())
