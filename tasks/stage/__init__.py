"""What a stage is: a cached Prefect task that makes one table."""
