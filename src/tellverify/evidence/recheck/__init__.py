"""An independent checker of certificates and traces: small, and without any search."""
