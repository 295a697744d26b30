"""How many files are got through: processes, limits of time, the cache of answers."""
