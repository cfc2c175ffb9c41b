"""Settings for the whole suite."""

from hypothesis import settings

# A kernel compiles at its first call, which says nothing of how long an example takes.
settings.register_profile("assay", deadline=None)
settings.load_profile("assay")
