"""Why a cluster cannot be used; apart, so that no check without one loads what reaches one."""


class ClusterFailure(Exception):
    """The cluster cannot be used; the text says why."""
