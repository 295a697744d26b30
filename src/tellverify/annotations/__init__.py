"""The annotations of sends: guard chains, costs, budgets, receipts, ceremonies."""
