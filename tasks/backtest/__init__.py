"""The engine of back-tests, and how their results are measured and shown."""
