"""Settings for the whole suite."""

from hypothesis import settings

# A kernel compiles at its first call, which says nothing of how long an example takes. The same
# examples each time: a change is judged by itself, not by the luck of the draw.
settings.register_profile("assay", deadline=None, derandomize=True)
settings.load_profile("assay")
