"""One room of the row of stages."""
