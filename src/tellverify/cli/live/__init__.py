"""`tellverify serve`: the page of a check, kept up to date on the loopback interface."""
