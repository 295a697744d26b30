"""What was asked, what came out, and the run that reports read."""
