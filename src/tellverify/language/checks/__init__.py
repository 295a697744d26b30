"""Static rules on the tree: names, control flow, effects, receipts, cases, declarations."""
