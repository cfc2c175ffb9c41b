"""What runs: one file per job."""
