"""What findings and outcomes come to: levels, allowed and assumed, the exit code."""
