"""From a source to raw bars: a folder, the exchange, or the demo market."""
