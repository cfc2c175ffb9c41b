"""Structure engines: incremental state machines that read a chart bar by bar."""
