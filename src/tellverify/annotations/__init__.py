"""What sends are annotated with: guard chains, costs, budgets, receipts, ceremonies."""
