"""The engine version stamped on every output."""

from importlib.metadata import PackageNotFoundError, version

try:
    ENGINE_VERSION = version("paresis")
except PackageNotFoundError:  # run from a source tree that is not installed
    ENGINE_VERSION = "0.0.0+source"
