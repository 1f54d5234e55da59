"""The workloads as programs."""

PEERS: dict = {}
