"""`python -m tellverify`."""

from tellverify.cli.main import main

main()
