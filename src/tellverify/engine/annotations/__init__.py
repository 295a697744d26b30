"""What the annotations of senders oblige to: guard chains, budgets, ceremonies."""
