"""Does any reading change when the future does? Over everything that is registered."""
