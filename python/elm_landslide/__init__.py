"""ELM-Landslide: landslide probability from the E3SM Land Model."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("elm-landslide")
except PackageNotFoundError:  # run from a source tree that is not installed
    __version__ = "0+unknown"
