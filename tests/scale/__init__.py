"""Many files on many machines: a cluster of real processes, some of which are killed."""
