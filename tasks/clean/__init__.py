"""From raw bars to a regular grid: what is no bar is set aside with a reason."""
