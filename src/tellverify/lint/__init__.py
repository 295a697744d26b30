"""The canonical shape of a source: what deviates from it, and edits that bring it there."""
