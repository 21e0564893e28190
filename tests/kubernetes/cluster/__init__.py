"""A real Kubernetes cluster inside private namespaces, without Docker, systemd or a virtual machine."""
