"""Live: bars one at a time through the same steps as the back-test."""
