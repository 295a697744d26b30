"""What sends are annotated with: the guard chain, budgets, leakage, receipts and ceremonies."""
