"""What the outside world needs: run profiles, and Prefect blocks. No logic."""
