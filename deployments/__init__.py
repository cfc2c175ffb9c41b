"""Where and when it runs."""
